/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest in QEMU gets more CPUs and memory while it runs. CPUs are plugged in, socket by socket in
 * their order, which the other side of the next migration relies on: it starts with so many at
 * once. Memory is one virtio-mem device, whose wanted size is set; how much of it the guest's
 * driver has taken, QEMU tells. What the guest has is always QEMU's word, so that a guest that was
 * found again needs nothing else. Loop thread only. */
#include "kubevirt-lite/guest/qemu.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <string.h>

#define GROWTH_PATH "/machine/peripheral/ua-" MACHINE_GROWTH

static void refused(struct qemu *q, const struct err *e)
{
	(void)snprintf(q->guest.seen.grow_error, sizeof(q->guest.seen.grow_error), "%s", e->msg);
	qemu_changed(q);
}

static void on_cpus(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;
	unsigned n = (unsigned)json_length(value);

	(void)e;
	if (!value || n == q->guest.seen.cpus)
		return;
	q->guest.seen.cpus = n;
	qemu_changed(q);
}

static void on_memory(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;

	(void)e;
	for (size_t i = 0; i < json_length(value); i++) {
		struct json_object *dev = json_object_array_get_idx(value, i);
		struct json_object *size = json_at(dev, "data/size");
		uint64_t bytes = size ? json_object_get_uint64(size) : 0;

		if (!str_eq(json_str_at(dev, "data/id"), "ua-" MACHINE_GROWTH) ||
		    bytes == q->guest.seen.grown_bytes)
			continue;
		q->guest.seen.grown_bytes = bytes;
		qemu_changed(q);
		return;
	}
}

void qemu_size_ask(struct qemu *q)
{
	qmp_send(q->qmp, "query-cpus-fast", NULL, on_cpus, q);
	qmp_send(q->qmp, "query-memory-devices", NULL, on_memory, q);
}

static void on_plugged(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;

	if (q->plugging > 0)
		q->plugging--;
	if (q->plugging == 0 && q->ready)
		qemu_size_ask(q);
	if (!value)
		refused(q, e);
}

static void plug(struct qemu *q, struct json_object *place)
{
	struct json_object *props = json_at(place, "props");
	struct json_object *args = json_object_new_object();
	char id[64] = "cpu";

	json_put_str(args, "driver", json_str_at(place, "type"));
	json_object_object_foreach(props, key, value)
	{
		size_t len = strlen(id);

		(void)str_fmt(id + len, sizeof(id) - len, "-%lld",
			      (long long)json_object_get_int64(value));
		json_object_object_add(args, key, json_object_get(value));
	}
	json_put_str(args, "id", id);
	q->plugging++;
	qmp_send(q->qmp, "device_add", args, on_plugged, q);
}

static int64_t place_number(struct json_object *place, const char *path)
{
	struct json_object *v = json_at(place, path);

	return v ? json_object_get_int64(v) : 0;
}

static int by_place(const void *a, const void *b)
{
	static const char *const paths[] = {"props/socket-id", "props/die-id", "props/core-id",
					    "props/thread-id"};
	struct json_object *one = *(struct json_object *const *)a;
	struct json_object *two = *(struct json_object *const *)b;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		int64_t x = place_number(one, paths[i]), y = place_number(two, paths[i]);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

/* All places on the board; a place that is taken has a qom-path. */
static void on_places(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;

	q->plugging = 0;
	if (!value) {
		refused(q, e);
		return;
	}
	json_object_array_sort(value, by_place);
	for (size_t i = 0; i < json_length(value); i++) {
		struct json_object *place = json_object_array_get_idx(value, i);

		if (!json_at(place, "qom-path") && json_at(place, "props") &&
		    json_str_at(place, "type") &&
		    place_number(place, "props/socket-id") < (int64_t)q->sockets_wanted)
			plug(q, place);
	}
	if (q->plugging == 0)
		qemu_size_ask(q);
}

static void on_requested(void *self, struct json_object *value, const struct err *e)
{
	if (!value)
		refused(self, e);
}

static void memory_request(struct qemu *q, uint64_t bytes)
{
	struct json_object *args = json_object_new_object();

	json_put_str(args, "path", GROWTH_PATH);
	json_put_str(args, "property", "requested-size");
	json_object_object_add(args, "value", json_object_new_uint64(bytes));
	qmp_send(q->qmp, "qom-set", args, on_requested, q);
}

void qemu_grow(struct guest *g, unsigned sockets, uint64_t grown_bytes)
{
	struct qemu *q = (struct qemu *)g;

	if (!q->ready || g->seen.state != GUEST_RUNNING)
		return;
	g->seen.grow_error[0] = '\0';
	if (sockets > q->sockets_wanted && q->plugging == 0) {
		q->sockets_wanted = sockets;
		q->plugging = 1; /* until the places are known */
		qmp_send(q->qmp, "query-hotpluggable-cpus", NULL, on_places, q);
	}
	if (grown_bytes != q->grown_wanted) {
		q->grown_wanted = grown_bytes;
		memory_request(q, grown_bytes);
	}
}
