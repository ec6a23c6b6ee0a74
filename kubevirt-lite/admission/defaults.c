/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Defaults by kind. Pure but for memory and, for a virtual machine's firmware, random numbers. */
#include "kubevirt-lite/admission/defaults.h"

#include "kubevirt-lite/store/base64.h"
#include "kubevirt-lite/store/store.h"
#include "vmd/base/str.h"

#include <string.h>

static void default_str(struct json_object *object, const char *path, const char *value)
{
	if (!json_at(object, path))
		json_put_str(object, path, value);
}

static bool is_object(struct json_object *doc, const char *path)
{
	return json_object_is_type(json_at(doc, path), json_type_object);
}

static int is_bad_base64(struct json_object *value)
{
	const char *text = json_object_get_string(value);
	size_t size = text ? strlen(text) + 4 : 0, len;
	AUTO(free) char *buf = malloc(size + 1);

	if (!buf)
		abort();
	return text && base64_decode(text, buf, size, &len) < 0;
}

static void encode_strings(struct json_object *plain, struct json_object *data)
{
	json_object_object_foreach(plain, key, value)
	{
		AUTO(free)
		char *text = base64_encode_alloc(json_object_get_string(value),
						 (size_t)json_object_get_string_len(value));

		json_object_object_add(data, key, json_object_new_string(text));
	}
}

/* stringData is for writing only: it is kept as data. */
static int fill_secret(struct json_object *object, struct json_object **ret_status)
{
	struct json_object *data;

	default_str(object, "type", "Opaque");
	if (is_object(object, "stringData")) {
		if (!json_at(object, "data"))
			json_put_at(object, "data", json_object_new_object());
		if (is_object(object, "data"))
			encode_strings(json_at(object, "stringData"), json_at(object, "data"));
		json_object_object_del(object, "stringData");
	}
	data = json_at(object, "data");
	if (!data)
		return 0;
	if (!json_object_is_type(data, json_type_object))
		return status_set(ret_status, 400, "BadRequest", "data must be an object");
	json_object_object_foreach(data, key, value)
	{
		if (is_bad_base64(value))
			return status_set(ret_status, 400, "BadRequest",
					  "Secret in version \"v1\" cannot be handled as a Secret: "
					  "illegal base64 data in %.100s",
					  key);
	}
	return 0;
}

static void fill_namespace(struct json_object *object)
{
	struct json_object *list = json_object_new_array();

	if (!is_object(object, "metadata/labels"))
		json_put_at(object, "metadata/labels", json_object_new_object());
	if (object_name(object))
		json_object_object_add(json_at(object, "metadata/labels"),
				       "kubernetes.io/metadata.name",
				       json_object_new_string(object_name(object)));
	json_object_array_add(list, json_object_new_string("kubernetes"));
	json_object_object_del(object, "spec");
	json_put_at(object, "spec/finalizers", list);
	json_object_object_del(object, "status");
	json_put_str(object, "status/phase", "Active");
}

static void fill_vm(struct json_object *object)
{
	static const char domain[] = "spec/template/spec/domain";
	struct json_object *spec = json_at(object, "spec/template/spec");
	char uid[40];

	if (!is_object(object, domain))
		return;
	default_str(spec, "architecture", "amd64");
	if (!json_at(spec, "domain/machine") || is_object(spec, "domain/machine"))
		default_str(spec, "domain/machine/type", "q35");
	if (!json_at(spec, "domain/resources"))
		json_put_at(spec, "domain/resources", json_object_new_object());
	if (json_at(spec, "domain/firmware") && !is_object(spec, "domain/firmware"))
		return;
	default_str(spec, "domain/firmware/uuid", object_uid_new(uid, sizeof(uid)));
	default_str(spec, "domain/firmware/serial", object_uid_new(uid, sizeof(uid)));
}

/* As KubeVirt's mutating webhook does. */
static void fill_migration(struct json_object *object)
{
	const char *vmi = json_str_at(object, "spec/vmiName");

	object_add_finalizer(object, "kubevirt.io/migrationJobFinalize");
	if (!vmi)
		return;
	if (!is_object(object, "metadata/labels"))
		json_put_at(object, "metadata/labels", json_object_new_object());
	json_object_object_add(json_at(object, "metadata/labels"), "kubevirt.io/vmi-name",
			       json_object_new_string(vmi));
}

static void fill_volume(struct json_object *object, bool is_new)
{
	if (!is_object(object, "spec"))
		return;
	default_str(object, "spec/volumeMode", "Filesystem");
	if (is_new) {
		json_object_object_del(object, "status");
		json_put_str(object, "status/phase", "Pending");
	}
}

int defaults_fill(const struct kind *k, struct json_object *object, bool is_new,
		  struct json_object **ret_status)
{
	switch (k->id) {
	case KIND_SECRET: return fill_secret(object, ret_status);
	case KIND_NAMESPACE:
		if (is_new)
			fill_namespace(object);
		return 0;
	case KIND_PV:
		if (is_object(object, "spec"))
			default_str(object, "spec/persistentVolumeReclaimPolicy", "Retain");
		fill_volume(object, is_new);
		return 0;
	case KIND_PVC: fill_volume(object, is_new); return 0;
	case KIND_VM:
		if (is_new)
			fill_vm(object);
		return 0;
	case KIND_VMIM:
		if (is_new)
			fill_migration(object);
		return 0;
	case KIND_NODE:
	case KIND_POD:
	case KIND_CONFIGMAP:
	case KIND_EVENT:
	case KIND_SERVICEACCOUNT:
	case KIND_ROLE:
	case KIND_ROLEBINDING:
	case KIND_CLUSTERROLE:
	case KIND_CLUSTERROLEBINDING:
	case KIND_LEASE:
	case KIND_STORAGECLASS:
	case KIND_NAD:
	case KIND_VMI:
	case KIND_COUNT: return 0;
	}
	return 0;
}
