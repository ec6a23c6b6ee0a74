/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See choice.h. Nothing is asked here, so that every command gives the same answer to the same
 * list.
 */
#include "vmd/vmctl/choice.h"

#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"

#include <string.h>

#define CANDIDATES_MAX 130 /* of an error's text */

uint32_t choice_id(const char *text)
{
	uint64_t id;

	return text && str_to_u64(text, UINT32_MAX, &id) == 0 ? (uint32_t)id : 0;
}

static uint32_t id_of(struct json_object *vm)
{
	return (uint32_t)json_object_get_int64(json_at(vm, "job"));
}

bool choice_is_over(struct json_object *vm)
{
	const char *state = json_str_at(vm, "state");

	return str_eq(state, "STOPPED") || str_eq(state, "FAILED");
}

/* Of several machines of a job. */
static bool is_first(struct json_object *vm)
{
	return json_object_get_int64(json_at(vm, "rank")) == 0;
}

/* "render-2", "17-2": one of several machines. */
static bool is_machine(struct json_object *vm, const char *name)
{
	const char *job = json_str_at(vm, "name");
	char by_name[128], by_id[32];
	int rank = (int)json_object_get_int64(json_at(vm, "rank"));

	if (!json_at(vm, "machines"))
		return false;
	(void)str_fmt(by_name, sizeof(by_name), "%.100s-%d", job ? job : "", rank);
	(void)str_fmt(by_id, sizeof(by_id), "%u-%d", id_of(vm), rank);
	return (job && *job && str_eq(by_name, name)) || str_eq(by_id, name);
}

int choice_rank(struct json_object *vms, const char *name)
{
	struct json_object *found = NULL;

	for (size_t i = 0; i < json_length(vms); i++) {
		struct json_object *vm = json_object_array_get_idx(vms, i);

		if (!json_at(vm, "machines") && str_eq(json_str_at(vm, "name"), name))
			return -1; /* a job is called so */
		if (json_at(vm, "machines") &&
		    (str_eq(json_str_at(vm, "vm"), name) || is_machine(vm, name)) &&
		    (!found || choice_is_over(found)))
			found = vm;
	}
	return found ? (int)json_object_get_int64(json_at(found, "rank")) : -1;
}

/* Those that fit: how many, which, and the last one. */
struct candidates {
	size_t n;
	uint32_t job;
	struct strbuf text;
};

static void candidates_done_auto(struct candidates *c)
{
	strbuf_done(&c->text);
}

/* "17 (render, READY)" */
static void candidates_add(struct candidates *c, struct json_object *vm)
{
	const char *name = json_str_at(vm, "name"), *state = json_str_at(vm, "state");

	c->job = id_of(vm);
	strbuf_addf(&c->text, "%s%u (%.40s%s%s)", c->n++ ? ", " : "", c->job, name ? name : "",
		    name && *name ? ", " : "", state ? state : "UNKNOWN");
}

static void candidates_named(struct candidates *c, struct json_object *vms, const char *name,
			     bool over)
{
	for (size_t i = 0; i < json_length(vms); i++) {
		struct json_object *vm = json_object_array_get_idx(vms, i);

		if (choice_is_over(vm) == over && is_first(vm) &&
		    str_eq(json_str_at(vm, "name"), name))
			candidates_add(c, vm);
	}
}

/* "12_3" is not there: perhaps it waits yet, with others of its array, as "12_[2-7]". */
static int unknown(struct json_object *vms, const char *name, struct err *e)
{
	const char *end = strchr(name, '_');
	size_t len = end ? (size_t)(end - name) + 1 : 0;

	for (size_t i = 0; len && i < json_length(vms); i++) {
		const char *task = json_str_at(json_object_array_get_idx(vms, i), "task");

		if (task && strncmp(task, name, len) == 0 && task[len] == '[')
			return err_set(e, ERR_ABSENT,
				       "no task of job array %.*s that has begun is called "
				       "'%.40s'; these wait in the queue: %s",
				       (int)len - 1, name, name, task);
	}
	return err_set(e, ERR_ABSENT, "no VM and no job of yours with a VM is called '%.80s'",
		       name);
}

int choice_named(struct json_object *vms, const char *name, uint32_t *ret, struct err *e)
{
	AUTO(candidates_done) struct candidates c = {.text = {.max = CANDIDATES_MAX}};

	for (size_t i = 0; i < json_length(vms); i++) {
		struct json_object *vm = json_object_array_get_idx(vms, i);

		if (*name && (str_eq(json_str_at(vm, "vm"), name) ||
			      str_eq(json_str_at(vm, "task"), name))) {
			*ret = id_of(vm);
			return 0;
		}
	}
	candidates_named(&c, vms, name, false);
	if (c.n == 0)
		candidates_named(&c, vms, name, true);
	for (size_t i = 0; c.n == 0 && i < json_length(vms); i++)
		if (is_machine(json_object_array_get_idx(vms, i), name))
			candidates_add(&c, json_object_array_get_idx(vms, i));
	if (c.n == 0)
		return unknown(vms, name, e);
	if (c.n > 1)
		return err_set(e, ERR_INVALID, "%zu jobs are called '%.40s', say which: %s%s", c.n,
			       name, c.text.s, c.text.overflow ? " ..." : "");
	*ret = c.job;
	return 0;
}

int choice_implied(struct json_object *vms, uint32_t inside, uint32_t *ret, struct err *e)
{
	AUTO(candidates_done) struct candidates c = {.text = {.max = CANDIDATES_MAX}};

	for (size_t i = 0; i < json_length(vms); i++) {
		struct json_object *vm = json_object_array_get_idx(vms, i);

		if (inside && id_of(vm) == inside) {
			*ret = inside;
			return 0;
		}
		if (!choice_is_over(vm) && is_first(vm))
			candidates_add(&c, vm);
	}
	if (c.n == 0 && !inside)
		return err_set(e, ERR_ABSENT, "you have no VM; start one with: vmctl start IMAGE");
	if (c.n > 1)
		return err_set(e, ERR_INVALID, "you have %zu VMs, say which job: %s%s", c.n,
			       c.text.s, c.text.overflow ? " ..." : "");
	*ret = c.n ? c.job : inside;
	return 0;
}
