/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes of one request and one reply between plugin, vmctl and vmd. Pure; allocates nothing.
 *
 * A message is text lines "key=value\n"; the first line is "slurm-vm=1". A key is [a-z0-9_-], at
 * most 32, and may end in "[]"; only those may come again. A value is any text without NUL; bytes
 * < 0x20, 0x7f and '%' travel as %XX. At most WIRE_FIELDS fields and WIRE_MAX bytes.
 *
 * On the network a message is the payload of a munge credential (munge_encode(3)), which is the
 * body of an HTTP POST to /v1: the credential authenticates the caller's uid and the whole request.
 * The request's is restricted to vmd's uid, the reply's to the caller's uid; both carry the same
 * "nonce" field, which client_call() adds and checks.
 *
 * Requests, by the field "op":
 *
 *   hint    job=N [request=TEXT uid=U]   look at job N now. Anyone; request and uid only from root
 *                                        (slurm_vm_prolog.so)
 *   show    job=N [seen=WORD wait=S]     the owner, root, SlurmUser; with the word of an earlier
 *                                        reply: wait up to S (20) seconds for news
 *   key     job=N                        the guest's ssh private key; the owner, root, SlurmUser
 *   password job=N [rotate=1]           the guest account's password; rotate: a new one. The owner
 *   keys    job=N key[]=TEXT...          the owner's own public keys may log in, too (at most 16,
 *                                        instead of those given before). The owner
 *   access  job=N                        a short-lived token for the VM's screen, console and
 *                                        ports; the owner, root, SlurmUser
 *   list    [all=1] [after=N]            the caller's VMs; all=1: everybody's (root, SlurmUser)
 *   images  [after=NAME]                 anyone
 *   plan                                 root, SlurmUser
 *   approve held=N                       root, SlurmUser: let the N deletions happen that plan
 *                                        said are held back; refused if they are more by now
 *   stop    job=N                        end the job as COMPLETED; the owner, root, SlurmUser
 *
 * Replies: error=TEXT kind=KIND on failure (KIND as err_kind_name() says), else ok=1 and
 *
 *   hint    nothing more
 *   show    seen (a word for what is shown), job, state, reason, vm, node, address, user (the
 *           guest's account), host (the node's name, for VM_HOST), node_clear=0|1,
 *           profile (linux, windows; "": not known), grace=SECONDS in which the guest
 *           must shut down (left out if its image is unknown),
 *           elapsed=SECONDS in this state, json=OBJECT
 *   key     key, user, address
 *   password  password, user, address
 *   keys    nothing more
 *   access  server, ca (PEM; "": the system's authorities), namespace, vm (the name of the
 *           VirtualMachineInstance), token, until (seconds since 1970)
 *   list    vm[]=OBJECT, one JSON object per VM by job id; more=1: ask again with after=last
 *           job id; held=N, for root and SlurmUser: so many VMs' deletions wait for an approval;
 *           old=1: slurmctld does not answer, this was known before
 *   images  image[]=OBJECT; more=1: again with after=last name
 *   plan    action[]=TEXT, approval=0|1, cut=0|1, held=N (VMs), example[]=VM (the first of them);
 *           old=1: slurmctld does not answer, so nothing is planned
 *   approve held=N (VMs that may be deleted now)
 *   stop    nothing more; kind=conflict: the job has no node yet, only scancel helps
 *
 * kind=absent: vmd has Slurm's list of jobs and this job is not in it, or has no VM. kind=retry:
 * vmd cannot know yet (it was just started, slurmctld does not answer). approve only: absent:
 * nothing is held back; conflict: more is than the caller has seen. */
#ifndef VMD_API_WIRE_H
#define VMD_API_WIRE_H

#include "vmd/base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define WIRE_MAX    (256 * 1024)
#define WIRE_FIELDS 2048
#define WIRE_KEY    32

/* Appends to buf; keeps an overflow mark, checked once by wire_end. */
struct wire_out {
	char *buf;
	size_t size;
	size_t len;
	size_t n; /* fields */
	bool overflow;
};
/* Writes the first line. A buffer of WIRE_MAX + 1 holds every message. */
void wire_begin(struct wire_out *o, char *buf, size_t size);
/* All of the field or nothing. key is the program's own: see above what it may be. */
void wire_add(struct wire_out *o, const char *key, const char *value);
/* As wire_add; the formatted value has at most 4095 bytes. */
void wire_addf(struct wire_out *o, const char *key, const char *fmt, ...) PRINTF(3, 4);
/* ERR_INVALID: it did not fit. The message is terminated by NUL beyond *ret_len. */
int wire_end(struct wire_out *o, size_t *ret_len, struct err *e);

/* Reads text in place: percent-decodes, writes terminators. Borrows text. */
struct wire_in {
	size_t n;
	struct {
		const char *key, *value;
	} field[WIRE_FIELDS];
};
/* ERR_INVALID with the number of the line at fault. text is spoilt in any case. */
int wire_decode(char *text, size_t len, struct wire_in *ret, struct err *e);
const char *wire_get(const struct wire_in *in, const char *key); /* NULL: not there */
/* The next value of a key ending in "[]"; start with *at = 0. NULL: no more. */
const char *wire_next(const struct wire_in *in, const char *key, size_t *at);
/* ERR_INVALID: not there, no number, or over max. */
int wire_get_u64(const struct wire_in *in, const char *key, uint64_t max, uint64_t *ret,
		 struct err *e);

#endif
