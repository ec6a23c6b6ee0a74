/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl's requests to vmd, and the job that is meant by it: choice.h decides, from what vmd lists.
 */
#include "vmd/base/str.h"
#include "vmd/vmctl/choice.h"
#include "vmd/vmctl/vmctl.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#define CALL_MS    10000
#define NEWS_S     8
#define NEWS_MS    20000 /* also of two vmd, one of which is down */
#define PAGES_MAX  1000
#define NAME_TRIES 10

void ask_begin(struct vmctl *v, const char *op)
{
	wire_begin(&v->out, v->request, sizeof(v->request));
	wire_add(&v->out, "op", op);
}

static int send_within(struct vmctl *v, int timeout_ms, struct err *e)
{
	struct client c = {
		.servers = v->servers, .vmd_user = v->vmd_user, .munge_socket = v->munge_socket};
	size_t len = 0;

	if (wire_end(&v->out, &len, e) < 0)
		return -1;
	return client_call(&c, v->request, len, timeout_ms, v->buf, sizeof(v->buf), &v->in, e);
}

int ask_send(struct vmctl *v, struct err *e)
{
	return send_within(v, CALL_MS, e);
}

/* Adds the objects of one reply; after is set to the last one's id or name. */
static int page_read(struct vmctl *v, const char *key, struct json_object *array, char *after,
		     size_t after_size, struct err *e)
{
	const char *text;
	size_t at = 0;

	while ((text = wire_next(&v->in, key, &at))) {
		struct json_object *o = NULL;
		const char *name;

		if (json_parse(text, strlen(text), &o, e) < 0)
			return err_wrap(e, "vmd's answer");
		json_object_array_add(array, o);
		name = json_str_at(o, json_at(o, "key") ? "key" : "name");
		if (name)
			(void)str_copy(after, after_size, name);
		else
			(void)str_fmt(after, after_size, "%lld", (long long)int_of(o, "job"));
	}
	return 0;
}

static const char *array_of(const char *op)
{
	return str_eq(op, "list")    ? "vm[]"
	       : str_eq(op, "kept")  ? "kept[]"
	       : str_eq(op, "disks") ? "disk[]"
				     : "image[]";
}

int ask_pages(struct vmctl *v, const char *op, struct json_object **ret, struct err *e)
{
	AUTO(json_object_put) struct json_object *array = json_object_new_array();
	char after[80] = "";
	uint64_t held = 0, age = 0;

	for (int page = 0; page < PAGES_MAX; page++) {
		ask_begin(v, op);
		if (v->all && !str_eq(op, "images"))
			wire_add(&v->out, "all", "1");
		if (*after)
			wire_add(&v->out, "after", after);
		else if (str_eq(op, "list"))
			wire_add(&v->out, "fresh", "1");
		if (ask_send(v, e) < 0 ||
		    page_read(v, array_of(op), array, after, sizeof(after), e) < 0)
			return -1;
		if (wire_get(&v->in, "held") &&
		    wire_get_u64(&v->in, "held", UINT32_MAX, &held, e) < 0)
			return -1;
		if (wire_get(&v->in, "age") && wire_get_u64(&v->in, "age", UINT32_MAX, &age, e) < 0)
			return -1;
		if (!wire_get(&v->in, "more"))
			break;
	}
	v->held = held;
	v->age_s = (int64_t)age;
	v->old = str_eq(wire_get(&v->in, "old"), "1");
	*ret = STEAL(array);
	return 0;
}

uint32_t ask_machine(const struct vmctl *v)
{
	return v->machines ? (uint32_t)__builtin_ctz(v->machines) : 0;
}

void ask_add_job(struct vmctl *v, uint32_t job)
{
	wire_addf(&v->out, "job", "%u", job);
	if (v->machines)
		wire_addf(&v->out, "rank", "%u", ask_machine(v));
}

int ask_kept(struct vmctl *v, const char *job, struct json_object **ret, struct err *e)
{
	AUTO(json_object_put) struct json_object *array = json_object_new_array();
	char after[80];

	ask_begin(v, "kept");
	wire_add(&v->out, "job", job);
	if (ask_send(v, e) < 0 || page_read(v, "kept[]", array, after, sizeof(after), e) < 0)
		return -1;
	*ret = STEAL(array);
	return 0;
}

int ask_news(struct vmctl *v, uint32_t job, int64_t left_s, char *seen, struct json_object **ret,
	     struct err *e)
{
	const char *text;

	ask_begin(v, "show");
	ask_add_job(v, job);
	if (*seen) {
		wire_add(&v->out, "seen", seen);
		wire_addf(&v->out, "wait", "%d", left_s < NEWS_S ? (int)left_s : NEWS_S);
	}
	if (send_within(v, *seen ? NEWS_MS : CALL_MS, e) < 0) {
		*seen = '\0';
		return -1;
	}
	text = wire_get(&v->in, "seen");
	(void)str_copy(seen, WIRE_SEEN_SIZE, text ? text : "");
	text = wire_get(&v->in, "json");
	if (!text)
		return err_set(e, ERR_CONFLICT,
			       "vmd's answer has no json=: is it of another release?");
	return json_parse(text, strlen(text), ret, e);
}

int ask_show(struct vmctl *v, uint32_t job, struct json_object **ret, struct err *e)
{
	char at_once[WIRE_SEEN_SIZE] = "";

	return ask_news(v, job, 0, at_once, ret, e);
}

int ask_ready(struct vmctl *v, uint32_t job, struct json_object **ret, struct err *e)
{
	AUTO(json_object_put) struct json_object *vm = NULL;
	const char *reason;

	if (!v->machines)
		v->machines = 1; /* of several the first */
	if (ask_show(v, job, &vm, e) < 0)
		return -1;
	reason = text_of(vm, "reason");
	if (!str_eq(state_of(vm), "READY"))
		return err_set(e, ERR_CONFLICT, "the VM of job %u is %s%s%.150s; try: vmctl %s %u",
			       job, state_of(vm), *reason ? ": " : "", reason,
			       choice_is_over(vm) || str_eq(state_of(vm), "STOPPING") ? "show"
										      : "wait",
			       job);
	*ret = STEAL(vm);
	return 0;
}

void ask_hint(struct vmctl *v, uint32_t job)
{
	struct err e;

	ask_begin(v, "hint");
	wire_addf(&v->out, "job", "%u", job);
	(void)ask_send(v, &e);
}

static bool is_over(struct json_object *vms, uint32_t job)
{
	for (size_t i = 0; i < json_length(vms); i++) {
		struct json_object *vm = json_object_array_get_idx(vms, i);

		if (int_of(vm, "job") == job && !choice_is_over(vm))
			return false;
	}
	return true;
}

/* The name of one of several machines says which. One that is over may have a successor, which an
 * old list does not have yet; last: it is that one all the same. */
static int named(struct vmctl *v, struct json_object *vms, const char *name, bool last,
		 uint32_t *ret, struct err *e)
{
	uint32_t job;

	if (choice_named(vms, name, &job, e) < 0)
		return -1;
	if (!last && v->age_s > 0 && is_over(vms, job))
		return err_set(e, ERR_ABSENT, "job %u is over", job);
	*ret = job;
	if (!v->machines && choice_rank(vms, name) >= 0)
		v->machines = UINT32_C(1) << choice_rank(vms, name);
	return 0;
}

/* Among the caller's own; root finds everybody's, too. */
static int name_find(struct vmctl *v, const char *name, bool last, uint32_t *ret, struct err *e)
{
	AUTO(json_object_put) struct json_object *own = NULL;
	AUTO(json_object_put) struct json_object *all = NULL;

	if (ask_pages(v, "list", &own, e) < 0)
		return -1;
	if (named(v, own, name, last, ret, e) == 0)
		return 0;
	if (e->kind != ERR_ABSENT || geteuid() != 0)
		return -1;
	v->all = true;
	if (ask_pages(v, "list", &all, e) < 0)
		return -1;
	return named(v, all, name, last, ret, e);
}

/* vmd may hear of a job that was submitted a moment ago only now. */
static int job_by_name(struct vmctl *v, const char *name, uint32_t *ret, struct err *e)
{
	static const struct timespec pause = {.tv_nsec = 300000000};

	for (int left = NAME_TRIES; name_find(v, name, left == 0, ret, e) < 0; left--) {
		if (e->kind != ERR_ABSENT || left == 0)
			return -1;
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

int ask_job_named(struct vmctl *v, const char *job, uint32_t *ret, struct err *e)
{
	AUTO(json_object_put) struct json_object *vms = NULL;

	if (choice_id(job)) {
		*ret = choice_id(job);
		return 0;
	}
	if (job)
		return job_by_name(v, job, ret, e);
	return ask_pages(v, "list", &vms, e) < 0
		       ? -1
		       : choice_implied(vms, choice_id(getenv("SLURM_JOB_ID")), ret, e);
}

int ask_job(struct vmctl *v, uint32_t *ret, struct err *e)
{
	return ask_job_named(v, v->job, ret, e);
}
