/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine a VirtualMachineInstance asks for, in QEMU's terms, and QEMU's arguments for it.
 * Pure. */
#ifndef KUBEVIRT_LITE_GUEST_MACHINE_H
#define KUBEVIRT_LITE_GUEST_MACHINE_H

#include "vmd/base/err.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MACHINE_DISKS_MAX 16
#define MACHINE_NICS_MAX  8
#define MACHINE_TAP_FD    10 /* descriptor of the first interface's tap in QEMU */
#define MACHINE_CPUS_MAX  512
#define MACHINE_SCSI      "scsi0"  /* QEMU's name of the controller of SCSI disks */
#define MACHINE_GROWTH    "growth" /* QEMU's name of the memory a guest may be given later */

enum disk_bus { BUS_VIRTIO, BUS_SCSI, BUS_SATA };
enum firmware { FIRMWARE_BIOS, FIRMWARE_EFI, FIRMWARE_EFI_SECURE };

/* Where a volume's bytes are; filled in by who resolves volumes. */
struct machine_source {
	bool is_rbd;
	char conf[128]; /* RBD: ceph.conf */
	char pool[128];
	char image[256];
	char user[64];   /* RBD: without "client." */
	char file[256];  /* not RBD: path of a raw image */
	char claim[256]; /* name of its PersistentVolumeClaim, "" if it has none */
	char key[128];   /* RBD: the cephx key; goes into a file, never into arguments */
};

struct machine_disk {
	char name[64];  /* of the disk and of its volume in the VMI */
	char target[4]; /* "vda", "sdb": its place, from which QEMU's names and addresses follow */
	bool is_hotplug;
	bool is_attached; /* hotplug: the VMI's status says that its guest has it */
	enum disk_bus bus;
	bool is_cdrom;
	bool readonly;
	unsigned boot_order; /* 0: none */
	char serial[64];
	char cache[16]; /* "none", "writethrough", "writeback", "" */
	struct machine_source source;
};

/* A disk that a guest has. */
struct guest_disk {
	char name[64];
	char target[4];
};

struct machine_nic {
	char name[64];
	char network[320]; /* multus network name, "ns/name" or "name" */
	char mac[18];
	char model[16]; /* "virtio", "e1000e" */
	unsigned boot_order;
	char bridge[16]; /* in the node's network namespace; filled in by who resolves networks */
};

struct machine {
	char name[320]; /* namespace_name: libvirt's domain name in KubeVirt */
	char uuid[40];
	char serial[64];
	/* As it starts. A guest that migrates starts as it is on the other side, and grows only
	 * there: so where the VMI's status says how large it is, that counts. */
	unsigned sockets, cores, threads;
	uint64_t memory_bytes; /* at its boot, whatever it was given since */
	/* What its spec wants now, and how far it may ever grow: at least what it starts with. */
	unsigned sockets_wanted, sockets_max;
	uint64_t memory_wanted_bytes, memory_max_bytes;
	char type[64]; /* "q35" or a version of it */
	enum firmware firmware;
	bool smm;
	bool tpm;
	bool tablet;
	bool tablet_virtio; /* else USB */
	bool rng;
	bool balloon;
	bool graphics;
	bool hpet;
	bool localtime;
	bool panic_device; /* hyperv or isa: a crash of the guest is told to us */
	char hyperv[256];  /* ",hv-relaxed,..." for -cpu; "" */
	size_t n_disks;
	struct machine_disk disk[MACHINE_DISKS_MAX];
	size_t n_nics;
	struct machine_nic nic[MACHINE_NICS_MAX];
};

/* Reads a VirtualMachineInstance: its spec, and of its status how large it is and where its disks
 * are. uid: for a machine without a firmware.uuid. Sources and bridges stay empty. ERR_INVALID
 * names the field. */
int machine_read(struct json_object *vmi, struct machine *ret, struct err *e);
/* Without the hotplug disks that its guest does not have: as the source of a migration is. */
void machine_drop_unattached(struct machine *m);

unsigned machine_cpus_wanted(const struct machine *m);

/* What of this host QEMU is to use. */
struct machine_host {
	const char *dir; /* the guest's own: sockets, keys, logs */
	bool kvm;
	bool incoming;         /* waits for a migration */
	const char *ovmf_code; /* for FIRMWARE_EFI*; NULL: not installed */
};

#define ARGV_MAX 256
struct argv {
	char *arg[ARGV_MAX + 1]; /* NULL ends; each is owned */
	size_t n;
};
/* arg[0] is "qemu-system-x86_64". ERR_INVALID: this host cannot (no OVMF for EFI...). */
int machine_argv(const struct machine *m, const struct machine_host *h, struct argv *ret,
		 struct err *e);
void argv_done(struct argv *a);

/* A disk in QEMU's terms, the same for a machine's arguments and for a disk that is plugged in
 * later; the caller owns what is new. */
const char *disk_node(const struct machine_disk *d, char *buf, size_t size); /* "disk-sdb" */
const char *disk_key(const struct machine_disk *d, char *buf, size_t size);  /* its secret's id */
struct json_object *disk_blockdev_new(const struct machine_disk *d);
struct json_object *disk_scsi_new(const struct machine_disk *d); /* its device; bus scsi only */
/* The disk of a device: "ua-data", or "/machine/peripheral/ua-data/virtio-backend" where QEMU names
 * a part of it. -1: it is none of ours. */
int disk_of_device(const char *device, char *ret, size_t size);
/* What query-block answered: the disks that a guest has; returns how many. */
size_t disks_told(struct json_object *value, struct guest_disk ret[MACHINE_DISKS_MAX]);
#define DISK_ID_SIZE 16
#define DISK_NODE    "disk-"
#define DISK_DEVICE  "ua-"

static inline void argv_done_auto(struct argv *a)
{
	argv_done(a);
}

#endif
