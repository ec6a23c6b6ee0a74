/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Worker threads with one bounded queue. Jobs are handed over whole: the worker thread touches
 * nothing but the job, and done() runs on the loop thread, woken by an eventfd (sd-event has no
 * thread wake-up call of its own). All signals are blocked in the threads: the loop gets them. */
#include "vmd/base/worker.h"

#include "vmd/base/clock.h"
#include "vmd/base/lock.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <systemd/sd-event.h>

#define WORKER_THREADS_MAX 16

struct work_list {
	struct work *first;
	struct work **tail;
};

struct worker {
	pthread_mutex_t mu;
	pthread_cond_t more;
	struct work_list todo;
	struct work_list finished;
	struct work *running[WORKER_THREADS_MAX];
	size_t depth; /* queued and running */
	size_t depth_max;
	bool ending;
	unsigned threads;
	pthread_t thread[WORKER_THREADS_MAX];
	int wake; /* eventfd: finished is not empty */
	sd_event_source *source;
};

static void list_init(struct work_list *l)
{
	l->first = NULL;
	l->tail = &l->first;
}

static void list_push(struct work_list *l, struct work *w)
{
	w->next = NULL;
	*l->tail = w;
	l->tail = &w->next;
}

static struct work *list_pop(struct work_list *l)
{
	struct work *w = l->first;

	if (w && !(l->first = w->next))
		l->tail = &l->first;
	return w;
}

/* The next job, or NULL when the worker ends. */
static struct work *next_job(struct worker *wk, unsigned slot)
{
	AUTO(unlock) pthread_mutex_t *held = lock(&wk->mu);
	struct work *w;

	while (!(w = list_pop(&wk->todo)) && !wk->ending)
		pthread_cond_wait(&wk->more, &wk->mu);
	wk->running[slot] = w;
	return w;
}

static void job_finished(struct worker *wk, unsigned slot, struct work *w)
{
	AUTO(unlock) pthread_mutex_t *held = lock(&wk->mu);

	wk->running[slot] = NULL;
	list_push(&wk->finished, w);
	(void)eventfd_write(wk->wake, 1);
}

struct start {
	struct worker *wk;
	unsigned slot;
};

static void *thread_main(void *arg)
{
	struct start s = *(struct start *)arg;
	struct work *w;

	free(arg);
	while ((w = next_job(s.wk, s.slot))) {
		w->run(w);
		job_finished(s.wk, s.slot, w);
	}
	return NULL;
}

static struct work *next_finished(struct worker *wk)
{
	AUTO(unlock) pthread_mutex_t *held = lock(&wk->mu);
	struct work *w = list_pop(&wk->finished);

	if (w)
		wk->depth--;
	return w;
}

static int on_wake(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct worker *wk = userdata;
	struct work *w;
	eventfd_t n;

	(void)source, (void)revents;
	(void)eventfd_read(fd, &n);
	while ((w = next_finished(wk)))
		w->done(w);
	return 0;
}

static int thread_start(struct worker *wk, unsigned slot, const char *name)
{
	struct start *s = malloc(sizeof(*s));
	char label[16];

	if (!s)
		abort();
	*s = (struct start){.wk = wk, .slot = slot};
	if (pthread_create(&wk->thread[slot], NULL, thread_main, s) != 0) {
		free(s);
		return -1;
	}
	(void)snprintf(label, sizeof(label), "%.12s%u", name, slot);
	(void)pthread_setname_np(wk->thread[slot], label);
	wk->threads = slot + 1;
	return 0;
}

int worker_new(struct sd_event *loop, const char *name, unsigned threads, size_t depth_max,
	       struct worker **ret, struct err *e)
{
	AUTO(worker_free) struct worker *wk = calloc(1, sizeof(*wk));
	sigset_t all, old;

	assert(threads > 0 && threads <= WORKER_THREADS_MAX);
	if (!wk)
		abort();
	pthread_mutex_init(&wk->mu, NULL);
	pthread_cond_init(&wk->more, NULL);
	list_init(&wk->todo);
	list_init(&wk->finished);
	wk->depth_max = depth_max;
	wk->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wk->wake < 0)
		return err_set(e, ERR_RETRY, "worker %s: eventfd: %m", name);
	if (sd_event_add_io(loop, &wk->source, wk->wake, POLLIN, on_wake, wk) < 0 ||
	    sd_event_source_set_exit_on_failure(wk->source, true) < 0)
		return err_set(e, ERR_RETRY, "worker %s: cannot join the event loop", name);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (unsigned i = 0; i < threads; i++) {
		if (thread_start(wk, i, name) < 0) {
			pthread_sigmask(SIG_SETMASK, &old, NULL);
			return err_set(e, ERR_RETRY, "worker %s: cannot start a thread", name);
		}
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	*ret = STEAL(wk);
	return 0;
}

int worker_submit(struct worker *wk, struct work *w, struct err *e)
{
	AUTO(unlock) pthread_mutex_t *held = lock(&wk->mu);

	if (wk->depth >= wk->depth_max)
		return err_set(e, ERR_RETRY, "worker queue full (%zu)", wk->depth_max);
	w->queued_us = clock_mono_us();
	list_push(&wk->todo, w);
	wk->depth++;
	pthread_cond_signal(&wk->more);
	return 0;
}

int64_t worker_age_us(struct worker *wk)
{
	AUTO(unlock) pthread_mutex_t *held = lock(&wk->mu);
	int64_t oldest = wk->todo.first ? wk->todo.first->queued_us : INT64_MAX;

	for (unsigned i = 0; i < wk->threads; i++)
		if (wk->running[i] && wk->running[i]->queued_us < oldest)
			oldest = wk->running[i]->queued_us;
	return oldest == INT64_MAX ? 0 : clock_mono_us() - oldest;
}

static void end_threads(struct worker *wk)
{
	{
		AUTO(unlock) pthread_mutex_t *held = lock(&wk->mu);

		wk->ending = true;
		pthread_cond_broadcast(&wk->more);
	}
	for (unsigned i = 0; i < wk->threads; i++)
		pthread_join(wk->thread[i], NULL);
}

void worker_free(struct worker *wk)
{
	struct work *w;

	if (!wk)
		return;
	end_threads(wk);
	while ((w = next_finished(wk)))
		w->done(w);
	sd_event_source_disable_unref(wk->source);
	if (wk->wake >= 0)
		close(wk->wake);
	pthread_cond_destroy(&wk->more);
	pthread_mutex_destroy(&wk->mu);
	free(wk);
}
