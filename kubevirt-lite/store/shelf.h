/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects of one kind, ordered by key ("namespace/name" or "name"). */
#ifndef KUBEVIRT_LITE_SHELF_H
#define KUBEVIRT_LITE_SHELF_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

struct entry {
	char *key;
	struct json_object *object; /* the shelf's reference */
};

struct shelf {
	struct entry *entry;
	size_t n, cap;
};

/* Index of the first entry that is not before key. */
size_t shelf_find(const struct shelf *sh, const char *key, bool *ret_found);
/* Takes over object; at comes from shelf_find. Entries move: pointers to them do not last. */
void shelf_insert(struct shelf *sh, size_t at, const char *key, struct json_object *object);
void shelf_remove(struct shelf *sh, size_t at);
void shelf_done(struct shelf *sh);

#endif
