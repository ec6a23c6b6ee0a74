/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A call after a while, from the event loop. */
#ifndef VMD_KUBE_KUBE_TIMER_H
#define VMD_KUBE_KUBE_TIMER_H

#include "vmd/base/auto.h"

#include <stdint.h>

struct sd_event;
struct timer;

/* fn is called once per timer_set. Running out of memory aborts. */
struct timer *timer_new(struct sd_event *loop, void (*fn)(void *ctx), void *ctx);
void timer_set(struct timer *t, int64_t delay_us); /* 0: in the next turn; again: moves it */
void timer_stop(struct timer *t);
void timer_free(struct timer *t); /* fine from its own fn */
DEFINE_AUTO(struct timer *, timer_free)

#endif
