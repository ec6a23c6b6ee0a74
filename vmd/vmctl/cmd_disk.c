/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl disk: a user's named disks, which live on beyond jobs. */
#include "vmd/base/str.h"
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

static bool confirmed(const struct vmctl *v)
{
	char answer[8] = "";

	if (v->yes)
		return true;
	if (!isatty(STDIN_FILENO)) {
		(void)fprintf(stderr, "Nothing is asked without a terminal: repeat with --yes.\n");
		return false;
	}
	printf("Disk %s and all that is on it will be gone. Delete it? [y/N] ", v->arg[1]);
	(void)fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
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
		return err_set(e, ERR_ABSENT, "there is no user '%s'", user);
	wire_addf(&v->out, "uid", "%llu", (unsigned long long)uid);
	return 0;
}

static int delete (struct vmctl *v)
{
	const char *name;
	struct err e;

	if (n_operands(v) != 1)
		return usage("disk delete: NAME must be given");
	if (!confirmed(v))
		return EXIT_FAILED;
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

static void add_owner(struct table *t, struct json_object *o)
{
	const struct passwd *pw = getpwuid((uid_t)int_of(o, "uid"));

	if (pw)
		table_add(t, pw->pw_name);
	else
		table_addf(t, "%lld", (long long)int_of(o, "uid"));
}

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
	if (*text_of(o, "reason"))
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
	add_owner(t, o);
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
	(void)fprintf(stderr, "%s of %s are used, %zu disks of %llu.\n",
		      used ? bytes_to_str(used, used_text, sizeof(used_text)) : "Nothing",
		      bytes_to_str(quota, quota_text, sizeof(quota_text)), json_length(disks),
		      (unsigned long long)number_of(v, "count"));
}

static int list(struct vmctl *v)
{
	static const char *const head[] = {"NAME", "USER", "SIZE", "MADE", "USED-BY"};
	AUTO(json_object_put) struct json_object *disks = NULL;
	struct table t = {.columns = ARRAY_LEN(head)};
	struct err e;

	if (n_operands(v) != 0)
		return usage("disk list: takes nothing else");
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
	} verbs[] = {
		{"create", create},
                {"delete", delete},
                {"list",   list  }
        };

	for (size_t i = 0; v->n_arg && i < ARRAY_LEN(verbs); i++)
		if (str_eq(v->arg[0], verbs[i].verb))
			return verbs[i].run(v);
	return usage("disk: create, delete or list must be given");
}
