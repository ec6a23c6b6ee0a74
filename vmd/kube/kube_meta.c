/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metadata of Kubernetes objects: read by a table, written with our labels. Pure. The label keys
 * are found by walking the map, since a path of base/json cannot hold a key with a slash in it. */
#include "vmd/kube/kube_meta.h"

#include "vmd/base/str.h"

#include <string.h>
#include <time.h>

static const struct json_field meta_fields[] = {
	JSON_FIELD(struct meta, name, "metadata/name", J_STR, true),
	JSON_FIELD(struct meta, uid, "metadata/uid", J_STR, true),
	JSON_FIELD(struct meta, version, "metadata/resourceVersion", J_STR, true),
};

static const char *label(struct json_object *doc, const char *key)
{
	struct json_object *labels = json_at(doc, "metadata/labels");
	struct json_object *v;

	if (!json_object_is_type(labels, json_type_object) ||
	    !json_object_object_get_ex(labels, key, &v) ||
	    !json_object_is_type(v, json_type_string))
		return NULL;
	return json_object_get_string(v);
}

void meta_selector(struct json_object *doc, const char *path, char *buf, size_t size)
{
	struct json_object *selector = json_at(doc, path);
	struct json_object *v;

	buf[0] = '\0';
	if (json_object_is_type(selector, json_type_object) &&
	    json_object_object_get_ex(selector, SELECTOR_NODE, &v) &&
	    json_object_is_type(v, json_type_string) &&
	    str_copy(buf, size, json_object_get_string(v)) < 0)
		buf[0] = '\0';
}

void meta_put_owner(struct json_object *doc, const char *api, const char *kind, const char *name,
		    const char *uid)
{
	struct json_object *owner = json_object_new_object();
	struct json_object *list = json_object_new_array();

	json_put_str(owner, "apiVersion", api);
	json_put_str(owner, "kind", kind);
	json_put_str(owner, "name", name);
	json_put_str(owner, "uid", uid);
	json_object_array_add(list, owner);
	json_put_at(doc, "metadata/ownerReferences", list);
}

const char *meta_owner_uid(struct json_object *doc)
{
	struct json_object *list = json_at(doc, "metadata/ownerReferences");

	if (!json_object_is_type(list, json_type_array) || json_object_array_length(list) == 0)
		return NULL;
	return json_str_at(json_object_array_get_idx(list, 0), "uid");
}

int64_t meta_time_s(const char *text)
{
	struct tm tm = {.tm_isdst = 0};
	const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;

	if (!end || (*end != 'Z' && *end != '.'))
		return 0;
	return timegm(&tm);
}

int meta_decode(struct json_object *doc, struct meta *ret, struct err *e)
{
	struct meta m = {.created_s = 0};
	const char *key;

	if (json_read(doc, meta_fields, ARRAY_LEN(meta_fields), &m, e) < 0)
		return -1;
	key = label(doc, LABEL_KEY);
	if (key)
		(void)str_copy(m.job_key, sizeof(m.job_key), key); /* too long: not ours, "" */
	m.created_s = meta_time_s(json_str_at(doc, "metadata/creationTimestamp"));
	m.deleting = json_at(doc, "metadata/deletionTimestamp") != NULL;
	*ret = m;
	return 0;
}

static void put_direct(struct json_object *map, const char *key, const char *value)
{
	json_object_object_add(map, key, json_object_new_string(value));
}

struct json_object *meta_labels(const char *cluster, const char *job_key, uint32_t job_id)
{
	struct json_object *labels = json_object_new_object();
	char id[16], nonce[JOB_NONCE_LEN + 1];

	/* That of the key: a job whose allocation is another one by now keeps its label. */
	(void)job_key_parse(job_key, &job_id, nonce);
	(void)str_fmt(id, sizeof(id), "%u", job_id);
	put_direct(labels, LABEL_CLUSTER, cluster);
	put_direct(labels, LABEL_JOB, id);
	put_direct(labels, LABEL_KEY, job_key);
	put_direct(labels, "app.kubernetes.io/managed-by", "slurm-vm");
	return labels;
}

struct json_object *meta_object(const char *api, const char *kind, const char *name,
				const char *name_space, const char *cluster, const char *job_key,
				uint32_t job_id)
{
	struct json_object *doc = json_object_new_object();

	json_put_str(doc, "apiVersion", api);
	json_put_str(doc, "kind", kind);
	json_put_str(doc, "metadata/name", name);
	if (*name_space)
		json_put_str(doc, "metadata/namespace", name_space);
	json_put_at(doc, "metadata/labels", meta_labels(cluster, job_key, job_id));
	return doc;
}

int meta_split(const char *text, const char *fallback, char *name_space, size_t ns_size, char *name,
	       size_t name_size)
{
	const char *slash = strchr(text, '/');

	if (!slash)
		return str_copy(name_space, ns_size, fallback) < 0 ||
				       str_copy(name, name_size, text) < 0
			       ? -1
			       : 0;
	if (str_fmt(name_space, ns_size, "%.*s", (int)(slash - text), text) < 0)
		return -1;
	return str_copy(name, name_size, slash + 1);
}
