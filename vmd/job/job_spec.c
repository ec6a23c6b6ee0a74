/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text form of a VM request. Pure, no allocation: the plugin links this file too, with nothing
 * but job/ and base/err and base/str. The text comes from outside (a user's environment, Slurm's
 * records): every length is checked before a byte is copied, and fuzz_job_spec feeds this file.
 *
 * A value is a word without spaces, or free text in double quotes (vmd's reason="..."). Neither
 * holds a brace, a double quote or a control character, so the closing brace is the first one. */
#include "vmd/job/job_spec.h"

#include "vmd/base/str.h"
#include "vmd/job/job_option.h"

#include <string.h>

#define SPEC_OPEN "slurm-vm{"
#define KEY_MAX   31
#define VALUE_MAX 63

static int name_copy(const char *text, char *ret, struct err *e)
{
	if (!str_is_name(text, JOB_NAME_MAX))
		return err_set(e, ERR_INVALID,
			       "'%.63s' is not a name: lower-case letters, digits, '-' and '.', at "
			       "most %d",
			       text, JOB_NAME_MAX);
	return str_copy(ret, JOB_NAME_MAX + 1, text);
}

static int nonce_copy(const char *text, char *ret, struct err *e)
{
	if (!job_nonce_ok(text))
		return err_set(e, ERR_INVALID, "'%.20s' must be %d lower-case hex digits", text,
			       JOB_NONCE_LEN);
	return str_copy(ret, JOB_NONCE_LEN + 1, text);
}

static int mail_copy(const char *text, char *ret, struct err *e)
{
	if (!job_mail_ok(text))
		return err_set(e, ERR_INVALID, "'%.40s' is no mail address", text);
	return str_copy(ret, JOB_MAIL_MAX + 1, text);
}

static int exclude_copy(const char *text, char *ret, struct err *e)
{
	if (!job_exclude_ok(text))
		return err_set(e, ERR_INVALID, "'%.40s' is no list of nodes", text);
	return str_copy(ret, JOB_EXCLUDE_MAX + 1, text);
}

static int number_read(const char *text, uint64_t max, uint64_t *ret, struct err *e)
{
	if (str_to_u64(text, max, ret) < 0)
		return err_set(e, ERR_INVALID, "'%.20s' must be a number up to %llu", text,
			       (unsigned long long)max);
	return 0;
}

/* The keys that are read; all others are skipped. The order is that of the text. */
enum spec_key {
	K_IMAGE,
	K_REVISION,
	K_FROM,
	K_NONCE,
	K_DISK,
	K_SCRATCH,
	K_NETWORK,
	K_ATTACH,
	K_WAIT,
	K_KEEP,
	K_DRAIN,
	K_MAIL,
	K_MACHINES,
	K_SHELL,
	K_AS,
	K_AFTER,
	K_EXCLUDE,
	K_RUN, /* from here on vmd's own, of each machine */
	K_READY,
	K_BASE,
	K_MOVED,
	K_UNTIL,
	K_LIMIT,
	K_HEIR,
	K_MIGRATE,
	K_GROW,
	K_NODES,
	K_CRASHES,
	K_CRASHED,
	K_WARNED,
	K_TOLD,
	K_REASON,
	K_COUNT
};
static const char *const key_names[K_COUNT] = {
	"image",   "revision", "from",  "nonce",   "disk",     "scratch", "network", "attach",
	"wait",    "keep",     "drain", "mail",    "machines", "shell",   "as",      "after",
	"exclude", "run",      "ready", "base",    "moved",    "until",   "limit",   "heir",
	"migrate", "grow",     "nodes", "crashes", "crashed",  "warned",  "told",    "reason",
};
_Static_assert(K_COUNT <= 64, "each has a bit of pair_read()'s seen");

static int run_read(const char *text, uint32_t *ret, struct err *e)
{
	uint64_t n;

	if (number_read(text, UINT32_MAX, &n, e) < 0)
		return -1;
	*ret = (uint32_t)n;
	return 0;
}

static int shell_read(const char *text, bool *ret_none, struct err *e)
{
	if (!str_eq(text, "no"))
		return err_set(e, ERR_INVALID, "'%.20s' must be no", text);
	*ret_none = true;
	return 0;
}

static int machines_read(const char *text, uint32_t *ret, struct err *e)
{
	uint64_t n;

	if (number_read(text, JOB_MACHINES_MAX, &n, e) < 0)
		return -1;
	if (n == 0)
		return err_set(e, ERR_INVALID, "'0' must be 1 to %d", JOB_MACHINES_MAX);
	*ret = (uint32_t)n;
	return 0;
}

static int time_read(const char *text, int64_t *ret, struct err *e)
{
	uint64_t n;

	if (number_read(text, INT64_MAX, &n, e) < 0)
		return -1;
	*ret = (int64_t)n;
	return 0;
}

int job_size_parse(const char *text, struct job_size *ret)
{
	const char *slash = strchr(text, '/');
	char digits[12];
	uint64_t cpus, bytes;

	if (!slash || str_fmt(digits, sizeof(digits), "%.*s", (int)(slash - text), text) < 0 ||
	    str_to_u64(digits, UINT32_MAX, &cpus) < 0 || cpus == 0 ||
	    str_to_u64(slash + 1, INT64_MAX, &bytes) < 0)
		return -1;
	*ret = (struct job_size){.cpus = (uint32_t)cpus, .memory_bytes = bytes};
	return 0;
}

const char *job_size_text(const struct job_size *s, char buf[JOB_SIZE_TEXT])
{
	(void)str_fmt(buf, JOB_SIZE_TEXT, "%u/%llu", s->cpus, (unsigned long long)s->memory_bytes);
	return buf;
}

static int grow_read(const char *text, struct job_size *ret, struct err *e)
{
	if (job_size_parse(text, ret) < 0)
		return err_set(e, ERR_INVALID, "'%.40s' must be CPUS/BYTES", text);
	return 0;
}

static int value_read(enum spec_key key, const char *value, struct vm_request *r, struct err *e)
{
	switch (key) {
	case K_IMAGE: return name_copy(value, r->image, e);
	case K_REVISION: return name_copy(value, r->revision, e);
	case K_FROM: return job_option_from(value, r->from, e);
	case K_NONCE: return nonce_copy(value, r->nonce, e);
	case K_DISK: return str_to_bytes(value, 1, &r->disk_bytes, e);
	case K_SCRATCH: return str_to_bytes(value, 1, &r->scratch_bytes, e);
	case K_NETWORK: return name_copy(value, r->network, e);
	case K_ATTACH: return vm_attach_list_parse(value, &r->attach, e);
	case K_WAIT: return job_option_wait(value, &r->wait, e);
	case K_KEEP: return job_option_keep(value, &r->keep, e);
	case K_DRAIN: return job_option_on_drain(value, &r->on_drain, e);
	case K_MAIL: return mail_copy(value, r->mail, e);
	case K_MACHINES: return machines_read(value, &r->machines, e);
	case K_SHELL: return shell_read(value, &r->no_shell, e);
	case K_AS: return run_read(value, &r->as, e);
	case K_AFTER: return run_read(value, &r->after, e);
	case K_EXCLUDE: return exclude_copy(value, r->exclude, e);
	case K_HEIR: return run_read(value, &r->heir, e);
	case K_RUN: return run_read(value, &r->recorded_run, e);
	case K_READY: return time_read(value, &r->recorded_ready_s, e);
	case K_BASE: return run_read(value, &r->base_run, e);
	case K_MOVED: return run_read(value, &r->moved_run, e);
	case K_UNTIL: return time_read(value, &r->moved_until_s, e);
	case K_LIMIT: return time_read(value, &r->moved_limit_s, e);
	case K_NODES: return str_copy(r->nodes, sizeof(r->nodes), value);
	case K_MIGRATE: return str_copy(r->move_to, sizeof(r->move_to), value);
	case K_GROW: return grow_read(value, &r->grow, e);
	case K_CRASHES: return run_read(value, &r->recorded_crashes, e);
	case K_CRASHED: return time_read(value, &r->recorded_crashed_s, e);
	case K_WARNED: return time_read(value, &r->warned_s, e);
	case K_TOLD: return time_read(value, &r->told_s, e);
	case K_REASON: return str_copy(r->recorded_failure, sizeof(r->recorded_failure), value);
	case K_COUNT: break;
	}
	return 0;
}

/* K_COUNT: none that is read. rank: of whose machine vmd's own keys are read, which end in it then;
 * -1: of the only one. */
static size_t key_find(const char *key, int rank)
{
	size_t len = strlen(key);
	char digits[12] = "", base[KEY_MAX + 1];

	for (size_t i = 0; i < (rank < 0 ? K_COUNT : K_RUN); i++)
		if (str_eq(key, key_names[i]))
			return i;
	if (rank < 0)
		return K_COUNT;
	(void)str_fmt(digits, sizeof(digits), "%d", rank);
	if (len <= strlen(digits) || !str_eq(key + len - strlen(digits), digits))
		return K_COUNT;
	(void)str_fmt(base, sizeof(base), "%.*s", (int)(len - strlen(digits)), key);
	for (size_t i = K_RUN; i < K_COUNT; i++)
		if (str_eq(base, key_names[i]))
			return i;
	return K_COUNT;
}

static int value_max(enum spec_key key)
{
	switch ((int)key) {
	case K_NODES: return JOB_NODES_MAX;
	case K_REASON: return JOB_WHY_MAX;
	case K_EXCLUDE: return JOB_EXCLUDE_MAX;
	case K_ATTACH: return JOB_ATTACH_TEXT - 1;
	default: return VALUE_MAX;
	}
}

/* One key=value from *at (not at a space) to *end; moves *at behind it. The value of an unknown key
 * may be longer than VALUE_MAX and is not kept. */
static int pair_read(const char **at, const char *end, int rank, uint64_t *seen,
		     struct vm_request *r, struct err *e)
{
	const char *start = *at;
	const char *eq = memchr(start, '=', (size_t)(end - start));
	char key[KEY_MAX + 1] = "";
	char value[JOB_NODES_MAX + 1] = "";
	const char *from, *to;
	size_t i;
	int max;

	if (!eq || eq == start || (size_t)(eq - start) > KEY_MAX ||
	    memchr(start, ' ', (size_t)(eq - start)))
		return err_set(e, ERR_INVALID, "request: '%.*s' is not key=value",
			       end - start > 40 ? 40 : (int)(end - start), start);
	memcpy(key, start, (size_t)(eq - start));
	from = eq + 1;
	if (from < end && *from == '"') {
		from++;
		to = memchr(from, '"', (size_t)(end - from));
		if (!to)
			return err_set(e, ERR_INVALID, "request: %s: closing quote is missing",
				       key);
		*at = to + 1;
	} else {
		to = memchr(from, ' ', (size_t)(end - from));
		if (!to)
			to = end;
		*at = to;
	}
	i = key_find(key, rank);
	if (i == K_COUNT)
		return 0;
	if (*seen & UINT64_C(1) << i)
		return err_set(e, ERR_INVALID, "request: %s stands there twice", key);
	*seen |= UINT64_C(1) << i;
	max = value_max((enum spec_key)i);
	if (to - from > max)
		return err_set(e, ERR_INVALID, "request: %s: at most %d characters are allowed",
			       key, max);
	memcpy(value, from, (size_t)(to - from));
	if (value_read((enum spec_key)i, value, r, e) < 0)
		return err_wrap(e, "request: %s", key);
	return 0;
}

static bool is_forbidden(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f || c == '{' || c == '}';
}

static int range_decode(const char *text, const char *end, int rank, struct vm_request *ret,
			struct err *e)
{
	struct vm_request r = {.image = ""};
	uint64_t seen = 0;

	for (const char *c = text; c < end; c++)
		if (is_forbidden(*c))
			return err_set(e, ERR_INVALID, "request: byte 0x%02x is not allowed in it",
				       (unsigned char)*c);
	for (const char *at = text; at < end;) {
		if (*at == ' ')
			at++;
		else if (pair_read(&at, end, rank, &seen, &r, e) < 0)
			return -1;
	}
	if (!(seen & (UINT64_C(1) << K_IMAGE | UINT64_C(1) << K_FROM)))
		return err_set(e, ERR_INVALID, "request: image is missing");
	if (!(seen & UINT64_C(1) << K_NONCE))
		return err_set(e, ERR_INVALID, "request: nonce is missing");
	*ret = r;
	return 0;
}

int job_spec_decode(const char *text, struct vm_request *ret, struct err *e)
{
	size_t len = strnlen(text, JOB_REQUEST_MAX + 1);

	*ret = (struct vm_request){.image = ""};
	if (len > JOB_REQUEST_MAX)
		return err_set(e, ERR_INVALID, "request: longer than %d bytes", JOB_REQUEST_MAX);
	return range_decode(text, text + len, -1, ret, e);
}

/* Appends " key=value", or without the space at the start; -1 when it does not fit. */
static int put(char *buf, size_t size, const char *key, const char *value)
{
	size_t len = strlen(buf);

	if (!*value)
		return 0;
	return str_fmt(buf + len, size - len, "%s%s=%s", len ? " " : "", key, value);
}

int job_spec_encode(const struct vm_request *r, char *buf, size_t size, struct err *e)
{
	char disk[24] = "", scratch[24] = "", machines[12] = "", attach[JOB_ATTACH_TEXT];
	char as[12] = "", after[12] = "";

	if (r->as)
		(void)str_fmt(as, sizeof(as), "%u", r->as);
	if (r->after)
		(void)str_fmt(after, sizeof(after), "%u", r->after);
	if (r->machines > 1)
		(void)str_fmt(machines, sizeof(machines), "%u", r->machines);
	if (r->disk_bytes)
		(void)bytes_to_str(r->disk_bytes, disk, sizeof(disk));
	if (r->scratch_bytes)
		(void)bytes_to_str(r->scratch_bytes, scratch, sizeof(scratch));
	if (size == 0)
		return err_set(e, ERR_INVALID, "request: no room for its text");
	buf[0] = '\0';
	if (put(buf, size, "image", r->image) < 0 || put(buf, size, "revision", r->revision) < 0 ||
	    put(buf, size, "from", r->from) < 0 || put(buf, size, "nonce", r->nonce) < 0 ||
	    put(buf, size, "disk", disk) < 0 || put(buf, size, "scratch", scratch) < 0 ||
	    put(buf, size, "network", r->network) < 0 ||
	    put(buf, size, "attach", vm_attach_list_text(&r->attach, attach)) < 0 ||
	    put(buf, size, "wait", vm_wait_name(r->wait)) < 0 ||
	    put(buf, size, "keep", vm_keep_name(r->keep)) < 0 ||
	    put(buf, size, "drain", vm_on_drain_name(r->on_drain)) < 0 ||
	    put(buf, size, "mail", r->mail) < 0 || put(buf, size, "machines", machines) < 0 ||
	    put(buf, size, "shell", r->no_shell ? "no" : "") < 0 || put(buf, size, "as", as) < 0 ||
	    put(buf, size, "after", after) < 0 || put(buf, size, "exclude", r->exclude) < 0) {
		buf[0] = '\0';
		return err_set(e, ERR_INVALID, "request: its text does not fit into %zu bytes",
			       size);
	}
	return 0;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

/* The request's braces in an admin_comment: *ret_open at "slurm-vm{", *ret_close at '}'.
 * 1 found, 0 none, -1 no closing brace. */
static int braces_find(const char *comment, const char **ret_open, const char **ret_close,
		       struct err *e)
{
	const char *open = comment;
	const char *close;

	while ((open = strstr(open, SPEC_OPEN)) != NULL && open > comment && is_word(open[-1]))
		open++;
	if (!open)
		return 0;
	close = strchr(open, '}');
	if (!close)
		return err_set(e, ERR_INVALID, "request: closing brace is missing");
	*ret_open = open;
	*ret_close = close;
	return 1;
}

static int find(const char *admin_comment, int rank, struct vm_request *ret, struct err *e)
{
	const char *open, *close;
	int found = admin_comment ? braces_find(admin_comment, &open, &close, e) : 0;

	if (found <= 0)
		return found;
	return range_decode(open + strlen(SPEC_OPEN), close, rank, ret, e) < 0 ? -1 : 1;
}

int job_spec_find(const char *admin_comment, struct vm_request *ret, struct err *e)
{
	return find(admin_comment, -1, ret, e);
}

int job_spec_find_rank(const char *admin_comment, uint32_t rank, struct vm_request *ret,
		       struct err *e)
{
	return find(admin_comment, (int)rank, ret, e);
}

const char *job_spec_inside(const char *admin_comment, size_t *ret_len)
{
	const char *open, *close;
	struct err ignored;

	if (!admin_comment || braces_find(admin_comment, &open, &close, &ignored) <= 0) {
		*ret_len = 0;
		return "";
	}
	*ret_len = (size_t)(close - open) - strlen(SPEC_OPEN);
	return open + strlen(SPEC_OPEN);
}

int job_spec_place(const char *admin_comment, const struct vm_request *r, const char *status,
		   char *buf, size_t size, struct err *e)
{
	const char *comment = admin_comment ? admin_comment : "";
	const char *open = comment + strlen(comment);
	const char *close = NULL;
	char text[JOB_REQUEST_MAX + 1];
	int found = braces_find(comment, &open, &close, e);

	if (found < 0 || job_spec_encode(r, text, sizeof(text), e) < 0)
		return -1;
	for (const char *c = status; *c; c++)
		if (is_forbidden(*c))
			return err_set(e, ERR_INVALID, "status: byte 0x%02x is not allowed in it",
				       (unsigned char)*c);
	if (open - comment > INT32_MAX ||
	    str_fmt(buf, size, "%.*s%s" SPEC_OPEN "%s%s}%s", (int)(open - comment), comment,
		    !found && *comment ? " " : "", text, status, found ? close + 1 : "") < 0)
		return err_set(e, ERR_INVALID, "admin_comment: does not fit into %zu bytes", size);
	return 0;
}
