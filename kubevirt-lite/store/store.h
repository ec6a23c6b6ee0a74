/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects: in memory, on disk (sqlite), and as a history of events. One thread: the loop's.
 *
 * An object that is in the store never changes: a write puts a new one in its place. So whoever
 * holds a reference (json_object_get) has a consistent picture for as long as wanted, and must not
 * write into it. Keys are kind, namespace ("" for cluster-wide kinds) and name.
 *
 * Writes are visible at once; subscribers are told from the loop, in the order of the writes and
 * never from inside a write. sqlite gets them in one transaction per turn of the loop, or up to
 * store_commit(), without fsync: a killed process loses nothing that anybody was told of, a power
 * failure may lose seconds.
 * resourceVersion never goes back, over restarts too. */
#ifndef KUBEVIRT_LITE_STORE_H
#define KUBEVIRT_LITE_STORE_H

#include "kubevirt-lite/store/kinds.h"
#include "vmd/base/err.h"
#include "vmd/base/json.h"

#include <stdint.h>

struct sd_event;
struct store;

/* path: the sqlite file, made when absent (0600); NULL: in memory only (tests). */
int store_open(const char *path, struct sd_event *loop, struct store **ret, struct err *e);
void store_close(struct store *s); /* commits what is open */
DEFINE_AUTO(struct store *, store_close)

/* --- reading --- */

/* Borrowed: valid until the loop turns or this object is written; json_object_get() to keep it. */
struct json_object *store_get(struct store *s, enum kind_id kind, const char *ns, const char *name);
struct json_object *store_get_uid(struct store *s, enum kind_id kind, const char *uid);

typedef bool (*store_match_fn)(void *ctx, struct json_object *object);
/* A new JSON array of references, ordered by namespace, name; the caller puts it. ns NULL: all
 * namespaces; match NULL: all. Writes while walking it are fine. */
struct json_object *store_list(struct store *s, enum kind_id kind, const char *ns,
			       store_match_fn match, void *ctx);
uint64_t store_version(const struct store *s); /* of the newest write */

/* --- writing --- */

/* Everything that was written outlives this process from here on: called before anybody is told. */
void store_commit(struct store *s);

/* Takes over object (also on failure). Fills in apiVersion, kind, uid, creationTimestamp,
 * resourceVersion, generation; metadata.name (or generateName) and namespace must be there.
 * ret_created (may be NULL): borrowed as by store_get.
 * ERR_CONFLICT: the name exists. Checks nothing else: admission is the HTTP side's. */
int store_create(struct store *s, enum kind_id kind, struct json_object *object,
		 struct json_object **ret_created, struct err *e);

/* Puts object in the place of the one of its name. Takes over object (also on failure). uid,
 * creationTimestamp, deletionTimestamp are kept from the old one. A metadata.resourceVersion in
 * object must be the current one (ERR_CONFLICT); without it the last writer wins. Nothing changed:
 * nothing is written. The last finalizer gone from an object being deleted: it is removed.
 * ERR_ABSENT: no such object. */
int store_update(struct store *s, enum kind_id kind, struct json_object *object,
		 struct json_object **ret_updated, struct err *e);

/* For controllers: fn changes a private copy (its metadata.resourceVersion needs no care); then as
 * store_update. fn returns -1 with e set to give up: nothing is written. */
typedef int (*store_mutate_fn)(void *ctx, struct json_object *copy, struct err *e);
int store_mutate(struct store *s, enum kind_id kind, const char *ns, const char *name,
		 store_mutate_fn fn, void *ctx, struct err *e);

enum store_propagation {
	STORE_BACKGROUND, /* dependents go after the owner */
	STORE_FOREGROUND, /* the owner waits for its dependents that block it */
	STORE_ORPHAN      /* dependents stay, without the owner's reference */
};
struct store_delete {
	enum store_propagation propagation;
	int64_t grace_s; /* -1: the object's own (a pod's terminationGracePeriodSeconds), else 0 */
};
/* With finalizers, or a grace period (pods only): sets deletionTimestamp and
 * deletionGracePeriodSeconds, and the object stays until the finalizers are gone (for a pod also:
 * until somebody deletes it with grace_s 0). Else it is removed. NULL how: background, grace -1.
 * Deleting twice is fine. ret_removed (may be NULL): whether it is gone. ERR_ABSENT. */
int store_delete(struct store *s, enum kind_id kind, const char *ns, const char *name,
		 const struct store_delete *how, bool *ret_removed, struct err *e);

/* --- events --- */

enum store_event { STORE_ADDED, STORE_MODIFIED, STORE_DELETED };
/* old: as it was before (NULL for ADDED). DELETED: object is the last state with the
 * resourceVersion of the removal. All borrowed for the call. Existing objects are not told:
 * subscribe, then list. */
typedef void (*store_event_fn)(void *ctx, enum store_event event, enum kind_id kind,
			       struct json_object *object, struct json_object *old);
int store_subscribe(struct store *s, store_event_fn fn, void *ctx, struct err *e);

/* --- for lists and watches of clients --- */

/* Calls fn for every event of kind after version, in order. ERR_ABSENT: the history does not reach
 * back that far; ret_oldest (also then) is the oldest version a replay can start from. */
typedef void (*store_replay_fn)(void *ctx, uint64_t version, enum store_event event,
				struct json_object *object, struct json_object *old);
int store_replay(struct store *s, enum kind_id kind, uint64_t version, uint64_t *ret_oldest,
		 store_replay_fn fn, void *ctx, struct err *e);
/* store_list as it was at version. ERR_ABSENT as above. */
int store_list_at(struct store *s, enum kind_id kind, const char *ns, uint64_t version,
		  store_match_fn match, void *ctx, struct json_object **ret, struct err *e);
/* "namespace/name" or "name": what store_list orders by. NULL when it does not fit. */
const char *object_key(struct json_object *o, char *buf, size_t size);
#define STORE_KEY_MAX 400

/* --- small helpers on objects --- */

/* Buffers for any name and any namespace. */
#define OBJECT_NAME_SIZE 254
#define OBJECT_NS_SIZE   64

static inline const char *object_name(struct json_object *o)
{
	return json_str_at(o, "metadata/name");
}
static inline const char *object_namespace(struct json_object *o) /* "" when cluster-wide */
{
	const char *ns = json_str_at(o, "metadata/namespace");

	return ns ? ns : "";
}
static inline const char *object_uid(struct json_object *o)
{
	return json_str_at(o, "metadata/uid");
}
static inline bool object_is_deleting(struct json_object *o)
{
	return json_str_at(o, "metadata/deletionTimestamp") != NULL;
}
struct json_object *object_copy(struct json_object *o); /* deep; the caller owns it */
/* What from has at path, if anything, deep, into the copy to. */
void object_copy_at(struct json_object *from, struct json_object *to, const char *path);
bool object_has_finalizer(struct json_object *o, const char *finalizer);
void object_add_finalizer(struct json_object *copy, const char *finalizer);
void object_remove_finalizer(struct json_object *copy, const char *finalizer);
/* Adds a controller reference (controller: true, blockOwnerDeletion: true) to copy. */
void object_set_owner(struct json_object *copy, struct json_object *owner);
/* prefix and 5 random letters; a prefix too long for size is cut, as Kubernetes does. Returns buf.
 */
const char *object_name_new(const char *prefix, char *buf, size_t size);
/* "2a1edb3f-1f77-473c-8002-6e32779567f5", random; size >= 37. Returns buf. */
const char *object_uid_new(char *buf, size_t size);
uint64_t object_version(struct json_object *o);

/* A core/v1 Event about an object, as controllers send them: counted up when the same is said
 * again. type is "Normal" or "Warning". */
int store_say(struct store *s, struct json_object *about, const char *component, const char *type,
	      const char *reason, const char *message, struct err *e);

#endif
