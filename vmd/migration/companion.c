/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which companion counts, and its mark in Slurm's record. Pure. */
#include "vmd/migration/companion.h"

#include "vmd/base/str.h"

#include <string.h>

#define MARK_OPEN "slurm-vm-companion{job="
#define MARK_VM   "vm="
#define MARK_SIZE "size="

bool companion_is_live(const struct companion *c)
{
	return c->phase == JOB_PENDING || c->phase == JOB_RUNNING;
}

bool companion_is_of(const struct companion *c, const char *job_key)
{
	return companion_is_live(c) && str_eq(c->job_key, job_key);
}

bool companion_may_end(bool waited, enum job_phase now)
{
	return !waited || now != JOB_RUNNING;
}

static bool vm_uid_read(const char *value, char ret[VM_UID_MAX + 1])
{
	return *value && str_copy(ret, VM_UID_MAX + 1, value) == 0;
}

/* "vm=25c1..." or "size=8/17179869184". */
static bool word_read(const char *word, struct companion *c)
{
	if (str_starts(word, MARK_VM))
		return vm_uid_read(word + strlen(MARK_VM), c->vm_uid);
	return str_starts(word, MARK_SIZE) &&
	       job_size_parse(word + strlen(MARK_SIZE), &c->size) == 0;
}

bool companion_find(const char *admin_comment, struct companion *ret)
{
	const char *open = strstr(admin_comment, MARK_OPEN);
	const char *close = open ? strchr(open, '}') : NULL;
	char text[COMPANION_MARK_MAX + 1], nonce[JOB_NONCE_LEN + 1];
	struct companion c = *ret;
	char *rest = text, *word;
	uint32_t id;

	c.vm_uid[0] = '\0';
	c.size = (struct job_size){.cpus = 0};
	if (!close)
		return false;
	open += strlen(MARK_OPEN);
	if (str_fmt(text, sizeof(text), "%.*s", (int)(close - open), open) < 0 ||
	    str_copy(c.job_key, sizeof(c.job_key), strsep(&rest, " ")) < 0 ||
	    job_key_parse(c.job_key, &id, nonce) < 0)
		return false;
	while ((word = strsep(&rest, " ")) != NULL)
		if (!word_read(word, &c))
			return false;
	*ret = c;
	return true;
}

int companion_mark(const struct companion *c, char *buf, size_t size)
{
	char text[JOB_SIZE_TEXT];

	return str_fmt(buf, size, MARK_OPEN "%s%s%s%s%s}", c->job_key,
		       *c->vm_uid ? " " MARK_VM : "", c->vm_uid, c->size.cpus ? " " MARK_SIZE : "",
		       c->size.cpus ? job_size_text(&c->size, text) : "");
}
