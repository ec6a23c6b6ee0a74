/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which node a pod goes to: ready, schedulable, chosen by nodeSelector and required node affinity,
 * with room, and for a migration another one than the VMI is on; of those the one with most free
 * memory. What is in use is summed up from the pods each time. Reads the store only. */
#include "kubevirt-lite/controllers/scheduler.h"

#include "kubevirt-lite/controllers/condition.h"
#include "kubevirt-lite/controllers/metadata.h"
#include "vmd/base/quantity.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"

struct need {
	uint64_t memory_bytes;
	uint64_t cpu_milli;
};

struct refusals {
	unsigned unready, cordoned, mismatch, memory, cpu, source;
};

static uint64_t quantity_at(struct json_object *o, const char *path, uint64_t absent)
{
	const char *text = json_str_at(o, path);
	uint64_t n;
	struct err e;

	return text && quantity_read(text, &n, &e) == 0 ? n : absent;
}

static uint64_t milli_at(struct json_object *o, const char *path)
{
	const char *text = json_str_at(o, path);
	uint64_t n;
	struct err e;

	return text && quantity_read_milli(text, &n, &e) == 0 ? n : 0;
}

static struct need need_of(struct json_object *pod)
{
	return (struct need){
		.memory_bytes = quantity_at(pod, "spec/containers/0/resources/requests/memory", 0),
		.cpu_milli = milli_at(pod, "spec/containers/0/resources/requests/cpu")};
}

static struct need used_on(struct controllers *c, const char *node)
{
	AUTO(json_object_put)
	struct json_object *pods = store_list(c->store, KIND_POD, NULL, NULL, NULL);
	struct need sum = {.memory_bytes = 0};

	for (size_t i = 0; i < json_length(pods); i++) {
		struct json_object *pod = json_object_array_get_idx(pods, i);
		struct need one = need_of(pod);

		if (phase_is_final(pod) || !str_eq(json_str_at(pod, "spec/nodeName"), node))
			continue;
		sum.memory_bytes += one.memory_bytes;
		sum.cpu_milli += one.cpu_milli;
	}
	return sum;
}

static bool selector_matches(struct json_object *pod, struct json_object *node)
{
	struct json_object *selector = json_at(pod, "spec/nodeSelector");

	if (!json_object_is_type(selector, json_type_object))
		return true;
	json_object_object_foreach(selector, key, value)
	{
		if (!str_eq(label(node, key), json_object_get_string(value)))
			return false;
	}
	return true;
}

static bool expression_matches(struct json_object *one, struct json_object *node)
{
	const char *op = json_str_at(one, "operator");
	const char *is = json_str_at(one, "key") ? label(node, json_str_at(one, "key")) : NULL;
	struct json_object *values = json_at(one, "values");
	bool in = false;

	for (size_t i = 0; i < json_length(values); i++)
		if (is && str_eq(is, json_object_get_string(json_object_array_get_idx(values, i))))
			in = true;
	if (str_eq(op, "In"))
		return in;
	if (str_eq(op, "NotIn"))
		return !in;
	if (str_eq(op, "Exists"))
		return is != NULL;
	if (str_eq(op, "DoesNotExist"))
		return is == NULL;
	return false; /* Gt, Lt: not served */
}

static bool affinity_matches(struct json_object *pod, struct json_object *node)
{
	struct json_object *terms =
		json_at(pod, "spec/affinity/nodeAffinity/"
			     "requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");

	if (!json_object_is_type(terms, json_type_array))
		return true;
	for (size_t i = 0; i < json_length(terms); i++) {
		struct json_object *all =
			json_at(json_object_array_get_idx(terms, i), "matchExpressions");
		bool match = all != NULL;

		for (size_t k = 0; match && k < json_length(all); k++)
			match = expression_matches(json_object_array_get_idx(all, k), node);
		if (match)
			return true;
	}
	return false;
}

static bool is_source(struct controllers *c, struct json_object *pod, const char *node)
{
	struct json_object *vmi;

	if (!label(pod, LABEL_MIGRATION_UID) || !label(pod, LABEL_VM_NAME))
		return false;
	vmi = store_get(c->store, KIND_VMI, object_namespace(pod), label(pod, LABEL_VM_NAME));
	return vmi && str_eq(json_str_at(vmi, "status/nodeName"), node);
}

/* Free memory left when the pod is there, in bytes; -1: it cannot go there. */
static int64_t room(struct controllers *c, struct json_object *pod,
		    const struct node_settings *settings, struct refusals *no)
{
	struct json_object *node = store_get(c->store, KIND_NODE, "", settings->name);
	struct need want = need_of(pod);
	struct need used = used_on(c, settings->name);

	if (!node || !condition_is_true(node, "Ready"))
		no->unready++;
	else if (json_object_get_boolean(json_at(node, "spec/unschedulable")))
		no->cordoned++;
	else if (!selector_matches(pod, node) || !affinity_matches(pod, node))
		no->mismatch++;
	else if (is_source(c, pod, settings->name))
		no->source++;
	else if (used.memory_bytes + want.memory_bytes > settings->memory_bytes)
		no->memory++;
	else if (used.cpu_milli + want.cpu_milli > settings->cpus * 1000)
		no->cpu++;
	else
		return (int64_t)(settings->memory_bytes - used.memory_bytes - want.memory_bytes);
	return -1;
}

static void reason_add(struct strbuf *b, unsigned n, const char *why)
{
	if (n)
		strbuf_addf(b, "%s%u %s", b->len && b->s[b->len - 1] != ':' ? ", " : " ", n, why);
}

int schedule(struct controllers *c, struct json_object *pod, const struct node_settings **ret,
	     struct err *e)
{
	AUTO(strbuf_done) struct strbuf text = {.s = NULL};
	const struct node_settings *best = NULL;
	struct refusals no = {.unready = 0};
	int64_t most = -1;

	for (size_t i = 0; i < c->set.n_nodes; i++) {
		int64_t left = room(c, pod, &c->set.node[i], &no);

		if (left > most) {
			most = left;
			best = &c->set.node[i];
		}
	}
	if (best) {
		*ret = best;
		return 0;
	}
	strbuf_addf(&text, "0/%zu nodes are available:", c->set.n_nodes);
	reason_add(&text, no.unready, "node(s) were not ready");
	reason_add(&text, no.cordoned, "node(s) were unschedulable");
	reason_add(&text, no.mismatch, "node(s) didn't match Pod's node affinity/selector");
	reason_add(&text, no.source, "node(s) didn't match pod anti-affinity rules");
	reason_add(&text, no.memory, "Insufficient memory");
	reason_add(&text, no.cpu, "Insufficient cpu");
	return err_set(e, ERR_RETRY, "%s.", text.s);
}
