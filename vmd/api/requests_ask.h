/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of requests*.c share. Loop thread. */
#ifndef VMD_API_REQUESTS_ASK_H
#define VMD_API_REQUESTS_ASK_H

#include "vmd/api/requests.h"
#include "vmd/base/json.h"

/* One request being answered. */
struct ask {
	struct requests *q;
	const struct caller *who;
	const struct wire_in *in;
	struct reply *reply;
	struct wire_out *out;
};

/* An op's outcome: the reply is filled in, or will be sent by somebody else, later; -1 an error. */
enum { ANSWERED, LATER };

/* The job asked about, if the caller may know: of one with several machines that of the field
 * rank=, else the first. ERR_ABSENT only if Slurm does not have it, or no such machine; while
 * slurmctld does not answer, what was known before is still told. */
int ask_job_get(const struct ask *a, const struct job **ret, struct err *e);
/* The first machine of the job with that id, whoever asks; NULL: there is none. */
const struct job *ask_job_find(const struct desired *d, uint32_t id);

bool ask_is_admin(const struct ask *a); /* root, SlurmUser */
bool ask_stands_by(const struct ask *a);
int ask_unknown(struct err *e); /* ERR_RETRY: there is no list of jobs */
/* A VM as list and show tell it; s is of it, or of all machines of its job. The caller's. */
struct json_object *ask_vm_json(const struct ask *a, const struct job *j,
				const struct vm_status *s);
void ask_add_json(struct wire_out *out, const char *key, struct json_object *o);
bool ask_page_full(const struct wire_out *out); /* the client asks for the rest */

/* Sends what the port has done: its done callback, with the reply as ctx. */
void ask_done(void *reply, const struct err *e);

/* Adds the named disks that the job has, or waits for. */
void ask_attached(const struct ask *a, const struct job *j, struct json_object *o);
/* "drives": name and path of each, or "none" and why. No such key: its image (NULL: it has left the
 * catalogue) has none. */
void ask_put_drives(struct json_object *o, const struct image *image, const char *owner);
/* What is known of its VM; never NULL. */
const struct vm_status *ask_status_get(const struct ask *a, const struct job *j);
/* VMs whose deletion waits for an administrator. */
size_t ask_held(const struct ask *a);

/* The VM of this run of the job; NULL: it is not seen. */
const struct vm_seen *ask_vm_get(const struct ask *a, const struct job *j);

/* The ops, each in the file of its noun. */
int op_access(const struct ask *a, struct err *e);
int op_approve(const struct ask *a, struct err *e);
int op_disk_add(const struct ask *a, struct err *e);
int op_disk_remove(const struct ask *a, struct err *e);
int op_disk_create(const struct ask *a, struct err *e);
int op_disk_delete(const struct ask *a, struct err *e);
int op_disks(const struct ask *a, struct err *e);
int op_discard(const struct ask *a, struct err *e);
int op_images(const struct ask *a, struct err *e);
int op_kept(const struct ask *a, struct err *e);
int op_key(const struct ask *a, struct err *e);
int op_keys(const struct ask *a, struct err *e);
int op_list(const struct ask *a, struct err *e);
int op_migrate(const struct ask *a, struct err *e);
int op_password(const struct ask *a, struct err *e);
int op_plan(const struct ask *a, struct err *e);
int op_resize(const struct ask *a, struct err *e);
int op_stop(const struct ask *a, struct err *e);

#endif
