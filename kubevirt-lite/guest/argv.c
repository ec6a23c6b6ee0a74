/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of QEMU for a machine. Pure: the same machine and host give the same arguments on
 * every node, which live migration needs (the destination is built from the same VMI). Nothing
 * secret is in them: the cephx key is read by QEMU from a file.
 *
 * -no-shutdown: after a power-off QEMU stays, paused, so that how the guest ended can still be read
 * when kubevirt-lite was away at that moment; who saw it then tells QEMU to quit. */
#include "kubevirt-lite/guest/machine.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define QUEUES_MAX 64

static void add(struct argv *a, const char *text)
{
	if (a->n >= ARGV_MAX)
		abort(); /* the limits of struct machine keep below it */
	a->arg[a->n] = strdup(text);
	if (!a->arg[a->n])
		abort();
	a->arg[++a->n] = NULL;
}

void argv_done(struct argv *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->arg[i]);
	*a = (struct argv){.n = 0};
}

/* An option with its value. */
static void option(struct argv *a, const char *name, const char *fmt, ...) PRINTF(3, 4);

static void option(struct argv *a, const char *name, const char *fmt, ...)
{
	AUTO(free) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	add(a, name);
	add(a, text);
}

static uint64_t kib(uint64_t bytes)
{
	return (bytes + 1023) / 1024;
}

/* What it may grow to is part of the machine from its start: the CPUs' places on the board, the
 * addresses for memory. */
static void add_size(struct argv *a, const struct machine *m)
{
	unsigned each = m->cores * m->threads;

	if (m->sockets_max > m->sockets)
		option(a, "-smp", "cpus=%u,maxcpus=%u,sockets=%u,cores=%u,threads=%u",
		       m->sockets * each, m->sockets_max * each, m->sockets_max, m->cores,
		       m->threads);
	else
		option(a, "-smp", "cpus=%u,sockets=%u,cores=%u,threads=%u", m->sockets * each,
		       m->sockets, m->cores, m->threads);
	if (m->memory_max_bytes > m->memory_bytes)
		option(a, "-m", "size=%" PRIu64 "k,maxmem=%" PRIu64 "k", kib(m->memory_bytes),
		       kib(m->memory_max_bytes));
	else
		option(a, "-m", "size=%" PRIu64 "k", kib(m->memory_bytes));
}

/* One device for all memory beyond that of the boot, as KubeVirt has it: how much of it the guest
 * has is a number that changes, and that a migration takes along. Behind all others, so that their
 * places on the bus are the same with and without it. */
static void add_growth(struct argv *a, const struct machine *m)
{
	if (m->memory_max_bytes <= m->memory_bytes)
		return;
	option(a, "-object",
	       "memory-backend-ram,id=" MACHINE_GROWTH ",size=%" PRIu64 "k,reserve=off",
	       kib(m->memory_max_bytes) - kib(m->memory_bytes));
	option(a, "-device",
	       "virtio-mem-pci,id=ua-" MACHINE_GROWTH ",memdev=" MACHINE_GROWTH
	       ",requested-size=0");
}

static void add_base(struct argv *a, const struct machine *m, const struct machine_host *h)
{
	add(a, "qemu-system-x86_64");
	option(a, "-name", "guest=%s,debug-threads=on", m->name);
	option(a, "-machine", "%s%s%s%s", m->type, m->hpet ? "" : ",hpet=off",
	       m->smm ? ",smm=on" : ",smm=off",
	       m->firmware == FIRMWARE_BIOS ? "" : ",pflash0=code");
	option(a, "-accel", "%s", h->kvm ? "kvm" : "tcg,thread=multi");
	option(a, "-cpu", "%s%s", h->kvm ? "host,migratable=on" : "max", h->kvm ? m->hyperv : "");
	add_size(a, m);
	option(a, "-uuid", "%s", m->uuid);
	if (m->serial[0])
		option(a, "-smbios", "type=1,serial=%s", m->serial);
	add(a, "-nodefaults");
	add(a, "-no-user-config");
	add(a, "-no-shutdown");
	option(a, "-action", "panic=pause");
	option(a, "-rtc", "base=%s%s", m->localtime ? "localtime" : "utc",
	       h->kvm ? ",driftfix=slew" : "");
	option(a, "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny");
	if (h->incoming)
		option(a, "-incoming", "defer");
}

static void add_control(struct argv *a, const struct machine *m, const struct machine_host *h)
{
	option(a, "-chardev", "socket,id=qmp,path=%s/qmp,server=on,wait=off", h->dir);
	option(a, "-mon", "chardev=qmp,mode=control");
	option(a, "-chardev",
	       "socket,id=serial0,path=%s/console,server=on,wait=off,logfile=%s/serial.log,"
	       "logappend=on",
	       h->dir, h->dir);
	option(a, "-serial", "chardev:serial0");
	option(a, "-device", "virtio-serial-pci,id=serialbus");
	option(a, "-chardev", "socket,id=agent0,path=%s/agent,server=on,wait=off", h->dir);
	option(a, "-device",
	       "virtserialport,bus=serialbus.0,chardev=agent0,id=agentport,"
	       "name=org.qemu.guest_agent.0");
	if (m->rng)
		option(a, "-device", "virtio-rng-pci,id=rng0");
	if (m->balloon)
		option(a, "-device", "virtio-balloon-pci,id=balloon0");
	if (m->panic_device)
		option(a, "-device", "pvpanic");
	if (m->tablet && m->tablet_virtio) {
		option(a, "-device", "virtio-tablet-pci,id=tablet0");
	} else if (m->tablet) {
		option(a, "-device", "qemu-xhci,id=usb");
		option(a, "-device", "usb-tablet,id=tablet0,bus=usb.0");
	}
	option(a, "-display", "none");
	if (m->graphics) {
		option(a, "-device", "VGA,id=video0");
		option(a, "-vnc", "unix:%s/vnc", h->dir);
	}
}

static int add_firmware(struct argv *a, const struct machine *m, const struct machine_host *h,
			struct err *e)
{
	if (m->tpm) {
		option(a, "-chardev", "socket,id=tpmsock,path=%s/tpm", h->dir);
		option(a, "-tpmdev", "emulator,id=tpm0,chardev=tpmsock");
		option(a, "-device", "tpm-crb,tpmdev=tpm0");
	}
	if (m->firmware == FIRMWARE_BIOS)
		return 0;
	if (!h->ovmf_code)
		return err_set(e, ERR_INVALID, "EFI firmware (package ovmf) is not installed here");
	option(a, "-blockdev", "driver=file,node-name=code,filename=%s,read-only=on", h->ovmf_code);
	/* The variables: a private copy, made by who starts the guest. */
	option(a, "-drive", "if=pflash,unit=1,format=raw,file=%s/efivars.fd", h->dir);
	if (m->firmware == FIRMWARE_EFI_SECURE)
		option(a, "-global", "driver=cfi.pflash01,property=secure,value=on");
	return 0;
}

/* Takes over doc. */
static void option_json(struct argv *a, const char *name, struct json_object *doc)
{
	option(a, name, "%s",
	       json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PLAIN |
							   JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(doc);
}

/* QEMU makes a queue for each CPU that it starts with. A guest that has grown since starts with
 * more on the other side of a migration, and its disks must look the same there. */
static void queues(const struct machine *m, const char *property, char *ret, size_t size)
{
	unsigned n = m->sockets_max * m->cores * m->threads;

	ret[0] = '\0';
	if (m->sockets_max > 1)
		(void)str_fmt(ret, size, ",%s=%u", property, n < QUEUES_MAX ? n : QUEUES_MAX);
}

/* The key's file is numbered by the disk's place in the list: qemu_start.c writes it so. */
static void add_disk(struct argv *a, const struct machine *m, size_t i, unsigned *sata,
		     const struct machine_host *h)
{
	const struct machine_disk *d = &m->disk[i];
	char boot[32] = "", queues_of[32], serial[80] = "";
	char node[DISK_ID_SIZE], key[DISK_ID_SIZE];

	(void)disk_node(d, node, sizeof(node));
	if (d->source.is_rbd)
		option(a, "-object", "secret,id=%s,format=base64,file=%s/key%zu",
		       disk_key(d, key, sizeof(key)), h->dir, i);
	option_json(a, "-blockdev", disk_blockdev_new(d));
	if (d->boot_order)
		(void)str_fmt(boot, sizeof(boot), ",bootindex=%u", d->boot_order);
	if (d->serial[0])
		(void)str_fmt(serial, sizeof(serial), ",serial=%s", d->serial);
	switch (d->bus) {
	case BUS_VIRTIO:
		queues(m, "num-queues", queues_of, sizeof(queues_of));
		option(a, "-device", "virtio-blk-pci,drive=%s,id=ua-%s%s%s%s", node, d->name, boot,
		       serial, queues_of);
		return;
	case BUS_SCSI: option_json(a, "-device", disk_scsi_new(d)); return;
	case BUS_SATA:
		option(a, "-device", "ide-%s,bus=ide.%u,drive=%s,id=ua-%s%s%s",
		       d->is_cdrom ? "cd" : "hd", (*sata)++, node, d->name, boot, serial);
		return;
	}
}

/* Every machine has the controller that disks are plugged into later, as KubeVirt's have. */
static int add_disks(struct argv *a, const struct machine *m, const struct machine_host *h,
		     struct err *e)
{
	unsigned sata = 0;
	char queues_of[32];

	for (size_t i = 0; i < m->n_disks; i++)
		sata += m->disk[i].bus == BUS_SATA;
	if (sata > 6)
		return err_set(e, ERR_INVALID, "more than 6 sata disks");
	queues(m, "num_queues", queues_of, sizeof(queues_of)); /* QEMU spells it so here */
	option(a, "-device", "virtio-scsi-pci,id=" MACHINE_SCSI "%s", queues_of);
	sata = 0;
	for (size_t i = 0; i < m->n_disks; i++)
		add_disk(a, m, i, &sata, h);
	return 0;
}

static void add_nics(struct argv *a, const struct machine *m)
{
	for (size_t i = 0; i < m->n_nics; i++) {
		const struct machine_nic *nic = &m->nic[i];
		char boot[32] = "";

		if (nic->boot_order)
			(void)str_fmt(boot, sizeof(boot), ",bootindex=%u", nic->boot_order);
		option(a, "-netdev", "tap,id=net%zu,fd=%d", i, MACHINE_TAP_FD + (int)i);
		option(a, "-device", "%s,netdev=net%zu,mac=%s,id=ua-nic-%s%s%s",
		       str_eq(nic->model, "virtio") ? "virtio-net-pci" : nic->model, i, nic->mac,
		       nic->name, boot,
		       nic->boot_order ? "" : ",romfile="); /* no ROM: no seconds of PXE */
	}
}

int machine_argv(const struct machine *m, const struct machine_host *h, struct argv *ret,
		 struct err *e)
{
	AUTO(argv_done) struct argv a = {.n = 0};

	add_base(&a, m, h);
	add_control(&a, m, h);
	if (add_firmware(&a, m, h, e) < 0 || add_disks(&a, m, h, e) < 0)
		return -1;
	add_nics(&a, m);
	add_growth(&a, m);
	*ret = a;
	a.n = 0;
	return 0;
}
