/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VirtualMachineInstanceMigration <-> struct. Pure. A nodeSelector is patched before one is made:
 * KubeVirt copies it from VM to VMI, and the pod on the other side obeys the VMI's. */
#include "vmd/kube/kube_migration.h"

#include "vmd/base/str.h"
#include "vmd/kube/kube_spec.h"

#include <string.h>

struct migration_text {
	char vmi[VM_NAME_MAX + 1];
	char phase[24];
};
static const struct json_field fields[] = {
	JSON_FIELD(struct migration_text, vmi, "spec/vmiName", J_STR, true),
	JSON_FIELD(struct migration_text, phase, "status/phase", J_STR, false),
};

static void failure_read(struct json_object *doc, char *to, size_t size)
{
	const char *text = json_str_at(doc, "status/migrationState/failureReason");

	str_cut(to, size, text ? text : "");
	for (char *c = to; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
}

/* Whole seconds are all that is told. */
static int64_t took_read(struct json_object *doc)
{
	const char *from = json_str_at(doc, "status/migrationState/startTimestamp"),
		   *to = json_str_at(doc, "status/migrationState/endTimestamp");
	int64_t from_s = from ? meta_time_s(from) : 0, to_s = to ? meta_time_s(to) : 0;

	if (from_s <= 0 || to_s < from_s)
		return 0;
	return to_s > from_s ? to_s - from_s : 1;
}

int migration_decode(struct json_object *doc, struct kube_migration *ret, struct err *e)
{
	struct kube_migration m = {.over = false};
	struct migration_text text = {.phase = ""};
	const char *target;

	if (meta_decode(doc, &m.meta, e) < 0 ||
	    json_read(doc, fields, ARRAY_LEN(fields), &text, e) < 0)
		return err_wrap(e, "migration");
	memcpy(m.vmi, text.vmi, sizeof(m.vmi));
	m.failed = str_eq(text.phase, "Failed");
	m.scheduling = str_eq(text.phase, "Scheduling");
	m.over = m.failed || str_eq(text.phase, "Succeeded");
	failure_read(doc, m.failure, sizeof(m.failure));
	m.took_s = took_read(doc);
	target = json_str_at(doc, "status/migrationState/targetNode");
	if (target)
		(void)str_copy(m.target, sizeof(m.target), target);
	*ret = m;
	return 0;
}

/* vm_migration_name() backwards; -1: not one of ours for this VM. */
static int name_parse(const char *name, const char *vm, uint32_t *ret_companion,
		      uint32_t *ret_attempt)
{
	size_t len = strlen(vm);
	uint64_t companion, attempt;
	const char *dash;
	char digits[12];

	if (!str_starts(name, vm) || strncmp(name + len, "-m", 2) != 0 ||
	    !(dash = strchr(name + len + 2, '-')) ||
	    str_fmt(digits, sizeof(digits), "%.*s", (int)(dash - name - (ptrdiff_t)len - 2),
		    name + len + 2) < 0 ||
	    str_to_u64(digits, UINT32_MAX, &companion) < 0 ||
	    str_to_u64(dash + 1, UINT32_MAX, &attempt) < 0 || attempt == 0)
		return -1;
	*ret_companion = (uint32_t)companion;
	*ret_attempt = (uint32_t)attempt;
	return 0;
}

/* For one companion attempts are in order. Of two companions their ids tell nothing: they go back
 * when slurmctld has lost its state. The API server's word for it is the second in which each was
 * made (a resourceVersion is that of the last change, and opaque); within one no slurmctld starts
 * anew. */
static bool is_newer(const struct kube_migration *m, uint32_t companion, uint32_t attempt,
		     const struct vm_moving *than)
{
	if (!than->attempt || companion == than->companion)
		return attempt > than->attempt;
	if (m->meta.created_s != than->last_s)
		return m->meta.created_s > than->last_s;
	return companion > than->companion;
}

static void last_fold(const struct kube_migration *m, uint32_t companion, uint32_t attempt,
		      struct vm_moving *into)
{
	if (companion > into->companion_most)
		into->companion_most = companion;
	if (attempt > into->attempt_most)
		into->attempt_most = attempt;
	if (!m->over || !is_newer(m, companion, attempt, into))
		return;
	into->companion = companion;
	into->attempt = attempt;
	into->last_s = m->meta.created_s;
	into->failed = m->failed;
	(void)str_copy(into->failure, sizeof(into->failure),
		       *m->failure ? m->failure : "KubeVirt does not say why");
}

/* Of two that were made in one second nobody can tell which came first. */
static void arrival_fold(const struct kube_migration *m, struct vm_moving *into)
{
	bool tie = into->came_s && m->meta.created_s == into->came_s;

	if (!m->over || m->failed || m->meta.created_s < into->came_s)
		return;
	memcpy(into->came_to, m->target, sizeof(into->came_to));
	into->came_took_s = m->took_s;
	if (tie)
		into->came_to[0] = '\0';
	into->came_s = m->meta.created_s;
}

void migration_fold(const struct kube_migration *m, const char *vm, struct vm_moving *into)
{
	uint32_t companion = 0, attempt = 0;
	bool ours = name_parse(m->meta.name, vm, &companion, &attempt) == 0;

	if (!str_eq(m->vmi, vm))
		return;
	if (ours)
		last_fold(m, companion, attempt, into);
	arrival_fold(m, into);
	if (m->over)
		return;
	memcpy(into->name, m->meta.name, sizeof(into->name));
	memcpy(into->uid, m->meta.uid, sizeof(into->uid));
	into->begun_s = m->meta.created_s;
	into->ours = ours;
	into->scheduling = m->scheduling;
}

struct json_object *migration_encode(const struct settings *s, const char *name, const char *vm,
				     const char *vm_uid, const char *job_key, uint32_t job_id)
{
	struct json_object *doc = meta_object("kubevirt.io/v1", "VirtualMachineInstanceMigration",
					      name, s->kube_namespace, s->cluster, job_key, job_id);
	struct json_object *owners = json_object_new_array();
	struct json_object *owner = json_object_new_object();

	json_object_array_add(owners, owner);
	json_put_str(owner, "apiVersion", "kubevirt.io/v1");
	json_put_str(owner, "kind", "VirtualMachine");
	json_put_str(owner, "name", vm);
	json_put_str(owner, "uid", vm_uid);
	json_put_at(doc, "metadata/ownerReferences", owners);
	json_put_str(doc, "spec/vmiName", vm);
	return doc;
}

struct json_object *migration_encode_point(const char *uid, const char *version,
					   const struct vm_word *word)
{
	struct json_object *doc = json_object_new_object();
	struct json_object *selector = json_object_new_object();
	struct json_object *annotations = json_object_new_object();
	const struct vm_target *target = &word->target;
	char list[TURNED_DOWN_TEXT];

	json_put_str(doc, "metadata/uid", uid);
	json_put_str(doc, "metadata/resourceVersion", version);
	json_put_at(doc, "spec/template/spec/nodeSelector", selector);
	json_object_object_add(selector, SELECTOR_NODE, json_object_new_string(word->node));
	json_put_at(doc, "metadata/annotations", annotations);
	json_object_object_add(annotations, ANNO_GIVEN_UP, /* null takes it away */
			       word->given_up ? json_object_new_string("true") : NULL);
	if (word->turned_down)
		json_object_object_add(
			annotations, ANNO_TURNED_DOWN,
			json_object_new_string(turned_down_text(word->turned_down, list)));
	if (target->sockets)
		json_put_int(doc, "spec/template/spec/domain/cpu/sockets", target->sockets);
	if (target->sockets && target->memory_bytes)
		spec_put_bytes(doc, "spec/template/spec/domain/memory/guest", target->memory_bytes);
	return doc;
}
