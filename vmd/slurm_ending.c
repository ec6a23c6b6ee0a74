/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nobody tells of a job's end: when its node is clear its epilog returns, and slurmctld counts it
 * as ended some 0.1 s later. Until a look shows that, its disk stays. So such a job is looked at
 * soon: one small RPC, for a bounded number of jobs; of more the polls will tell. Loop thread. */
#include "vmd/slurm_ending.h"

#include "vmd/base/clock.h"

#include <stdlib.h>
#include <systemd/sd-event.h>

#define ENDINGS_MAX 256
#define FIRST_US    (250 * MSEC_US)

struct ending {
	uint32_t job_id;
	int64_t pause_us; /* before the look at at_us */
	int64_t pause_max_us;
	int64_t at_us;
};

struct endings {
	bool (*is_ending)(void *ctx, uint32_t job_id);
	void (*look)(void *ctx, uint32_t job_id);
	void *ctx;
	sd_event_source *timer;
	size_t n;
	struct ending job[ENDINGS_MAX];
};

static void sleep_until_first(struct endings *n)
{
	int64_t first_us = INT64_MAX;

	for (size_t i = 0; i < n->n; i++)
		if (n->job[i].at_us < first_us)
			first_us = n->job[i].at_us;
	(void)sd_event_source_set_time(n->timer, (uint64_t)first_us);
	(void)sd_event_source_set_enabled(n->timer, n->n ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct endings *n = userdata;
	int64_t now_us = clock_mono_us();

	(void)source, (void)usec;
	for (size_t i = n->n; i-- > 0;) {
		struct ending *j = &n->job[i];

		if (!n->is_ending(n->ctx, j->job_id)) {
			*j = n->job[--n->n];
			continue;
		}
		if (j->at_us > now_us)
			continue;
		n->look(n->ctx, j->job_id);
		if (j->pause_us < j->pause_max_us)
			j->pause_us *= 2;
		j->at_us = now_us + j->pause_us;
	}
	sleep_until_first(n);
	return 0;
}

int endings_new(struct sd_event *loop, bool (*is_ending)(void *ctx, uint32_t job_id),
		void (*look)(void *ctx, uint32_t job_id), void *ctx, struct endings **ret,
		struct err *e)
{
	struct endings *n = calloc(1, sizeof(*n));

	if (!n)
		abort();
	n->is_ending = is_ending;
	n->look = look;
	n->ctx = ctx;
	if (sd_event_add_time(loop, &n->timer, CLOCK_MONOTONIC, UINT64_MAX, 1000, on_timer, n) <
		    0 ||
	    sd_event_source_set_exit_on_failure(n->timer, true) < 0) {
		sd_event_source_disable_unref(n->timer);
		free(n);
		return err_set(e, ERR_RETRY, "cannot join the event loop");
	}
	*ret = n;
	return 0;
}

void endings_expect(struct endings *n, uint32_t job_id, int64_t pause_max_us)
{
	for (size_t i = 0; i < n->n; i++)
		if (n->job[i].job_id == job_id)
			return;
	if (n->n == ENDINGS_MAX)
		return;
	n->job[n->n++] = (struct ending){.job_id = job_id,
					 .pause_us = FIRST_US,
					 .pause_max_us = pause_max_us,
					 .at_us = clock_mono_us() + FIRST_US};
	sleep_until_first(n);
}
