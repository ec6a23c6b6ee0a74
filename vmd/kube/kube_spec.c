/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm_spec -> VirtualMachine. Pure; the same spec gives the same object. The decisions:
 *
 * - runStrategy RerunOnFailure: a crash or a lost host starts the guest again, a power-off from
 *   inside ends it.
 * - nodeSelector by host name: Slurm decided where.
 * - One socket with all cores, and as many more as it may grow by (`grow` of its image; none: one
 *   is the most). Not one core each, which would let it grow by one CPU: a Windows client uses two
 *   sockets at most. KubeVirt's own default, four times as many, is more than anybody granted.
 * - maxGuest where its memory may grow, and requests.memory as at the start: KubeVirt adds to it.
 * - memory.guest and requests.memory are equal: KubeVirt adds the launcher's overhead itself.
 * - No pod network at all: the guest is on the LAN by a bridge, which can migrate.
 * - The cdrom with the answer file, or the first-boot script, is the last disk (kubevirt-manager's
 * page wants that). */
#include "vmd/kube/kube_spec.h"

#include "vmd/base/str.h"
#include "vmd/kube/kube_meta.h"
#include "vmd/kube/kube_secret.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)

int spec_uuid(const char *job_key, char *buf, size_t size, struct err *e)
{
	int rank = job_key_rank(job_key);
	char nonce[JOB_NONCE_LEN + 1];
	uint32_t id;

	if (job_key_parse(job_key, &id, nonce) < 0)
		return err_set(e, ERR_INVALID, "'%.40s' is not a job key", job_key);
	/* Version 8 of RFC 9562: nonce, job id and rank in hex, so that no two machines can share
	 * one. */
	if (str_fmt(buf, size, "%.8s-%.4s-8%.3s-8%.1s00-%08x%04x", nonce, nonce + 8, nonce + 12,
		    nonce + 15, (unsigned)id, (unsigned)(rank + 1)) < 0)
		return err_set(e, ERR_INVALID, "no room for a UUID");
	return 0;
}

int spec_interface_name(const char *network, char *buf, size_t size)
{
	if (str_copy(buf, size, network) < 0)
		return -1;
	for (char *c = buf; *c; c++)
		if (*c == '.')
			*c = '-';
	return 0;
}

static struct json_object *list_add(struct json_object *list)
{
	struct json_object *one = json_object_new_object();

	json_object_array_add(list, one);
	return one;
}

static void put_annotations(struct json_object *meta, const struct vm_spec *v)
{
	struct json_object *map = json_object_new_object();
	char uid[16];

	(void)str_fmt(uid, sizeof(uid), "%u", v->job_uid);
	json_object_object_add(map, ANNO_OWNER_UID, json_object_new_string(uid));
	json_object_object_add(map, ANNO_IMAGE, json_object_new_string(v->image));
	json_put_at(meta, "annotations", map);
}

/* Labels and annotations of the VM and, by the template, of VMI and launcher pod. */
static struct json_object *metadata_of_template(const struct settings *s, const struct vm_spec *v)
{
	struct json_object *meta = json_object_new_object();
	struct json_object *labels = meta_labels(s->cluster, v->job_key, v->job_id);

	json_object_object_add(labels, "kubevirt.io/domain", json_object_new_string(v->name));
	json_put_at(meta, "labels", labels);
	put_annotations(meta, v);
	json_object_object_add(
		json_at(meta, "annotations"), "vm.kubevirt.io/os",
		json_object_new_string(v->profile == VM_PROFILE_WINDOWS ? "windows" : "linux"));
	return meta;
}

void spec_put_bytes(struct json_object *doc, const char *path, uint64_t bytes)
{
	char text[32];
	uint64_t mib = bytes / MIB;

	if (mib % 1024 == 0)
		(void)str_fmt(text, sizeof(text), "%lluGi", (unsigned long long)(mib / 1024));
	else
		(void)str_fmt(text, sizeof(text), "%lluMi", (unsigned long long)mib);
	json_put_str(doc, path, text);
}

static void put_memory(struct json_object *domain, const struct vm_spec *v)
{
	spec_put_bytes(domain, "memory/guest", v->memory_bytes);
	spec_put_bytes(domain, "resources/requests/memory", v->memory_bytes);
	if (v->memory_max_bytes)
		spec_put_bytes(domain, "memory/maxGuest", v->memory_max_bytes);
}

static int put_cpu_memory(struct json_object *domain, const struct vm_spec *v, struct err *e)
{
	if (v->cpus == 0 || v->memory_bytes < MIB || v->memory_bytes % (2 * MIB) != 0)
		return err_set(e, ERR_INVALID, "%s: %u CPUs and %llu bytes of memory are no size",
			       v->name, v->cpus, (unsigned long long)v->memory_bytes);
	json_put_int(domain, "cpu/sockets", 1);
	json_put_int(domain, "cpu/maxSockets", v->sockets_max ? v->sockets_max : 1);
	json_put_int(domain, "cpu/cores", v->cpus);
	json_put_int(domain, "cpu/threads", 1);
	put_memory(domain, v);
	return 0;
}

static void put_disks(struct json_object *spec, const struct vm_spec *v)
{
	struct json_object *disks = json_object_new_array();
	struct json_object *volumes = json_object_new_array();

	for (size_t i = 0; i < v->n_disk; i++) {
		struct json_object *disk = list_add(disks);
		struct json_object *volume = list_add(volumes);

		json_put_str(disk, "name", v->disk[i].name);
		/* KubeVirt plugs disks in on this bus. */
		json_put_str(disk, "disk/bus", v->disk[i].comes_and_goes ? "scsi" : "virtio");
		if (v->disk[i].read_only)
			json_put_bool(disk, "disk/readonly", true);
		json_put_str(disk, "serial",
			     v->disk[i].serial); /* /dev/disk/by-id/virtio-scratch */
		if (i == 0)
			json_put_int(disk, "bootOrder", 1);
		json_put_str(volume, "name", v->disk[i].name);
		json_put_str(volume, "persistentVolumeClaim/claimName", v->disk[i].claim);
		if (v->disk[i].comes_and_goes)
			json_put_bool(volume, "persistentVolumeClaim/hotpluggable", true);
	}
	json_put_at(spec, "domain/devices/disks", disks);
	json_put_at(spec, "volumes", volumes);
}

static int put_network(struct json_object *spec, const struct settings *s, const struct vm_spec *v,
		       struct err *e)
{
	const struct settings_network *n = settings_network_find(s, v->network);
	struct json_object *interfaces = json_object_new_array();
	struct json_object *networks = json_object_new_array();
	char name[JOB_NAME_MAX + 1];
	struct json_object *one;

	json_put_bool(spec, "domain/devices/autoattachPodInterface", false);
	json_put_at(spec, "domain/devices/interfaces", interfaces);
	json_put_at(spec, "networks", networks);
	if (!n || spec_interface_name(v->network, name, sizeof(name)) < 0)
		return err_set(e, ERR_INVALID, "network '%s' is not in the settings", v->network);
	one = list_add(interfaces);
	json_put_str(one, "name", name);
	json_put_str(one, "model", "virtio");
	json_put_at(one, "bridge", json_object_new_object());
	one = list_add(networks);
	json_put_str(one, "name", name);
	json_put_str(one, "multus/networkName", n->nad);
	return 0;
}

/* The guest agent sets password and key, again whenever the Secret changes. */
static int put_credentials(struct json_object *spec, const struct vm_spec *v, struct err *e)
{
	struct json_object *list = json_object_new_array();
	struct json_object *password = list_add(list);
	struct json_object *key = list_add(list);
	struct json_object *users = json_object_new_array();
	char login[VM_NAME_MAX + 1], keys[VM_NAME_MAX + 1];

	json_put_at(spec, "accessCredentials", list);
	json_object_array_add(users, json_object_new_string(v->user));
	json_put_at(key, "sshPublicKey/propagationMethod/qemuGuestAgent/users", users);
	json_put_at(password, "userPassword/propagationMethod/qemuGuestAgent",
		    json_object_new_object());
	if (!v->user[0])
		return err_set(e, ERR_INVALID, "%s: no account of the guest is named", v->name);
	if (secret_part_name(v->secret, SECRET_LOGIN, login, sizeof(login)) < 0 ||
	    secret_part_name(v->secret, SECRET_KEYS, keys, sizeof(keys)) < 0)
		return err_set(e, ERR_INVALID, "the Secret's name '%s' is too long", v->secret);
	json_put_str(password, "userPassword/source/secret/secretName", login);
	json_put_str(key, "sshPublicKey/source/secret/secretName", keys);
	return 0;
}

/* A part of the Secret as a cdrom, behind all other disks; path: where its volume names the part.
 */
static int put_secret_disc(struct json_object *spec, const struct vm_spec *v, const char *disc,
			   const char *bus, enum secret_part part, const char *path, struct err *e)
{
	struct json_object *disk = list_add(json_at(spec, "domain/devices/disks"));
	struct json_object *volume = list_add(json_at(spec, "volumes"));
	char name[VM_NAME_MAX + 1];

	json_put_str(disk, "name", disc);
	json_put_str(disk, "cdrom/bus", bus);
	json_put_str(volume, "name", disc);
	if (secret_part_name(v->secret, part, name, sizeof(name)) < 0)
		return err_set(e, ERR_INVALID, "the Secret's name '%s' is too long", v->secret);
	json_put_str(volume, path, name);
	return 0;
}

/* Windows' answer file. */
static int put_sysprep(struct json_object *spec, const struct vm_spec *v, struct err *e)
{
	return put_secret_disc(spec, v, "sysprep", "sata", SECRET_SYSPREP, "sysprep/secret/name",
			       e);
}

/* The first-boot script of a Linux guest: a cdrom, since what is read only does not make a live
 * move copy disks, and on the bus that every cloud kernel has a driver for. */
static int put_user_data(struct json_object *spec, const struct vm_spec *v, struct err *e)
{
	return put_secret_disc(spec, v, "cloudinit", "scsi", SECRET_INIT,
			       "cloudInitNoCloud/secretRef/name", e);
}

static int put_domain(struct json_object *spec, const struct vm_spec *v, struct err *e)
{
	struct json_object *domain = json_object_new_object();
	char text[64];

	json_put_at(spec, "domain", domain);
	if (put_cpu_memory(domain, v, e) < 0 || spec_uuid(v->job_key, text, sizeof(text), e) < 0)
		return -1;
	json_put_str(domain, "firmware/uuid", text);
	(void)str_fmt(text, sizeof(text), "slurm-%u", v->job_id);
	json_put_str(domain, "firmware/serial", text);
	switch (v->profile) {
	case VM_PROFILE_WINDOWS: profile_windows(domain, v); break;
	case VM_PROFILE_LINUX: profile_linux(domain, v); break;
	}
	return 0;
}

static int put_template(struct json_object *spec, const struct settings *s, const struct vm_spec *v,
			struct err *e)
{
	struct json_object *selector = json_object_new_object();

	json_put_at(spec, "nodeSelector", selector);
	json_object_object_add(selector, SELECTOR_NODE, json_object_new_string(v->node));
	json_put_str(spec, "evictionStrategy", "LiveMigrate");
	json_put_int(spec, "terminationGracePeriodSeconds", v->grace_s);
	if (!v->node[0])
		return err_set(e, ERR_INVALID, "%s: no node is named", v->name);
	if (put_domain(spec, v, e) < 0 || put_network(spec, s, v, e) < 0)
		return -1;
	put_disks(spec, v);
	if (put_credentials(spec, v, e) < 0)
		return -1;
	if (v->profile == VM_PROFILE_WINDOWS)
		return put_sysprep(spec, v, e);
	return v->user_data ? put_user_data(spec, v, e) : 0;
}

int spec_encode(const struct settings *s, const struct vm_spec *v, struct json_object **ret,
		struct err *e)
{
	AUTO(json_object_put)
	struct json_object *doc = meta_object("kubevirt.io/v1", "VirtualMachine", v->name,
					      s->kube_namespace, s->cluster, v->job_key, v->job_id);
	struct json_object *labels = json_at(doc, "metadata/labels");
	struct json_object *spec = json_object_new_object();

	json_object_object_add(labels, "kubevirt.io/domain", json_object_new_string(v->name));
	json_object_object_add(labels, "kubevirt-manager.io/managed",
			       json_object_new_string("true"));
	put_annotations(json_at(doc, "metadata"), v);
	json_put_str(doc, "spec/runStrategy", "RerunOnFailure");
	json_put_at(doc, "spec/template/metadata", metadata_of_template(s, v));
	json_put_at(doc, "spec/template/spec", spec);
	if (put_template(spec, s, v, e) < 0)
		return -1;
	*ret = STEAL(doc);
	return 0;
}
