/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of a VM and its Secret, and how much of an allocation the guest gets. Pure. */
#include "vmd/vm/vm.h"

#include "vmd/base/str.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)

const char *vm_phase_name(enum vm_phase p)
{
	switch (p) {
	case VM_ABSENT: return "absent";
	case VM_STARTING: return "starting";
	case VM_RUNNING: return "running";
	case VM_STOPPED: return "stopped";
	case VM_FAILED: return "failed";
	case VM_DELETING: return "deleting";
	}
	return "?"; /* a number that is no vm_phase */
}

bool vm_is_astray(const struct vm_seen *vm, const struct job *j)
{
	return *vm->node && *j->node && !job_node_same(vm->node, j->node) &&
	       (vm->phase == VM_STARTING || vm->phase == VM_RUNNING);
}

int vm_name(const struct job *j, char *buf, size_t size)
{
	char key[JOB_KEY_MAX + 1];

	return str_fmt(buf, size, "vm-%s-r%u", job_key(j, key, sizeof(key)), job_incarnation(j));
}

int vm_incarnation(const char *name, const char *key, uint32_t *ret)
{
	char prefix[VM_NAME_MAX + 1];
	uint64_t n = 0;
	size_t digits = 0;

	if (str_fmt(prefix, sizeof(prefix), "vm-%s-r", key) < 0 || !str_starts(name, prefix))
		return -1;
	for (name += strlen(prefix); *name >= '0' && *name <= '9' && digits < 11; name++, digits++)
		n = n * 10 + (uint64_t)(*name - '0');
	if (digits == 0 || n > UINT32_MAX || (*name && *name != '-'))
		return -1;
	*ret = (uint32_t)n;
	return 0;
}

int vm_secret_name(const struct job *j, char *buf, size_t size)
{
	char key[JOB_KEY_MAX + 1];

	return str_fmt(buf, size, "vm-%s", job_key(j, key, sizeof(key)));
}

int vm_migration_name(const char *vm, uint32_t companion, uint32_t attempt, char *buf, size_t size)
{
	return str_fmt(buf, size, "%s-m%u-%u", vm, companion, attempt);
}

/* What does not depend on the memory. KubeVirt, pkg/virt-controller/services/renderresources.go,
 * GetMemoryOverhead(), as of v1.3 to v1.6 (older releases take less): virt-launcher-monitor 25 MiB,
 * virt-launcher 100, virtlogd 25, virtqemud 40, QEMU itself 30, 8 for each vCPU, 8 for the I/O
 * thread, 32 for video memory, 53 for swtpm. Not used by our VMs and left out: arm64 firmware,
 * VFIO, SEV, probes, dedicated CPUs; a site that sets KubeVirt's additionalGuestMemoryOverheadRatio
 * has pods that are larger than this. */
static uint64_t overhead_fixed_bytes(uint32_t cpus, bool tpm)
{
	uint64_t mib = 25 + 100 + 25 + 40 + 30 + 8 + 32;

	mib += UINT64_C(8) * (cpus ? cpus : 1);
	if (tpm)
		mib += 53;
	return mib * MIB;
}

uint64_t vm_overhead_bytes(uint64_t allocation_bytes, uint32_t cpus, bool tpm)
{
	/* Page tables: KubeVirt takes a 512th of the guest's memory; a 512th of the allocation is
	 * a little more and needs no equation. */
	return allocation_bytes / 512 + overhead_fixed_bytes(cpus, tpm);
}

uint64_t vm_guest_memory_bytes(uint64_t allocation_bytes, uint32_t cpus, bool tpm)
{
	uint64_t overhead = vm_overhead_bytes(allocation_bytes, cpus, tpm);
	uint64_t guest = allocation_bytes > overhead ? allocation_bytes - overhead : 0;

	return guest - guest % (2 * MIB);
}

uint64_t vm_allocation_bytes(uint64_t guest_bytes, uint32_t cpus, bool tpm)
{
	uint64_t need = guest_bytes + overhead_fixed_bytes(cpus, tpm);
	uint64_t guess = (need + need / 511 + MIB - 1) / MIB * MIB;

	while (vm_guest_memory_bytes(guess, cpus, tpm) < guest_bytes)
		guess += MIB;
	return guess;
}

void vm_growth_limits(const struct image *i, uint32_t cpus, uint64_t guest_bytes,
		      uint32_t *ret_sockets, uint64_t *ret_memory_bytes)
{
	uint32_t most = i->profile == VM_PROFILE_WINDOWS ? 2 : UINT32_MAX;
	uint32_t sockets = cpus ? i->grow_cpus / cpus : 0;
	uint64_t memory = vm_guest_memory_bytes(i->grow_memory_bytes, cpus, i->tpm);

	sockets = sockets > most ? most : sockets;
	*ret_sockets = sockets > 1 ? sockets : 1;
	*ret_memory_bytes = guest_bytes >= 1024 * MIB && memory > guest_bytes ? memory : 0;
}

const struct vm_volume *vm_volume_find(const struct vm_seen *vm, const char *name)
{
	for (size_t i = 0; i < vm->n_volume; i++)
		if (str_eq(vm->volume[i].name, name))
			return &vm->volume[i];
	return NULL;
}

bool vm_is_evicted(const struct vm_seen *vm)
{
	const struct vm_moving *k = &vm->moving;

	return k->evacuating || (*k->name && !k->ours && k->scheduling);
}
