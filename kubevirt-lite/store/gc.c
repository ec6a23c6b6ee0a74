/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Garbage collection, as the real controller does it: dependents of a removed owner go
 * (background), an owner waits for the dependents that block it (foreground), dependents are let go
 * (orphan), an object whose owners never existed goes; a namespace being deleted takes its objects
 * with it. A subscriber of the store: each step looks at the objects again and may be repeated.
 * References to kinds that are not served here count as alive. */
#include "kubevirt-lite/store/gc.h"

#include "kubevirt-lite/store/timestamp.h"
#include "vmd/base/clock.h"
#include "vmd/base/log.h"
#include "vmd/base/str.h"

#include <systemd/sd-event.h>

#define EVENT_AGE_S    3600
#define EVENT_CHECK_US (60 * SEC_US)

struct gc {
	struct store *store;
	sd_event_source *timer;
};

static struct json_object *owners(struct json_object *object)
{
	struct json_object *list = json_at(object, "metadata/ownerReferences");

	return json_object_is_type(list, json_type_array) ? list : NULL;
}

static size_t owners_n(struct json_object *object)
{
	return json_length(owners(object));
}

static bool owner_exists(struct gc *g, struct json_object *ref, const char *ns)
{
	const char *version = json_str_at(ref, "apiVersion"), *kind = json_str_at(ref, "kind");
	const struct kind *k = version && kind ? kind_by_name(version, kind) : NULL;
	const char *name = json_str_at(ref, "name");
	struct json_object *owner;

	if (!k || !name)
		return true;
	owner = store_get(g->store, k->id, ns, name);
	return owner && str_eq(object_uid(owner), json_str_at(ref, "uid"));
}

static bool depends_on(void *ctx, struct json_object *object)
{
	struct json_object *list = owners(object);

	for (size_t i = 0; i < owners_n(object); i++)
		if (str_eq(json_str_at(json_object_array_get_idx(list, i), "uid"), ctx))
			return true;
	return false;
}

static bool blocks(struct json_object *object, const char *uid)
{
	struct json_object *list = owners(object);

	for (size_t i = 0; i < owners_n(object); i++) {
		struct json_object *ref = json_object_array_get_idx(list, i);

		if (str_eq(json_str_at(ref, "uid"), uid))
			return json_object_get_boolean(json_at(ref, "blockOwnerDeletion"));
	}
	return false;
}

static void delete_it(struct gc *g, enum kind_id kind, struct json_object *object,
		      enum store_propagation propagation)
{
	struct store_delete how = {.propagation = propagation, .grace_s = -1};
	struct err e = {.kind = ERR_NONE};

	if (object_is_deleting(object))
		return;
	(void)store_delete(g->store, kind, object_namespace(object), object_name(object), &how,
			   NULL, &e);
}

struct letting_go {
	struct gc *gc;
	const char *uid; /* NULL: those that do not exist */
	const char *finalizer;
};

static int let_go(void *ctx, struct json_object *copy, struct err *e)
{
	struct letting_go *l = ctx;
	struct json_object *list = owners(copy);

	(void)e;
	for (size_t i = owners_n(copy); i-- > 0;) {
		struct json_object *ref = json_object_array_get_idx(list, i);
		bool goes = l->uid ? str_eq(json_str_at(ref, "uid"), l->uid)
				   : !owner_exists(l->gc, ref, object_namespace(copy));

		if (goes)
			json_object_array_del_idx(list, i, 1);
	}
	if (list && owners_n(copy) == 0)
		json_object_object_del(json_at(copy, "metadata"), "ownerReferences");
	return 0;
}

static int drop_finalizer(void *ctx, struct json_object *copy, struct err *e)
{
	struct letting_go *l = ctx;

	(void)e;
	if (str_eq(l->finalizer, "kubernetes"))
		json_object_object_del(json_at(copy, "spec"), "finalizers");
	else
		object_remove_finalizer(copy, l->finalizer);
	return 0;
}

static void mutate(struct gc *g, enum kind_id kind, struct json_object *object, store_mutate_fn fn,
		   struct letting_go *l)
{
	struct err e = {.kind = ERR_NONE};

	l->gc = g;
	if (store_mutate(g->store, kind, object_namespace(object), object_name(object), fn, l, &e) <
		    0 &&
	    e.kind != ERR_ABSENT)
		log_warn("action=gc object=%s err=\"%s\"", object_name(object), e.msg);
}

/* An object that has owners: goes when none of them is there; forgets those that are not. */
static void look_at_dependent(struct gc *g, enum kind_id kind, struct json_object *object)
{
	struct letting_go gone = {.uid = NULL};
	size_t alive = 0, n = owners_n(object);

	for (size_t i = 0; i < n; i++)
		alive += owner_exists(g, json_object_array_get_idx(owners(object), i),
				      object_namespace(object));
	if (n == 0 || alive == n)
		return;
	if (alive == 0)
		delete_it(g, kind, object, STORE_BACKGROUND);
	else
		mutate(g, kind, object, let_go, &gone);
}

typedef void (*dependent_fn)(struct gc *g, enum kind_id kind, struct json_object *object,
			     void *ctx);

static void each_dependent(struct gc *g, const char *uid, dependent_fn fn, void *ctx)
{
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		AUTO(json_object_put) struct json_object *list = NULL;

		list = store_list(g->store, (enum kind_id)kind, NULL, depends_on, (void *)uid);
		for (size_t i = 0; i < json_length(list); i++)
			fn(g, (enum kind_id)kind, json_object_array_get_idx(list, i), ctx);
	}
}

static void orphan_one(struct gc *g, enum kind_id kind, struct json_object *object, void *ctx)
{
	struct letting_go l = {.uid = ctx};

	mutate(g, kind, object, let_go, &l);
}

struct foreground {
	const char *uid;
	bool blocked;
};

static void foreground_one(struct gc *g, enum kind_id kind, struct json_object *object, void *ctx)
{
	struct foreground *f = ctx;

	f->blocked |= blocks(object, f->uid);
	delete_it(g, kind, object, STORE_FOREGROUND);
}

static void look_at_owner(struct gc *g, enum kind_id kind, struct json_object *object)
{
	struct letting_go l = {.uid = NULL};
	struct foreground f = {.uid = object_uid(object)};

	if (object_has_finalizer(object, "orphan")) {
		each_dependent(g, f.uid, orphan_one, (void *)f.uid);
		l.finalizer = "orphan";
		mutate(g, kind, object, drop_finalizer, &l);
	}
	if (object_has_finalizer(object, "foregroundDeletion")) {
		each_dependent(g, f.uid, foreground_one, &f);
		l.finalizer = "foregroundDeletion";
		if (!f.blocked)
			mutate(g, kind, object, drop_finalizer, &l);
	}
}

static void look_at_namespace(struct gc *g, const char *name)
{
	struct json_object *ns = store_get(g->store, KIND_NAMESPACE, NULL, name);
	struct letting_go l = {.finalizer = "kubernetes"};
	size_t left = 0;

	if (!ns || !object_is_deleting(ns))
		return;
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		AUTO(json_object_put) struct json_object *list = NULL;

		if (!kind_get((enum kind_id)kind)->namespaced)
			continue;
		list = store_list(g->store, (enum kind_id)kind, name, NULL, NULL);
		for (size_t i = 0; i < json_length(list); i++)
			delete_it(g, (enum kind_id)kind, json_object_array_get_idx(list, i),
				  STORE_BACKGROUND);
		json_object_put(STEAL(list));
		list = store_list(g->store, (enum kind_id)kind, name, NULL, NULL);
		left += json_length(list);
	}
	if (left == 0)
		mutate(g, KIND_NAMESPACE, ns, drop_finalizer, &l);
}

static void look_again(struct gc *g, enum kind_id kind, struct json_object *object, void *ctx)
{
	(void)ctx;
	look_at_dependent(g, kind, object);
}

/* The owners of something that went may have waited for it. */
static void look_at_waiting_owners(struct gc *g, struct json_object *gone)
{
	for (size_t i = 0; i < owners_n(gone); i++) {
		struct json_object *ref = json_object_array_get_idx(owners(gone), i);
		const char *version = json_str_at(ref, "apiVersion");
		const char *kind = json_str_at(ref, "kind"), *name = json_str_at(ref, "name");
		const struct kind *k = version && kind ? kind_by_name(version, kind) : NULL;
		struct json_object *owner;

		owner = k && name ? store_get(g->store, k->id, object_namespace(gone), name) : NULL;
		if (owner && object_is_deleting(owner))
			look_at_owner(g, k->id, owner);
	}
}

static void on_event(void *ctx, enum store_event event, enum kind_id kind,
		     struct json_object *object, struct json_object *old)
{
	struct gc *g = ctx;

	(void)old;
	if (event == STORE_DELETED) {
		each_dependent(g, object_uid(object), look_again, NULL);
		look_at_waiting_owners(g, object);
		if (*object_namespace(object))
			look_at_namespace(g, object_namespace(object));
		return;
	}
	if (event == STORE_ADDED)
		look_at_dependent(g, kind, object);
	if (object_is_deleting(object))
		look_at_owner(g, kind, object);
	if (kind == KIND_NAMESPACE)
		look_at_namespace(g, object_name(object));
}

static bool is_old(void *ctx, struct json_object *event)
{
	const char *text = json_str_at(event, "lastTimestamp");

	if (!text)
		text = json_str_at(event, "metadata/creationTimestamp");
	return timestamp_parse(text) < *(const int64_t *)ctx;
}

static int expire(sd_event_source *src, uint64_t usec, void *ctx)
{
	AUTO(json_object_put) struct json_object *list = NULL;
	int64_t before_s = clock_wall_s() - EVENT_AGE_S;
	struct gc *g = ctx;

	(void)usec;
	list = store_list(g->store, KIND_EVENT, NULL, is_old, &before_s);
	for (size_t i = 0; i < json_length(list); i++)
		delete_it(g, KIND_EVENT, json_object_array_get_idx(list, i), STORE_BACKGROUND);
	(void)sd_event_source_set_time_relative(src, (uint64_t)EVENT_CHECK_US);
	return sd_event_source_set_enabled(src, SD_EVENT_ONESHOT);
}

int gc_start(struct store *s, struct sd_event *loop, struct gc **ret, struct err *e)
{
	AUTO(gc_free) struct gc *g = calloc(1, sizeof(*g));

	if (!g)
		abort();
	g->store = s;
	if (sd_event_add_time_relative(loop, &g->timer, CLOCK_MONOTONIC, (uint64_t)EVENT_CHECK_US,
				       (uint64_t)SEC_US, expire, g) < 0 ||
	    sd_event_source_set_exit_on_failure(g->timer, true) < 0)
		return err_set(e, ERR_INVALID, "event loop: no timer");
	if (store_subscribe(s, on_event, g, e) < 0)
		return -1;
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		AUTO(json_object_put) struct json_object *list = NULL;

		list = store_list(s, (enum kind_id)kind, NULL, NULL, NULL);
		for (size_t i = 0; i < json_length(list); i++)
			on_event(g, STORE_ADDED, (enum kind_id)kind,
				 json_object_array_get_idx(list, i), NULL);
	}
	*ret = STEAL(g);
	return 0;
}

void gc_free(struct gc *g)
{
	if (!g)
		return;
	sd_event_source_disable_unref(g->timer);
	free(g);
}
