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

static void add(struct argv *a, const char *fmt, ...) PRINTF(2, 3);

static void add(struct argv *a, const char *fmt, ...)
{
	va_list ap;

	if (a->n >= ARGV_MAX)
		abort(); /* the limits of struct machine keep below it */
	va_start(ap, fmt);
	if (vasprintf(&a->arg[a->n], fmt, ap) < 0)
		abort();
	va_end(ap);
	a->arg[++a->n] = NULL;
}

void argv_done(struct argv *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->arg[i]);
	*a = (struct argv){.n = 0};
}

static void add_device(struct argv *a, const char *fmt, ...) PRINTF(2, 3);

static void add_device(struct argv *a, const char *fmt, ...)
{
	va_list ap;
	char text[512];

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) >= (int)sizeof(text))
		abort();
	va_end(ap);
	add(a, "-device");
	add(a, "%s", text);
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

	add(a, "-smp");
	if (m->sockets_max > m->sockets)
		add(a, "cpus=%u,maxcpus=%u,sockets=%u,cores=%u,threads=%u", m->sockets * each,
		    m->sockets_max * each, m->sockets_max, m->cores, m->threads);
	else
		add(a, "cpus=%u,sockets=%u,cores=%u,threads=%u", m->sockets * each, m->sockets,
		    m->cores, m->threads);
	add(a, "-m");
	if (m->memory_max_bytes > m->memory_bytes)
		add(a, "size=%" PRIu64 "k,maxmem=%" PRIu64 "k", kib(m->memory_bytes),
		    kib(m->memory_max_bytes));
	else
		add(a, "size=%" PRIu64 "k", kib(m->memory_bytes));
}

/* One device for all memory beyond that of the boot, as KubeVirt has it: how much of it the guest
 * has is a number that changes, and that a migration takes along. Behind all others, so that their
 * places on the bus are the same with and without it. */
static void add_growth(struct argv *a, const struct machine *m)
{
	if (m->memory_max_bytes <= m->memory_bytes)
		return;
	add(a, "-object");
	add(a, "memory-backend-ram,id=" MACHINE_GROWTH ",size=%" PRIu64 "k,reserve=off",
	    kib(m->memory_max_bytes) - kib(m->memory_bytes));
	add_device(a, "virtio-mem-pci,id=ua-" MACHINE_GROWTH ",memdev=" MACHINE_GROWTH
		      ",requested-size=0");
}

static void add_base(struct argv *a, const struct machine *m, const struct machine_host *h)
{
	add(a, "qemu-system-x86_64");
	add(a, "-name");
	add(a, "guest=%s,debug-threads=on", m->name);
	add(a, "-machine");
	add(a, "%s%s%s%s", m->type, m->hpet ? "" : ",hpet=off", m->smm ? ",smm=on" : ",smm=off",
	    m->firmware == FIRMWARE_BIOS ? "" : ",pflash0=code");
	add(a, "-accel");
	add(a, "%s", h->kvm ? "kvm" : "tcg,thread=multi");
	add(a, "-cpu");
	add(a, "%s%s", h->kvm ? "host,migratable=on" : "max", h->kvm ? m->hyperv : "");
	add_size(a, m);
	add(a, "-uuid");
	add(a, "%s", m->uuid);
	if (m->serial[0]) {
		add(a, "-smbios");
		add(a, "type=1,serial=%s", m->serial);
	}
	add(a, "-nodefaults");
	add(a, "-no-user-config");
	add(a, "-no-shutdown");
	add(a, "-action");
	add(a, "panic=pause");
	add(a, "-rtc");
	add(a, "base=%s%s", m->localtime ? "localtime" : "utc", h->kvm ? ",driftfix=slew" : "");
	add(a, "-sandbox");
	add(a, "on,obsolete=deny,elevateprivileges=deny,spawn=deny");
	if (h->incoming) {
		add(a, "-incoming");
		add(a, "defer");
	}
}

static void add_control(struct argv *a, const struct machine *m, const struct machine_host *h)
{
	add(a, "-chardev");
	add(a, "socket,id=qmp,path=%s/qmp,server=on,wait=off", h->dir);
	add(a, "-mon");
	add(a, "chardev=qmp,mode=control");
	add(a, "-chardev");
	add(a,
	    "socket,id=serial0,path=%s/console,server=on,wait=off,logfile=%s/serial.log,"
	    "logappend=on",
	    h->dir, h->dir);
	add(a, "-serial");
	add(a, "chardev:serial0");
	add_device(a, "virtio-serial-pci,id=serialbus");
	add(a, "-chardev");
	add(a, "socket,id=agent0,path=%s/agent,server=on,wait=off", h->dir);
	add_device(a, "virtserialport,bus=serialbus.0,chardev=agent0,id=agentport,"
		      "name=org.qemu.guest_agent.0");
	if (m->rng)
		add_device(a, "virtio-rng-pci,id=rng0");
	if (m->balloon)
		add_device(a, "virtio-balloon-pci,id=balloon0");
	if (m->panic_device)
		add_device(a, "pvpanic");
	if (m->tablet && m->tablet_virtio) {
		add_device(a, "virtio-tablet-pci,id=tablet0");
	} else if (m->tablet) {
		add_device(a, "qemu-xhci,id=usb");
		add_device(a, "usb-tablet,id=tablet0,bus=usb.0");
	}
	add(a, "-display");
	add(a, "none");
	if (m->graphics) {
		add_device(a, "VGA,id=video0");
		add(a, "-vnc");
		add(a, "unix:%s/vnc", h->dir);
	}
}

static int add_firmware(struct argv *a, const struct machine *m, const struct machine_host *h,
			struct err *e)
{
	if (m->tpm) {
		add(a, "-chardev");
		add(a, "socket,id=tpmsock,path=%s/tpm", h->dir);
		add(a, "-tpmdev");
		add(a, "emulator,id=tpm0,chardev=tpmsock");
		add_device(a, "tpm-crb,tpmdev=tpm0");
	}
	if (m->firmware == FIRMWARE_BIOS)
		return 0;
	if (!h->ovmf_code)
		return err_set(e, ERR_INVALID, "EFI firmware (package ovmf) is not installed here");
	add(a, "-blockdev");
	add(a, "driver=file,node-name=code,filename=%s,read-only=on", h->ovmf_code);
	add(a, "-drive"); /* the variables: a private copy, made by who starts the guest */
	add(a, "if=pflash,unit=1,format=raw,file=%s/efivars.fd", h->dir);
	if (m->firmware == FIRMWARE_EFI_SECURE) {
		add(a, "-global");
		add(a, "driver=cfi.pflash01,property=secure,value=on");
	}
	return 0;
}

static void add_json(struct argv *a, const char *option, struct json_object *doc)
{
	add(a, "%s", option);
	add(a, "%s",
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
	if (d->source.is_rbd) {
		add(a, "-object");
		add(a, "secret,id=%s,format=base64,file=%s/key%zu", disk_key(d, key, sizeof(key)),
		    h->dir, i);
	}
	add_json(a, "-blockdev", disk_blockdev_new(d));
	if (d->boot_order)
		(void)str_fmt(boot, sizeof(boot), ",bootindex=%u", d->boot_order);
	if (d->serial[0])
		(void)str_fmt(serial, sizeof(serial), ",serial=%s", d->serial);
	switch (d->bus) {
	case BUS_VIRTIO:
		queues(m, "num-queues", queues_of, sizeof(queues_of));
		add_device(a, "virtio-blk-pci,drive=%s,id=ua-%s%s%s%s", node, d->name, boot, serial,
			   queues_of);
		return;
	case BUS_SCSI: add_json(a, "-device", disk_scsi_new(d)); return;
	case BUS_SATA:
		add_device(a, "ide-%s,bus=ide.%u,drive=%s,id=ua-%s%s%s", d->is_cdrom ? "cd" : "hd",
			   (*sata)++, node, d->name, boot, serial);
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
	add_device(a, "virtio-scsi-pci,id=" MACHINE_SCSI "%s", queues_of);
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
		add(a, "-netdev");
		add(a, "tap,id=net%zu,fd=%d", i, MACHINE_TAP_FD + (int)i);
		add_device(a, "%s,netdev=net%zu,mac=%s,id=ua-nic-%s%s%s",
			   str_eq(nic->model, "virtio") ? "virtio-net-pci" : nic->model, i,
			   nic->mac, nic->name, boot,
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
