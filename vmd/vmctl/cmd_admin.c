/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl plan, admin: what vmd does, and the one thing that it does not do without a person: remove
 * many VMs at once whose jobs Slurm does not know. For root and SlurmUser. */
#include "vmd/base/str.h"
#include "vmd/vmctl/vmctl.h"

#include <string.h>

void say_held(uint64_t n)
{
	if (n > 0)
		(void)fprintf(
			stderr,
			"Slurm does not know the jobs of %llu VMs: so many that their removal "
			"waits for you.\nIf Slurm has lost its state, mend that first. To let "
			"them be removed: vmctl admin approve\n",
			(unsigned long long)n);
}

/* Of the answer to plan; 0 from a vmd of another release that does not tell. */
static uint64_t held_of(const struct vmctl *v)
{
	uint64_t n = 0;
	struct err e;

	(void)wire_get_u64(&v->in, "held", UINT32_MAX, &n, &e);
	return n;
}

static struct json_object *examples(const struct vmctl *v)
{
	struct json_object *list = json_object_new_array();
	const char *text;
	size_t at = 0;

	while ((text = wire_next(&v->in, "example[]", &at)))
		json_object_array_add(list, json_object_new_string(text));
	return list;
}

static void plan_json(const struct vmctl *v)
{
	AUTO(json_object_put) struct json_object *o = json_object_new_object();
	struct json_object *actions = json_object_new_array();
	const char *text;
	size_t at = 0;

	while ((text = wire_next(&v->in, "action[]", &at)))
		json_object_array_add(actions, json_object_new_string(text));
	json_put_at(o, "actions", actions);
	json_put_bool(o, "approval", str_eq(wire_get(&v->in, "approval"), "1"));
	json_put_int(o, "held", (int64_t)held_of(v));
	json_put_at(o, "examples", examples(v));
	json_put_bool(o, "cut", str_eq(wire_get(&v->in, "cut"), "1"));
	json_print(o);
}

int cmd_plan(struct vmctl *v)
{
	struct table t = {.columns = 1};
	const char *text;
	size_t at = 0;
	struct err e;

	ask_begin(v, "plan");
	if (ask_send(v, &e) < 0)
		return fail(v, &e);
	if (v->json) {
		plan_json(v);
		return EXIT_DONE;
	}
	while ((text = wire_next(&v->in, "action[]", &at)))
		table_add(&t, text);
	if (t.n == 0)
		(void)fprintf(stderr, "%s\n",
			      str_eq(wire_get(&v->in, "old"), "1")
				      ? "slurmctld does not answer vmd: nothing is planned."
				      : "Nothing was to be done in the last round.");
	table_print(&t);
	if (wire_get(&v->in, "standby"))
		(void)fprintf(stderr, "The vmd that answered stands by and does none of this; the "
				      "one that leads did not answer.\n");
	say_held(held_of(v));
	if (str_eq(wire_get(&v->in, "cut"), "1"))
		(void)fprintf(stderr, "More is to do than one round may: the next goes on.\n");
	return EXIT_DONE;
}

static void say_what(const struct vmctl *v, uint64_t n)
{
	char name[128];
	const char *text;
	size_t at = 0, shown = 0;

	printf("Slurm does not know the jobs of these %llu VMs:\n", (unsigned long long)n);
	for (; (text = wire_next(&v->in, "example[]", &at)); shown++) {
		(void)snprintf(name, sizeof(name), "%s", text);
		printf("  %s\n", text_clean(name));
	}
	if (shown < n)
		printf("  and %llu more (kubectl get vm -A -l "
		       "app.kubernetes.io/managed-by=slurm-vm)\n",
		       (unsigned long long)(n - shown));
	printf("They will be deleted. Their root disks are kept as long as limits: keep in "
	       "vmd.yaml says.\n");
}

static void approve_json(uint64_t held, struct json_object *list, bool approved)
{
	AUTO(json_object_put) struct json_object *o = json_object_new_object();

	json_put_int(o, "held", (int64_t)held);
	json_put_at(o, "examples", list);
	json_put_bool(o, "approved", approved);
	json_print(o);
}

/* vmd approves what was shown here: more than that it refuses. */
static int approve_send(struct vmctl *v, uint64_t held, struct err *e)
{
	ask_begin(v, "approve");
	wire_addf(&v->out, "held", "%llu", (unsigned long long)held);
	return ask_send(v, e);
}

static int approve(struct vmctl *v)
{
	AUTO(json_object_put) struct json_object *list = NULL;
	uint64_t held;
	struct err e;
	int code;

	ask_begin(v, "plan");
	if (ask_send(v, &e) < 0) {
		if (e.kind == ERR_DENIED)
			(void)err_set(&e, ERR_DENIED,
				      "only root and SlurmUser may approve deletions");
		return fail(v, &e);
	}
	held = held_of(v);
	list = examples(v);
	if (!v->json && held == 0) {
		printf("No deletion is held back.\n");
		return EXIT_DONE;
	}
	if (!v->json) {
		say_what(v, held);
		code = confirm(v, "Approve?");
		if (code != EXIT_DONE)
			return code;
	}
	if (held > 0 && (v->yes || !v->json) && approve_send(v, held, &e) < 0)
		return fail(v, &e);
	if (v->json)
		approve_json(held, STEAL(list), held > 0 && v->yes);
	else
		printf("Approved. What vmd does: vmctl plan\n");
	return EXIT_DONE;
}

int cmd_admin(struct vmctl *v)
{
	struct err e;

	if (str_eq(v->job, "approve"))
		return approve(v);
	(void)err_set(&e, ERR_INVALID, "say what: vmctl admin approve");
	return fail(v, &e);
}
