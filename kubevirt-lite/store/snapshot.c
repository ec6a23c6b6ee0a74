/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists as they were at an older version: today's list with the history undone. What a second page
 * of a list (limit, continue) is made of, so that all pages show one moment. */
#include "kubevirt-lite/store/store.h"
#include "vmd/base/str.h"

#include <string.h>

struct undo {
	struct json_object *before; /* key -> object or null: as it was when first changed after */
};

static void remember(void *ctx, uint64_t version, enum store_event event,
		     struct json_object *object, struct json_object *old)
{
	struct undo *u = ctx;
	char key[STORE_KEY_MAX];

	(void)version;
	if (object_key(object, key, sizeof(key)) &&
	    !json_object_object_get_ex(u->before, key, NULL))
		json_object_object_add(u->before, key,
				       event == STORE_ADDED ? NULL : json_object_get(old));
}

static int by_key(const void *a, const void *b)
{
	char ka[STORE_KEY_MAX] = "", kb[STORE_KEY_MAX] = "";

	object_key(*(struct json_object *const *)a, ka, sizeof(ka));
	object_key(*(struct json_object *const *)b, kb, sizeof(kb));
	return strcmp(ka, kb);
}

static bool wanted(struct json_object *object, const char *ns, store_match_fn match, void *ctx)
{
	return object && (!ns || !*ns || str_eq(object_namespace(object), ns)) &&
	       (!match || match(ctx, object));
}

int store_list_at(struct store *s, enum kind_id kind, const char *ns, uint64_t version,
		  store_match_fn match, void *ctx, struct json_object **ret, struct err *e)
{
	AUTO(json_object_put) struct json_object *today = NULL;
	AUTO(json_object_put) struct json_object *before = json_object_new_object();
	struct json_object *list;
	struct undo u = {.before = before};
	uint64_t oldest;

	if (store_replay(s, kind, version, &oldest, remember, &u, e) < 0)
		return -1;
	list = json_object_new_array();
	today = store_list(s, kind, ns, NULL, NULL);
	for (size_t i = 0; i < json_length(today); i++) {
		struct json_object *object = json_object_array_get_idx(today, i);
		char key[STORE_KEY_MAX];

		if (object_key(object, key, sizeof(key)) &&
		    !json_object_object_get_ex(before, key, NULL) && wanted(object, ns, match, ctx))
			json_object_array_add(list, json_object_get(object));
	}
	json_object_object_foreach(before, key, old)
	{
		(void)key;
		if (wanted(old, ns, match, ctx))
			json_object_array_add(list, json_object_get(old));
	}
	json_object_array_sort(list, by_key);
	*ret = list;
	return 0;
}
