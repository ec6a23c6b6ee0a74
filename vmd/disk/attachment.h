/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A named disk of which a job has a claim: what its VM has, or shall have, beside its own disks.
 * The claim is the record: a job's attachments are what the images' claims say, over requeues,
 * moves and restarts of vmd. Pure. */
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
	struct disk_clients clients; /* of a writer */
	char fenced[VM_UID_MAX + 1];
};

size_t attachments_count(const struct named_disk *disk, size_t n);
/* One per claim, in the order of the disks; ret has room for attachments_count(). */
void attachments_of(const struct named_disk *disk, size_t n, struct attachment *ret);
/* The volume's name in the VM: "disk-data". */
int attachment_volume(const struct attachment *a, char *buf, size_t size);
/* What PV and PVC are made of. A writer's PV has the image's name: of that name there is one, so
 * Kubernetes, too, lets one PVC have it. A reader's is his own. */
void attachment_spec(const struct attachment *a, const struct job *j, struct disk_spec *ret);
/* The disk that is meant; NULL: its owner has none of that name. */
const struct named_disk *named_find(const struct named_disk *disk, size_t n, uint32_t uid,
				    const char *name);

#endif
