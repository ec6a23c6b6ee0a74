/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bearer token in its file. Bound service account tokens expire: the file is looked at again
 * every few seconds, and at once after a 401. */
#ifndef VMD_KUBE_KUBE_TOKEN_H
#define VMD_KUBE_KUBE_TOKEN_H

#include "vmd/base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#define TOKEN_MAX 16384

struct token {
	char path[256];  /* "": no token */
	char *header;    /* "Authorization: Bearer ..." or NULL */
	uint64_t serial; /* grows with every change */
	int64_t checked_us;
	struct stat seen;
};

/* Looks at the file if that is due or forced. An unreadable file is an error only while there is
 * no token yet: the old one may still be good. */
int token_refresh(struct token *t, int64_t now_us, bool force, struct err *e);
void token_done(struct token *t); /* wipes it */

#endif
