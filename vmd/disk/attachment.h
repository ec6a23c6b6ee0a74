/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a job's VM has, or shall have, beside the disks that it is made with: a named disk of which
 * the job has a claim, or a scratch disk of its own that it was given while it ran. The images are
 * the record: their claims, or that they are there, over requeues, moves and restarts of vmd. Pure.
 */
#ifndef VMD_DISK_ATTACHMENT_H
#define VMD_DISK_ATTACHMENT_H

#include "vmd/disk/named.h"

struct attachment {
	char name[VM_NAME_MAX + 1]; /* the image's */
	char job_key[JOB_KEY_MAX + 1];
	char pool[JOB_NAME_MAX + 1];
	char label[DISK_LABEL_MAX + 1]; /* what its user calls it, and the disk's serial */
	uint64_t size_bytes;
	bool read_only;
	bool leaving;
	uint32_t run; /* of the claim: struct disk_claim */
	bool own; /* a scratch disk of the job, which goes with it: it is among its disks, too */
	struct disk_clients clients; /* of a writer */
	char fenced[VM_UID_MAX + 1];
};

/* Claims of all these disks. */
size_t attachments_count(const struct named_disk *disk, size_t n);
/* One per claim, in the order of the disks; ret has room for attachments_count(). */
void attachments_of(const struct named_disk *disk, size_t n, struct attachment *ret);
/* The same of jobs' disks: one per scratch disk that came while its job ran, and can be read. */
size_t extras_count(const struct disk_seen *disk, size_t n);
void extras_of(const struct disk_seen *disk, size_t n, struct attachment *ret);
/* The volume's name in the VM, by the label: "disk-data". -1: buf is too small. */
int attachment_volume(const char *label, char *buf, size_t size);
/* The way back: "data", in volume; NULL: the volume is of no such disk. */
const char *attachment_label(const char *volume);
/* The PVC's name, by the VM's: "vm-17-9f3c12ab45de6701-r0-d-data". -1: buf is too small. */
int attachment_claim(const char *vm, const char *label, char *buf, size_t size);
/* What PV and PVC are made of. A writer's PV has the image's name: of that name there is one, so
 * Kubernetes, too, lets one PVC have it. A reader's is his own. */
void attachment_spec(const struct attachment *a, const struct job *j, struct disk_spec *ret);
/* The disk that is meant; NULL: its owner has none of that name. */
const struct named_disk *named_find(const struct named_disk *disk, size_t n, uint32_t uid,
				    const char *name);

#endif
