/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes of one request and one reply between plugin, vmctl and vmd. Pure; allocates nothing.
 *
 * A message is text lines "key=value\n"; the first line is "slurm-vm=1". Values hold no control
 * characters but are otherwise free text: encoding %XX for bytes < 0x20, 0x7f and '%'. At most
 * WIRE_FIELDS fields, WIRE_MAX bytes; duplicate keys are refused, but for keys ending in "[]".
 *
 * On the network a message is the payload of a munge credential (munge_encode(3)), which is the
 * body of an HTTP POST to /v1: the credential authenticates the caller's uid and the whole request.
 * The request's is restricted to vmd's uid, the reply's to the caller's uid; both carry the same
 * "nonce=" field.
 *
 * Requests (op=):
 *   hint    job=N [request=TEXT uid=U]  look at job N now; request and uid only from root (a node's
 * prolog) show    job=N                       the owner's, root's and SlurmUser's: state, reason,
 * times, address, ... key     job=N                       the guest's ssh private key; owner, root,
 * SlurmUser list    [all=1]                     vm[]=one JSON object per line images image[]=one
 * JSON object per line plan                                root, SlurmUser: action[]=text Replies:
 * error=TEXT kind=KIND on failure; else ok=1 and the fields of the op. Replies of show: job, state,
 * reason, vm, node, address, user, host, node_clear=0|1, elapsed=SECONDS, json=OBJECT */
#ifndef VMD_API_WIRE_H
#define VMD_API_WIRE_H

#include "vmd/base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define WIRE_MAX    (256 * 1024)
#define WIRE_FIELDS 2048

/* Appends to buf; keeps an overflow mark, checked once by wire_end. */
struct wire_out {
	char *buf;
	size_t size;
	size_t len;
	bool overflow;
};
void wire_begin(struct wire_out *o, char *buf, size_t size); /* writes the first line */
void wire_add(struct wire_out *o, const char *key, const char *value);
void wire_addf(struct wire_out *o, const char *key, const char *fmt, ...) PRINTF(3, 4);
int wire_end(struct wire_out *o, size_t *ret_len, struct err *e);

/* Reads text in place: percent-decodes, writes terminators. Borrows text. */
struct wire_in {
	size_t n;
	struct {
		const char *key, *value;
	} field[WIRE_FIELDS];
};
int wire_decode(char *text, size_t len, struct wire_in *ret, struct err *e);
const char *wire_get(const struct wire_in *in, const char *key); /* NULL: not there */
int wire_get_u64(const struct wire_in *in, const char *key, uint64_t max, uint64_t *ret,
		 struct err *e);

#endif
