/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decodes a Node: is it Ready, and does an administrator say that it is off? Pure. A node without a
 * condition Ready is one that has just joined: it counts as not Ready, as for the scheduler. */
#include "vmd/kube/kube_node.h"

#include "vmd/base/str.h"

#include <string.h>

static const struct json_field node_fields[] = {
	JSON_FIELD(struct kube_node, name, "metadata/name", J_STR, true),
};

/* The first element of the list at path whose key has that value; NULL: none. */
static struct json_object *find(struct json_object *doc, const char *path, const char *key,
				const char *value)
{
	struct json_object *list = json_at(doc, path);

	if (!json_object_is_type(list, json_type_array))
		return NULL;
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		if (str_eq(json_str_at(one, key), value))
			return one;
	}
	return NULL;
}

int kube_node_decode(struct json_object *doc, struct kube_node *ret, struct err *e)
{
	struct kube_node n = {.ready = false};
	struct json_object *ready;

	if (json_read(doc, node_fields, ARRAY_LEN(node_fields), &n, e) < 0)
		return err_wrap(e, "node");
	ready = find(doc, "status/conditions", "type", "Ready");
	n.ready = ready && str_eq(json_str_at(ready, "status"), "True");
	n.out_of_service =
		find(doc, "spec/taints", "key", "node.kubernetes.io/out-of-service") != NULL;
	*ret = n;
	return 0;
}
