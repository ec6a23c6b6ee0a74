/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is written of a VM into its job's record, behind the request: job_spec.c reads it again
 * after a restart, and sacct's readers see it. Pure. */
#include "vmd/reconcile/progress.h"

#include "vmd/base/str.h"
#include "vmd/job/job_spec.h"

#include <string.h>

bool progress_is_worth_recording(const struct progress *p, int64_t mono_us)
{
	return p->status.state == VM_STATE_READY || p->status.state == VM_STATE_FAILED ||
	       mono_us - p->begun_us >= RECORD_AFTER_US;
}

/* What may stand in quotes inside the braces of an admin_comment. */
static void quote_safe(char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = ' ';
		else if (*s == '"')
			*s = '\'';
		else if (*s == '{')
			*s = '(';
		else if (*s == '}')
			*s = ')';
	}
}

static void word_add(char *buf, const char *key, const char *value)
{
	size_t len = strlen(buf);

	if (*value && !strpbrk(value, " \"{}"))
		(void)str_fmt(buf + len, ACTION_TEXT_MAX + 1 - len, " %s=%s", key, value);
}

static void word_add_number(char *buf, const char *key, int64_t value)
{
	char number[24];

	(void)str_fmt(number, sizeof(number), "%lld", (long long)value);
	word_add(buf, key, number);
}

const char *progress_text(const struct progress *p, char buf[ACTION_TEXT_MAX + 1])
{
	const struct vm_status *s = &p->status;
	char state[16], size[JOB_SIZE_TEXT], reason[VM_REASON_MAX + 1];
	size_t len;

	buf[0] = '\0';
	(void)str_copy(state, sizeof(state), vm_state_name(s->state));
	for (char *c = state; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
	word_add(buf, "state", state);
	word_add_number(buf, "run", p->incarnation);
	word_add(buf, "node", s->node);
	word_add(buf, "address", s->address);
	if (s->since_s[VM_STATE_READY])
		word_add_number(buf, "ready", s->since_s[VM_STATE_READY]);
	if (p->moved_run) {
		word_add_number(buf, "base", p->base_run);
		word_add_number(buf, "moved", p->moved_run);
		word_add_number(buf, "until", p->moved_until_s);
	}
	if (p->moved_limit_s)
		word_add_number(buf, "limit", p->moved_limit_s);
	if (p->heir)
		word_add_number(buf, "heir", p->heir);
	word_add(buf, "nodes", p->nodes);
	word_add(buf, "migrate", p->move_to);
	if (p->grow.cpus)
		word_add(buf, "grow", job_size_text(&p->grow, size));
	if (p->crashes.n) {
		word_add_number(buf, "crashes", p->crashes.n);
		word_add_number(buf, "crashed", p->crashes.last_s);
	}
	if (p->warned_s)
		word_add_number(buf, "warned", p->warned_s);
	if (p->told_s)
		word_add_number(buf, "told", p->told_s);
	if (s->kept_until_s)
		word_add_number(buf, "kept", s->kept_until_s);
	if (s->state == VM_STATE_FAILED) {
		(void)str_copy(reason, sizeof(reason), s->reason);
		quote_safe(reason);
		len = strlen(buf);
		(void)str_fmt(buf + len, ACTION_TEXT_MAX + 1 - len, " reason=\"%s\"", reason);
	}
	return buf;
}
