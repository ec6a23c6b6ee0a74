/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests built and replies copied, nothing else. A reply's texts come from vmd, which repeats
 * what guests and API servers told it, so they are cut to size and cleaned before anybody prints
 * them on a terminal. */
#include "slurm-plugin/ask.h"

#include "slurm-plugin/own_keys.h"
#include "vmd/api/client.h"
#include "vmd/base/str.h"
#include "vmd/job/job_spec.h"

#include <string.h>

#define REQUEST_SIZE (4 * JOB_REQUEST_MAX + PUBLIC_KEYS * (PUBLIC_KEY_MAX + 16))

/* One exchange's memory: too large for a stack that is slurmstepd's. */
struct exchange {
	char request[REQUEST_SIZE];
	char buf[WIRE_MAX + 1];
	struct wire_in reply;
};

static int call(const struct plugin_settings *s, struct exchange *x, struct wire_out *o,
		int timeout_ms, struct err *e)
{
	const struct client c = {.servers = s->vmd,
				 .vmd_user = s->vmd_user,
				 .munge_socket = s->munge_socket[0] ? s->munge_socket : NULL};
	size_t len;

	if (wire_end(o, &len, e) < 0)
		return -1;
	return client_call(&c, x->request, len, timeout_ms, x->buf, sizeof(x->buf), &x->reply, e);
}

static int begin(const char *op, uint32_t job, struct exchange **ret, struct wire_out *o,
		 struct err *e)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x)
		return err_set(e, ERR_RETRY, "out of memory");
	wire_begin(o, x->request, sizeof(x->request));
	wire_add(o, "op", op);
	wire_addf(o, "job", "%u", job);
	*ret = x;
	return 0;
}

/* A copy that fits and holds nothing a terminal would act upon. */
static void text_copy(char *dst, size_t size, const struct wire_in *in, const char *key)
{
	const char *value = wire_get(in, key);

	(void)snprintf(dst, size, "%s", value ? value : "");
	for (char *c = dst; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
}

int ask_hint(const struct plugin_settings *s, uint32_t job, const struct vm_request *request,
	     uid_t uid, int timeout_ms, struct err *e)
{
	AUTO(free) struct exchange *x = NULL;
	struct wire_out o;

	if (begin("hint", job, &x, &o, e) < 0)
		return -1;
	if (request) {
		char text[JOB_REQUEST_MAX + 1];

		if (job_spec_encode(request, text, sizeof(text), e) < 0)
			return -1;
		wire_add(&o, "request", text);
		wire_addf(&o, "uid", "%u", (unsigned)uid);
	}
	return call(s, x, &o, timeout_ms, e);
}

int ask_show(const struct plugin_settings *s, uint32_t job, const char *node, const char *seen,
	     int timeout_ms, struct vm_report *ret, struct err *e)
{
	AUTO(free) struct exchange *x = NULL;
	struct err not_told;
	struct wire_out o;
	uint64_t grace = 0;

	if (begin("show", job, &x, &o, e) < 0)
		return -1;
	if (node[0])
		wire_add(&o, "node", node);
	if (seen[0]) {
		wire_add(&o, "seen", seen);
		wire_addf(&o, "wait", "%d", ASK_NEWS_S);
	}
	if (call(s, x, &o, timeout_ms, e) < 0)
		return -1;
	*ret = (struct vm_report){.node_clear = str_eq(wire_get(&x->reply, "node_clear"), "1")};
	if (wire_get_u64(&x->reply, "grace", INT32_MAX, &grace, &not_told) == 0)
		ret->grace_s = (int64_t)grace;
	text_copy(ret->seen, sizeof(ret->seen), &x->reply, "seen");
	text_copy(ret->state, sizeof(ret->state), &x->reply, "state");
	text_copy(ret->reason, sizeof(ret->reason), &x->reply, "reason");
	text_copy(ret->vm, sizeof(ret->vm), &x->reply, "vm");
	text_copy(ret->host, sizeof(ret->host), &x->reply, "host");
	text_copy(ret->address, sizeof(ret->address), &x->reply, "address");
	text_copy(ret->user, sizeof(ret->user), &x->reply, "user");
	text_copy(ret->profile, sizeof(ret->profile), &x->reply, "profile");
	text_copy(ret->names, sizeof(ret->names), &x->reply, "names");
	text_copy(ret->hosts, sizeof(ret->hosts), &x->reply, "hosts");
	text_copy(ret->addresses, sizeof(ret->addresses), &x->reply, "addresses");
	return 0;
}

int ask_key(const struct plugin_settings *s, uint32_t job, uint32_t rank, int timeout_ms, char *buf,
	    size_t size, struct err *e)
{
	AUTO(free) struct exchange *x = NULL;
	struct wire_out o;
	const char *key;
	int rc = -1;

	if (begin("key", job, &x, &o, e) < 0)
		return -1;
	if (rank)
		wire_addf(&o, "rank", "%u", rank);
	if (call(s, x, &o, timeout_ms, e) == 0) {
		key = wire_get(&x->reply, "key");
		if (!key || !*key || str_copy(buf, size, key) < 0)
			err_set(e, ERR_INVALID, "vmd's reply holds no usable key");
		else
			rc = 0;
	}
	/* the key does not stay behind in freed memory of a process that becomes the user's */
	explicit_bzero(x->buf, sizeof(x->buf));
	return rc;
}

int ask_own_keys(const struct plugin_settings *s, uint32_t job, uint32_t rank,
		 const struct own_keys *keys, int timeout_ms, struct err *e)
{
	AUTO(free) struct exchange *x = NULL;
	struct wire_out o;

	if (begin("keys", job, &x, &o, e) < 0)
		return -1;
	if (rank)
		wire_addf(&o, "rank", "%u", rank);
	for (size_t i = 0; i < keys->n; i++)
		wire_add(&o, "key[]", keys->key[i]);
	return call(s, x, &o, timeout_ms, e);
}
