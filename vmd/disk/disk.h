/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job's disks: RBD images, and the PV and PVC by which KubeVirt finds them. Image and PV have one
 * name, which lives as long as the job, over requeues; each incarnation has a PVC of its own. The
 * PV says by uid which PVC may use the image: of one name there is one PV, so only one may. Pure.
 */
#ifndef VMD_DISK_DISK_H
#define VMD_DISK_DISK_H

#include "vmd/disk/origin.h"
#include "vmd/job/job.h"
#include "vmd/vm/vm.h"

enum disk_role { DISK_ROOT, DISK_SCRATCH, DISK_NAMED };

struct disk_spec {
	char name[VM_NAME_MAX + 1];     /* image, PV: "vm-17-9f3c12ab45de6701-root" */
	char image[VM_NAME_MAX + 1];    /* where the image has another name than the PV; else "" */
	char claim[VM_NAME_MAX + 1];    /* PVC: "vm-17-9f3c12ab45de6701-r0-root" */
	char claim_uid[VM_UID_MAX + 1]; /* to make a PV: of the PVC that may use it */
	char job_key[JOB_KEY_MAX + 1];
	uint32_t job_id;
	enum disk_role role;
	char pool[JOB_NAME_MAX + 1];  /* "": the adapter's own */
	uint64_t size_bytes;          /* 0: as the golden image (root only) */
	struct image_revision golden; /* role DISK_ROOT */
	struct disk_origin origin;
	char from[JOB_KEY_MAX + 1]; /* to take it over: key of the job it was kept of; "" */
};

#define DISK_WHY_MAX      159 /* bytes of text */
#define DISK_CLIENTS_MAX  4   /* two during a live migration */
#define DISK_CLIENT_MAX   63  /* "[IPv6]:PORT/NONCE" */
#define DISK_CLIENTS_TEXT (DISK_CLIENTS_MAX * (DISK_CLIENT_MAX + 1) + 1)

/* Ceph clients that have a disk open, by address; each is one process (or, with krbd, one host). */
struct disk_clients {
	size_t n;
	char address[DISK_CLIENTS_MAX][DISK_CLIENT_MAX + 1];
};

/* An RBD image in the pool that carries our mark (metadata key "slurm-vm.job" = job key). */
struct disk_seen {
	char name[VM_NAME_MAX + 1];
	char pool[JOB_NAME_MAX + 1];
	char job_key[JOB_KEY_MAX + 1];
	uint64_t size_bytes;
	uint32_t watchers;         /* clients that have it open */
	struct disk_origin origin; /* metadata "slurm-vm.origin" */
	/* metadata "slurm-vm.from": key of the job from which this disk was taken over; "" */
	char from[JOB_KEY_MAX + 1];
	int64_t kept_until_s; /* metadata "slurm-vm.keep-until": kept after the job's end; 0 no */
	/* metadata "slurm-vm.clients": who had it open when that was looked at last while somebody
	 * had. Known when the clients themselves can no longer be asked. */
	struct disk_clients clients;
	/* metadata "slurm-vm.fenced": the uid of the VM none of whose clients can write to it any
	 * more; "" none. */
	char fenced[VM_UID_MAX + 1];
	bool removing; /* metadata "slurm-vm.removing": its removal has begun, the data may be gone
			*/
	/* Why it cannot be read: it is damaged, or its part of Ceph hangs; "" it was read. Else
	 * only name and pool are known of it; job_key is of the job that the name tells, for which
	 * the image was made: another may have taken it over. */
	char unreadable[DISK_WHY_MAX + 1];
};

/* A PV, PVC or Secret of ours. */
struct volume_seen {
	char name[VM_NAME_MAX + 1];
	char uid[VM_UID_MAX + 1];
	char version[32];
	char job_key[JOB_KEY_MAX + 1];
	char claim[VM_NAME_MAX + 1];    /* of a PV: the PVC that may use it, ... */
	char claim_uid[VM_UID_MAX + 1]; /* ... and which of that name; "" any */
	char owner_uid[VM_UID_MAX + 1]; /* of a Secret's part: the Secret's; "" none */
	bool incomplete;                /* of a Secret: parts of it are not there yet */
	bool bound;
	bool deleting;
};

const char *disk_role_name(enum disk_role r); /* "root", as names of images end */
/* Of image and PV. -1, as of the next two: buf is too small. */
int disk_name(const struct job *j, enum disk_role role, char *buf, size_t size);
/* The PVC of this incarnation. */
int disk_claim_name(const struct job *j, enum disk_role role, char *buf, size_t size);
/* A scratch disk that a running guest was given: "vm-17-9f3c12ab45de6701-scratch3", n from 1. */
int disk_extra_name(const char *job_key, unsigned n, char *buf, size_t size);
/* Of such a name its end, "scratch3"; NULL: it is none. */
const char *disk_extra_label(const char *name);
/* The role of the disk with this name, of whatever job: a root disk that was taken over keeps its
 * name. */
bool disk_is_root(const char *name);
/* The key of the job that the image with this name was made for. -1 (nothing changed): the name is
 * not of that form. */
int disk_name_key(const char *name, char ret_key[JOB_KEY_MAX + 1]);

/* disk_client.c */
bool disk_client_is_address(const char *text);
/* false: no address of a client, or no room. */
bool disk_clients_add(struct disk_clients *c, const char *address);
bool disk_clients_have(const struct disk_clients *c, const char *address);
/* Text as in the metadata: addresses with a space between. What is none is passed over. */
void disk_clients_decode(const char *text, struct disk_clients *ret);
void disk_clients_encode(const struct disk_clients *c, char buf[DISK_CLIENTS_TEXT]);

#endif
