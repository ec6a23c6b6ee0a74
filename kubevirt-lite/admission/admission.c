/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Admission by kind: names, volumes, VMIs and migrations here, virtual machines in admission_vm.c,
 * types and unknown fields in admission_shape.c. Codes, reasons, fields and texts are those
 * recorded on KubeVirt v1.9: a client that passes here passes there, as far as these rules go. */
#include "kubevirt-lite/admission/admission.h"

#include "kubevirt-lite/admission/review.h"
#include "vmd/base/quantity.h"
#include "vmd/base/str.h"

#include <string.h>

#define SUBDOMAIN_RULE                                                                             \
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' "  \
	"or '.', and must start and end with an alphanumeric character (e.g. 'example.com', "      \
	"regex used for validation is "                                                            \
	"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
#define VMI_UPDATE_WEBHOOK "virtualmachineinstances-update-validator.kubevirt.io"
#define VMIM_WEBHOOK       "migration-create-validator.kubevirt.io"

/* "KIND "NAME" is invalid: FIELD: WHY", as the API server's own validation says it. */
static int refuse_field(struct admission *a, struct json_object *object, const char *reason,
			const char *field, const char *why)
{
	const struct kind *k = a->kind;
	const char *name = object_name(object);
	char qualified[128];

	if (*k->group)
		(void)snprintf(qualified, sizeof(qualified), "%s.%s", k->kind, k->group);
	else
		(void)snprintf(qualified, sizeof(qualified), "%s", k->kind);
	(void)status_set(&a->status, 422, "Invalid", "%s \"%s\" is invalid: %s: %s", qualified,
			 name ? name : "", field, why);
	status_details(a->status, name, k->group, k->kind);
	status_cause(a->status, reason, why, field);
	return -1;
}

static bool is_subdomain(const char *name)
{
	return str_is_name(name, 253) && !strstr(name, "..") && !strstr(name, ".-") &&
	       !strstr(name, "-.");
}

static int check_name(struct admission *a, struct json_object *object)
{
	const char *name = object_name(object);
	char why[1024];

	if (!name || is_subdomain(name))
		return 0;
	(void)snprintf(why, sizeof(why), "Invalid value: \"%.255s\": %s", name, SUBDOMAIN_RULE);
	return refuse_field(a, object, "FieldValueInvalid", "metadata.name", why);
}

static bool is_empty_list(struct json_object *o, const char *path)
{
	struct json_object *list = json_at(o, path);

	return !json_object_is_type(list, json_type_array) || json_length(list) == 0;
}

static int check_pv(struct admission *a, struct json_object *object)
{
	if (is_empty_list(object, "spec/accessModes"))
		return refuse_field(a, object, "FieldValueRequired", "spec.accessModes",
				    "Required value");
	if (!json_at(object, "spec/capacity/storage"))
		return refuse_field(a, object, "FieldValueRequired", "spec.capacity",
				    "Required value");
	return 0;
}

/* true when text is a quantity smaller than the one at path. */
static bool is_less(const char *text, const char *than)
{
	uint64_t a, b;
	struct err e;

	return text && than && quantity_read(text, &a, &e) == 0 &&
	       quantity_read(than, &b, &e) == 0 && a < b;
}

static int check_pvc(struct admission *a, struct json_object *object)
{
	static const char storage[] = "spec/resources/requests/storage";

	if (is_empty_list(object, "spec/accessModes"))
		return refuse_field(a, object, "FieldValueRequired", "spec.accessModes",
				    "Required value: at least 1 access mode is required");
	if (!json_at(object, storage))
		return refuse_field(a, object, "FieldValueRequired", "spec.resources[storage]",
				    "Required value");
	if (a->old &&
	    is_less(json_str_at(object, storage), json_str_at(a->old, "status/capacity/storage")))
		return refuse_field(a, object, "FieldValueForbidden",
				    "spec.resources.requests.storage",
				    "Forbidden: field can not be less than status.capacity");
	return 0;
}

/* Are the labels whose names begin with "kubevirt.io/" the same in both? */
static bool same_reserved_labels(struct json_object *a, struct json_object *b)
{
	struct json_object *la = json_at(a, "metadata/labels"), *lb = json_at(b, "metadata/labels");

	if (!la)
		return true;
	json_object_object_foreach(la, key, value)
	{
		struct json_object *other = NULL;

		if (!str_starts(key, "kubevirt.io/"))
			continue;
		if (!lb || !json_object_object_get_ex(lb, key, &other) ||
		    !json_object_equal(value, other))
			return false;
	}
	return true;
}

static int check_vmi(struct admission *a, struct json_object *object)
{
	struct review r = {.webhook = VMI_UPDATE_WEBHOOK};

	if (!a->old)
		return 0;
	if (!json_object_equal(json_at(object, "spec"), json_at(a->old, "spec")))
		review_cause(&r, "FieldValueNotSupported", NULL,
			     "update of VMI object is restricted");
	else if (!same_reserved_labels(object, a->old) || !same_reserved_labels(a->old, object))
		review_cause(&r, "FieldValueNotSupported", NULL,
			     "modification of the following reserved kubevirt.io/ labels on a VMI "
			     "object is prohibited");
	return review_end(&r, a);
}

static bool is_other_running(void *ctx, struct json_object *migration)
{
	const char *phase = json_str_at(migration, "status/phase");

	return str_eq(json_str_at(migration, "spec/vmiName"), ctx) && !str_eq(phase, "Succeeded") &&
	       !str_eq(phase, "Failed");
}

static const char *not_migratable(struct json_object *vmi, const char **ret_message)
{
	struct json_object *conditions = json_at(vmi, "status/conditions");

	for (size_t i = 0; i < json_length(conditions); i++) {
		struct json_object *c = json_object_array_get_idx(conditions, i);
		const char *message = json_str_at(c, "message"), *reason = json_str_at(c, "reason");

		if (!str_eq(json_str_at(c, "type"), "LiveMigratable") ||
		    !str_eq(json_str_at(c, "status"), "False"))
			continue;
		*ret_message = message ? message : "";
		return reason ? reason : "";
	}
	return NULL;
}

static int check_migration(struct admission *a, struct json_object *object)
{
	static const char denied[] = "admission webhook \"" VMIM_WEBHOOK "\" denied the request";
	const char *vmi_name = json_str_at(object, "spec/vmiName"), *reason, *message = "";
	const char *ns = object_namespace(object);
	struct review r = {.webhook = VMIM_WEBHOOK};
	struct json_object *vmi, *running;

	if (!vmi_name || !*vmi_name)
		review_cause(&r, "FieldValueRequired", "spec.vmiName", "vmiName is missing");
	if (review_end(&r, a) < 0)
		return -1;
	if (a->old || !a->store)
		return 0;
	vmi = store_get(a->store, KIND_VMI, ns, vmi_name);
	if (!vmi)
		return status_set(&a->status, 400, "", "%s: the VMI \"%s/%s\" does not exist",
				  denied, ns, vmi_name);
	reason = not_migratable(vmi, &message);
	if (reason)
		return status_set(&a->status, 400, "",
				  "%s: Cannot migrate VMI, Reason: %s, Message: %s", denied, reason,
				  message);
	running =
		store_list(a->store, KIND_VMIM, ns, is_other_running, (void *)(uintptr_t)vmi_name);
	if (json_length(running) > 0)
		(void)status_set(
			&a->status, 400, "",
			"%s: in-flight migration detected. Active migration job (%s) is currently "
			"already in progress for VMI %s.",
			denied, object_uid(json_object_array_get_idx(running, 0)), vmi_name);
	json_object_put(running);
	return a->status ? -1 : 0;
}

int admission_check(struct admission *a, struct json_object *object)
{
	if (admission_shape(a, object) < 0)
		return -1;
	if (a->kind->id == KIND_VM && admission_vm(a, object) < 0)
		return -1;
	if (check_name(a, object) < 0)
		return -1;
	if (a->kind->id == KIND_PV)
		return check_pv(a, object);
	if (a->kind->id == KIND_PVC)
		return check_pvc(a, object);
	if (a->kind->id == KIND_VMI)
		return check_vmi(a, object);
	if (a->kind->id == KIND_VMIM)
		return check_migration(a, object);
	return 0;
}
