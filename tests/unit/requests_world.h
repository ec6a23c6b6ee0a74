/* SPDX-License-Identifier: GPL-2.0-or-later */
/* requests.c with a fake port, as a client sees it: what it asks, the reply, and what was asked of
 * the port. Job 17 is alice's and has a VM, which boots; 18 is bob's, and nothing can be done about
 * it at the moment; of job 30, which Slurm does not know, a VM is left; 40 (a test's own) has
 * several machines. The server is left out: reply_out, reply_send and reply_error are
 * requests_world.c's. */
#ifndef TESTS_UNIT_REQUESTS_WORLD_H
#define TESTS_UNIT_REQUESTS_WORLD_H

#include "tests/unit/port_views.h"
#include "vmd/api/requests_held.h"

#define ALICE 1000
#define BOB   1001
#define SLURM 64030
#define NONCE "9f3c12ab45de6701"

/* The reply to what was asked last. */
struct reply {
	struct wire_out out;
	bool sent;
	struct err e;
};
extern struct reply reply;
extern struct wire_in in; /* read back */

/* The world that is asked about. */
extern struct job jobs[3000];
extern struct desired desired;
extern struct vm_seen vms[1];
extern struct observed observed;
extern struct vm_status status, ranks[3]; /* of job 17, of job 40's machines */
extern struct image images[2];
extern struct plan plan_now;
extern struct disk_quota quota_now;
extern int64_t now_us;
extern bool may_look;          /* slurmctld may be asked now */
extern int64_t slurm_asked_us; /* when it was asked for desired */
extern unsigned looks;
extern struct port_views views; /* desired ... plan_now */
extern struct requests requests;

/* What came to the port. */
extern struct hinted {
	unsigned n;
	uint32_t job, uid;
	bool has_request;
	char image[JOB_NAME_MAX + 1];
} hint;
extern struct approved {
	unsigned n;
	uint32_t uid;
} approved;
extern unsigned scripts_over; /* of job 17 */
extern requests_key_fn key_done;
extern void *key_ctx;
extern unsigned n_keys;
extern char first_key[64];
extern requests_access_fn access_done;
extern void *access_ctx;
extern int64_t woken_us;
extern uint32_t ended, ended_by; /* the job, and for whom */
extern char migrated[64];        /* "17 to '*' by 1000" */
extern char resized[64];         /* "17 to 4/4294967296 by 1000" */
extern struct discarded {
	unsigned n;
	char disk[VM_NAME_MAX + 1];
	requests_done_fn done;
	void *ctx;
} discarded;
extern struct ordered {
	unsigned n;
	struct disk_order order;
	requests_done_fn done;
	void *ctx;
} ordered;

void setup(void);
void job_add(uint32_t id, uint32_t uid, const char *nonce);
/* text: "op=show\njob=17\n" */
void ask_as(uint32_t uid, const char *text);

#endif
