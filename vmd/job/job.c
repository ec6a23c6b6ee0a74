/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job's identity and its names in text. Pure, no allocation: the plugin links this file too, with
 * nothing but base/err and base/str. */
#include "vmd/job/job.h"

#include "vmd/base/str.h"

#include <string.h>

uint32_t job_key_id(const struct job *j)
{
	return j->request.as ? j->request.as : j->id;
}

int job_key_compare(const struct job *a, const struct job *b)
{
	uint32_t x = job_key_id(a), y = job_key_id(b);

	if (x != y)
		return x < y ? -1 : 1;
	if (!str_eq(a->request.nonce, b->request.nonce))
		return strcmp(a->request.nonce, b->request.nonce);
	return (a->rank > b->rank) - (a->rank < b->rank);
}

bool job_is_same(const struct job *a, const struct job *b)
{
	return a->id == b->id && str_eq(a->request.nonce, b->request.nonce);
}

bool job_is_several(const struct job *j)
{
	return j->request.machines > 1;
}

const char *job_key(const struct job *j, char *buf, size_t size)
{
	if (job_is_several(j))
		(void)str_fmt(buf, size, "%u-%s-%u", job_key_id(j), j->request.nonce, j->rank);
	else
		(void)str_fmt(buf, size, "%u-%s", job_key_id(j), j->request.nonce);
	return buf;
}

/* One writes a disk: of several machines that ask for it the others would wait in vain. */
static int written_check(const struct job *j, struct err *e)
{
	for (size_t i = 0; i < j->request.attach.n; i++) {
		const struct vm_attach *a = &j->request.attach.at[i];

		if (!a->read_only)
			return err_set(e, ERR_INVALID,
				       "each of its %u machines would need disk %s to write: "
				       "--vm-attach=%s:ro, or jobs one after the other",
				       j->request.machines, a->name, a->name);
	}
	return 0;
}

int job_shape_check(const struct job *j, struct err *e)
{
	if (job_is_several(j) && j->n_nodes && j->n_nodes != j->request.machines)
		return err_set(e, ERR_INVALID,
			       "a job with %u virtual machines has as many nodes, and Slurm says "
			       "that it has %u",
			       j->request.machines, j->n_nodes);
	if (job_is_several(j) && j->uneven)
		return err_set(e, ERR_INVALID,
			       "its nodes have given it different numbers of CPUs or amounts of "
			       "memory: ask for the same on each, with --ntasks-per-node and -c");
	if (job_is_several(j) && written_check(j, e) < 0)
		return -1;
	if (j->n_nodes > 1 && !job_is_several(j))
		return err_set(e, ERR_INVALID,
			       "a job with a virtual machine runs on one node, not on %u: submit "
			       "it with -N 1",
			       j->n_nodes);
	if (j->het)
		return err_set(e, ERR_INVALID,
			       "a virtual machine cannot be part of a heterogeneous job: submit "
			       "it as a job of its own");
	return 0;
}

uint32_t job_incarnation(const struct job *j)
{
	const struct vm_request *r = &j->request;

	if (r->moved_run && (r->moved_run == j->restarts || r->moved_run == j->restarts + 1))
		return r->base_run;
	return j->restarts;
}

bool job_node_same(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	size_t n = la < lb ? la : lb;

	if (strncmp(a, b, n) != 0)
		return false;
	return la == lb || (n > 0 && (la > lb ? a : b)[n] == '.');
}

bool job_excludes(const struct job *j, const char *node)
{
	char copy[JOB_NOT_ON_MAX + 1];
	char *rest = copy, *name;

	(void)str_copy(copy, sizeof(copy), j->not_on);
	while ((name = strsep(&rest, ",")) != NULL)
		if (str_eq(name, "*") || (*name && job_node_same(name, node)))
			return true;
	return false;
}

bool job_exclude_ok(const char *nodes)
{
	size_t len = strlen(nodes);

	return str_eq(nodes, "*") ||
	       (len > 0 && len <= JOB_EXCLUDE_MAX &&
		strspn(nodes, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			      "._-[],") == len);
}

void vm_request_exclude(struct vm_request *r, const char *nodes)
{
	r->exclude[0] = '\0';
	if (nodes && *nodes)
		(void)str_copy(r->exclude, sizeof(r->exclude), job_exclude_ok(nodes) ? nodes : "*");
}

enum vm_keep vm_request_keep(const struct vm_request *r)
{
	if (r->keep != VM_KEEP_UNSET)
		return r->keep;
	return *r->from ? VM_KEEP_ALWAYS : VM_KEEP_ABNORMAL;
}

bool job_nonce_ok(const char *nonce)
{
	return strlen(nonce) == JOB_NONCE_LEN && strspn(nonce, "0123456789abcdef") == JOB_NONCE_LEN;
}

bool job_mail_ok(const char *mail)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._%+@-";
	size_t len = strlen(mail);

	return len > 0 && len <= JOB_MAIL_MAX && mail[0] != '-' && strspn(mail, letters) == len;
}

/* "-2": 2. -1: not of that form. */
static int rank_parse(const char *text)
{
	uint64_t rank;

	if (text[0] != '-' || (text[1] == '0' && text[2]) ||
	    str_to_u64(text + 1, JOB_MACHINES_MAX - 1, &rank) < 0)
		return -1;
	return (int)rank;
}

int job_key_parse(const char *key, uint32_t *ret_id, char ret_nonce[JOB_NONCE_LEN + 1])
{
	const char *dash = strchr(key, '-');
	char digits[11], nonce[JOB_NONCE_LEN + 1];
	const char *rank;
	uint64_t id;

	if (!dash || dash == key || (size_t)(dash - key) >= sizeof(digits) || key[0] == '0' ||
	    strlen(dash + 1) < JOB_NONCE_LEN)
		return -1;
	memcpy(digits, key, (size_t)(dash - key));
	digits[dash - key] = '\0';
	memcpy(nonce, dash + 1, JOB_NONCE_LEN);
	nonce[JOB_NONCE_LEN] = '\0';
	rank = dash + 1 + JOB_NONCE_LEN;
	if (!job_nonce_ok(nonce) || str_to_u64(digits, UINT32_MAX, &id) < 0 ||
	    (*rank && rank_parse(rank) < 0))
		return -1;
	*ret_id = (uint32_t)id;
	memcpy(ret_nonce, nonce, sizeof(nonce));
	return 0;
}

int job_key_rank(const char *key)
{
	char nonce[JOB_NONCE_LEN + 1];
	uint32_t id;

	if (job_key_parse(key, &id, nonce) < 0)
		return -1;
	return rank_parse(strchr(key, '-') + 1 + JOB_NONCE_LEN);
}

int job_from_parse(const char *from, uint32_t *ret_id, char ret_nonce[JOB_NONCE_LEN + 1])
{
	uint64_t id;

	if (strchr(from, '-'))
		return job_key_parse(from, ret_id, ret_nonce);
	if (from[0] == '0' || str_to_u64(from, UINT32_MAX, &id) < 0)
		return -1;
	*ret_id = (uint32_t)id;
	ret_nonce[0] = '\0';
	return 0;
}

bool job_from_is(const char *from, const char *key)
{
	char nonce[JOB_NONCE_LEN + 1], key_nonce[JOB_NONCE_LEN + 1];
	uint32_t id, key_id;

	if (job_from_parse(from, &id, nonce) < 0 || job_key_parse(key, &key_id, key_nonce) < 0)
		return false;
	return id == key_id && (!*nonce || str_eq(nonce, key_nonce)) &&
	       (job_key_rank(from) < 0 || job_key_rank(from) == job_key_rank(key));
}

bool job_starts_from(const struct job *j, const char *key)
{
	if (!job_from_is(j->request.from, key))
		return false;
	if (job_is_several(j))
		return job_key_rank(key) == (int)j->rank && job_key_rank(j->request.from) < 0;
	return job_key_rank(key) == job_key_rank(j->request.from);
}

bool job_script_ends(const struct job *j, int64_t wall_s)
{
	int64_t since_s = wall_s - j->told_to_end_s;

	return j->phase == JOB_ENDING && j->told_to_end_s > 0 && since_s < JOB_SCRIPT_END_S &&
	       since_s > -JOB_SCRIPT_END_S; /* another host's clock */
}

const char *job_phase_name(enum job_phase p)
{
	switch (p) {
	case JOB_PENDING: return "pending";
	case JOB_RUNNING: return "running";
	case JOB_ENDING: return "ending";
	case JOB_ENDED: return "ended";
	}
	return "?"; /* a number that is no job_phase */
}
