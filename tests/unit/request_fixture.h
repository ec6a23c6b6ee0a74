/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All of vmd/kube with a real HTTPS server behind it, which answers as a test says: one of both in
 * a process. */
#ifndef TESTS_UNIT_REQUEST_FIXTURE_H
#define TESTS_UNIT_REQUEST_FIXTURE_H

#include "tests/unit/fake_api.h"
#include "tests/unit/kube_fixture.h"
#include "vmd/kube/kube.h"

#include <systemd/sd-event.h>

#define SECRET "vm-" FIXTURE_KEY
#define VM     SECRET "-r0"

extern struct fake_api *kube_api;
extern struct kube *kube;
extern sd_event *kube_loop;

/* Makes both, with the settings of kube_fixture.h. answer runs on the server's threads. */
void kube_up(fake_fn answer, void *ctx);
void kube_down(void);

struct outcome {
	bool done;
	struct err e;
};
void on_done(void *ctx, const struct err *e, int64_t took_us); /* ctx: an outcome, not done yet */
void wait_for(struct outcome *o); /* turns the loop; check's time limit is the only clock */
void settled(struct outcome *o);  /* waits; it went well; o is as new again */

/* Answers 200 to everything, and keeps what came last. */
extern struct patched {
	char method[16], path[256], body[4096];
} patched;
void answer_patch(void *ctx, const struct fake_request *q, struct fake_answer *a);

/* ---- rows of answers ---- */

#define STATUS(code, message)                                                                      \
	{                                                                                          \
		.status = (code), .body = "{\"kind\":\"Status\",\"message\":\"" message "\"}"      \
	}
#define PLAIN(code, text)                                                                          \
	{                                                                                          \
		.status = (code), .body = (text)                                                   \
	}
#define MADE    PLAIN(201, "{}")
#define DONE    PLAIN(200, "{}")
#define NO_LOOK PLAIN(0, NULL)
#define NOBODYS                                                                                    \
	PLAIN(200, "{\"metadata\":{\"name\":\"x\",\"uid\":\"u\",\"resourceVersion\":\"1\"}}")
#define EXISTS STATUS(409, "x already exists")
#define FOUND(key, more)                                                                           \
	{                                                                                          \
		.status = 200, .body = "{\"metadata\":{\"name\":\"" VM "\",\"uid\":\"u\","         \
				       "\"resourceVersion\":\"1\"," more                           \
				       "\"labels\":{\"slurm-vm.io/key\":\"" key "\"}}}"            \
	}

struct row {
	const char *why;
	struct fake_answer first, look; /* look: of the GET that may follow */
	unsigned requests;
	enum err_kind kind;
	const char *text;
};

#endif
