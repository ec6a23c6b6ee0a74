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
 * Requests, by the field "op". job=N is the job's id; of a job with several machines rank=R is one
 * of them (left out: the first, of show all). Where nobody else is named, the job's owner, root and
 * SlurmUser may ask.
 *
 *   hint    [request=TEXT uid=U]    look at the job now. Anyone; request and uid only from root
 *                                   (slurm_vm_prolog.so)
 *   show    [node=NAME]             node: the machine there, else all;
 *           [seen=WORD wait=S]      with the word of an earlier reply: wait up to S (20) seconds
 *                                   for news
 *   key                             the guest's ssh private key
 *   password [rotate=1]             the guest account's password; rotate: a new one. The owner
 *   keys    key[]=TEXT...           the owner's own public keys may log in, too (at most 16,
 *                                   instead of those given before). The owner
 *   access                          a short-lived token for the VM's screen, console and ports
 *   stop                            end the job as COMPLETED
 *   migrate [to=NODE] [cancel=1]    move it, to wherever there is room; cancel: not any more
 *   resize  [cpus=N] [memory=BYTES] give it so much, of its job's size; cancel: not any more
 *           [cancel=1]
 *   disk-add    name=NAME [read_only=1]   a named disk of the owner's for the guest that runs;
 *               or size=BYTES             or an empty one that goes with the job
 *   disk-remove name=NAME           take it from the guest
 *
 * of no job, or of none that Slurm needs to know:
 *
 *   list    [all=1] [after=N]       the caller's VMs; all=1: everybody's (root, SlurmUser)
 *           [fresh=1]               as of now: vmd asks Slurm first, if it has not just done so
 *   images  [after=NAME]            anyone
 *   kept    [all=1] [job=JOB]       root disks kept of the caller's jobs that have ended; all=1:
 *           [after=KEY]             everybody's (root, SlurmUser); job, an id or a key: of that one
 *   discard job=JOB                 remove a kept disk now. Its owner, root, SlurmUser
 *   disks   [all=1] [after=IMAGE]   the caller's named disks; all=1: everybody's (root, SlurmUser)
 *   disk-create name=NAME size=BYTES   anyone, within his quota
 *   disk-delete name=NAME [uid=U]   its owner; uid: another user's (root, SlurmUser)
 *   plan                            root, SlurmUser
 *   approve held=N                  root, SlurmUser: let the N deletions happen that plan said are
 *                                   held back; refused if they are more by now
 *
 * Replies: error=TEXT kind=KIND on failure (KIND as err_kind_name() says), else ok=1 and what
 * follows, or nothing more. standby=HOST beside it: this vmd only looks, the one there leads; what
 * it tells may be old, and it takes no orders.
 *
 *   show    seen (a word for what is shown), job, state, reason, vm, node, address, user (the
 *           guest's account), host (the node's name, for VM_HOST), node_clear=0|1 (nothing of
 *           the job is on the node that it leaves, or on that of node=),
 *           profile (linux, windows; "": not known), grace=SECONDS in which the guest
 *           must shut down (left out if its image is unknown),
 *           elapsed=SECONDS in this state, json=OBJECT;
 *           names, hosts, addresses: words of all machines by rank, "-" for none yet
 *   key     key, user, address
 *   password  password, user, address
 *   access  server, ca (PEM; "": the system's authorities), namespace, vm (the name of the
 *           VirtualMachineInstance), token, until (seconds since 1970)
 *   stop    kind=conflict: the job has no node yet, only scancel helps
 *   resize  cpus, memory: what the job will have
 *   disk-add  of an empty one: name
 *   list    vm[]=OBJECT, one JSON object per VM by job id; more=1: ask again with after=last
 *           job id; held=N, for root and SlurmUser: so many VMs' deletions wait for an approval;
 *           old=1: slurmctld does not answer, this was known before; age=SECONDS, where
 *           fresh=1 could not be had: what Slurm was told since then may be missing
 *   images  image[]=OBJECT; more=1: again with after=last name
 *   kept    kept[]=OBJECT; more=1: again with after=last key
 *   discard disk: the image's name
 *   disks   disk[]=OBJECT; quota (bytes), count: what a user may have; more=1: again with
 *           after=last image
 *   plan    action[]=TEXT, approval=0|1, cut=0|1, held=N (VMs), example[]=VM (the first of them);
 *           old=1: slurmctld does not answer, so nothing is planned
 *   approve held=N (VMs that may be deleted now)
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
/* The word for what show tells; see the field seen. */
#define WIRE_SEEN_SIZE 20

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
