/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kube_site.c sends, and what its answers mean. Pure. */
#include "vmd/base/str.h"
#include "vmd/kube/kube_meta.h"
#include "vmd/kube/kube_node.h"
#include "vmd/kube/kube_site.h"
#include "vmd/kube/kube_spec.h"

#include <string.h>

#define NODES_MAX 100000
/* NO_VAL: a job that Slurm never has. */
#define NO_JOB "4294967294-0000000000000000"

struct json_object *kube_site_review(const struct site_right *r, const char *verb,
				     const char *name_space)
{
	struct json_object *doc = json_object_new_object();

	json_put_str(doc, "apiVersion", "authorization.k8s.io/v1");
	json_put_str(doc, "kind", "SelfSubjectAccessReview");
	if (!r->cluster)
		json_put_str(doc, "spec/resourceAttributes/namespace", name_space);
	json_put_str(doc, "spec/resourceAttributes/verb", verb);
	json_put_str(doc, "spec/resourceAttributes/group", r->group);
	json_put_str(doc, "spec/resourceAttributes/resource", r->resource);
	if (r->subresource[0])
		json_put_str(doc, "spec/resourceAttributes/subresource", r->subresource);
	return doc;
}

enum site_answer kube_site_answer(const char *body, size_t len)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct json_object *allowed;
	struct err e;

	if (json_parse(body, len, &doc, &e) < 0)
		return SITE_UNKNOWN;
	allowed = json_at(doc, "status/allowed");
	if (!json_object_is_type(allowed, json_type_boolean))
		return SITE_UNKNOWN;
	return json_object_get_boolean(allowed) ? SITE_YES : SITE_NO;
}

/* Names with a slash or a dot are no path of json_at(). */
static struct json_object *member(struct json_object *map, const char *key)
{
	struct json_object *value = NULL;

	if (json_object_is_type(map, json_type_object))
		(void)json_object_object_get_ex(map, key, &value);
	return value;
}

static int node_read(struct json_object *doc, struct site_node *ret, struct err *e)
{
	struct json_object *label, *kvm;
	struct kube_node n;

	if (kube_node_decode(doc, &n, e) < 0)
		return -1;
	*ret = (struct site_node){.ready = n.ready};
	str_cut(ret->name, sizeof(ret->name), n.name);
	label = member(json_at(doc, "metadata/labels"), "kubevirt.io/schedulable");
	ret->takes_vms = json_object_is_type(label, json_type_string) &&
			 str_eq(json_object_get_string(label), "true");
	kvm = member(json_at(doc, "status/allocatable"), "devices.kubevirt.io/kvm");
	ret->kvm = json_object_is_type(kvm, json_type_string) &&
		   !str_eq(json_object_get_string(kvm), "0");
	return 0;
}

int kube_site_nodes(const char *body, size_t len, struct site_nodes *ret, struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	AUTO(free) struct site_node *node = NULL;
	struct json_object *items;
	size_t n;

	if (json_parse(body, len, &doc, e) < 0)
		return err_wrap(e, "nodes");
	items = json_at(doc, "items");
	n = json_length(items);
	if (!json_object_is_type(items, json_type_array) || n > NODES_MAX)
		return err_set(e, ERR_INVALID, "nodes: the API server sent no list");
	node = calloc(n + 1, sizeof(*node));
	if (!node)
		abort();
	for (size_t i = 0; i < n; i++)
		if (node_read(json_object_array_get_idx(items, i), &node[i], e) < 0)
			return -1;
	ret->node = STEAL(node);
	ret->n = n;
	return 0;
}

int kube_site_vm(const struct settings *s, const struct image *i, struct json_object **ret,
		 struct err *e)
{
	struct vm_spec v = {.job_key = NO_JOB,
			    .name = "vm-" NO_JOB "-r0",
			    .secret = "vm-" NO_JOB,
			    .node = "none",
			    .cpus = 1,
			    .profile = i->profile,
			    .firmware_efi = i->firmware_efi,
			    .secure_boot = i->secure_boot,
			    .tpm = i->tpm,
			    .grace_s = i->grace_s,
			    .user_data = image_has_user_data(i),
			    .n_disk = 1,
			    .disk = {{.name = "root", .serial = "root"}}};
	uint64_t allocation = vm_allocation_bytes(i->memory_min_bytes, 1, i->tpm);

	(void)str_copy(v.image, sizeof(v.image), i->name);
	(void)str_copy(v.user, sizeof(v.user), i->user[0] ? i->user : "nobody");
	(void)str_copy(v.network, sizeof(v.network), i->network[0]);
	(void)str_fmt(v.disk[0].claim, sizeof(v.disk[0].claim), "%s-root", v.name);
	v.memory_bytes = vm_guest_memory_bytes(allocation, 1, i->tpm);
	vm_growth_limits(i, v.cpus, v.memory_bytes, &v.sockets_max, &v.memory_max_bytes);
	return spec_encode(s, &v, ret, e);
}
