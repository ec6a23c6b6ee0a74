/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The script's wait for its VM: what to say, when to go on, when to give up. Pure: answers of vmd
 * and the time come in, a verdict and one line of text go out. */
#ifndef SLURM_PLUGIN_WAIT_H
#define SLURM_PLUGIN_WAIT_H

#include "vmd/api/wire.h"
#include "vmd/job/job.h"

#define MACHINES_TEXT 4096

/* What vmd says of a job's VM (see show in api/wire.h), copied. */
struct vm_report {
	char state[24]; /* "BOOTING" */
	char reason[200];
	char vm[128];
	char host[JOB_NODE_MAX + 1];
	char address[48];
	char user[JOB_USER_MAX];
	char profile[16]; /* "linux", "windows" */
	/* Of all machines of the job, see machines.h; cut if they are too long for anybody. */
	char names[MACHINES_TEXT], hosts[MACHINES_TEXT], addresses[MACHINES_TEXT];
	bool node_clear;
	int64_t grace_s;           /* in which the guest must shut down; 0 not told */
	char seen[WIRE_SEEN_SIZE]; /* vmd's word for all of this; "" it has none: an older one */
};

enum wait_verdict {
	WAIT_ON,     /* ask again after wait_pause_us() */
	WAIT_DONE,   /* the script may start */
	WAIT_FAILED, /* the VM will not come */
	WAIT_LATE    /* it did not come in time */
};

struct wait {
	uint32_t job;
	enum vm_wait until;
	int64_t timeout_us;
	int64_t start_us;
	/* Of a script that Slurm has begun again: its node. What vmd says of another one may be of
	 * the run before. "" for others. */
	char node[JOB_NODE_MAX + 1];
	bool said_anything;
	bool quiet_when_ready;     /* no line at all when there was nothing to wait for */
	struct vm_report last;     /* what was said last; state "" before the first answer */
	int64_t said_us;           /* when */
	int64_t silent_us;         /* since when vmd does not answer; 0: it does */
	char seen[WIRE_SEEN_SIZE]; /* the word of the last answer; "" ask for an answer at once */
	bool news;                 /* it was another one than before */
	int64_t asked_us;          /* when the last question was put */
	int64_t refused_us;        /* since when vmd answers that it cannot help; 0: it does not */
};

/* line, of WAIT_LINE_MAX: what is to be said, without newline; "": nothing. */
#define WAIT_LINE_MAX 640
/* vmd answered. */
enum wait_verdict wait_report(struct wait *w, int64_t now_us, const struct vm_report *r, char *line,
			      size_t size);
/* vmd did not answer, or could not. */
enum wait_verdict wait_error(struct wait *w, int64_t now_us, const struct err *e, char *line,
			     size_t size);
int64_t wait_pause_us(const struct wait *w, int64_t now_us);

#endif
