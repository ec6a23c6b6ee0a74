/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shape of a VirtualMachine: which fields there are and of what type. A table of our own that
 * holds what KubeVirt v1 users commonly set; a field that is not in it is "unknown" here and may be
 * known to the real server (kubevirt-lite(8) says so). Other kinds have no shape: what is sent is
 * kept. Pure. */
#include "kubevirt-lite/admission/review.h"
#include "vmd/base/str.h"

#include <string.h>

#define DEPTH_MAX 24

/* type: o object, a array of objects, s string, i integer, b boolean, q quantity, * anything below.
 */
static const struct shape {
	const char *path; /* below "spec"; lists as "[]" */
	char type;
} vm_shape[] = {
	{"runStrategy", 's'},
	{"running", 'b'},
	{"dataVolumeTemplates", '*'},
	{"instancetype", '*'},
	{"preference", '*'},
	{"updateVolumesStrategy", 's'},
	{"template", 'o'},
	{"template.metadata", '*'},
	{"template.spec", 'o'},
	{"template.spec.accessCredentials", '*'},
	{"template.spec.affinity", '*'},
	{"template.spec.architecture", 's'},
	{"template.spec.dnsConfig", '*'},
	{"template.spec.dnsPolicy", 's'},
	{"template.spec.evictionStrategy", 's'},
	{"template.spec.hostname", 's'},
	{"template.spec.livenessProbe", '*'},
	{"template.spec.nodeSelector", '*'},
	{"template.spec.priorityClassName", 's'},
	{"template.spec.readinessProbe", '*'},
	{"template.spec.schedulerName", 's'},
	{"template.spec.startStrategy", 's'},
	{"template.spec.subdomain", 's'},
	{"template.spec.terminationGracePeriodSeconds", 'i'},
	{"template.spec.tolerations", '*'},
	{"template.spec.topologySpreadConstraints", '*'},
	{"template.spec.networks", 'a'},
	{"template.spec.networks[].name", 's'},
	{"template.spec.networks[].multus", 'o'},
	{"template.spec.networks[].multus.networkName", 's'},
	{"template.spec.networks[].multus.default", 'b'},
	{"template.spec.networks[].pod", '*'},
	{"template.spec.volumes", 'a'},
	{"template.spec.volumes[].name", 's'},
	{"template.spec.volumes[].persistentVolumeClaim", 'o'},
	{"template.spec.volumes[].persistentVolumeClaim.claimName", 's'},
	{"template.spec.volumes[].persistentVolumeClaim.hotpluggable", 'b'},
	{"template.spec.volumes[].persistentVolumeClaim.readOnly", 'b'},
	{"template.spec.volumes[].dataVolume", '*'},
	{"template.spec.volumes[].containerDisk", '*'},
	{"template.spec.volumes[].cloudInitNoCloud", '*'},
	{"template.spec.volumes[].cloudInitConfigDrive", '*'},
	{"template.spec.volumes[].configMap", '*'},
	{"template.spec.volumes[].secret", '*'},
	{"template.spec.volumes[].sysprep", '*'},
	{"template.spec.volumes[].emptyDisk", '*'},
	{"template.spec.volumes[].ephemeral", '*'},
	{"template.spec.volumes[].hostDisk", '*'},
	{"template.spec.volumes[].serviceAccount", '*'},
	{"template.spec.volumes[].downwardAPI", '*'},
	{"template.spec.volumes[].downwardMetrics", '*'},
	{"template.spec.volumes[].memoryDump", '*'},
	{"template.spec.domain", 'o'},
	{"template.spec.domain.chassis", '*'},
	{"template.spec.domain.clock", 'o'},
	{"template.spec.domain.clock.timezone", 's'},
	{"template.spec.domain.clock.utc", 'o'},
	{"template.spec.domain.clock.utc.offsetSeconds", 'i'},
	{"template.spec.domain.clock.timer", 'o'},
	{"template.spec.domain.clock.timer.hpet", '*'},
	{"template.spec.domain.clock.timer.hyperv", '*'},
	{"template.spec.domain.clock.timer.kvm", '*'},
	{"template.spec.domain.clock.timer.pit", '*'},
	{"template.spec.domain.clock.timer.rtc", '*'},
	{"template.spec.domain.cpu", 'o'},
	{"template.spec.domain.cpu.cores", 'i'},
	{"template.spec.domain.cpu.dedicatedCpuPlacement", 'b'},
	{"template.spec.domain.cpu.features", '*'},
	{"template.spec.domain.cpu.isolateEmulatorThread", 'b'},
	{"template.spec.domain.cpu.maxSockets", 'i'},
	{"template.spec.domain.cpu.model", 's'},
	{"template.spec.domain.cpu.numa", '*'},
	{"template.spec.domain.cpu.realtime", '*'},
	{"template.spec.domain.cpu.sockets", 'i'},
	{"template.spec.domain.cpu.threads", 'i'},
	{"template.spec.domain.features", 'o'},
	{"template.spec.domain.features.acpi", '*'},
	{"template.spec.domain.features.apic", '*'},
	{"template.spec.domain.features.hyperv", '*'},
	{"template.spec.domain.features.hypervPassthrough", '*'},
	{"template.spec.domain.features.kvm", '*'},
	{"template.spec.domain.features.pvspinlock", '*'},
	{"template.spec.domain.features.smm", 'o'},
	{"template.spec.domain.features.smm.enabled", 'b'},
	{"template.spec.domain.firmware", 'o'},
	{"template.spec.domain.firmware.acpi", '*'},
	{"template.spec.domain.firmware.bootloader", 'o'},
	{"template.spec.domain.firmware.bootloader.bios", '*'},
	{"template.spec.domain.firmware.bootloader.efi", 'o'},
	{"template.spec.domain.firmware.bootloader.efi.persistent", 'b'},
	{"template.spec.domain.firmware.bootloader.efi.secureBoot", 'b'},
	{"template.spec.domain.firmware.kernelBoot", '*'},
	{"template.spec.domain.firmware.serial", 's'},
	{"template.spec.domain.firmware.uuid", 's'},
	{"template.spec.domain.ioThreads", '*'},
	{"template.spec.domain.ioThreadsPolicy", 's'},
	{"template.spec.domain.launchSecurity", '*'},
	{"template.spec.domain.machine", 'o'},
	{"template.spec.domain.machine.type", 's'},
	{"template.spec.domain.memory", 'o'},
	{"template.spec.domain.memory.guest", 'q'},
	{"template.spec.domain.memory.hugepages", 'o'},
	{"template.spec.domain.memory.hugepages.pageSize", 's'},
	{"template.spec.domain.memory.maxGuest", 'q'},
	{"template.spec.domain.resources", 'o'},
	{"template.spec.domain.resources.limits", 'o'},
	{"template.spec.domain.resources.limits.cpu", 'q'},
	{"template.spec.domain.resources.limits.memory", 'q'},
	{"template.spec.domain.resources.overcommitGuestOverhead", 'b'},
	{"template.spec.domain.resources.requests", 'o'},
	{"template.spec.domain.resources.requests.cpu", 'q'},
	{"template.spec.domain.resources.requests.memory", 'q'},
	{"template.spec.domain.devices", 'o'},
	{"template.spec.domain.devices.autoattachGraphicsDevice", 'b'},
	{"template.spec.domain.devices.autoattachInputDevice", 'b'},
	{"template.spec.domain.devices.autoattachMemBalloon", 'b'},
	{"template.spec.domain.devices.autoattachPodInterface", 'b'},
	{"template.spec.domain.devices.autoattachSerialConsole", 'b'},
	{"template.spec.domain.devices.autoattachVSOCK", 'b'},
	{"template.spec.domain.devices.blockMultiQueue", 'b'},
	{"template.spec.domain.devices.clientPassthrough", '*'},
	{"template.spec.domain.devices.disableHotplug", 'b'},
	{"template.spec.domain.devices.downwardMetrics", '*'},
	{"template.spec.domain.devices.filesystems", '*'},
	{"template.spec.domain.devices.gpus", '*'},
	{"template.spec.domain.devices.hostDevices", '*'},
	{"template.spec.domain.devices.logSerialConsole", 'b'},
	{"template.spec.domain.devices.networkInterfaceMultiqueue", 'b'},
	{"template.spec.domain.devices.panicDevices", '*'},
	{"template.spec.domain.devices.rng", '*'},
	{"template.spec.domain.devices.sound", '*'},
	{"template.spec.domain.devices.tpm", 'o'},
	{"template.spec.domain.devices.tpm.enabled", 'b'},
	{"template.spec.domain.devices.tpm.persistent", 'b'},
	{"template.spec.domain.devices.useVirtioTransitional", 'b'},
	{"template.spec.domain.devices.video", '*'},
	{"template.spec.domain.devices.watchdog", '*'},
	{"template.spec.domain.devices.inputs", 'a'},
	{"template.spec.domain.devices.inputs[].bus", 's'},
	{"template.spec.domain.devices.inputs[].name", 's'},
	{"template.spec.domain.devices.inputs[].type", 's'},
	{"template.spec.domain.devices.disks", 'a'},
	{"template.spec.domain.devices.disks[].blockSize", '*'},
	{"template.spec.domain.devices.disks[].bootOrder", 'i'},
	{"template.spec.domain.devices.disks[].cache", 's'},
	{"template.spec.domain.devices.disks[].cdrom", 'o'},
	{"template.spec.domain.devices.disks[].cdrom.bus", 's'},
	{"template.spec.domain.devices.disks[].cdrom.readonly", 'b'},
	{"template.spec.domain.devices.disks[].cdrom.tray", 's'},
	{"template.spec.domain.devices.disks[].dedicatedIOThread", 'b'},
	{"template.spec.domain.devices.disks[].disk", 'o'},
	{"template.spec.domain.devices.disks[].disk.bus", 's'},
	{"template.spec.domain.devices.disks[].disk.pciAddress", 's'},
	{"template.spec.domain.devices.disks[].disk.readonly", 'b'},
	{"template.spec.domain.devices.disks[].errorPolicy", 's'},
	{"template.spec.domain.devices.disks[].io", 's'},
	{"template.spec.domain.devices.disks[].lun", '*'},
	{"template.spec.domain.devices.disks[].name", 's'},
	{"template.spec.domain.devices.disks[].serial", 's'},
	{"template.spec.domain.devices.disks[].shareable", 'b'},
	{"template.spec.domain.devices.disks[].tag", 's'},
	{"template.spec.domain.devices.interfaces", 'a'},
	{"template.spec.domain.devices.interfaces[].acpiIndex", 'i'},
	{"template.spec.domain.devices.interfaces[].binding", '*'},
	{"template.spec.domain.devices.interfaces[].bootOrder", 'i'},
	{"template.spec.domain.devices.interfaces[].bridge", '*'},
	{"template.spec.domain.devices.interfaces[].dhcpOptions", '*'},
	{"template.spec.domain.devices.interfaces[].macAddress", 's'},
	{"template.spec.domain.devices.interfaces[].macvtap", '*'},
	{"template.spec.domain.devices.interfaces[].masquerade", '*'},
	{"template.spec.domain.devices.interfaces[].model", 's'},
	{"template.spec.domain.devices.interfaces[].name", 's'},
	{"template.spec.domain.devices.interfaces[].pciAddress", 's'},
	{"template.spec.domain.devices.interfaces[].ports", '*'},
	{"template.spec.domain.devices.interfaces[].slirp", '*'},
	{"template.spec.domain.devices.interfaces[].sriov", '*'},
	{"template.spec.domain.devices.interfaces[].state", 's'},
	{"template.spec.domain.devices.interfaces[].tag", 's'},
};

struct walk {
	struct admission *a;
	char pattern[512]; /* "template.spec.volumes[]": to look up */
	char path[512];    /* "spec.template.spec.volumes[0]": to show */
};

static const struct shape *shape_find(const char *pattern)
{
	for (size_t i = 0; i < ARRAY_LEN(vm_shape); i++)
		if (strcmp(vm_shape[i].path, pattern) == 0)
			return &vm_shape[i];
	return NULL;
}

/* The mutating webhook reads the object first: a type it cannot read is its refusal. */
static int refuse_type(struct walk *w, const char *wanted, struct json_object *v)
{
	struct review r = {.webhook = "virtualmachines-mutator.kubevirt.io"};

	review_cause(&r, NULL, NULL, "%s in body must be of type %s: \"%s\"", w->path, wanted,
		     json_type_to_name(json_object_get_type(v)));
	return review_end(&r, w->a);
}

static bool is_quantity(const char *s)
{
	s += *s == '+' || *s == '-';
	if (strspn(s, "0123456789.") == 0)
		return false;
	s += strspn(s, "0123456789.");
	s += strspn(s, "eEinumkKMGTP");
	s += *s == '+' || *s == '-';
	return s[strspn(s, "0123456789")] == '\0';
}

static int check_quantity(struct walk *w, struct json_object *v)
{
	if (json_object_is_type(v, json_type_int) || json_object_is_type(v, json_type_double))
		return 0;
	if (!json_object_is_type(v, json_type_string))
		return refuse_type(w, "string", v);
	if (is_quantity(json_object_get_string(v)))
		return 0;
	return status_set(
		&w->a->status, 400, "",
		"admission webhook \"virtualmachines-mutator.kubevirt.io\" denied the request: "
		"quantities must match the regular expression "
		"'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
}

static int unknown_field(struct walk *w)
{
	char text[600];

	(void)snprintf(text, sizeof(text), "unknown field \"%s\"", w->path);
	switch (w->a->fields) {
	case FIELDS_IGNORE: return 0;
	case FIELDS_WARN:
		if (w->a->warn)
			w->a->warn(w->a->ctx, text);
		return 0;
	case FIELDS_STRICT:
		return status_set(&w->a->status, 400, "BadRequest",
				  "VirtualMachine in version \"v1\" cannot be handled as a "
				  "VirtualMachine: strict decoding error: %s",
				  text);
	}
	return 0;
}

static int check_object(struct walk *w, struct json_object *o, int depth);

static int check_list(struct walk *w, struct json_object *list, int depth)
{
	size_t pattern_len = strlen(w->pattern), path_len = strlen(w->path);
	int rc = 0;

	if (!json_object_is_type(list, json_type_array))
		return refuse_type(w, "array", list);
	(void)snprintf(w->pattern + pattern_len, sizeof(w->pattern) - pattern_len, "[]");
	for (size_t i = 0; rc == 0 && i < json_length(list); i++) {
		(void)snprintf(w->path + path_len, sizeof(w->path) - path_len, "[%zu]", i);
		rc = check_object(w, json_object_array_get_idx(list, i), depth + 1);
	}
	w->pattern[pattern_len] = '\0';
	w->path[path_len] = '\0';
	return rc;
}

static int check_value(struct walk *w, struct json_object *v, int depth)
{
	const struct shape *s = shape_find(w->pattern);

	if (!s)
		return unknown_field(w);
	if (!v)
		return 0; /* null: absent */
	switch (s->type) {
	case 'o': return check_object(w, v, depth + 1);
	case 'a': return check_list(w, v, depth);
	case 'q': return check_quantity(w, v);
	case 's': return json_object_is_type(v, json_type_string) ? 0 : refuse_type(w, "string", v);
	case 'i': return json_object_is_type(v, json_type_int) ? 0 : refuse_type(w, "integer", v);
	case 'b':
		return json_object_is_type(v, json_type_boolean) ? 0 : refuse_type(w, "boolean", v);
	default: return 0; /* '*' */
	}
}

static int check_object(struct walk *w, struct json_object *o, int depth)
{
	size_t pattern_len = strlen(w->pattern), path_len = strlen(w->path);
	int rc = 0;

	if (depth > DEPTH_MAX)
		return 0; /* the table is not that deep */
	if (!json_object_is_type(o, json_type_object))
		return refuse_type(w, "object", o);
	json_object_object_foreach(o, key, value)
	{
		(void)snprintf(w->pattern + pattern_len, sizeof(w->pattern) - pattern_len, "%s%s",
			       pattern_len ? "." : "", key);
		(void)snprintf(w->path + path_len, sizeof(w->path) - path_len, ".%s", key);
		if (rc == 0)
			rc = check_value(w, value, depth);
	}
	w->pattern[pattern_len] = '\0';
	w->path[path_len] = '\0';
	return rc;
}

int admission_shape(struct admission *a, struct json_object *object)
{
	struct walk w = {.a = a, .pattern = "", .path = "spec"};
	struct json_object *spec = json_at(object, "spec");

	if (a->kind->id != KIND_VM)
		return 0;
	if (!json_at(spec, "template")) {
		struct review r = {.webhook = "virtualmachines-mutator.kubevirt.io"};

		review_cause(&r, NULL, NULL, "spec.template in body is required");
		return review_end(&r, a);
	}
	return check_object(&w, spec, 0);
}
