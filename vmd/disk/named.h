/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A named disk: an RBD image that a user made and that lives on beyond jobs. Whose it is and who
 * may use it stands in its metadata:
 *
 *     slurm-vm.disk    uid=7001 name=data created=1764090000
 *     slurm-vm.claims  17-9f3c12ab45de6701            one job writes, ...
 *                      17-9f3c12ab45de6701:ro 18-...:ro     ... or any number reads
 *                      17-9f3c12ab45de6701:r2       ... in its third run (job_incarnation())
 *
 * It never has "slurm-vm.job", by which disks of jobs are removed: nothing that cleans up behind
 * jobs can take it for one. A claim is written before a VM gets the disk, and taken off when no VM
 * can have it any more; every change of the claims names the text that it was decided on (compare
 * and set, by the OSD). Pure. */
#ifndef VMD_DISK_NAMED_H
#define VMD_DISK_NAMED_H

#include "vmd/disk/disk.h"

#define DISK_CLAIMS_MAX 16 /* readers of one disk */
/* ":r4294967295:ro:off" and a space behind each key */
#define DISK_CLAIMS_TEXT  (DISK_CLAIMS_MAX * (JOB_KEY_MAX + 20) + 1)
#define DISK_IDENTITY_MAX 95 /* bytes of text */

struct disk_claim {
	char job_key[JOB_KEY_MAX + 1];
	/* The job's run that has made it its own, before a VM of that run can have the disk. So a
	 * claim of a job that lives again is another one than the end of an earlier run saw. */
	uint32_t run;
	bool read_only;
	bool leaving; /* it is to be taken from the job's VM */
};

struct disk_claims {
	/* Its owner has given it up: nobody may claim it any more (the text "removing"). */
	bool removing;
	size_t n;
	struct disk_claim claim[DISK_CLAIMS_MAX];
};

struct named_disk {
	char image[VM_NAME_MAX + 1];
	char pool[JOB_NAME_MAX + 1];
	uint32_t uid; /* whose it is */
	char name[DISK_LABEL_MAX + 1];
	int64_t created_s; /* wall clock; 0 unknown */
	uint64_t size_bytes;
	struct disk_claims claims;
	struct disk_clients clients;       /* as in struct disk_seen */
	char fenced[VM_UID_MAX + 1];       /* the same */
	char unreadable[DISK_WHY_MAX + 1]; /* the same: then name and uid are those of its image */
	bool unfinished; /* that is why: its making was cut short before its marks */
};

enum disk_claim_step {
	CLAIM_WRITE,
	CLAIM_READ,
	CLAIM_LEAVE,  /* the job's VM is to give it back */
	CLAIM_DROP,   /* it cannot have it any more */
	CLAIM_REMOVE, /* its owner's: nobody is to have it again */
};

/* What a site grants each of its users. */
struct disk_quota {
	uint64_t bytes; /* of all their named disks; 0, or count 0: there are none */
	unsigned count;
};

/* "vmdisk-1a2b3c4d-7001-data": cluster (its hash), user and name, so that no two meet. */
int named_image(const char *cluster, uint32_t uid, const char *name, char *buf, size_t size);
/* The way back. -1 (nothing changed): not of that form, or of another cluster. */
int named_image_parse(const char *image, const char *cluster, uint32_t *ret_uid,
		      char ret_name[DISK_LABEL_MAX + 1]);
#define NAMED_IMAGE_PREFIX "vmdisk-"

/* "slurm-vm.disk": uid, name, created_s of d. buf of DISK_IDENTITY_MAX + 1 is enough. */
const char *named_encode(const struct named_disk *d, char *buf, size_t size);
/* Keys that are not known are skipped. ERR_INVALID: uid or name is missing or cannot be. */
int named_decode(const char *text, struct named_disk *ret, struct err *e);

const char *disk_claims_encode(const struct disk_claims *c, char buf[DISK_CLAIMS_TEXT]);
/* ERR_INVALID: not ours; then nobody may be given the disk. */
int disk_claims_decode(const char *text, struct disk_claims *ret, struct err *e);
/* NULL: that job has none. */
const struct disk_claim *disk_claim_of(const struct disk_claims *c, const char *job_key);

/* One writer, or any number of readers. The job's claim is there already: success, and it is that
 * run's from now on, unless a later run has it. ERR_CONFLICT: somebody else has it, and the text
 * says who, or it is leaving; ERR_ABSENT: the disk is being removed. asked->leaving is ignored. */
int disk_claims_add(struct disk_claims *c, const char *name, const struct disk_claim *asked,
		    struct err *e);
void disk_claims_leave(struct disk_claims *c, const char *job_key);
void disk_claims_drop(struct disk_claims *c, const char *job_key); /* none there: as well */
/* ERR_CONFLICT: a job has it. */
int disk_claims_remove(struct disk_claims *c, const char *name, struct err *e);

/* A change that its owner asks for, or the core. */
struct disk_order {
	enum {
		NAMED_CREATE,
		NAMED_REMOVE,
		NAMED_CLAIM,
		EXTRA_CREATE, /* a scratch disk of job_key: image, size */
		EXTRA_LEAVE   /* it is to be taken from its guest, and removed: pool, image */
	} kind;
	/* pool, image, uid, name; to create it: size, time; the claims that it was decided on */
	struct named_disk disk;
	enum disk_claim_step step;     /* NAMED_CLAIM */
	char job_key[JOB_KEY_MAX + 1]; /* the same */
	uint32_t run;                  /* the same, to write or to read: job_incarnation() */
};

/* A step of the order on the claims as they are now. CLAIM_DROP: ERR_CONFLICT if the job's claim is
 * not as it was seen, when one was. */
int disk_claims_step(struct disk_claims *c, const struct disk_order *o, struct err *e);

/* May this user have one more of that size? n disks of all users. ERR_FULL, ERR_DENIED with the
 * numbers. */
int disk_quota_check(const struct disk_quota *q, const struct named_disk *disk, size_t n,
		     uint32_t uid, uint64_t size_bytes, struct err *e);

#endif
