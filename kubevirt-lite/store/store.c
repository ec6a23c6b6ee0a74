/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects in memory, one ordered shelf per kind; every write makes a new object, gives it the
 * next version, notes it in the kind's history, queues it for the subscribers and for the disk. One
 * thread; running out of memory aborts. A disk that refuses to write ends the program: going on
 * would promise what is lost at the next start. */
#include "kubevirt-lite/store/store.h"

#include "kubevirt-lite/store/disk.h"
#include "kubevirt-lite/store/history.h"
#include "kubevirt-lite/store/lifetime.h"
#include "kubevirt-lite/store/shelf.h"
#include "vmd/base/log.h"
#include "vmd/base/str.h"

#include <string.h>
#include <systemd/sd-event.h>

#define SUBSCRIBERS_MAX 8
#define VERSION_AHEAD   1000 /* reserved on disk at once, so that none is given out twice */
#define VERSION_FIRST   1000 /* so that "1" is too old from the start, as on a real server */

struct subscriber {
	store_event_fn fn;
	void *ctx;
};

struct store {
	struct shelf shelf[KIND_COUNT];
	struct history history[KIND_COUNT];
	uint64_t version;
	uint64_t reserved;
	struct disk *disk; /* NULL: in memory only */
	sd_event_source *turn;
	struct subscriber subscriber[SUBSCRIBERS_MAX];
	size_t n_subscriber;
	struct change *queue;
	size_t n_queue, cap_queue;
};

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

/* --- shelves --- */

static struct entry *entry_find(struct store *s, enum kind_id kind, const char *ns,
				const char *name)
{
	struct shelf *sh = &s->shelf[kind];
	char key[STORE_KEY_MAX];
	bool found;
	size_t at;

	if (!ns || !kind_get(kind)->namespaced)
		ns = "";
	if (str_fmt(key, sizeof(key), "%s%s%s", ns, *ns ? "/" : "", name) < 0)
		return NULL;
	at = shelf_find(sh, key, &found);
	return found ? &sh->entry[at] : NULL;
}

/* --- opening --- */

static int turn(sd_event_source *src, void *ctx);

static int load(void *ctx, enum kind_id kind, struct json_object *object, struct err *e)
{
	struct store *s = ctx;
	struct shelf *sh = &s->shelf[kind];
	char key[STORE_KEY_MAX];
	bool found = false;
	size_t at = 0;

	if (object_key(object, key, sizeof(key)))
		at = shelf_find(sh, key, &found);
	if (!*key || found) {
		json_object_put(object);
		return err_set(e, ERR_INVALID, "an object of kind %s has no name or a second one",
			       kind_get(kind)->kind);
	}
	shelf_insert(sh, at, key, object);
	if (object_version(object) > s->version)
		s->version = object_version(object);
	return 0;
}

static int open_disk(struct store *s, const char *path, struct err *e)
{
	uint64_t reserved;

	if (disk_open(path, &s->disk, e) < 0 || disk_load(s->disk, load, s, &reserved, e) < 0)
		return err_wrap(e, "%s", path);
	if (reserved > s->version)
		s->version = reserved;
	return 0;
}

int store_open(const char *path, struct sd_event *loop, struct store **ret, struct err *e)
{
	AUTO(store_close) struct store *s = need(calloc(1, sizeof(*s)));
	int rc;

	s->version = VERSION_FIRST;
	if (path && open_disk(s, path, e) < 0)
		return -1;
	s->reserved = s->version;
	for (size_t i = 0; i < KIND_COUNT; i++)
		s->history[i].before = s->version;
	rc = sd_event_add_defer(loop, &s->turn, turn, s);
	if (rc >= 0)
		rc = sd_event_source_set_enabled(s->turn, SD_EVENT_OFF);
	if (rc >= 0)
		rc = sd_event_source_set_exit_on_failure(s->turn, true);
	if (rc < 0)
		return err_set(e, ERR_INVALID, "event loop: %s", strerror(-rc));
	*ret = STEAL(s);
	return 0;
}

void store_close(struct store *s)
{
	struct err e;

	if (!s)
		return;
	if (s->disk) {
		(void)disk_put_version(s->disk, s->version, &e);
		disk_close(s->disk);
	}
	for (size_t i = 0; i < KIND_COUNT; i++) {
		shelf_done(&s->shelf[i]);
		history_done(&s->history[i]);
	}
	for (size_t i = 0; i < s->n_queue; i++)
		change_done(&s->queue[i]);
	free(s->queue);
	sd_event_source_disable_unref(s->turn);
	free(s);
}

/* --- reading --- */

struct json_object *store_get(struct store *s, enum kind_id kind, const char *ns, const char *name)
{
	struct entry *found = entry_find(s, kind, ns, name);

	return found ? found->object : NULL;
}

struct json_object *store_get_uid(struct store *s, enum kind_id kind, const char *uid)
{
	struct shelf *sh = &s->shelf[kind];

	for (size_t i = 0; i < sh->n; i++)
		if (str_eq(object_uid(sh->entry[i].object), uid))
			return sh->entry[i].object;
	return NULL;
}

struct json_object *store_list(struct store *s, enum kind_id kind, const char *ns,
			       store_match_fn match, void *ctx)
{
	struct json_object *list = need(json_object_new_array());
	struct shelf *sh = &s->shelf[kind];
	char prefix[STORE_KEY_MAX] = "";
	size_t i = 0, len = 0;
	bool found;

	if (ns && *ns) {
		if (str_fmt(prefix, sizeof(prefix), "%s/", ns) < 0)
			return list;
		len = strlen(prefix);
		i = shelf_find(sh, prefix, &found);
	}
	for (; i < sh->n && strncmp(sh->entry[i].key, prefix, len) == 0; i++)
		if (!match || match(ctx, sh->entry[i].object))
			json_object_array_add(list, json_object_get(sh->entry[i].object));
	return list;
}

uint64_t store_version(const struct store *s)
{
	return s->version;
}

/* --- the one way a write goes --- */

static void store_die(const struct err *e)
{
	log_error("action=store result=failed err=\"%s\"", e->msg);
	_exit(1);
}

static uint64_t next_version(struct store *s)
{
	struct err e;

	s->version++;
	if (s->disk && s->version > s->reserved) {
		s->reserved = s->version + VERSION_AHEAD;
		if (disk_put_version(s->disk, s->reserved, &e) < 0 || disk_commit(s->disk, &e) < 0)
			store_die(&e);
	}
	return s->version;
}

static void note(struct store *s, const char *key, const struct change *c)
{
	struct err e;

	history_add(&s->history[c->kind], c);
	if (s->n_queue == s->cap_queue) {
		s->cap_queue = s->cap_queue ? s->cap_queue * 2 : 64;
		s->queue = need(realloc(s->queue, s->cap_queue * sizeof(*s->queue)));
	}
	s->queue[s->n_queue] = *c;
	json_object_get(c->object);
	json_object_get(c->old);
	s->n_queue++;
	if (s->disk &&
	    disk_put(s->disk, c->kind, key, c->event == STORE_DELETED ? NULL : c->object, &e) < 0)
		store_die(&e);
	(void)sd_event_source_set_enabled(s->turn, SD_EVENT_ONESHOT);
}

static void set_version(struct json_object *object, uint64_t version)
{
	char text[24];

	(void)str_fmt(text, sizeof(text), "%llu", (unsigned long long)version);
	json_put_str(object, "metadata/resourceVersion", text);
}

/* Takes over object. */
static void replace(struct store *s, enum kind_id kind, struct entry *at,
		    struct json_object *object)
{
	struct change c = {.event = STORE_MODIFIED, .kind = kind, .object = object};

	c.old = at->object;
	c.version = next_version(s);
	set_version(object, c.version);
	at->object = object;
	note(s, at->key, &c);
	json_object_put(c.old);
}

static void remove_entry(struct store *s, enum kind_id kind, struct entry *at)
{
	AUTO(json_object_put) struct json_object *last = object_copy(at->object);
	struct change c = {.event = STORE_DELETED, .kind = kind, .object = last};

	c.old = at->object;
	c.version = next_version(s);
	set_version(last, c.version);
	note(s, at->key, &c);
	shelf_remove(&s->shelf[kind], (size_t)(at - s->shelf[kind].entry));
}

/* --- writing --- */

int store_create(struct store *s, enum kind_id kind, struct json_object *object,
		 struct json_object **ret_created, struct err *e)
{
	AUTO(json_object_put) struct json_object *own = object;
	struct change c = {.event = STORE_ADDED, .kind = kind, .object = own};
	const struct kind *k = kind_get(kind);
	char key[STORE_KEY_MAX];
	bool found;
	size_t at;

	if (!json_object_is_type(json_at(own, "metadata"), json_type_object))
		return err_set(e, ERR_INVALID, "%s without metadata", k->kind);
	lifetime_name(own);
	if (!object_name(own) || k->namespaced != (*object_namespace(own) != '\0') ||
	    !object_key(own, key, sizeof(key)))
		return err_set(e, ERR_INVALID, "%s needs a name and a fitting namespace", k->kind);
	at = shelf_find(&s->shelf[kind], key, &found);
	if (found)
		return err_set(e, ERR_CONFLICT, "%s \"%s\" already exists", k->resource,
			       object_name(own));
	lifetime_begin(k, own);
	c.version = next_version(s);
	set_version(own, c.version);
	shelf_insert(&s->shelf[kind], at, key, own);
	note(s, key, &c);
	if (ret_created)
		*ret_created = own;
	own = NULL;
	return 0;
}

int store_update(struct store *s, enum kind_id kind, struct json_object *object,
		 struct json_object **ret_updated, struct err *e)
{
	AUTO(json_object_put) struct json_object *own = object;
	const struct kind *k = kind_get(kind);
	const char *name = object_name(own);
	struct entry *at = name ? entry_find(s, kind, object_namespace(own), name) : NULL;
	const char *version = json_str_at(own, "metadata/resourceVersion");

	if (!at)
		return err_set(e, ERR_ABSENT, "%s \"%s\" not found", k->resource, name ? name : "");
	if (version && *version &&
	    !str_eq(version, json_str_at(at->object, "metadata/resourceVersion")))
		return err_set(e, ERR_CONFLICT, "%s \"%s\" has been modified", k->resource, name);
	lifetime_go_on(k, own, at->object);
	set_version(own, object_version(at->object));
	if (object_is_deleting(own) && !lifetime_is_held(kind, own)) {
		remove_entry(s, kind, at);
		if (ret_updated)
			*ret_updated = s->queue[s->n_queue - 1].object;
		return 0;
	}
	if (!json_object_equal(own, at->object))
		replace(s, kind, at, STEAL(own));
	if (ret_updated)
		*ret_updated = at->object;
	return 0;
}

int store_mutate(struct store *s, enum kind_id kind, const char *ns, const char *name,
		 store_mutate_fn fn, void *ctx, struct err *e)
{
	AUTO(json_object_put) struct json_object *copy = NULL;
	struct json_object *old = store_get(s, kind, ns, name);

	if (!old)
		return err_set(e, ERR_ABSENT, "%s \"%s\" not found", kind_get(kind)->resource,
			       name);
	copy = object_copy(old);
	if (fn(ctx, copy, e) < 0)
		return -1;
	json_object_object_del(json_at(copy, "metadata"), "resourceVersion");
	return store_update(s, kind, STEAL(copy), NULL, e);
}

int store_delete(struct store *s, enum kind_id kind, const char *ns, const char *name,
		 const struct store_delete *how, bool *ret_removed, struct err *e)
{
	static const struct store_delete plain = {.propagation = STORE_BACKGROUND, .grace_s = -1};
	AUTO(json_object_put) struct json_object *copy = NULL;
	struct entry *at = entry_find(s, kind, ns, name);
	int64_t grace_s, old_grace_s;

	if (!at)
		return err_set(e, ERR_ABSENT, "%s \"%s\" not found", kind_get(kind)->resource,
			       name);
	how = how ? how : &plain;
	copy = object_copy(at->object);
	if (how->propagation == STORE_FOREGROUND)
		object_add_finalizer(copy, "foregroundDeletion");
	else if (how->propagation == STORE_ORPHAN)
		object_add_finalizer(copy, "orphan");
	grace_s = lifetime_grace(kind, copy, how->grace_s);
	old_grace_s = json_object_get_int64(json_at(copy, "metadata/deletionGracePeriodSeconds"));
	if (!object_is_deleting(copy) || grace_s < old_grace_s)
		lifetime_end(copy, grace_s);
	if (ret_removed)
		*ret_removed = !lifetime_is_held(kind, copy);
	if (!lifetime_is_held(kind, copy))
		remove_entry(s, kind, at);
	else if (!json_object_equal(copy, at->object))
		replace(s, kind, at, STEAL(copy));
	return 0;
}

/* --- events --- */

int store_subscribe(struct store *s, store_event_fn fn, void *ctx, struct err *e)
{
	if (s->n_subscriber == SUBSCRIBERS_MAX)
		return err_set(e, ERR_INVALID, "no room for more than %d subscribers",
			       SUBSCRIBERS_MAX);
	s->subscriber[s->n_subscriber++] = (struct subscriber){.fn = fn, .ctx = ctx};
	return 0;
}

void store_commit(struct store *s)
{
	struct err e;

	if (s->disk && disk_commit(s->disk, &e) < 0)
		store_die(&e);
}

/* Tells what was queued when the turn began; what the subscribers write meanwhile is told in the
 * next turn, so that clients are served in between. */
static int turn(sd_event_source *src, void *ctx)
{
	struct store *s = ctx;
	struct change *told = STEAL(s->queue);
	size_t n = s->n_queue;

	(void)src;
	store_commit(s);
	s->n_queue = s->cap_queue = 0;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < s->n_subscriber; j++)
			s->subscriber[j].fn(s->subscriber[j].ctx, told[i].event, told[i].kind,
					    told[i].object, told[i].old);
		change_done(&told[i]);
	}
	free(told);
	store_commit(s);
	return 0;
}

int store_replay(struct store *s, enum kind_id kind, uint64_t version, uint64_t *ret_oldest,
		 store_replay_fn fn, void *ctx, struct err *e)
{
	struct history *h = &s->history[kind];

	*ret_oldest = h->before;
	if (version < h->before)
		return err_set(e, ERR_ABSENT, "too old resource version: %llu (%llu)",
			       (unsigned long long)version, (unsigned long long)h->before);
	for (size_t i = 0; i < h->n; i++) {
		const struct change *c = history_at(h, i);

		if (c->version > version)
			fn(ctx, c->version, c->event, c->object, c->old);
	}
	return 0;
}
