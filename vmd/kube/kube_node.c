/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decodes a Node: is it Ready, is it cordoned and by whom, does an administrator say that it is
 * off? Pure. A node without a condition Ready is one that has just joined: it counts as not Ready,
 * as for the scheduler. */
#include "vmd/kube/kube_node.h"

#include "vmd/base/str.h"
#include "vmd/kube/kube_meta.h"

#include <string.h>

static const struct json_field node_fields[] = {
	JSON_FIELD(struct kube_node, name, "metadata/name", J_STR, true),
	JSON_FIELD(struct kube_node, version, "metadata/resourceVersion", J_STR, false),
	JSON_FIELD(struct kube_node, cordoned, "spec/unschedulable", J_BOOL, false),
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

/* The annotation's name has a slash, so that it is no path of json_at(). */
static enum node_mark mark_read(struct json_object *doc)
{
	struct json_object *annotations = json_at(doc, "metadata/annotations");
	struct json_object *mark = NULL;

	if (!json_object_is_type(annotations, json_type_object) ||
	    !json_object_object_get_ex(annotations, ANNO_DRAIN, &mark))
		return NODE_UNMARKED;
	return json_object_is_type(mark, json_type_string)
		       ? drain_mark_parse(json_object_get_string(mark))
		       : NODE_FOREIGN;
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
	n.mark = mark_read(doc);
	*ret = n;
	return 0;
}

struct json_object *kube_node_encode_mark(const char *version, bool cordoned, enum node_mark mark)
{
	struct json_object *doc = json_object_new_object();
	struct json_object *annotations = json_object_new_object();

	json_put_str(doc, "metadata/resourceVersion", version);
	json_put_at(doc, "metadata/annotations", annotations);
	/* null takes either away */
	json_object_object_add(annotations, ANNO_DRAIN,
			       mark ? json_object_new_string(drain_mark_name(mark)) : NULL);
	json_put_at(doc, "spec", json_object_new_object());
	json_object_object_add(json_at(doc, "spec"), "unschedulable",
			       cordoned ? json_object_new_boolean(true) : NULL);
	return doc;
}
