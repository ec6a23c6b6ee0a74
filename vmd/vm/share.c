/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drives of an image: their form, and %USER% in it. Pure, no allocation. */
#include "vmd/vm/share.h"

#include "vmd/base/str.h"

#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define USER    "%USER%"

/* A dot at its end is none for Windows: "alice." would be alice's. */
static bool is_part(const char *text, size_t len, const char *allowed)
{
	return len > 0 && text[0] != '.' && text[0] != '-' && text[len - 1] != '.' &&
	       strspn(text, allowed) >= len;
}

/* One name between two backslashes, with %USER% for one that may stand there. */
static bool is_directory(const char *text, size_t len)
{
	char plain[SHARE_PATH_MAX + 1] = "";
	size_t n = 0;

	for (size_t i = 0; i < len;) {
		bool user = str_starts(text + i, USER);

		plain[n++] = user ? 'u' : text[i];
		i += user ? strlen(USER) : 1;
	}
	return is_part(plain, n, LETTERS "._$-");
}

static int path_check(const char *path, struct err *e)
{
	const char *at;
	size_t len;

	if (strlen(path) > SHARE_PATH_MAX)
		return err_set(e, ERR_INVALID, "the path is longer than %d characters",
			       SHARE_PATH_MAX);
	if (!str_starts(path, "\\\\") || !is_part(path + 2, strcspn(path + 2, "\\"), LETTERS ".-"))
		return err_set(e, ERR_INVALID,
			       "the path must begin with a server's name, as "
			       "'\\\\server\\home\\%%USER%%'");
	at = path + 2 + strcspn(path + 2, "\\");
	if (!*at)
		return err_set(e, ERR_INVALID, "the path names a server and no share of it");
	for (; *at; at += len) {
		at++;
		len = strcspn(at, "\\");
		if (!is_directory(at, len))
			return err_set(e, ERR_INVALID,
				       "the path has a part that is not of letters, digits, '.', "
				       "'_', '$', '-' and %%USER%%");
	}
	return 0;
}

int share_parse(const char *drive, const char *path, struct share *ret, struct err *e)
{
	struct share s = {.drive = drive[0]};

	/* What is before that is for disks: a guest has up to five, and its answer file. */
	if (drive[0] < 'H' || drive[0] > 'Z' || drive[1])
		return err_set(e, ERR_INVALID, "drive '%.16s' must be a letter from H to Z", drive);
	if (path_check(path, e) < 0)
		return err_wrap(e, "drive %s", drive);
	(void)str_copy(s.path, sizeof(s.path), path);
	*ret = s;
	return 0;
}

static int owner_check(const char *owner, struct err *e)
{
	if (!*owner)
		return err_set(e, ERR_INVALID, "Slurm does not know the name of the job's owner");
	if (!is_part(owner, strlen(owner), LETTERS "._-"))
		return err_set(e, ERR_INVALID,
			       "the name of the job's owner cannot stand in a path");
	return 0;
}

static int too_long(struct err *e)
{
	return err_set(e, ERR_INVALID, "its path is longer than %d characters", SHARE_FULL_MAX);
}

int share_path(const struct share *s, const char *owner, char *ret, size_t size, struct err *e)
{
	const char *at = s->path, *user;
	size_t n = 0;

	ret[0] = '\0';
	if (share_is_personal(s) && owner_check(owner, e) < 0)
		return -1;
	for (; (user = strstr(at, USER)); at = user + strlen(USER)) {
		if (str_fmt(ret + n, size - n, "%.*s%s", (int)(user - at), at, owner) < 0)
			goto refused;
		n += strlen(ret + n);
	}
	if (str_copy(ret + n, size - n, at) == 0 && strlen(ret) <= SHARE_FULL_MAX)
		return 0;
refused:
	ret[0] = '\0';
	return too_long(e);
}

int share_source(const struct share *s, const char *owner, char *ret, size_t size, struct err *e)
{
	if (share_path(s, owner, ret, size, e) < 0)
		return -1;
	for (char *c = ret; *c; c++)
		if (*c == '\\')
			*c = '/';
	return 0;
}

bool share_is_personal(const struct share *s)
{
	return strstr(s->path, USER) != NULL;
}

void share_mount(const struct share *s, char ret[SHARE_MOUNT_MAX + 1])
{
	(void)str_fmt(ret, SHARE_MOUNT_MAX + 1, "/mnt/%c", s->drive - 'A' + 'a');
}
