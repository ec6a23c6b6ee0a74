/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl list --kept, discard: the root disks that outlive their jobs for a while. */
#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/vmctl/vmctl.h"

#include <string.h>
#include <time.h>

static void add_disk(struct table *t, struct json_object *o)
{
	const char *image = json_str_at(o, "image"), *revision = json_str_at(o, "revision");
	time_t until = (time_t)int_of(o, "kept_until");
	int64_t left_s = until - clock_wall_s();
	char size[24], when[32] = "", left[32];
	struct tm tm;

	table_addf(t, "%lld", (long long)int_of(o, "job"));
	table_add_owner(t, o);
	table_addf(t, "%s%s%s", image ? image : "-", revision && *revision ? "@" : "",
		   revision ? revision : "");
	table_add(t, bytes_to_str((uint64_t)int_of(o, "size_bytes"), size, sizeof(size)));
	if (localtime_r(&until, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	table_add(t, when);
	table_add(t, left_s > 0 ? elapsed_text(left_s, left, sizeof(left)) : "over");
	table_add(t, json_str_at(o, "key"));
}

int cmd_kept(struct vmctl *v)
{
	static const char *const head[] = {"JOB",        "USER", "IMAGE", "SIZE",
					   "KEPT-UNTIL", "LEFT", "KEY"};
	AUTO(json_object_put) struct json_object *disks = NULL;
	struct table t = {.columns = ARRAY_LEN(head)};
	struct err e;

	if (ask_pages(v, "kept", &disks, &e) < 0)
		return fail(v, &e);
	if (v->json) {
		json_print(disks);
		return EXIT_DONE;
	}
	if (json_length(disks) == 0) {
		(void)fprintf(stderr, "No disk is kept%s.\n", v->all ? "" : " of a job of yours");
		return EXIT_DONE;
	}
	for (size_t i = 0; i < ARRAY_LEN(head); i++)
		table_add(&t, head[i]);
	for (size_t i = 0; i < json_length(disks); i++)
		add_disk(&t, json_object_array_get_idx(disks, i));
	table_print(&t);
	return EXIT_DONE;
}

int cmd_discard(struct vmctl *v)
{
	struct err e;
	int code;

	if (!v->job) {
		(void)err_set(&e, ERR_INVALID, "say which job's: vmctl list --kept");
		return fail(v, &e);
	}
	code = confirm(v, "The disk of job %s and all that is on it will be gone. Discard it?",
		       v->job);
	if (code != EXIT_DONE)
		return code;
	ask_begin(v, "discard");
	wire_add(&v->out, "job", v->job);
	if (ask_send(v, &e) < 0)
		return fail(v, &e);
	if (!v->json)
		printf("The disk of job %s is being removed.\n", v->job);
	return EXIT_DONE;
}
