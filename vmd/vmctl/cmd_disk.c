/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl disk: a user's named disks, which live on beyond jobs, and those of a job that runs. */
#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/job/attach.h"
#include "vmd/vmctl/interrupt.h"
#include "vmd/vmctl/vmctl.h"

#include <pwd.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MIB (UINT64_C(1) << 20)

static int usage(const char *text)
{
	(void)fprintf(stderr, "vmctl: %s\nTry: vmctl disk --help\n", text);
	return EXIT_USAGE;
}

/* Operands behind the verb. */
static int n_operands(const struct vmctl *v)
{
	return v->n_arg - 1;
}

static int create(struct vmctl *v)
{
	uint64_t bytes;
	struct err e;

	if (n_operands(v) != 2)
		return usage("disk create: NAME and SIZE must be given");
	if (str_to_bytes(v->arg[2], MIB, &bytes, &e) < 0)
		return fail(v, &e);
	ask_begin(v, "disk-create");
	wire_add(&v->out, "name", v->arg[1]);
	wire_addf(&v->out, "size", "%llu", (unsigned long long)bytes);
	if (ask_send(v, &e) < 0)
		return fail(v, &e);
	if (!v->json)
		printf("Disk %s is there, empty. It stays until: vmctl disk delete %s\n", v->arg[1],
		       v->arg[1]);
	return EXIT_DONE;
}

/* "alice/data": an administrator's way to name a disk of somebody else. */
static int owner_add(struct vmctl *v, const char **ret_name, struct err *e)
{
	const char *slash = strchr(v->arg[1], '/');
	const struct passwd *pw;
	char user[64];
	uint64_t uid;

	*ret_name = slash ? slash + 1 : v->arg[1];
	if (!slash)
		return 0;
	if (str_fmt(user, sizeof(user), "%.*s", (int)(slash - v->arg[1]), v->arg[1]) < 0)
		return err_set(e, ERR_INVALID, "'%.40s': the user's name is too long", v->arg[1]);
	pw = getpwnam(user);
	if (pw)
		uid = pw->pw_uid;
	else if (str_to_u64(user, UINT32_MAX, &uid) < 0)
		return err_set(
			e, ERR_ABSENT,
			"there is no user '%s'; whose disks there are: vmctl disk list --all",
			user);
	wire_addf(&v->out, "uid", "%llu", (unsigned long long)uid);
	return 0;
}

static int delete (struct vmctl *v)
{
	const char *name;
	struct err e;
	int code;

	if (n_operands(v) != 1)
		return usage("disk delete: NAME must be given");
	code = confirm(v, "Disk %s and all that is on it will be gone. Delete it?", v->arg[1]);
	if (code != EXIT_DONE)
		return code;
	ask_begin(v, "disk-delete");
	if (owner_add(v, &name, &e) < 0)
		return fail(v, &e);
	wire_add(&v->out, "name", name);
	if (ask_send(v, &e) < 0)
		return fail(v, &e);
	if (!v->json)
		printf("Disk %s is gone.\n", v->arg[1]);
	return EXIT_DONE;
}

/* ---- list ---- */

/* "17", "17 (read-only), 18 (read-only)" */
static void add_users(struct table *t, struct json_object *o)
{
	struct json_object *list = json_at(o, "used_by");
	char text[600] = "";
	size_t len = 0;

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *by = json_object_array_get_idx(list, i);

		(void)str_fmt(text + len, sizeof(text) - len, "%s%lld%s", i ? ", " : "",
			      (long long)int_of(by, "job"),
			      json_object_get_boolean(json_at(by, "read_only")) ? " (read-only)"
										: "");
		len = strlen(text);
	}
	if (json_object_get_boolean(json_at(o, "unfinished")))
		table_add(t, text_of(o, "reason"));
	else if (*text_of(o, "reason"))
		table_addf(t, "cannot be read: %s", text_of(o, "reason"));
	else if (json_object_get_boolean(json_at(o, "removing")))
		table_addf(t, "being removed; if it stays: vmctl disk delete %s",
			   text_of(o, "name"));
	else
		table_add(t, text);
}

static void add_disk(struct table *t, struct json_object *o)
{
	time_t created = (time_t)int_of(o, "created");
	char size[24], when[32] = "";
	struct tm tm;

	table_add(t, text_of(o, "name"));
	table_add_owner(t, o);
	table_add(t, bytes_to_str((uint64_t)int_of(o, "size_bytes"), size, sizeof(size)));
	if (created && localtime_r(&created, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	table_add(t, when);
	add_users(t, o);
}

static uint64_t number_of(const struct vmctl *v, const char *key)
{
	uint64_t n = 0;
	struct err ignored;

	(void)wire_get_u64(&v->in, key, INT64_MAX, &n, &ignored);
	return n;
}

/* On stderr: what is left of the quota is no part of the list. */
static void say_quota(const struct vmctl *v, struct json_object *disks)
{
	uint64_t quota = number_of(v, "quota"), used = 0;
	char used_text[24], quota_text[24];

	if (v->all || !quota)
		return;
	for (size_t i = 0; i < json_length(disks); i++)
		used += (uint64_t)int_of(json_object_array_get_idx(disks, i), "size_bytes");
	(void)fprintf(stderr, "%s of %s is used, %zu of %llu disks.\n",
		      used ? bytes_to_str(used, used_text, sizeof(used_text)) : "Nothing",
		      bytes_to_str(quota, quota_text, sizeof(quota_text)), json_length(disks),
		      (unsigned long long)number_of(v, "count"));
}

/* ---- of a job ---- */

#define LOOK_EVERY_NS 300000000
#define WATCH_S       120 /* unless --timeout says otherwise */

static struct json_object *attached_find(struct json_object *vm, const char *name)
{
	struct json_object *all = json_at(vm, "attached");

	for (size_t i = 0; i < json_length(all); i++)
		if (str_eq(text_of(json_object_array_get_idx(all, i), "name"), name))
			return json_object_array_get_idx(all, i);
	return NULL;
}

/* Until the job has the disk, or has it no more. */
static int watch(struct vmctl *v, uint32_t job, const char *name, bool added)
{
	static const struct timespec pause = {.tv_nsec = LOOK_EVERY_NS};
	int64_t until_us = clock_mono_us() + (v->timeout_s ? v->timeout_s : WATCH_S) * SEC_US;
	char why[200] = "";

	interrupt_say("%svmctl: it goes on without being watched: vmctl disk list %u\n",
		      isatty(STDERR_FILENO) ? "\n" : "", job);
	while (clock_mono_us() < until_us) {
		AUTO(json_object_put) struct json_object *vm = NULL;
		struct json_object *d;
		struct err e;

		if (ask_show(v, job, &vm, &e) < 0)
			return fail(v, &e);
		d = attached_find(vm, name);
		if (added ? d && str_eq(text_of(d, "state"), "attached") : !d)
			return EXIT_DONE;
		(void)snprintf(why, sizeof(why), "%s", d ? text_of(d, "reason") : "");
		(void)nanosleep(&pause, NULL);
	}
	(void)fprintf(stderr, "vmctl: disk %s is not %s yet%s%s; it goes on: vmctl disk list %u\n",
		      name, added ? "in the guest" : "given back", *why ? ": " : "",
		      text_clean(why), job);
	return EXIT_TIMEOUT;
}

/* [JOB] and one operand more, which is returned; NULL: not so many. */
static const char *job_and(struct vmctl *v)
{
	if (n_operands(v) < 1 || n_operands(v) > 2)
		return NULL;
	v->job = n_operands(v) == 2 ? v->arg[1] : NULL;
	return v->arg[n_operands(v)];
}

/* The job, and of several machines of it the first unless another is said. */
static int job_get(struct vmctl *v, uint32_t *ret, struct err *e)
{
	if (ask_job(v, ret, e) < 0)
		return -1;
	if (!v->machines)
		v->machines = 1;
	return 0;
}

/* "40G": a size has a capital letter, a disk's name has none. */
static bool is_size(const char *text, uint64_t *ret_bytes)
{
	struct err ignored;

	return strpbrk(text, "KMGT") && str_to_bytes(text, 1, ret_bytes, &ignored) == 0;
}

static int add(struct vmctl *v)
{
	const char *what = job_and(v);
	struct vm_attach disk = {.read_only = false};
	uint64_t bytes = 0;
	uint32_t job = 0;
	struct err e;
	int code;

	if (!what)
		return usage("disk add: NAME or SIZE, and before it JOB, must be given");
	if ((!is_size(what, &bytes) && vm_attach_parse(what, &disk, &e) < 0) ||
	    job_get(v, &job, &e) < 0)
		return fail(v, &e);
	ask_begin(v, "disk-add");
	ask_add_job(v, job);
	if (bytes) {
		wire_addf(&v->out, "size", "%llu", (unsigned long long)bytes);
	} else {
		wire_add(&v->out, "name", disk.name);
		wire_add(&v->out, "read_only", disk.read_only ? "1" : "0");
	}
	if (ask_send(v, &e) < 0)
		return fail(v, &e);
	if (bytes)
		str_cut(disk.name, sizeof(disk.name),
			wire_get(&v->in, "name") ? wire_get(&v->in, "name") : "");
	code = watch(v, job, disk.name, true);
	if (code == EXIT_DONE && !v->json)
		printf("Job %u has disk %s%s; the guest finds it by its serial number, %s.\n", job,
		       disk.name, disk.read_only ? " (read-only)" : "", disk.name);
	return code;
}

static int take(struct vmctl *v)
{
	const char *name = job_and(v);
	uint32_t job = 0;
	struct err e;
	int code;

	if (!name)
		return usage("disk remove: NAME, or JOB and NAME must be given");
	if (job_get(v, &job, &e) < 0)
		return fail(v, &e);
	ask_begin(v, "disk-remove");
	ask_add_job(v, job);
	wire_add(&v->out, "name", name);
	if (ask_send(v, &e) < 0)
		return fail(v, &e);
	code = watch(v, job, name, false);
	if (code == EXIT_DONE && !v->json)
		printf("Job %u has given disk %s back.\n", job, name);
	return code;
}

static void say_none(struct json_object *vm, uint32_t job)
{
	char who[32] = "Job", machine[16] = "";

	if (json_at(vm, "machines")) {
		long long rank = int_of(vm, "rank");

		(void)str_fmt(who, sizeof(who), "Machine %lld of job", rank);
		(void)str_fmt(machine, sizeof(machine), "-w %lld ", rank);
	}
	(void)fprintf(stderr,
		      "%s %u has no disks beside those of its image. Give it one: vmctl disk add "
		      "%s%u NAME\n",
		      who, job, machine, job);
}

static int list_job(struct vmctl *v)
{
	static const char *const head[] = {"NAME", "SIZE", "ACCESS", "SERIAL", "STATE", "REASON"};
	AUTO(json_object_put) struct json_object *vm = NULL;
	struct table t = {.columns = ARRAY_LEN(head)};
	struct json_object *all;
	uint32_t job = 0;
	struct err e;

	v->job = v->arg[1];
	if (job_get(v, &job, &e) < 0 || ask_show(v, job, &vm, &e) < 0)
		return fail(v, &e);
	all = json_at(vm, "attached");
	if (v->json) {
		json_print(all);
		return EXIT_DONE;
	}
	if (json_length(all) == 0)
		say_none(vm, job);
	for (size_t i = 0; json_length(all) && i < ARRAY_LEN(head); i++)
		table_add(&t, head[i]);
	for (size_t i = 0; i < json_length(all); i++) {
		struct json_object *d = json_object_array_get_idx(all, i);
		char size[24];

		table_add(&t, text_of(d, "name"));
		table_add(&t, bytes_to_str((uint64_t)int_of(d, "size_bytes"), size, sizeof(size)));
		table_add(&t, json_object_get_boolean(json_at(d, "read_only")) ? "read" : "write");
		table_add(&t, text_of(d, "serial"));
		table_add(&t, text_of(d, "state"));
		table_add(&t, text_of(d, "reason"));
	}
	table_print(&t);
	return EXIT_DONE;
}

static int list(struct vmctl *v)
{
	static const char *const head[] = {"NAME", "USER", "SIZE", "MADE", "USED-BY"};
	AUTO(json_object_put) struct json_object *disks = NULL;
	struct table t = {.columns = ARRAY_LEN(head)};
	struct err e;

	if (n_operands(v) > 1)
		return usage("disk list: takes one JOB");
	if (n_operands(v) == 1)
		return list_job(v);
	if (ask_pages(v, "disks", &disks, &e) < 0)
		return fail(v, &e);
	if (v->json) {
		json_print(disks);
		return EXIT_DONE;
	}
	for (size_t i = 0; json_length(disks) && i < ARRAY_LEN(head); i++)
		table_add(&t, head[i]);
	for (size_t i = 0; i < json_length(disks); i++)
		add_disk(&t, json_object_array_get_idx(disks, i));
	table_print(&t);
	say_quota(v, disks);
	return EXIT_DONE;
}

int cmd_disk(struct vmctl *v)
{
	static const struct {
		const char *verb;
		int (*run)(struct vmctl *v);
	} verbs[] = {{"create", create},
		     {"delete", delete},
		     {"add", add},
		     {"remove", take},
		     {"list", list}};

	for (size_t i = 0; v->n_arg && i < ARRAY_LEN(verbs); i++)
		if (str_eq(v->arg[0], verbs[i].verb))
			return verbs[i].run(v);
	return usage("disk: create, delete, add, remove or list must be given");
}
