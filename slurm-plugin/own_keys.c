/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs as the user, in the task that becomes the script. Only the first line of each file counts,
 * and of it type and key. */
#include "slurm-plugin/own_keys.h"

#include "vmd/base/str.h"

#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>

static void key_read(const char *path, struct own_keys *ret)
{
	/* O_NONBLOCK: opening a pipe of that name must not hold the job up */
	AUTO(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char line[PUBLIC_KEY_MAX + 512];
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	n = read(fd, line, sizeof(line) - 1);
	if (n <= 0)
		return;
	line[n] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	ret->n += public_key_clean(line, ret->key[ret->n]) == 0;
}

void own_keys_read(const char *home, struct own_keys *ret)
{
	char pattern[4096];
	glob_t found;

	ret->n = 0;
	if (*home != '/' || strpbrk(home, "*?[\\") ||
	    str_fmt(pattern, sizeof(pattern), "%s/.ssh/*.pub", home) < 0 ||
	    glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc && ret->n < PUBLIC_KEYS; i++)
		key_read(found.gl_pathv[i], ret);
	globfree(&found);
}
