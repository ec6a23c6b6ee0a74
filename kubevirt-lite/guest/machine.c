/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads what a VirtualMachineInstance's spec says about the machine. Pure: no file, no clock, no
 * other object. Text from the spec goes into QEMU's arguments later, so everything is bounded and
 * checked here: names against Kubernetes' characters, free text against commas and controls. */
#include "kubevirt-lite/guest/machine_parts.h"

#include "vmd/base/json.h"
#include "vmd/base/quantity.h"
#include "vmd/base/str.h"

#include <inttypes.h>
#include <string.h>

#define MEMORY_MIN UINT64_C(1048576)

/* Text that can stand in a QEMU option without being read as something else. */
static bool is_plain(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == ',' || *s == 0x7f)
			return false;
	return true;
}

int machine_text(struct json_object *doc, const char *path, char *ret, size_t size, struct err *e)
{
	const char *v = json_str_at(doc, path);

	if (!v)
		return 0;
	if (!is_plain(v) || str_copy(ret, size, v) < 0)
		return err_set(e, ERR_INVALID, "%s: not usable here", path);
	return 0;
}

int machine_number(struct json_object *doc, const char *path, unsigned max, unsigned *ret,
		   struct err *e)
{
	struct json_object *v = json_at(doc, path);
	int64_t n;

	if (!v)
		return 0;
	n = json_object_get_int64(v);
	if (!json_object_is_type(v, json_type_int) || n < 1 || n > max)
		return err_set(e, ERR_INVALID, "%s: must be 1 to %u", path, max);
	*ret = (unsigned)n;
	return 0;
}

/* A feature struct: there, and not {"enabled": false}. */
static bool is_enabled(struct json_object *doc, const char *path)
{
	struct json_object *v = json_at(doc, path);
	struct json_object *on = v ? json_at(v, "enabled") : NULL;

	return v && (!on || json_object_get_boolean(on));
}

bool machine_flag(struct json_object *doc, const char *path, bool absent)
{
	struct json_object *v = json_at(doc, path);

	return v ? json_object_get_boolean(v) : absent;
}

/* Its size at present, and how far it may grow. KubeVirt's defaults for maxSockets and maxGuest
 * (four times as many) are not made here: what does not say how far it may grow does not grow. */
static int growth_read(struct json_object *vmi, struct machine *m, struct err *e)
{
	static const char max_path[] = "spec/domain/memory/maxGuest";
	static const char boot_path[] = "status/memory/guestAtBoot";
	const char *max = json_str_at(vmi, max_path);
	const char *boot = json_str_at(vmi, boot_path);

	m->sockets_max = m->sockets_wanted = m->sockets;
	m->memory_max_bytes = m->memory_wanted_bytes = m->memory_bytes;
	if (machine_number(vmi, "spec/domain/cpu/maxSockets", MACHINE_CPUS_MAX, &m->sockets_max,
			   e) < 0 ||
	    machine_number(vmi, "status/currentCPUTopology/sockets", MACHINE_CPUS_MAX, &m->sockets,
			   e) < 0)
		return -1;
	if ((max && quantity_read(max, &m->memory_max_bytes, e) < 0) ||
	    (boot && quantity_read(boot, &m->memory_bytes, e) < 0))
		return err_wrap(e, "%s or %s", max_path, boot_path);
	if (m->sockets_max < m->sockets || m->sockets_max < m->sockets_wanted)
		return err_set(e, ERR_INVALID, "domain/cpu/sockets: more than maxSockets");
	if ((uint64_t)m->sockets_max * m->cores * m->threads > MACHINE_CPUS_MAX)
		return err_set(e, ERR_INVALID, "domain/cpu: more than %u CPUs", MACHINE_CPUS_MAX);
	if (m->memory_bytes < MEMORY_MIN || m->memory_max_bytes < m->memory_bytes ||
	    m->memory_max_bytes < m->memory_wanted_bytes)
		return err_set(e, ERR_INVALID, "domain/memory/guest: more than maxGuest");
	return 0;
}

unsigned machine_cpus_wanted(const struct machine *m)
{
	return m->sockets_wanted * m->cores * m->threads;
}

static int cpu_read(struct json_object *spec, struct machine *m, struct err *e)
{
	const char *cpu_paths[] = {"domain/resources/requests/cpu", "domain/resources/limits/cpu"};
	uint64_t cpus;

	m->sockets = m->cores = m->threads = 1;
	if (machine_number(spec, "domain/cpu/sockets", MACHINE_CPUS_MAX, &m->sockets, e) < 0 ||
	    machine_number(spec, "domain/cpu/cores", MACHINE_CPUS_MAX, &m->cores, e) < 0 ||
	    machine_number(spec, "domain/cpu/threads", 16, &m->threads, e) < 0)
		return -1;
	if (!json_at(spec, "domain/cpu/sockets") && !json_at(spec, "domain/cpu/cores")) {
		for (size_t i = 0; i < ARRAY_LEN(cpu_paths); i++) {
			const char *v = json_str_at(spec, cpu_paths[i]);

			if (v && quantity_read(v, &cpus, e) < 0)
				return -1;
			if (v && cpus >= 1 && cpus <= MACHINE_CPUS_MAX)
				m->sockets = (unsigned)cpus;
		}
	}
	if ((uint64_t)m->sockets * m->cores * m->threads > MACHINE_CPUS_MAX)
		return err_set(e, ERR_INVALID, "domain/cpu: more than %u CPUs", MACHINE_CPUS_MAX);
	return 0;
}

static int memory_read(struct json_object *spec, struct machine *m, struct err *e)
{
	static const char *const paths[] = {"domain/memory/guest",
					    "domain/resources/requests/memory",
					    "domain/resources/limits/memory"};

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		const char *v = json_str_at(spec, paths[i]);

		if (!v)
			continue;
		if (quantity_read(v, &m->memory_bytes, e) < 0)
			return err_wrap(e, "%s", paths[i]);
		if (m->memory_bytes < MEMORY_MIN)
			return err_set(e, ERR_INVALID, "%s: less than 1Mi", paths[i]);
		return 0;
	}
	return err_set(e, ERR_INVALID, "no memory requested");
}

static int firmware_read(struct json_object *spec, struct machine *m, struct err *e)
{
	struct json_object *efi = json_at(spec, "domain/firmware/bootloader/efi");

	m->firmware = !efi                                    ? FIRMWARE_BIOS
		      : machine_flag(efi, "secureBoot", true) ? FIRMWARE_EFI_SECURE
							      : FIRMWARE_EFI;
	m->smm = is_enabled(spec, "domain/features/smm");
	m->tpm = is_enabled(spec, "domain/devices/tpm");
	if (machine_text(spec, "domain/firmware/uuid", m->uuid, sizeof(m->uuid), e) < 0)
		return -1;
	return machine_text(spec, "domain/firmware/serial", m->serial, sizeof(m->serial), e);
}

static void hyperv_read(struct json_object *spec, struct machine *m)
{
	static const struct {
		const char *path;
		const char *cpu;
	} flags[] = {
		{"relaxed", "hv-relaxed"},
		{"vapic", "hv-vapic"},
		{"vpindex", "hv-vpindex"},
		{"runtime", "hv-runtime"},
		{"synic", "hv-synic"},
		{"synictimer", "hv-stimer"},
		{"synictimer/direct", "hv-stimer-direct"},
		{"reset", "hv-reset"},
		{"frequencies", "hv-frequencies"},
		{"reenlightenment", "hv-reenlightenment"},
		{"tlbflush", "hv-tlbflush"},
		{"ipi", "hv-ipi"},
	};
	struct json_object *hv = json_at(spec, "domain/features/hyperv");
	size_t len = 0;

	if (!hv)
		return;
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (is_enabled(hv, flags[i].path))
			len += (size_t)snprintf(m->hyperv + len, sizeof(m->hyperv) - len, ",%s",
						flags[i].cpu);
	if (is_enabled(hv, "spinlocks")) {
		struct json_object *n = json_at(hv, "spinlocks/spinlocks");
		int64_t retries = n ? json_object_get_int64(n) : 4096;

		(void)snprintf(m->hyperv + len, sizeof(m->hyperv) - len, ",hv-spinlocks=0x%" PRIx64,
			       (uint64_t)(retries < 4095 ? 4095 : retries) & 0xffffffff);
	}
}

static bool is_mac(const char *s)
{
	if (strlen(s) != 17)
		return false;
	for (size_t i = 0; i < 17; i++)
		if (i % 3 == 2 ? s[i] != ':' : !strchr("0123456789abcdefABCDEF", s[i]))
			return false;
	return true;
}

static const char *network_of(struct json_object *spec, const char *name)
{
	struct json_object *list = json_at(spec, "networks");

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *net = json_object_array_get_idx(list, i);

		if (str_eq(json_str_at(net, "name"), name))
			return json_str_at(net, "multus/networkName");
	}
	return NULL;
}

static int nic_read(struct json_object *spec, struct json_object *doc, struct machine_nic *nic,
		    struct err *e)
{
	const char *network;

	(void)str_copy(nic->model, sizeof(nic->model), "virtio");
	if (machine_text(doc, "name", nic->name, sizeof(nic->name), e) < 0 ||
	    machine_text(doc, "macAddress", nic->mac, sizeof(nic->mac), e) < 0 ||
	    machine_text(doc, "model", nic->model, sizeof(nic->model), e) < 0 ||
	    machine_number(doc, "bootOrder", 1000, &nic->boot_order, e) < 0)
		return -1;
	if (nic->mac[0] && !is_mac(nic->mac))
		return err_set(e, ERR_INVALID, "macAddress \"%s\"", nic->mac);
	if (!str_eq(nic->model, "virtio") && !str_eq(nic->model, "e1000e") &&
	    !str_eq(nic->model, "e1000"))
		return err_set(e, ERR_INVALID, "model %s: only virtio, e1000 and e1000e work here",
			       nic->model);
	network = network_of(spec, nic->name);
	if (!network)
		return err_set(e, ERR_INVALID, "%s: only multus networks work here", nic->name);
	if (str_copy(nic->network, sizeof(nic->network), network) < 0)
		return err_set(e, ERR_INVALID, "networkName is too long");
	return 0;
}

static int nics_read(struct json_object *spec, struct machine *m, struct err *e)
{
	struct json_object *list = json_at(spec, "domain/devices/interfaces");
	size_t n = json_length(list);

	if (n > MACHINE_NICS_MAX)
		return err_set(e, ERR_INVALID, "domain/devices/interfaces: more than %d",
			       MACHINE_NICS_MAX);
	for (size_t i = 0; i < n; i++)
		if (nic_read(spec, json_object_array_get_idx(list, i), &m->nic[i], e) < 0)
			return err_wrap(e, "domain/devices/interfaces/%zu", i);
	m->n_nics = n;
	return 0;
}

/* An interface without a macAddress gets one that stays as long as its VMI, over live moves: on a
 * cluster it is that of the pod's interface. The next VMI of the same machine has another one. */
static void macs_fill(struct machine *m, const char *uid)
{
	uint32_t hash = 2166136261U; /* FNV-1a */

	for (const char *p = uid; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 16777619U;
	for (size_t i = 0; i < m->n_nics; i++)
		if (!m->nic[i].mac[0])
			(void)snprintf(m->nic[i].mac, sizeof(m->nic[i].mac),
				       "02:00:%02x:%02x:%02x:%02x", (hash >> 24) & 0xff,
				       (hash >> 16) & 0xff, (hash >> 8) & 0xff,
				       (hash + (uint32_t)i) & 0xff);
}

int machine_read(struct json_object *vmi, struct machine *ret, struct err *e)
{
	struct machine m = {.type = "q35"};
	struct json_object *spec = json_at(vmi, "spec");
	const char *name = json_str_at(vmi, "metadata/name");
	const char *ns = json_str_at(vmi, "metadata/namespace");
	const char *uid = json_str_at(vmi, "metadata/uid");

	if (!spec || !name || !ns || !uid)
		return err_set(e, ERR_INVALID, "not a VirtualMachineInstance");
	if (str_fmt(m.name, sizeof(m.name), "%s_%s", ns, name) < 0 ||
	    str_copy(m.uuid, sizeof(m.uuid), uid) < 0 || !is_plain(m.name) || !is_plain(m.uuid))
		return err_set(e, ERR_INVALID, "name or uid: not usable here");
	if (machine_text(spec, "domain/machine/type", m.type, sizeof(m.type), e) < 0 ||
	    cpu_read(spec, &m, e) < 0 || memory_read(spec, &m, e) < 0 ||
	    growth_read(vmi, &m, e) < 0 || firmware_read(spec, &m, e) < 0 ||
	    machine_disks(vmi, &m, e) < 0 || nics_read(spec, &m, e) < 0)
		return -1;
	hyperv_read(spec, &m);
	m.hpet = json_at(spec, "domain/clock/timer/hpet") &&
		 machine_flag(spec, "domain/clock/timer/hpet/present", true);
	m.localtime = json_at(spec, "domain/clock/timezone") != NULL;
	m.rng = json_at(spec, "domain/devices/rng") != NULL;
	m.balloon = machine_flag(spec, "domain/devices/autoattachMemBalloon", true);
	m.graphics = machine_flag(spec, "domain/devices/autoattachGraphicsDevice", true);
	m.tablet = json_at(spec, "domain/devices/inputs/0") != NULL;
	m.tablet_virtio = str_eq(json_str_at(spec, "domain/devices/inputs/0/bus"), "virtio");
	m.panic_device = json_at(spec, "domain/devices/panicDevices/0") != NULL;
	macs_fill(&m, uid);
	*ret = m;
	return 0;
}
