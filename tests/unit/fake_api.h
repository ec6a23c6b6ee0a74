/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A local HTTPS server that answers as a test says, faults and all: a real libmicrohttpd with a
 * real certificate (made by openssl at the start) on 127.0.0.1, one thread per connection. */
#ifndef TESTS_UNIT_FAKE_API_H
#define TESTS_UNIT_FAKE_API_H

#include <stdbool.h>
#include <stddef.h>

struct fake_request {
	const char *method, *path; /* path without the query */
	const char *body;
	const char *authorization, *accept; /* "" none */
	void *connection;                   /* for fake_query */
	unsigned n;                         /* how many came before this one */
};

enum fake_end {
	FAKE_END,    /* as it should be */
	FAKE_CUT,    /* the connection breaks in the middle */
	FAKE_SILENCE /* nothing more, until the server stops */
};

#define FAKE_PIECES 32
struct fake_answer {
	int status;       /* 0: never answers */
	const char *body; /* copied; used where there are no pieces */
	int retry_after_s;
	bool plain; /* text/plain */
	unsigned delay_ms;
	/* A stream: the pieces one by one, then the end. */
	size_t n_piece;
	const char *piece[FAKE_PIECES]; /* static */
	bool stream;
	enum fake_end end;
};

/* Fills in a. Calls are one at a time, on a thread of the server. */
typedef void (*fake_fn)(void *ctx, const struct fake_request *q, struct fake_answer *a);

struct fake_api;
/* Makes dir/ca.crt. Ends the program if something is missing. */
struct fake_api *fake_api_start(const char *dir, fake_fn answer, void *ctx);
void fake_api_stop(struct fake_api *f);
const char *fake_api_url(const struct fake_api *f); /* "https://127.0.0.1:40123" */
const char *fake_query(const struct fake_request *q, const char *name); /* "" none */
unsigned fake_api_requests(struct fake_api *f);
unsigned fake_api_peak(struct fake_api *f); /* most requests being answered at a time */

#endif
