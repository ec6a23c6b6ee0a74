/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The catalogue of golden images: what may be asked for, and with what limits. Pure. */
#ifndef VMD_VM_IMAGE_H
#define VMD_VM_IMAGE_H

#include "vmd/job/job.h"
#include "vmd/vm/share.h"

#define IMAGE_MAX       256
#define IMAGE_REVISIONS 16
#define IMAGE_ALLOWED   64

enum vm_profile { VM_PROFILE_LINUX, VM_PROFILE_WINDOWS };
const char *vm_profile_name(enum vm_profile p); /* "linux", "windows": as in vmd.yaml */

struct image_revision {
	char name[JOB_NAME_MAX + 1]; /* "v1" */
	char pool[JOB_NAME_MAX + 1]; /* Ceph pool of the golden image */
	char rbd_image[JOB_NAME_MAX + 1];
	char snapshot[JOB_NAME_MAX + 1]; /* image@snapshot is what clones are made of */
};

struct image {
	char name[JOB_NAME_MAX + 1];
	char description[128];
	enum vm_profile profile;
	bool firmware_efi;
	bool secure_boot;
	bool tpm;
	char locale[24];         /* of Windows: language and region that the image has, "en-US" */
	char user[JOB_USER_MAX]; /* the guest's account */
	size_t n_revision;       /* at least 1; the last is the default */
	struct image_revision revision[IMAGE_REVISIONS];
	uint64_t disk_bytes; /* size of a clone when nothing was asked, and the least that may be
				asked for; 0: the golden image's */
	uint64_t disk_max_bytes;    /* below disk_bytes: it cannot be chosen */
	uint64_t scratch_max_bytes; /* 0: no scratch disk allowed */
	uint64_t memory_min_bytes;  /* guest memory, without overhead */
	uint32_t cpus_max;          /* 0: no limit */
	/* How large a job of it may become while its VM runs, as by -c and --mem; 0: it stays. */
	uint32_t grow_cpus;
	uint64_t grow_memory_bytes;
	int64_t grace_s; /* how long a guest may take to shut down before it is killed */
	size_t n_share;  /* drives that its guests are shown */
	struct share share[SHARE_MAX];
	size_t n_network; /* names of networks allowed; the first is the default */
	char network[8][JOB_NAME_MAX + 1];
	/* Who may use it; all three empty: everybody. */
	size_t n_uid;
	uint32_t uid[IMAGE_ALLOWED];
	size_t n_gid;
	uint32_t gid[IMAGE_ALLOWED];
};

struct catalogue {
	size_t n;
	struct image *image; /* sorted by name */
};

/* Borrowed; NULL: none of that name. */
const struct image *catalogue_find(const struct catalogue *c, const char *name);
/* Its own lists say who; the texts of catalogue_check list only what the user may have. */
bool image_allows(const struct image *i, uint32_t uid, uint32_t gid);
/* Does a first-boot script go with its guests: with those of Linux. */
bool image_has_user_data(const struct image *i);
/* The account in its guests: its own, else that of the job's owner. Borrowed from either. */
const char *image_account(const struct image *i, const struct job *j);
/* revision "" is the default one; NULL: no such revision. */
const struct image_revision *image_revision_find(const struct image *i, const char *revision);
/* Checks a job's request and size against the catalogue and fills in defaults (revision, disk,
 * network, wait, keep). ERR_INVALID or ERR_DENIED with the allowed values in the text. memory_bytes
 * and cpus are the allocation's; 0 memory: not yet known, not checked. */
int catalogue_check(const struct catalogue *c, struct vm_request *r, uint32_t uid, uint32_t gid,
		    uint32_t cpus, uint64_t memory_bytes, const struct image **ret, struct err *e);

#endif
