/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl's requests to vmd, and which job is meant. */
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/vmctl/vmctl.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#define CALL_MS    10000
#define PAGES_MAX  1000
#define NAME_TRIES 10

void ask_begin(struct vmctl *v, const char *op)
{
	wire_begin(&v->out, v->request, sizeof(v->request));
	wire_add(&v->out, "op", op);
}

int ask_send(struct vmctl *v, struct err *e)
{
	struct client c = {
		.servers = v->servers, .vmd_user = v->vmd_user, .munge_socket = v->munge_socket};
	size_t len = 0;

	if (wire_end(&v->out, &len, e) < 0)
		return -1;
	return client_call(&c, v->request, len, CALL_MS, v->buf, sizeof(v->buf), &v->in, e);
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
		name = json_str_at(o, "name");
		if (name)
			(void)str_copy(after, after_size, name);
		else
			(void)str_fmt(after, after_size, "%lld", (long long)int_of(o, "job"));
	}
	return 0;
}

int ask_pages(struct vmctl *v, const char *op, struct json_object **ret, struct err *e)
{
	AUTO(json_object_put) struct json_object *array = json_object_new_array();
	char after[80] = "";
	uint64_t held = 0;

	for (int page = 0; page < PAGES_MAX; page++) {
		ask_begin(v, op);
		if (v->all && str_eq(op, "list"))
			wire_add(&v->out, "all", "1");
		if (*after)
			wire_add(&v->out, "after", after);
		if (ask_send(v, e) < 0 || page_read(v, str_eq(op, "list") ? "vm[]" : "image[]",
						    array, after, sizeof(after), e) < 0)
			return -1;
		if (wire_get(&v->in, "held") &&
		    wire_get_u64(&v->in, "held", UINT32_MAX, &held, e) < 0)
			return -1;
		if (!wire_get(&v->in, "more"))
			break;
	}
	v->held = held;
	v->old = str_eq(wire_get(&v->in, "old"), "1");
	*ret = STEAL(array);
	return 0;
}

int ask_show(struct vmctl *v, uint32_t job, struct json_object **ret, struct err *e)
{
	const char *text;

	ask_begin(v, "show");
	wire_addf(&v->out, "job", "%u", job);
	if (ask_send(v, e) < 0)
		return -1;
	text = wire_get(&v->in, "json");
	if (!text)
		return err_set(e, ERR_CONFLICT,
			       "vmd's answer has no json=: is it of another release?");
	return json_parse(text, strlen(text), ret, e);
}

void ask_hint(struct vmctl *v, uint32_t job)
{
	struct err e;

	ask_begin(v, "hint");
	wire_addf(&v->out, "job", "%u", job);
	(void)ask_send(v, &e);
}

static bool is_over(struct json_object *vm)
{
	return str_eq(state_of(vm), "STOPPED") || str_eq(state_of(vm), "FAILED");
}

/* Jobs of one name: how many, and which. */
struct namesakes {
	size_t n;
	uint32_t job; /* the last */
	struct strbuf ids;
};

static void namesakes_done_auto(struct namesakes *s)
{
	strbuf_done(&s->ids);
}

static void namesakes_find(struct json_object *vms, const char *name, bool over,
			   struct namesakes *s)
{
	for (size_t i = 0; i < json_object_array_length(vms); i++) {
		struct json_object *vm = json_object_array_get_idx(vms, i);

		if (is_over(vm) != over || !str_eq(json_str_at(vm, "name"), name))
			continue;
		s->job = (uint32_t)int_of(vm, "job");
		strbuf_addf(&s->ids, "%s%u", s->n++ ? " " : "", s->job);
	}
}

/* By the VM's name or the job's among vms. What has ended counts only when nothing else has the
 * name. ERR_ABSENT: none. */
static int name_pick(struct json_object *vms, const char *name, uint32_t *ret, struct err *e)
{
	AUTO(namesakes_done) struct namesakes s = {.ids = {.max = 120}};

	for (size_t i = 0; i < json_object_array_length(vms); i++) {
		struct json_object *vm = json_object_array_get_idx(vms, i);

		if (str_eq(json_str_at(vm, "vm"), name)) {
			*ret = (uint32_t)int_of(vm, "job");
			return 0;
		}
	}
	namesakes_find(vms, name, false, &s);
	if (s.n == 0)
		namesakes_find(vms, name, true, &s);
	if (s.n == 0)
		return err_set(e, ERR_ABSENT,
			       "no VM and no job of yours with a VM is called '%.80s'", name);
	if (s.n > 1)
		return err_set(e, ERR_INVALID, "%zu jobs are called '%.80s', say which: %s%s", s.n,
			       name, s.ids.s, s.ids.overflow ? " ..." : "");
	*ret = s.job;
	return 0;
}

/* Among the caller's own; root finds everybody's, too. */
static int name_find(struct vmctl *v, const char *name, uint32_t *ret, struct err *e)
{
	AUTO(json_object_put) struct json_object *own = NULL;
	AUTO(json_object_put) struct json_object *all = NULL;

	if (ask_pages(v, "list", &own, e) < 0)
		return -1;
	if (name_pick(own, name, ret, e) == 0)
		return 0;
	if (e->kind != ERR_ABSENT || geteuid() != 0)
		return -1;
	v->all = true;
	if (ask_pages(v, "list", &all, e) < 0)
		return -1;
	return name_pick(all, name, ret, e);
}

/* vmd may hear of a job that was submitted a moment ago only now. */
static int job_by_name(struct vmctl *v, const char *name, uint32_t *ret, struct err *e)
{
	static const struct timespec pause = {.tv_nsec = 300000000};

	for (int left = NAME_TRIES; name_find(v, name, ret, e) < 0; left--) {
		if (e->kind != ERR_ABSENT || left == 0)
			return -1;
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

/* The caller's only VM. */
static int job_only(struct vmctl *v, uint32_t *ret, struct err *e)
{
	AUTO(json_object_put) struct json_object *vms = NULL;
	AUTO(strbuf_done) struct strbuf ids = {.max = 120};
	size_t n = 0;

	if (ask_pages(v, "list", &vms, e) < 0)
		return -1;
	for (size_t i = 0; i < json_object_array_length(vms); i++) {
		struct json_object *vm = json_object_array_get_idx(vms, i);

		if (is_over(vm))
			continue;
		*ret = (uint32_t)int_of(vm, "job");
		strbuf_addf(&ids, "%s%u", n++ ? " " : "", *ret);
	}
	if (n == 0)
		return err_set(e, ERR_ABSENT, "you have no VM");
	if (n > 1)
		return err_set(e, ERR_INVALID, "you have %zu VMs, say which job: %s%s", n, ids.s,
			       ids.overflow ? " ..." : "");
	return 0;
}

int ask_job(struct vmctl *v, uint32_t *ret, struct err *e)
{
	const char *inside = getenv("SLURM_JOB_ID");
	uint64_t id;

	if (v->job && str_to_u64(v->job, UINT32_MAX, &id) == 0 && id > 0) {
		*ret = (uint32_t)id;
		return 0;
	}
	if (v->job)
		return job_by_name(v, v->job, ret, e);
	if (inside && str_to_u64(inside, UINT32_MAX, &id) == 0 && id > 0) {
		*ret = (uint32_t)id;
		return 0;
	}
	return job_only(v, ret, e);
}
