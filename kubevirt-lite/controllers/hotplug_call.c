/* SPDX-License-Identifier: GPL-2.0-or-later */
/* addvolume and removevolume, of a VM and of a VMI that is nobody's, as virt-api has them
 * (rest/volumes.go), with its texts: the request is checked against the volumes that are there, and
 * changes the spec; the controllers do the rest. */
#include "kubevirt-lite/controllers/condition.h"
#include "kubevirt-lite/controllers/hotplug.h"
#include "kubevirt-lite/controllers/metadata.h"
#include "kubevirt-lite/controllers/subresources.h"
#include "kubevirt-lite/controllers/volume.h"
#include "vmd/base/str.h"

#include <stdarg.h>

struct options {
	const char *name;
	struct json_object *disk;   /* add only */
	struct json_object *source; /* add only: persistentVolumeClaim or dataVolume */
	bool is_add;
	bool dry_run;
};

/* --- the body --- */

static int refuse_body(struct subresource_call *call, const char *text)
{
	subresource_refuse(call, 400, "BadRequest", "%s", text);
	return -1;
}

static int refuse_type(struct subresource_call *call, const struct options *o, const char *field,
		       struct json_object *v, const char *wanted)
{
	static const char *const names[] = {
		[json_type_boolean] = "bool", [json_type_double] = "number",
		[json_type_int] = "number",   [json_type_object] = "object",
		[json_type_array] = "array",  [json_type_string] = "string"};
	enum json_type type = json_object_get_type(v);

	subresource_refuse(
		call, 400, "BadRequest",
		"Can not unmarshal Request body to struct, error: json: cannot unmarshal "
		"%s into Go struct field %sVolumeOptions.%s of type %s",
		names[type] ? names[type] : "null", o->is_add ? "Add" : "Remove", field, wanted);
	return -1;
}

static bool is_dry(struct json_object *body)
{
	return str_eq(json_str_at(body, "dryRun/0"), "All");
}

static int object_read(struct subresource_call *call, const struct options *o, const char *field,
		       const char *wanted, struct json_object **ret)
{
	struct json_object *v = call->body ? json_at(call->body, field) : NULL;

	if (v && !json_object_is_type(v, json_type_object))
		return refuse_type(call, o, field, v, wanted);
	*ret = v;
	return 0;
}

/* -1: the call is answered. */
static int options_read(struct subresource_call *call, bool is_add, struct options *ret)
{
	struct options o = {.is_add = is_add};
	struct json_object *v = call->body ? json_at(call->body, "name") : NULL;

	if (v && !json_object_is_type(v, json_type_string))
		return refuse_type(call, &o, "name", v, "string");
	if (is_add &&
	    (object_read(call, &o, "disk", "v1.Disk", &o.disk) < 0 ||
	     object_read(call, &o, "volumeSource", "v1.HotplugVolumeSource", &o.source) < 0))
		return -1;
	o.name = v ? json_object_get_string(v) : "";
	o.dry_run = call->dry_run || (call->body && is_dry(call->body));
	if (!*o.name)
		return refuse_body(call, is_add ? "AddVolumeOptions requires name to be set"
						: "RemoveVolumeOptions requires name to be set");
	if (is_add && !o.disk)
		return refuse_body(call, "AddVolumeOptions requires disk to not be nil");
	if (is_add && !o.source)
		return refuse_body(call, "AddVolumeOptions requires VolumeSource to not be nil");
	*ret = o;
	return 0;
}

/* --- is it possible --- */

static int refuse(struct subresource_call *call, const char *fmt, ...) PRINTF(2, 3);

static int refuse(struct subresource_call *call, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	subresource_refuse(call, 409, "Conflict",
			   "Operation cannot be fulfilled on %s.kubevirt.io \"%s\": %s",
			   call->kind == KIND_VM ? "virtualmachine" : "virtualmachineinstance",
			   call->name, text);
	return -1;
}

static int add_check(struct subresource_call *call, const struct options *o,
		     struct json_object *volumes)
{
	const char *source = json_str_at(o->source, "dataVolume/name");

	if (!source)
		source = json_str_at(o->source, "persistentVolumeClaim/claimName");
	for (size_t i = 0; i < json_length(volumes); i++) {
		struct json_object *v = json_object_array_get_idx(volumes, i);

		if (str_eq(json_str_at(v, "name"), o->name))
			return refuse(call,
				      "Unable to add volume [%s] because volume with that name "
				      "already exists",
				      o->name);
		if (source && str_eq(volume_claim(v), source))
			return refuse(call,
				      "Unable to add volume source [%s] because it already exists",
				      source);
	}
	return 0;
}

/* A volume is meant by its name or by that of its claim. */
static int remove_check(struct subresource_call *call, const struct options *o,
			struct json_object *volumes)
{
	for (size_t i = 0; i < json_length(volumes); i++) {
		struct json_object *v = json_object_array_get_idx(volumes, i);

		if (!str_eq(json_str_at(v, "name"), o->name) && !str_eq(volume_claim(v), o->name))
			continue;
		if (volume_is_hotplug(v))
			return 0;
		return refuse(call, "Unable to remove volume [%s] because it is not hotpluggable",
			      json_str_at(v, "name"));
	}
	return refuse(call, "Unable to remove volume [%s] because it does not exist", o->name);
}

/* --- the change --- */

static struct json_object *without(struct json_object *list, const char *name)
{
	struct json_object *rest = json_object_new_array();

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		if (!str_eq(json_str_at(one, "name"), name))
			json_object_array_add(rest, json_object_get(one));
	}
	return rest;
}

static void append(struct json_object *spec, const char *path, struct json_object *one)
{
	if (!json_object_is_type(json_at(spec, path), json_type_array))
		json_put_at(spec, path, json_object_new_array());
	json_object_array_add(json_at(spec, path), one);
}

static void spec_change(struct json_object *spec, const struct options *o)
{
	static const char *const sources[] = {"persistentVolumeClaim", "dataVolume"};
	static const char disks[] = "domain/devices/disks";
	struct json_object *disk = NULL, *volume;
	const char *source = NULL;

	if (!o->is_add) {
		json_put_at(spec, "volumes", without(json_at(spec, "volumes"), o->name));
		json_put_at(spec, disks, without(json_at(spec, disks), o->name));
		return;
	}
	if (json_object_deep_copy(o->disk, &disk, NULL) < 0)
		abort();
	json_put_str(disk, "name", o->name);
	volume = json_object_new_object();
	json_put_str(volume, "name", o->name);
	for (size_t i = 0; !source && i < ARRAY_LEN(sources); i++)
		source = json_at(o->source, sources[i]) ? sources[i] : NULL;
	if (source) {
		object_copy_at(o->source, volume, source);
		if (json_object_is_type(json_at(volume, source), json_type_object))
			json_object_object_add(json_at(volume, source), "hotpluggable",
					       json_object_new_boolean(true));
	}
	append(spec, "volumes", volume);
	append(spec, disks, disk);
}

/* Takes over copy. */
static void finish(struct controllers *c, struct subresource_call *call, const struct options *o,
		   struct json_object *copy)
{
	struct err e = {.kind = ERR_NONE};

	if (o->dry_run)
		json_object_put(copy);
	else if (store_update(c->store, call->kind, copy, NULL, &e) < 0) {
		subresource_refuse(call, 500, "InternalError", "Internal error occurred: %s",
				   e.msg);
		return;
	}
	subresource_answer(call, 202, NULL);
}

static void change_vm(struct controllers *c, struct subresource_call *call, bool is_add)
{
	AUTO(json_object_put) struct json_object *copy = NULL;
	struct json_object *vm, *volumes;
	struct options o;

	if (options_read(call, is_add, &o) < 0 || !(vm = vm_or_refuse(c, call)))
		return;
	volumes = json_at(vm, "spec/template/spec/volumes");
	if ((is_add ? add_check : remove_check)(call, &o, volumes) < 0)
		return;
	copy = object_copy(vm);
	spec_change(json_at(copy, "spec/template/spec"), &o);
	if (subresource_admit(call, vm, copy) == 0)
		finish(c, call, &o, STEAL(copy));
}

static void change_vmi(struct controllers *c, struct subresource_call *call, bool is_add)
{
	struct json_object *vmi, *volumes, *copy;
	struct machine m;
	struct options o;
	struct err e;

	if (options_read(call, is_add, &o) < 0 || !(vmi = vmi_or_refuse(c, call)))
		return;
	volumes = json_at(vmi, "spec/volumes");
	if (owner_uid(vmi)) {
		subresource_refuse(call, 400, "BadRequest", "VMI %s/%s is owned by a VM", call->ns,
				   call->name);
		return;
	}
	if (!phase_is(vmi, "Running")) {
		(void)refuse(call, "VMI is not running");
		return;
	}
	if ((is_add ? add_check : remove_check)(call, &o, volumes) < 0)
		return;
	if (vmi_is_moving(vmi)) {
		(void)refuse(call, "Cannot handle volume requests while VMI migration is in "
				   "progress");
		return;
	}
	copy = object_copy(vmi);
	spec_change(json_at(copy, "spec"), &o);
	if (machine_read(copy, &m, &e) < 0) {
		json_object_put(copy);
		subresource_refuse(call, 422, "Invalid", "%s", e.msg);
		return;
	}
	finish(c, call, &o, copy);
}

void hotplug_vm_add(void *ctx, struct subresource_call *call)
{
	change_vm(ctx, call, true);
}

void hotplug_vm_remove(void *ctx, struct subresource_call *call)
{
	change_vm(ctx, call, false);
}

void hotplug_vmi_add(void *ctx, struct subresource_call *call)
{
	change_vmi(ctx, call, true);
}

void hotplug_vmi_remove(void *ctx, struct subresource_call *call)
{
	change_vmi(ctx, call, false);
}
