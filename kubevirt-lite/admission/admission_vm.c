/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules of virtualmachine-validator.kubevirt.io that a client can trip over, in its order and
 * with its texts. Pure. What KubeVirt takes at create and lets fail later (no memory, an empty
 * sysprep, ...) is taken here too. */
#include "kubevirt-lite/admission/review.h"
#include "vmd/base/quantity.h"
#include "vmd/base/str.h"

#include <ctype.h>
#include <string.h>

#define MIB       (UINT64_C(1) << 20)
#define DOMAIN    "spec/template/spec/domain"
#define F_DOMAIN  "spec.template.spec.domain"
#define F_DEVICES F_DOMAIN ".devices"
#define INVALID   "FieldValueInvalid"

static bool is_one_of(const char *s, const char *const *list, size_t n)
{
	for (size_t i = 0; s && i < n; i++)
		if (strcmp(s, list[i]) == 0)
			return true;
	return false;
}

/* The element of list whose name is name. */
static struct json_object *named(struct json_object *list, const char *name)
{
	for (size_t i = 0; i < json_length(list); i++)
		if (str_eq(json_str_at(json_object_array_get_idx(list, i), "name"), name))
			return json_object_array_get_idx(list, i);
	return NULL;
}

static void check_run_strategy(struct review *r, struct json_object *vm)
{
	static const char *const known[] = {"Always", "RerunOnFailure", "Manual",
					    "Halted", "Once",           "WaitAsReceiver"};
	const char *strategy = json_str_at(vm, "spec/runStrategy");
	bool running = json_at(vm, "spec/running") != NULL;

	if (strategy && running)
		review_cause(r, INVALID, "spec.running",
			     "Running and RunStrategy are mutually exclusive. Note that Running is "
			     "deprecated, please use RunStrategy instead");
	else if (!strategy && !running)
		review_cause(r, INVALID, "spec.running", "RunStrategy must be specified");
	else if (strategy && !is_one_of(strategy, known, ARRAY_LEN(known)))
		review_cause(r, INVALID, "spec.runStrategy", "Invalid RunStrategy (%s)", strategy);
}

static void check_data_volumes(struct review *r, struct json_object *vm)
{
	struct json_object *templates = json_at(vm, "spec/dataVolumeTemplates");
	struct json_object *volumes = json_at(vm, "spec/template/spec/volumes");

	for (size_t i = 0; i < json_length(templates); i++) {
		const char *name =
			json_str_at(json_object_array_get_idx(templates, i), "metadata/name");
		bool found = false;
		char field[64];

		for (size_t v = 0; v < json_length(volumes); v++) {
			struct json_object *volume = json_object_array_get_idx(volumes, v);

			found |= str_eq(json_str_at(volume, "dataVolume/name"), name) ||
				 str_eq(json_str_at(volume, "persistentVolumeClaim/claimName"),
					name);
		}
		(void)snprintf(field, sizeof(field), "spec.dataVolumeTemplate[%zu]", i);
		if (!found)
			review_cause(r, "FieldValueRequired", field,
				     "DataVolumeTemplate entry %s must be referenced in the VMI "
				     "template's 'volumes' list",
				     field);
	}
}

/* What a volume has besides its name is its source. */
static void check_volumes(struct review *r, struct json_object *vm)
{
	struct json_object *volumes = json_at(vm, "spec/template/spec/volumes");

	for (size_t i = 0; i < json_length(volumes); i++) {
		struct json_object *v = json_object_array_get_idx(volumes, i);
		const char *name = json_str_at(v, "name");
		char field[64], at[80];
		int sources = json_object_object_length(v) - (name != NULL);

		(void)snprintf(field, sizeof(field), "spec.template.spec.volumes[%zu]", i);
		(void)snprintf(at, sizeof(at), "%s.name", field);
		for (size_t k = 0; k < i; k++)
			if (str_eq(json_str_at(json_object_array_get_idx(volumes, k), "name"),
				   name))
				review_cause(r, INVALID, at,
					     "%s and spec.template.spec.volumes[%zu] must not have "
					     "the same Name.",
					     field, k);
		if (sources != 1)
			review_cause(r, INVALID, field, "%s must have exactly one source type set",
				     field);
	}
}

static void check_firmware(struct review *r, struct json_object *vm)
{
	struct json_object *efi = json_at(vm, DOMAIN "/firmware/bootloader/efi");
	struct json_object *secure = json_at(efi, "secureBoot");
	struct json_object *smm = json_at(vm, DOMAIN "/features/smm");
	struct json_object *enabled = json_at(smm, "enabled");

	if (!efi || (secure && !json_object_get_boolean(secure)))
		return; /* absent means secure boot */
	if (!smm || (enabled && !json_object_get_boolean(enabled)))
		review_cause(r, INVALID, F_DOMAIN,
			     F_DOMAIN
			     " has EFI SecureBoot enabled. SecureBoot requires SMM, which is "
			     "currently disabled.");
}

static bool quantity_at(struct json_object *vm, const char *path, uint64_t *ret)
{
	const char *text = json_str_at(vm, path);
	struct err e;

	return text && quantity_read(text, ret, &e) == 0;
}

static void check_memory(struct review *r, struct json_object *vm)
{
	static const char field[] = F_DOMAIN ".memory.guest";
	const char *page_text = json_str_at(vm, DOMAIN "/memory/hugepages/pageSize");
	const char *request = json_str_at(vm, DOMAIN "/resources/requests/memory");
	uint64_t guest = 0, max = 0, page = 0;
	bool has_guest = quantity_at(vm, DOMAIN "/memory/guest", &guest);

	if (quantity_at(vm, DOMAIN "/memory/hugepages/pageSize", &page) && page &&
	    guest % page != 0)
		review_cause(r, INVALID, F_DOMAIN ".resources.requests.memory",
			     F_DOMAIN
			     ".resources.requests.memory '%s' is not a multiple of the page "
			     "size " F_DOMAIN ".memory.hugepages.pageSize '%s'",
			     request ? request : "0", page_text);
	if (!has_guest || !quantity_at(vm, DOMAIN "/memory/maxGuest", &max))
		return;
	if (guest > max)
		review_cause(r, INVALID, field,
			     "Guest memory is greater than the configured maxGuest memory");
	if (max % (2 * MIB) != 0)
		review_cause(r, INVALID, field, "MaxGuest must be 2Mi aligned");
	if (guest % (2 * MIB) != 0)
		review_cause(r, INVALID, field, "Guest memory must be 2Mi aligned");
	if (guest < 1024 * MIB)
		review_cause(r, INVALID, field,
			     "Memory hotplug is only available for VMs with at least 1Gi of guest "
			     "memory");
}

static void check_cpu(struct review *r, struct json_object *vm)
{
	struct json_object *sockets = json_at(vm, DOMAIN "/cpu/sockets");
	struct json_object *max = json_at(vm, DOMAIN "/cpu/maxSockets");

	if (!max || !sockets || json_object_get_int64(sockets) <= json_object_get_int64(max))
		return;
	for (int i = 0; i < 2; i++) /* two of its checks say the same */
		review_cause(
			r, INVALID, F_DOMAIN ".cpu.sockets",
			"Number of sockets in CPU topology is greater than the maximum sockets "
			"allowed");
}

static void check_machine(struct review *r, struct json_object *vm)
{
	const char *type = json_str_at(vm, DOMAIN "/machine/type");

	if (type && *type && !str_starts(type, "q35") && !str_starts(type, "pc-q35"))
		review_cause(r, INVALID, F_DOMAIN ".machine.type",
			     F_DOMAIN ".machine.type is not supported: %s (allowed values: [q35* "
				      "pc-q35*])",
			     type);
}

static bool is_mac(const char *s)
{
	for (int i = 0; i < 6; i++, s += 2) {
		if (i > 0 && *s++ != ':')
			return false;
		if (!isxdigit((unsigned char)s[0]) || !isxdigit((unsigned char)s[1]))
			return false;
	}
	return *s == '\0';
}

static void check_binding(struct review *r, struct json_object *iface, struct json_object *network,
			  size_t i)
{
	static const char *const bindings[] = {"bridge",  "masquerade", "sriov",       "slirp",
					       "macvtap", "binding",    "passtBinding"};
	char field[96], name_field[104];
	unsigned n = 0;

	for (size_t b = 0; b < ARRAY_LEN(bindings); b++)
		n += json_at(iface, bindings[b]) != NULL;
	(void)snprintf(field, sizeof(field), F_DEVICES ".interfaces[%zu]", i);
	(void)snprintf(name_field, sizeof(name_field), "%s.name", field);
	if (n > 1)
		review_cause(r, INVALID, field,
			     "logical %s interface must have exactly one binding method or binding "
			     "plugin",
			     json_str_at(iface, "name"));
	if (json_at(iface, "masquerade") && !json_at(network, "pod"))
		review_cause(r, INVALID, name_field,
			     "Masquerade interface only implemented with pod network");
}

static void check_interface(struct review *r, struct json_object *vm, struct json_object *iface,
			    size_t i)
{
	static const char *const models[] = {"e1000", "e1000e",  "igb",   "ne2k_pci",
					     "pcnet", "rtl8139", "virtio"};
	const char *name = json_str_at(iface, "name"), *model = json_str_at(iface, "model");
	const char *mac = json_str_at(iface, "macAddress");
	struct json_object *network = named(json_at(vm, "spec/template/spec/networks"), name);
	char field[96], at[120];

	(void)snprintf(field, sizeof(field), F_DEVICES ".interfaces[%zu]", i);
	(void)snprintf(at, sizeof(at), "%s.name", field);
	if (!network) {
		review_cause(r, INVALID, at, "%s '%s' not found.", at, name ? name : "");
		return;
	}
	check_binding(r, iface, network, i);
	if (model && !is_one_of(model, models, ARRAY_LEN(models))) {
		(void)snprintf(at, sizeof(at), "%s.model", field);
		review_cause(r, "FieldValueNotSupported", at,
			     "interface %s.name uses model %s that is not supported.", field,
			     model);
	}
	if (mac && !is_mac(mac)) {
		(void)snprintf(at, sizeof(at), "%s.macAddress", field);
		review_cause(r, INVALID, at, "interface %s.name has malformed MAC address (%s).",
			     field, mac);
	}
}

static void check_networks(struct review *r, struct json_object *vm)
{
	struct json_object *networks = json_at(vm, "spec/template/spec/networks");
	struct json_object *interfaces = json_at(vm, DOMAIN "/devices/interfaces");

	for (size_t i = 0; i < json_length(interfaces); i++)
		check_interface(r, vm, json_object_array_get_idx(interfaces, i), i);
	for (size_t i = 0; i < json_length(networks); i++) {
		const char *name = json_str_at(json_object_array_get_idx(networks, i), "name");
		char field[96];

		(void)snprintf(field, sizeof(field), "spec.template.spec.networks[%zu].name", i);
		if (!named(interfaces, name))
			review_cause(r, "FieldValueRequired", field, "%s '%s' not found.", field,
				     name ? name : "");
	}
}

static void check_boot_order(struct review *r, struct json_object *disks, struct json_object *disk,
			     size_t i)
{
	struct json_object *order = json_at(disk, "bootOrder");
	char at[96], field[112];

	(void)snprintf(at, sizeof(at), F_DEVICES ".disks[%zu]", i);
	(void)snprintf(field, sizeof(field), "%s.bootOrder", at);
	if (!order)
		return;
	if (json_object_get_int64(order) < 1) {
		review_cause(r, INVALID, field, "%s must have a boot order > 0, if supplied", at);
		return;
	}
	for (size_t k = 0; k < i; k++) {
		struct json_object *other =
			json_at(json_object_array_get_idx(disks, k), "bootOrder");

		if (other && json_object_get_int64(other) == json_object_get_int64(order))
			review_cause(r, INVALID, field,
				     "Boot order for %s already set for a different device.",
				     field);
	}
}

static void check_disk(struct review *r, struct json_object *disk, size_t i)
{
	const char *bus = json_str_at(disk, "disk/bus"), *serial = json_str_at(disk, "serial");
	const char *cdrom_bus = json_str_at(disk, "cdrom/bus");
	char field[128];

	if (str_eq(bus, "ide") || str_eq(cdrom_bus, "ide")) {
		(void)snprintf(field, sizeof(field), F_DEVICES ".disks[%zu].%s.bus", i,
			       bus ? "disk" : "cdrom");
		review_cause(r, INVALID, field, "IDE bus is not supported");
	}
	if (str_eq(cdrom_bus, "virtio")) {
		(void)snprintf(field, sizeof(field), F_DEVICES ".disks[%zu].cdrom.bus", i);
		review_cause(r, INVALID, field, "Bus type virtio is invalid for CD-ROM device");
	}
	if (serial && strlen(serial) > 256) {
		(void)snprintf(field, sizeof(field), F_DEVICES ".disks[%zu].serial", i);
		review_cause(r, INVALID, field,
			     F_DEVICES
			     ".disks[%zu] must be less than or equal to 256 in length, if "
			     "specified",
			     i);
	}
}

static void check_devices(struct review *r, struct json_object *vm)
{
	struct json_object *disks = json_at(vm, DOMAIN "/devices/disks");
	struct json_object *inputs = json_at(vm, DOMAIN "/devices/inputs");

	for (size_t i = 0; i < json_length(disks); i++) {
		check_boot_order(r, disks, json_object_array_get_idx(disks, i), i);
		check_disk(r, json_object_array_get_idx(disks, i), i);
	}
	for (size_t i = 0; i < json_length(inputs); i++) {
		char field[96];

		(void)snprintf(field, sizeof(field), F_DEVICES ".inputs[%zu].type", i);
		if (!str_eq(json_str_at(json_object_array_get_idx(inputs, i), "type"), "tablet"))
			review_cause(r, INVALID, field, "Input device can have only tablet type.");
	}
	if (json_length(json_at(vm, DOMAIN "/devices/hostDevices")) > 0)
		review_cause(r, INVALID, "spec.template.spec.HostDevices",
			     "Host Devices feature gate is not enabled in kubevirt-config");
}

static void check_eviction(struct review *r, struct json_object *vm)
{
	static const char *const known[] = {"None", "LiveMigrate", "LiveMigrateIfPossible",
					    "External"};
	static const char field[] = "spec.template.spec.evictionStrategy";
	const char *strategy = json_str_at(vm, "spec/template/spec/evictionStrategy");

	if (strategy && !is_one_of(strategy, known, ARRAY_LEN(known)))
		review_cause(r, INVALID, field, "%s is set with an unrecognized option: %s", field,
			     strategy);
}

int admission_vm(struct admission *a, struct json_object *vm)
{
	struct review r = {.webhook = "virtualmachine-validator.kubevirt.io"};

	check_run_strategy(&r, vm);
	check_firmware(&r, vm);
	check_memory(&r, vm);
	check_cpu(&r, vm);
	check_machine(&r, vm);
	check_networks(&r, vm);
	check_devices(&r, vm);
	check_eviction(&r, vm);
	check_volumes(&r, vm);
	check_data_volumes(&r, vm);
	return review_end(&r, a);
}
