/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a disk tells of itself when Slurm has forgotten the job that it was made for: whose it is,
 * what it was made from, how large the job was. Written once, when the disk is made; in the text of
 * one metadata key ("slurm-vm.origin"), so that it costs one request:
 *
 *     uid=7001 image=tiny revision=v1 cpus=2 memory=536870912 limit=3600
 *
 * memory is in bytes, limit in seconds. Pure. */
#ifndef VMD_DISK_ORIGIN_H
#define VMD_DISK_ORIGIN_H

#include "vmd/job/job.h"

#define DISK_ORIGIN_MAX 255 /* bytes of text */

struct disk_origin {
	bool known; /* false: a disk of a vmd that did not write it yet */
	uint32_t uid;
	char image[JOB_NAME_MAX + 1]; /* of the catalogue */
	char revision[JOB_NAME_MAX + 1];
	uint32_t cpus;         /* of the job; 0 unknown */
	uint64_t memory_bytes; /* 0 unknown */
	int64_t limit_s;       /* its time limit; 0 unknown or none */
};

/* buf of DISK_ORIGIN_MAX + 1 is always enough. Returns buf. */
const char *disk_origin_encode(const struct disk_origin *o, char *buf, size_t size);
/* Keys that are not known are skipped. ERR_INVALID: uid or image is missing, or a value is not what
 * it must be; *ret is then not known. */
int disk_origin_decode(const char *text, struct disk_origin *ret, struct err *e);

#endif
