/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of --vm-attach, and the names of disks; see attach.h. The text comes from a user, or
 * from Slurm's record of him. Pure. */
#include "vmd/job/attach.h"

#include "vmd/base/str.h"

#include <string.h>

#define READS ":ro"

/* "scratch", "scratch1", ...: those of a job. */
static bool is_scratch(const char *name)
{
	static const char scratch[] = "scratch";

	return str_starts(name, scratch) &&
	       strspn(name + strlen(scratch), "0123456789") == strlen(name + strlen(scratch));
}

int disk_label_check(const char *name, struct err *e)
{
	if (!str_is_name(name, DISK_LABEL_MAX) || strchr(name, '.'))
		return err_set(e, ERR_INVALID,
			       "'%.40s' is no name of a disk: lower-case letters, digits and '-' "
			       "between, at most %d",
			       name, DISK_LABEL_MAX);
	if (str_eq(name, "root") || is_scratch(name))
		return err_set(e, ERR_INVALID, "'%s' is what a job's own disks are called", name);
	return 0;
}

int vm_attach_parse(const char *text, struct vm_attach *ret, struct err *e)
{
	size_t len = strlen(text), end = strlen(READS);
	struct vm_attach one = {.read_only = len >= end && str_eq(text + len - end, READS)};
	char name[64];

	if (str_fmt(name, sizeof(name), "%.*s", (int)(len - (one.read_only ? end : 0)), text) < 0)
		return err_set(e, ERR_INVALID, "'%.40s': the name is too long", text);
	if (disk_label_check(name, e) < 0)
		return -1;
	(void)str_copy(one.name, sizeof(one.name), name);
	*ret = one;
	return 0;
}

int vm_attach_list_parse(const char *text, struct vm_attach_list *ret, struct err *e)
{
	struct vm_attach_list a = {.n = 0};
	char copy[JOB_ATTACH_TEXT];
	char *rest = copy;
	char *word;

	if (str_copy(copy, sizeof(copy), text) < 0)
		return err_set(e, ERR_INVALID, "at most %d disks can be attached", JOB_ATTACH_MAX);
	while ((word = strsep(&rest, ",")) != NULL) {
		if (a.n == JOB_ATTACH_MAX)
			return err_set(e, ERR_INVALID, "at most %d disks can be attached",
				       JOB_ATTACH_MAX);
		if (vm_attach_parse(word, &a.at[a.n], e) < 0)
			return -1;
		for (size_t i = 0; i < a.n; i++)
			if (str_eq(a.at[i].name, a.at[a.n].name))
				return err_set(e, ERR_INVALID, "disk %s stands there twice",
					       a.at[i].name);
		a.n++;
	}
	*ret = a;
	return 0;
}

const char *vm_attach_list_text(const struct vm_attach_list *a, char buf[JOB_ATTACH_TEXT])
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < a->n; i++) {
		(void)str_fmt(buf + len, JOB_ATTACH_TEXT - len, "%s%s%s", i ? "," : "",
			      a->at[i].name, a->at[i].read_only ? READS : "");
		len = strlen(buf);
	}
	return buf;
}
