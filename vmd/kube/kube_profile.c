/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual hardware of the two profiles. Pure.
 *
 * windows: what KubeVirt's own windows.2k25.virtio preference sets, so that Windows runs with all
 * enlightenments; a blue screen becomes a Failed VMI (and is started again) by the panic device,
 * which needs KubeVirt 1.9 or its feature gate PanicDevices. TPM and EFI variables are not
 * persistent: that would need a shared file system for KubeVirt's state volume.
 * linux: virtio throughout, KubeVirt's defaults otherwise. */
#include "vmd/kube/kube_spec.h"

struct text_row {
	const char *path, *value;
};

/* Being there is all these say. */
static const char *const common_objects[] = {"features/acpi", "features/apic", "clock/utc",
					     "devices/rng"};
static const char *const hyperv_objects[] = {
	"relaxed",     "vapic",           "vpindex",  "runtime", "synic",
	"frequencies", "reenlightenment", "tlbflush", "ipi",     "reset",
};
static const struct text_row common_texts[] = {
	{"machine/type", "q35"},
	{"clock/timer/pit/tickPolicy", "delay"},
	{"clock/timer/rtc/tickPolicy", "catchup"},
};

static void put_hyperv(struct json_object *domain)
{
	struct json_object *hyperv = json_object_new_object();

	json_put_at(domain, "features/hyperv", hyperv);
	for (size_t i = 0; i < ARRAY_LEN(hyperv_objects); i++)
		json_put_at(hyperv, hyperv_objects[i], json_object_new_object());
	json_put_int(hyperv, "spinlocks/spinlocks", 8191);
	json_put_at(hyperv, "synictimer/direct", json_object_new_object());
	json_put_at(domain, "clock/timer/hyperv", json_object_new_object());
}

/* secureBoot is true where it is left out, and needs SMM. */
static void put_firmware(struct json_object *domain, const struct vm_spec *v)
{
	if (!v->firmware_efi && !v->secure_boot) {
		json_put_at(domain, "firmware/bootloader/bios", json_object_new_object());
		return;
	}
	json_put_bool(domain, "firmware/bootloader/efi/secureBoot", v->secure_boot);
	json_put_bool(domain, "firmware/bootloader/efi/persistent", false);
	if (v->secure_boot)
		json_put_bool(domain, "features/smm/enabled", true);
}

static struct json_object *list_of(struct json_object *one)
{
	struct json_object *list = json_object_new_array();

	json_object_array_add(list, one);
	return list;
}

/* A tablet, not a mouse: the pointer of a VNC viewer stays where the guest's is. Windows knows the
 * USB one without a driver. */
static void put_tablet(struct json_object *domain, const char *bus)
{
	struct json_object *tablet = json_object_new_object();

	json_put_str(tablet, "name", "tablet");
	json_put_str(tablet, "type", "tablet");
	json_put_str(tablet, "bus", bus);
	json_put_at(domain, "devices/inputs", list_of(tablet));
}

static void put_common(struct json_object *domain, const struct vm_spec *v)
{
	for (size_t i = 0; i < ARRAY_LEN(common_objects); i++)
		json_put_at(domain, common_objects[i], json_object_new_object());
	for (size_t i = 0; i < ARRAY_LEN(common_texts); i++)
		json_put_str(domain, common_texts[i].path, common_texts[i].value);
	json_put_bool(domain, "clock/timer/hpet/present", false);
	put_firmware(domain, v);
	if (v->tpm)
		json_put_bool(domain, "devices/tpm/persistent", false);
}

void profile_windows(struct json_object *domain, const struct vm_spec *v)
{
	struct json_object *panic = json_object_new_object();

	put_common(domain, v);
	put_hyperv(domain);
	put_tablet(domain, "usb");
	json_put_str(panic, "model", "hyperv");
	json_put_at(domain, "devices/panicDevices", list_of(panic));
}

void profile_linux(struct json_object *domain, const struct vm_spec *v)
{
	put_common(domain, v);
	put_tablet(domain, "virtio");
}
