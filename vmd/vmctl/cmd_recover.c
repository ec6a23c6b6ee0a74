/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl recover: as start, but from the root disk that was kept of a job that has ended. vmd says
 * what that job was like, so that the new one is like it; whether it may start is for Slurm and vmd
 * to say, as with every job. */
#include "vmd/base/str.h"
#include "vmd/vmctl/vmctl.h"

#include <stdarg.h>
#include <string.h>

#define MIB      (INT64_C(1) << 20)
#define ARGS_MAX 64

/* What cmd_start gets: made here, ended by the user's own, which win. */
struct line {
	int n;
	char *arg[ARGS_MAX + 1];
	int made; /* so many are ours to free */
};

static void line_done_auto(struct line *l)
{
	for (int i = 0; i < l->made; i++)
		free(l->arg[i]);
}

static void line_add(struct line *l, const char *fmt, ...) PRINTF(2, 3);
static void line_add(struct line *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&l->arg[l->n], fmt, ap) < 0)
		abort();
	va_end(ap);
	l->made = ++l->n;
}

/* "17", or a job's key. */
static int job_check(const char *job, uint32_t *ret_id, struct err *e)
{
	char digits[11] = "";
	size_t len = strspn(job, "0123456789");
	uint64_t id = 0;

	if (len > 0 && len < sizeof(digits) && (!job[len] || job[len] == '-'))
		memcpy(digits, job, len);
	if (str_to_u64(digits, UINT32_MAX, &id) < 0 || id == 0)
		return err_set(e, ERR_INVALID, "'%.40s' is no job's id or key: vmctl list --kept",
			       job);
	*ret_id = (uint32_t)id;
	return 0;
}

/* No disk is kept: is the job alive, somebody else's, or is there really none? */
static int absent(struct vmctl *v, const char *job, uint32_t id, struct err *e)
{
	AUTO(json_object_put) struct json_object *vm = NULL;

	if (ask_show(v, id, &vm, e) < 0) {
		if (e->kind != ERR_ABSENT)
			return -1;
	} else if (!str_eq(state_of(vm), "STOPPED")) {
		return err_set(e, ERR_CONFLICT,
			       "job %u has not ended: its VM is %s; it ends by: vmctl stop %u", id,
			       state_of(vm), id);
	}
	return err_set(e, ERR_ABSENT,
		       "no disk of job %.40s is kept, or not any more, or it is not yours; see: "
		       "vmctl list --kept",
		       job);
}

/* Without the rank. */
static int key_length(struct json_object *disk)
{
	const char *key = text_of(disk, "key"), *nonce = strchr(key, '-');
	const char *rank = nonce ? strchr(nonce + 1, '-') : NULL;

	return rank ? (int)(rank - key) : (int)strlen(key);
}

/* Are they those of a job's several machines? */
static bool is_one_job(struct json_object *disks)
{
	struct json_object *first = json_object_array_get_idx(disks, 0);

	for (size_t i = 1; i < json_length(disks); i++) {
		struct json_object *o = json_object_array_get_idx(disks, i);

		if (key_length(o) != key_length(first) ||
		    strncmp(text_of(o, "key"), text_of(first, "key"), (size_t)key_length(o)) != 0)
			return false;
	}
	return true;
}

static int disk_find(struct vmctl *v, const char *job, struct json_object **ret, struct err *e)
{
	AUTO(json_object_put) struct json_object *disks = NULL;
	struct json_object *disk;
	uint32_t id = 0;

	if (job_check(job, &id, e) < 0 || ask_kept(v, job, &disks, e) < 0)
		return -1;
	if (json_length(disks) == 0)
		return absent(v, job, id, e);
	disk = json_object_array_get_idx(disks, 0);
	if (json_length(disks) > 1 && !is_one_job(disks))
		return err_set(e, ERR_INVALID,
			       "several jobs had the id %u, name the key: vmctl list --kept", id);
	if (int_of(disk, "wanted_by"))
		return err_set(e, ERR_CONFLICT, "job %lld is to start from it already",
			       (long long)int_of(disk, "wanted_by"));
	*ret = json_object_get(disk);
	if (json_length(disks) > 1)
		json_put_int(*ret, "machines", (int64_t)json_length(disks));
	return 0;
}

/* As the old job had it; what is not known is left to sbatch. Slurm's limit is in minutes. */
static void line_fill(struct line *l, struct json_object *disk)
{
	int64_t memory = int_of(disk, "memory_bytes"), limit_s = int_of(disk, "limit_s");
	bool several = int_of(disk, "machines") > 1;

	line_add(l, "@%.*s", several ? key_length(disk) : (int)strlen(text_of(disk, "key")),
		 text_of(disk, "key"));
	if (several)
		line_add(l, "--nodes=%lld", (long long)int_of(disk, "machines"));
	line_add(l, "--job-name=recovered-%lld", (long long)int_of(disk, "job"));
	if (int_of(disk, "cpus") > 0)
		line_add(l, "--cpus-per-task=%lld", (long long)int_of(disk, "cpus"));
	if (memory > 0)
		line_add(l, "--mem=%lldM", (long long)((memory + MIB - 1) / MIB));
	if (limit_s > 0)
		line_add(l, "--time=%lld", (long long)((limit_s + 59) / 60));
}

static void say(struct json_object *disk)
{
	const char *revision = json_str_at(disk, "revision");
	char size[24];

	(void)fprintf(
		stderr,
		"The disk of job %lld (image %s%s%s, %s) is the new job's from now on, and is kept "
		"again when that one ends.\n",
		(long long)int_of(disk, "job"), json_str_at(disk, "image"),
		revision && *revision ? "@" : "", revision ? revision : "",
		bytes_to_str((uint64_t)int_of(disk, "size_bytes"), size, sizeof(size)));
}

/* cmd_start reads the options, --server too, which is needed before. */
static int server_read(struct vmctl *v, struct err *e)
{
	static const char option[] = "--server=";

	for (int i = 1; i < v->n_arg; i++)
		if (str_starts(v->arg[i], option) &&
		    str_copy(v->servers, sizeof(v->servers), v->arg[i] + strlen(option)) < 0)
			return err_set(e, ERR_INVALID, "--server: too long");
	return settings_read(v, e);
}

int cmd_recover(struct vmctl *v)
{
	AUTO(json_object_put) struct json_object *disk = NULL;
	AUTO(line_done) struct line l = {.n = 0};
	struct err e;

	if (v->n_arg == 0 || v->arg[0][0] == '-' || !v->arg[0][0]) {
		(void)err_set(&e, ERR_INVALID, "say which job's disk: vmctl list --kept");
		return fail(v, &e);
	}
	if (server_read(v, &e) < 0 || disk_find(v, v->arg[0], &disk, &e) < 0)
		return fail(v, &e);
	line_fill(&l, disk);
	for (int i = 1; i < v->n_arg; i++) {
		if (l.n == ARGS_MAX) {
			(void)err_set(&e, ERR_INVALID, "more than %d options", ARGS_MAX);
			return fail(v, &e);
		}
		l.arg[l.n++] = v->arg[i];
	}
	if (!v->json)
		say(disk);
	v->arg = l.arg;
	v->n_arg = l.n;
	return cmd_start(v);
}
