/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message that proves who sent it and that one account alone can read: a munge credential.
 *
 * The calls block: an answer takes well under a millisecond, a munged that is not running is told
 * at once (a stale socket too), one that is stopped costs libmunge's own limit of about 10 seconds.
 * Thread-safe; no state is kept. */
#ifndef VMD_API_PEER_H
#define VMD_API_PEER_H

#include "vmd/api/wire.h"

#include <sys/types.h>

#define PEER_TTL_S    60                        /* how far two clocks may be apart */
#define PEER_CRED_MAX (WIRE_MAX / 3 * 4 + 4096) /* a credential's characters */

/* text that has been opened; done with peer_text_done, which wipes it. */
struct peer_text {
	char *text; /* not terminated */
	size_t len;
	uid_t uid; /* who sealed it */
	gid_t gid;
};

/* Caller frees *ret_cred, a text. munge_socket NULL or "": libmunge's default.
 * ERR_RETRY: munge is not reachable. */
int peer_seal(const char *munge_socket, uid_t reader, const char *text, size_t len, char **ret_cred,
	      struct err *e);
/* cred is terminated. ERR_RETRY: munge is not reachable; ERR_DENIED: forged, expired, replayed, for
 * somebody else. */
int peer_open(const char *munge_socket, const char *cred, struct peer_text *ret, struct err *e);
void peer_text_done(struct peer_text *t);
static inline void peer_text_done_auto(struct peer_text *t)
{
	peer_text_done(t);
}
/* ERR_INVALID: this munged lets us read what is sealed for others, so it would let root on any node
 * read what is sealed for us. ERR_RETRY: munge is not reachable. */
int peer_self_test(const char *munge_socket, struct err *e);

#endif
