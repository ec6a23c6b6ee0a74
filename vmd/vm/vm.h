/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtual machine: what we ask for (vm_spec) and what is seen (vm_seen). Pure. */
#ifndef VMD_VM_VM_H
#define VMD_VM_VM_H

#include "vmd/job/job.h"
#include "vmd/vm/image.h"
#include "vmd/vm/turned_down.h"

#define VM_NAME_MAX   63
#define VM_UID_MAX    63
#define VM_REASON_MAX 240
#define VM_DISK_MAX   (2 + JOB_ATTACH_MAX)

enum vm_phase {
	VM_ABSENT,
	VM_STARTING, /* VM object there, no guest running yet (VMI none, Pending, Scheduling,
			Scheduled) */
	VM_RUNNING,  /* VMI Running */
	VM_STOPPED,  /* guest powered itself off: VMI Succeeded, or VM Stopped with no VMI after
			having run */
	VM_FAILED,   /* VMI Failed and not restarted */
	VM_DELETING  /* deletionTimestamp set */
};

struct vm_disk_spec {
	char name[VM_NAME_MAX + 1];  /* volume's name in the VM: "root", "scratch", "disk-data" */
	char claim[VM_NAME_MAX + 1]; /* PVC */
	char serial[DISK_LABEL_MAX + 1];
	bool read_only;
	bool comes_and_goes; /* it may be taken from the guest while it runs */
};

struct vm_spec {
	char name[VM_NAME_MAX + 1];
	uint32_t job_id;
	uint32_t job_uid;
	uint32_t incarnation;
	char job_key[JOB_KEY_MAX + 1];
	char user[JOB_USER_MAX];  /* the guest's account */
	char owner[JOB_USER_MAX]; /* the job's, as Slurm names him; "" unknown */
	char image[JOB_NAME_MAX + 1];
	enum vm_profile profile;
	bool firmware_efi, secure_boot, tpm;
	bool user_data; /* a first-boot script goes with it: kube/kube_answers.h */
	uint32_t cpus;
	int64_t grace_s;           /* from its end being asked for to its kill */
	uint64_t memory_bytes;     /* the guest's, 2 MiB multiple */
	uint32_t sockets_max;      /* it may grow to so many times cpus; 0 counts as 1 */
	uint64_t memory_max_bytes; /* ... and to so much; 0: it does not grow */
	char node[JOB_NODE_MAX + 1];
	char network[JOB_NAME_MAX + 1]; /* key into settings' networks -> NAD ns/name */
	char secret[VM_NAME_MAX + 1];
	size_t n_disk;
	struct vm_disk_spec disk[VM_DISK_MAX];
};

/* A volume that comes and goes, as Kubernetes shows it. */
#define VM_VOLUME_MAX (2 * JOB_ATTACH_MAX)
struct vm_volume {
	char name[DISK_LABEL_MAX + 8]; /* "disk-data" */
	bool wanted;                   /* the VM's template has it */
	bool given;                    /* its instance has it, or has not let go of it yet */
	bool ready;                    /* the guest has the disk */
	char why[120];                 /* what Kubernetes says of it */
};

/* How large Kubernetes shows it to be; it grows by whole sockets. 0: not told, or not known yet. */
struct vm_size {
	uint32_t cores; /* CPUs of a socket */
	bool tpm;
	/* Told to be so large (the VM's template), taken over (the VMI's spec), and what the guest
	 * has been given. */
	uint32_t sockets_wanted, sockets_given, sockets;
	uint64_t memory_wanted_bytes, memory_given_bytes, memory_bytes;
	uint32_t sockets_max;
	uint64_t memory_max_bytes; /* 0: its memory cannot change */
};

/* What Kubernetes shows of a VM's moves. */
struct vm_moving {
	char wanted_node[JOB_NODE_MAX + 1]; /* the VM's nodeSelector: where it shall be */
	char given_node[JOB_NODE_MAX + 1];  /* the VMI's, which a migration obeys; it follows */
	bool given_up; /* noted on the VM: it found no place, whoever noted that may delete it */
	/* Noted on it, too: companions that it goes to no more, which so may be ended. */
	uint32_t turned_down[TURNED_DOWN_MAX];
	bool evacuating;                 /* somebody drains its node in Kubernetes */
	char blocked[VM_REASON_MAX + 1]; /* why it cannot migrate live; "" it can */
	/* The migration that goes on, anybody's; name "" none. */
	char name[VM_NAME_MAX + 1], uid[VM_UID_MAX + 1];
	int64_t begun_s;
	bool ours;
	bool scheduling; /* its pod on the other side is there and has found no node yet */
	/* Our last one: for which companion, which attempt, since when, how it ended. attempt 0:
	 * none. */
	uint32_t companion;
	uint32_t attempt;
	int64_t last_s;
	bool failed;
	/* Where the last one that succeeded, anybody's, has taken it, and since when that went on;
	 * "" nobody knows. The VM itself is a watch of its own, and may be seen there later. */
	char came_to[JOB_NODE_MAX + 1];
	int64_t came_s;
	int64_t came_took_s; /* its guest was on its way so long, 1 at least; 0: not told */
	/* Of all of ours the highest: names up to these may be taken. */
	uint32_t companion_most, attempt_most;
	char failure[VM_REASON_MAX + 1];
};

/* As observed in Kubernetes: VM and VMI joined by name. */
struct vm_seen {
	char name[VM_NAME_MAX + 1];
	char uid[VM_UID_MAX + 1];
	char version[32];              /* resourceVersion of the VM object, opaque */
	char job_key[JOB_KEY_MAX + 1]; /* our label; "" if not ours: never touched */
	enum vm_phase phase;
	char node[JOB_NODE_MAX + 1]; /* where the guest runs */
	bool has_vmi;
	bool agent;         /* guest agent connected */
	bool login_pending; /* the agent has not given the guest its password and key yet */
	char address[48];   /* first LAN address told by the agent; "" unknown */
	bool reachable;     /* RDP or ssh answered (the prober's word, see network/) */
	uint32_t crashes;   /* guests of this VM that ended as Failed while vmd watched */
	int64_t crashed_s;  /* when the last of them did, wall clock; 0 never or unknown */
	/* What Kubernetes says is wrong, for people; "" if nothing. While the guest runs: why it is
	 * out of reach or does not take its account and key. */
	char reason[VM_REASON_MAX + 1];
	int64_t created_s;
	struct vm_moving moving;
	struct vm_size size;
	size_t n_volume;
	struct vm_volume volume[VM_VOLUME_MAX];
};

/* NULL: it has none of that name. */
const struct vm_volume *vm_volume_find(const struct vm_seen *vm, const char *name);

const char *vm_phase_name(enum vm_phase p);
/* Does the guest run somewhere else than Slurm allocated? A short host name equals the full one. */
bool vm_is_astray(const struct vm_seen *vm, const struct job *j);
/* Has KubeVirt been asked to take it off its node, and has not begun to do so? */
bool vm_is_evicted(const struct vm_seen *vm);
/* "vm-17-9f3c12ab45de6701-r0": a name is wanted once, so it has the incarnation in it. */
int vm_name(const struct job *j, char *buf, size_t size);
/* The incarnation in the name of a VM or PVC of the job with this key. -1 (nothing changed): the
 * name is not of that form. */
int vm_incarnation(const char *name, const char *key, uint32_t *ret);
/* "vm-17-9f3c12ab45de6701": Secret; it lives as long as the job. */
int vm_secret_name(const struct job *j, char *buf, size_t size);
/* "vm-17-...-r0-m23-1": the VirtualMachineInstanceMigration of attempt 1 with companion 23. A name
 * is wanted once, and after a crash the same one is made again. */
int vm_migration_name(const char *vm, uint32_t companion, uint32_t attempt, char *buf, size_t size);

/* What KubeVirt's launcher and QEMU need beside the guest (see vm.c for the formula and its
 * source). The guest gets allocation - overhead, rounded down to 2 MiB. */
uint64_t vm_overhead_bytes(uint64_t allocation_bytes, uint32_t cpus, bool tpm);
uint64_t vm_guest_memory_bytes(uint64_t allocation_bytes, uint32_t cpus,
			       bool tpm); /* 0: too small */
/* The smallest allocation, in whole MiB, in which a guest of that size fits. cpus 0 counts as 1. */
uint64_t vm_allocation_bytes(uint64_t guest_bytes, uint32_t cpus, bool tpm);

/* The limits that a VM is made with, of a job with cpus and a guest with guest_bytes: how many
 * times its CPUs (1: no more), and how much memory of the guest (0: no more). KubeVirt adds memory
 * only to guests that began with 1 GiB; a Windows client uses two sockets. */
void vm_growth_limits(const struct image *i, uint32_t cpus, uint64_t guest_bytes,
		      uint32_t *ret_sockets, uint64_t *ret_memory_bytes);

#endif
