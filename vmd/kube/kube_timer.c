/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One-shot timers on sd-event. Loop thread only. */
#include "vmd/kube/kube_timer.h"

#include "vmd/base/clock.h"

#include <stdbool.h>
#include <systemd/sd-event.h>
#include <time.h>

struct timer {
	sd_event_source *source;
	void (*fn)(void *ctx);
	void *ctx;
};

static int on_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct timer *t = userdata;

	(void)s, (void)usec;
	t->fn(t->ctx);
	return 0;
}

struct timer *timer_new(struct sd_event *loop, void (*fn)(void *ctx), void *ctx)
{
	struct timer *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	*t = (struct timer){.fn = fn, .ctx = ctx};
	if (sd_event_add_time(loop, &t->source, CLOCK_MONOTONIC, 0, MSEC_US, on_timer, t) < 0 ||
	    sd_event_source_set_enabled(t->source, SD_EVENT_OFF) < 0 ||
	    sd_event_source_set_exit_on_failure(t->source, true) < 0)
		abort(); /* no memory */
	return t;
}

void timer_set(struct timer *t, int64_t delay_us)
{
	int64_t at_us = clock_mono_us() + delay_us;

	if (sd_event_source_set_time(t->source, (uint64_t)at_us) < 0 ||
	    sd_event_source_set_enabled(t->source, SD_EVENT_ONESHOT) < 0)
		abort(); /* fails only in a child process */
}

void timer_stop(struct timer *t)
{
	(void)sd_event_source_set_enabled(t->source, SD_EVENT_OFF);
}

void timer_free(struct timer *t)
{
	if (!t)
		return;
	sd_event_source_disable_unref(t->source);
	free(t);
}
