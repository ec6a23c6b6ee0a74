/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which companion counts, and its mark in Slurm's record. Pure. */
#include "vmd/migration/companion.h"

#include "vmd/base/str.h"
#include "vmd/job/job_spec.h"

#include <string.h>

#define MARK_OPEN "slurm-vm-companion{job="
#define MARK_SIZE " size="

bool companion_is_live(const struct companion *c)
{
	return c->phase == JOB_PENDING || c->phase == JOB_RUNNING;
}

bool companion_may_end(bool waited, enum job_phase now)
{
	return !waited || now != JOB_RUNNING;
}

const struct companion *companion_of(const struct companion *all, size_t n, const char *job_key)
{
	for (size_t i = 0; i < n; i++)
		if (companion_is_live(&all[i]) && str_eq(all[i].job_key, job_key))
			return &all[i];
	return NULL;
}

bool companion_find(const char *admin_comment, char ret_key[JOB_KEY_MAX + 1],
		    struct job_size *ret_size)
{
	const char *open = strstr(admin_comment, MARK_OPEN);
	const char *close = open ? strchr(open, '}') : NULL;
	char text[JOB_KEY_MAX + sizeof(MARK_SIZE) + JOB_SIZE_TEXT];
	char nonce[JOB_NONCE_LEN + 1];
	uint32_t id;
	char *size;

	*ret_size = (struct job_size){.cpus = 0};
	if (!close)
		return false;
	open += strlen(MARK_OPEN);
	if (str_fmt(text, sizeof(text), "%.*s", (int)(close - open), open) < 0)
		return false;
	size = strstr(text, MARK_SIZE);
	if (size && job_size_parse(size + strlen(MARK_SIZE), ret_size) < 0)
		return false;
	if (size)
		*size = '\0';
	return str_copy(ret_key, JOB_KEY_MAX + 1, text) == 0 &&
	       job_key_parse(ret_key, &id, nonce) == 0;
}

int companion_mark(const char *job_key, const struct job_size *job_size, char *buf, size_t size)
{
	char text[JOB_SIZE_TEXT];

	if (!job_size || !job_size->cpus)
		return str_fmt(buf, size, MARK_OPEN "%s}", job_key);
	return str_fmt(buf, size, MARK_OPEN "%s" MARK_SIZE "%s}", job_key,
		       job_size_text(job_size, text));
}
