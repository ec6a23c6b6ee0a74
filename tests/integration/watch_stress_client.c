/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The watching side of watch_stress: vmd's own watch over libcurl, some of it slow. */
#include "tests/integration/watch_stress.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube_watch.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#define OBJECTS_MAX 4096

struct seen {
	char name[32], version[24];
	bool listed;
};

struct view {
	unsigned client, number, slow_us, events;
	int fd;
	size_t n;
	struct seen seen[OBJECTS_MAX];
};

uint64_t stress_sum(const char *name, const char *version)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (const char *c = name; *c; c++)
		h = (h ^ (unsigned char)*c) * UINT64_C(1099511628211);
	for (const char *c = version; *c; c++)
		h = (h ^ (unsigned char)*c) * UINT64_C(1099511628211);
	return h;
}

static struct seen *find(struct view *v, const char *name)
{
	for (size_t i = 0; i < v->n; i++)
		if (str_eq(v->seen[i].name, name))
			return &v->seen[i];
	return NULL;
}

static void tell(const struct view *v, uint32_t round)
{
	struct stress_saw saw = {.client = v->client, .watch = v->number, .round = round};

	for (size_t i = 0; i < v->n; i++) {
		saw.n++;
		saw.sum += stress_sum(v->seen[i].name, v->seen[i].version);
	}
	if (write(v->fd, &saw, sizeof(saw)) != (ssize_t)sizeof(saw))
		_exit(3);
}

static void on_item(void *ctx, struct json_object *object, bool gone)
{
	struct view *v = ctx;
	const char *name = json_str_at(object, "metadata/name");
	const char *version = json_str_at(object, "metadata/resourceVersion");
	struct seen *s = name ? find(v, name) : NULL;
	unsigned round;

	if (!name || !version)
		_exit(4);
	if (v->slow_us && ++v->events % 16 == 0)
		(void)usleep(v->slow_us);
	if (gone) {
		if (s)
			*s = v->seen[--v->n];
		return;
	}
	if (!s && v->n == OBJECTS_MAX)
		_exit(5);
	if (!s)
		s = &v->seen[v->n++];
	if (str_copy(s->name, sizeof(s->name), name) < 0 ||
	    str_copy(s->version, sizeof(s->version), version) < 0)
		_exit(6);
	s->listed = true;
	if (sscanf(name, "mark-%u", &round) == 1)
		tell(v, round);
}

static void on_begin(void *ctx)
{
	struct view *v = ctx;

	for (size_t i = 0; i < v->n; i++)
		v->seen[i].listed = false;
}

static void on_end(void *ctx)
{
	struct view *v = ctx;

	for (size_t i = v->n; i-- > 0;)
		if (!v->seen[i].listed)
			v->seen[i] = v->seen[--v->n];
}

static void on_state(void *ctx)
{
	(void)ctx;
}

void stress_client(unsigned client, const char *url, const char *ca_file, const char *token_file,
		   unsigned slow_us, int fd)
{
	static struct view view[STRESS_WATCHES];
	struct http *http = NULL;
	sd_event *loop = NULL;
	struct err e;

	(void)signal(SIGPIPE, SIG_IGN);
	if (sd_event_new(&loop) < 0 || http_new(loop,
						&(struct http_settings){.server = url,
									.ca_file = ca_file,
									.token_file = token_file,
									.timeout_us = 30 * SEC_US,
									.parallel_max = 16,
									.queue_max = 100},
						&http, &e) < 0)
		_exit(2);
	for (unsigned i = 0; i < STRESS_WATCHES; i++) {
		view[i] =
			(struct view){.client = client, .number = i, .slow_us = slow_us, .fd = fd};
		watch_start(watch_new(
			http, &(struct watch_source){.path = "/apis/kubevirt.io/v1/namespaces/n/"
							     "virtualmachines",
						     .query = "",
						     .ctx = &view[i],
						     .begin = on_begin,
						     .item = on_item,
						     .end = on_end,
						     .state = on_state}));
	}
	(void)sd_event_loop(loop);
	_exit(7);
}
