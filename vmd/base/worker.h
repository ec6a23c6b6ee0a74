/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads for libraries that block. One worker per library; bounded queue; results come back on the
 * loop thread. This is the only file with locks. */
#ifndef VMD_BASE_WORKER_H
#define VMD_BASE_WORKER_H

#include "vmd/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct sd_event;
struct worker;

/* Embedded first in the caller's job struct. run() is called on a worker thread and touches nothing
 * but the job; done() on the loop thread afterwards, and frees the job. */
struct work {
	void (*run)(struct work *w);
	void (*done)(struct work *w);
	struct work *next;
	int64_t queued_us;
};

/* Starts its threads; depth_max: jobs that are not done. ERR_RETRY: no thread or
 * no descriptor. */
int worker_new(struct sd_event *loop, const char *name, unsigned threads, size_t depth_max,
	       struct worker **ret, struct err *e);
/* On success the worker owns w until done(); on failure (ERR_RETRY: queue full) the caller keeps
 * it. */
int worker_submit(struct worker *wk, struct work *w, struct err *e);
/* Microseconds since the oldest unfinished job was queued, 0 if idle: a metric that shows a stuck
 * library. */
int64_t worker_age_us(struct worker *wk);
/* Threads stuck in a library cannot be joined: the program leaves by _exit(). For tests: waits for
 * running jobs and frees everything. */
void worker_free(struct worker *wk);
DEFINE_AUTO(struct worker *, worker_free)

#endif
