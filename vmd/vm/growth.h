/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM that grows while it runs: what may be asked for, and what of it the VM itself is told. Sizes
 * of a job are those of sbatch's -c and --mem; the guest has less memory than its job, by what its
 * launcher needs. Pure. */
#ifndef VMD_VM_GROWTH_H
#define VMD_VM_GROWTH_H

#include "vmd/vm/vm.h"

/* Less than this is rounding. */
#define GROWTH_MEMORY_STEP (UINT64_C(64) << 20)

/* What a VM is to be told: sockets, and memory of its guest. */
struct vm_target {
	uint32_t sockets;
	uint64_t memory_bytes;
};

/* May the VM of a running job become as large as asked (0: as it is)? *ret is the job's size that
 * this takes, both set: a launcher needs memory for each CPU. ERR_INVALID or ERR_CONFLICT say why
 * not, and what would do. */
int growth_check(const struct job *j, const struct vm_seen *vm, const struct job_size *asked,
		 struct job_size *ret, struct err *e);
/* What the VM is to be in a job of that size: never less than it was told already. */
void growth_target(const struct vm_size *vm, const struct job_size *job, struct vm_target *ret);
/* Has the guest less than that? False where it is not known what it has. */
bool growth_is_wanted(const struct vm_size *vm, const struct vm_target *t);
/* Was the VM told to be larger than it is? Then KubeVirt goes on with it whatever vmd does. */
bool growth_is_begun(const struct vm_size *vm);
/* As large must be what it goes to, for what its guest has and for what it was told, which KubeVirt
 * gives it with the next migration, whoever's. 0 CPUs: its job is as large, or nobody knows. */
void growth_place(const struct job *j, const struct vm_size *vm, struct job_size *ret);
/* So large must be what holds it, whatever its job has; 0 CPUs: nobody knows. */
void growth_need(const struct vm_size *vm, struct job_size *ret);
/* Has it grown, and its job has less than such a place? What a job was given more or less of by
 * rounding is no growth. */
bool growth_is_beyond(const struct job *j, const struct vm_size *vm, const struct job_size *place);
/* Of both the larger, CPUs and memory each. */
void growth_join(struct job_size *s, const struct job_size *other);

#endif
