/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of single options: what is allowed, and what they are called. Pure, no allocation: the
 * plugin links this file, too. They come from outside (a user's command line, Slurm's records):
 * every length is checked before a byte is copied. */
#include "vmd/job/job_option.h"

#include "vmd/base/str.h"

#include <string.h>

/* By the values of their enums; 0: not given. */
static const char *const wait_names[] = {
	[VM_WAIT_UNSET] = "",
	[VM_WAIT_READY] = "ready",
	[VM_WAIT_RUNNING] = "running",
	[VM_WAIT_NONE] = "none",
};
static const char *const keep_names[] = {
	[VM_KEEP_UNSET] = "",
	[VM_KEEP_NEVER] = "never",
	[VM_KEEP_ABNORMAL] = "abnormal",
	[VM_KEEP_ALWAYS] = "always",
};
static const char *const on_drain_names[] = {
	[VM_ON_DRAIN_UNSET] = "",
	[VM_ON_DRAIN_MIGRATE] = "migrate",
	[VM_ON_DRAIN_REQUEUE] = "requeue",
	[VM_ON_DRAIN_STAY] = "stay",
};

const char *vm_wait_name(enum vm_wait w)
{
	return (size_t)w < ARRAY_LEN(wait_names) ? wait_names[w] : "";
}

const char *vm_keep_name(enum vm_keep k)
{
	return (size_t)k < ARRAY_LEN(keep_names) ? keep_names[k] : "";
}

const char *vm_on_drain_name(enum vm_on_drain d)
{
	return (size_t)d < ARRAY_LEN(on_drain_names) ? on_drain_names[d] : "";
}

/* The value's number; -1: it is none of the names. */
static int choice_find(const char *text, const char *const *names, size_t n, struct err *e)
{
	char allowed[64] = "";

	for (size_t i = 1; i < n; i++) {
		size_t len = strlen(allowed);

		if (str_eq(names[i], text))
			return (int)i;
		(void)str_fmt(allowed + len, sizeof(allowed) - len, "%s%s", len ? ", " : "",
			      names[i]);
	}
	return err_set(e, ERR_INVALID, "'%.40s' must be one of %s", text, allowed);
}

int job_option_wait(const char *text, enum vm_wait *ret, struct err *e)
{
	int found = choice_find(text, wait_names, ARRAY_LEN(wait_names), e);

	if (found < 0)
		return -1;
	*ret = (enum vm_wait)found;
	return 0;
}

int job_option_keep(const char *text, enum vm_keep *ret, struct err *e)
{
	int found = choice_find(text, keep_names, ARRAY_LEN(keep_names), e);

	if (found < 0)
		return -1;
	*ret = (enum vm_keep)found;
	return 0;
}

int job_option_on_drain(const char *text, enum vm_on_drain *ret, struct err *e)
{
	int found = choice_find(text, on_drain_names, ARRAY_LEN(on_drain_names), e);

	if (found < 0)
		return -1;
	*ret = (enum vm_on_drain)found;
	return 0;
}

int job_option_from(const char *text, char ret[JOB_KEY_MAX + 1], struct err *e)
{
	char nonce[JOB_NONCE_LEN + 1];
	uint32_t id;

	if (job_from_parse(text, &id, nonce) < 0)
		return err_set(e, ERR_INVALID, "'%.40s' must be the id of a job", text);
	return str_copy(ret, JOB_KEY_MAX + 1, text);
}

static int image_bad(const char *text, struct err *e)
{
	return err_set(e, ERR_INVALID,
		       "'%.80s' must be IMAGE, IMAGE@REVISION or @JOB: lower-case letters, digits, "
		       "'-' and '.', each at most %d",
		       text, JOB_NAME_MAX);
}

int job_option_image(const char *text, struct vm_request *r, struct err *e)
{
	const char *at = strchr(text, '@');
	size_t len = at ? (size_t)(at - text) : strlen(text);
	char image[JOB_NAME_MAX + 1] = "";
	char revision[JOB_NAME_MAX + 1] = "";

	if (at == text) {
		if (job_option_from(text + 1, r->from, e) < 0)
			return image_bad(text, e);
		r->image[0] = r->revision[0] = '\0';
		return 0;
	}
	if (len <= JOB_NAME_MAX)
		memcpy(image, text, len);
	if (!str_is_name(image, JOB_NAME_MAX) || (at && !str_is_name(at + 1, JOB_NAME_MAX)))
		return image_bad(text, e);
	if (at)
		(void)str_copy(revision, sizeof(revision), at + 1);
	memcpy(r->image, image, sizeof(image));
	memcpy(r->revision, revision, sizeof(revision));
	r->from[0] = '\0';
	return 0;
}
