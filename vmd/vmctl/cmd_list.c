/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl list, images: tables. */
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/vmctl/choice.h"
#include "vmd/vmctl/vmctl.h"

#include <string.h>
#include <unistd.h>

/* Those to show: what has ended only if asked for. */
static struct json_object *wanted(const struct vmctl *v, struct json_object *vms)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < json_length(vms); i++) {
		struct json_object *vm = json_object_array_get_idx(vms, i);

		if (v->stopped || !str_eq(state_of(vm), "STOPPED"))
			json_object_array_add(list, json_object_get(vm));
	}
	return list;
}

static void add_vm(struct table *t, struct json_object *vm)
{
	char time[32];

	const char *task = json_str_at(vm, "task");

	if (task && *task)
		table_add(t, task);
	else
		table_addf(t, "%lld", (long long)int_of(vm, "job"));
	if (json_at(vm, "machines"))
		table_addf(t, "%s-%lld", text_of(vm, "name"), (long long)int_of(vm, "rank"));
	else
		table_add(t, json_str_at(vm, "name"));
	table_add(t, json_str_at(vm, "user"));
	table_add(t, json_str_at(vm, "image"));
	table_add(t, state_of(vm));
	table_add(t, elapsed_text(int_of(vm, "elapsed_s"), time, sizeof(time)));
	table_add(t, json_str_at(vm, "node"));
	table_add(t, choice_is_over(vm) ? NULL : json_str_at(vm, "address"));
	table_add(t, json_str_at(vm, "reason"));
}

int cmd_list(struct vmctl *v)
{
	static const char *const head[] = {"JOB",  "NAME", "USER",    "IMAGE", "STATE",
					   "TIME", "NODE", "ADDRESS", "REASON"};
	AUTO(json_object_put) struct json_object *vms = NULL;
	AUTO(json_object_put) struct json_object *list = NULL;
	struct table t = {.columns = ARRAY_LEN(head)};
	struct err e;

	if (v->kept)
		return cmd_kept(v);
	if (ask_pages(v, "list", &vms, &e) < 0)
		return fail(v, &e);
	list = wanted(v, vms);
	if (v->json) {
		json_print(list);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < ARRAY_LEN(head); i++)
		table_add(&t, head[i]);
	for (size_t i = 0; i < json_length(list); i++)
		add_vm(&t, json_object_array_get_idx(list, i));
	table_print(&t);
	if (json_length(list) == 0)
		(void)fprintf(stderr, "%s\n",
			      geteuid() == 0 && !v->all
				      ? "root has no VM. Everybody's: vmctl list --all"
				      : "No VM. Start one with: vmctl start IMAGE (images: "
					"vmctl images)");
	if (v->old)
		(void)fprintf(stderr, "slurmctld does not answer vmd: this is what was known "
				      "before.\n");
	else if (v->age_s > 0)
		(void)fprintf(stderr,
			      "vmd asked Slurm %lld s ago: a job submitted since then is "
			      "not in the list yet.\n",
			      (long long)v->age_s);
	say_held(v->held);
	return EXIT_DONE;
}

static void add_bytes(struct table *t, struct json_object *o, const char *path)
{
	int64_t bytes = int_of(o, path);
	char text[24];

	table_add(t, bytes > 0 ? bytes_to_str((uint64_t)bytes, text, sizeof(text)) : NULL);
}

static void add_names(struct table *t, struct json_object *o, const char *path)
{
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};
	struct json_object *names = json_at(o, path);

	for (size_t i = 0; i < json_length(names); i++)
		strbuf_addf(&b, "%s%s", i ? "," : "",
			    json_object_get_string(json_object_array_get_idx(names, i)));
	table_add(t, b.s);
}

int cmd_images(struct vmctl *v)
{
	static const char *const head[] = {"IMAGE",      "REVISIONS", "PROFILE",
					   "DISK",       "DISK-MAX",  "SCRATCH-MAX",
					   "MEMORY-MIN", "NETWORKS",  "DESCRIPTION"};
	AUTO(json_object_put) struct json_object *images = NULL;
	struct table t = {.columns = ARRAY_LEN(head)};
	struct err e;

	if (ask_pages(v, "images", &images, &e) < 0)
		return fail(v, &e);
	if (v->json) {
		json_print(images);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < ARRAY_LEN(head); i++)
		table_add(&t, head[i]);
	for (size_t i = 0; i < json_length(images); i++) {
		struct json_object *o = json_object_array_get_idx(images, i);

		if (!v->all && !json_object_get_boolean(json_at(o, "allowed")))
			continue;
		table_add(&t, json_str_at(o, "name"));
		add_names(&t, o, "revisions");
		table_add(&t, json_str_at(o, "profile"));
		add_bytes(&t, o, "disk_bytes");
		add_bytes(&t, o, "disk_max_bytes");
		add_bytes(&t, o, "scratch_max_bytes");
		add_bytes(&t, o, "memory_min_bytes");
		add_names(&t, o, "networks");
		table_add(&t, json_str_at(o, "description"));
	}
	table_print(&t);
	return EXIT_DONE;
}
