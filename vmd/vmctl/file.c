/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Written beside its name, then renamed: nobody sees half of it, and it never has the mode of an
 * older file. */
#include "vmd/vmctl/file.h"

#include "vmd/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static int write_all(FILE *f, const char *data, size_t len)
{
	return fwrite(data, 1, len, f) == len && fflush(f) == 0 ? 0 : -1;
}

int file_write(const char *path, const char *data, size_t len, struct err *e)
{
	AUTO(fclose) FILE *f = NULL;
	AUTO(fd) int fd = -1;
	char temporary[4096];

	if (str_eq(path, "-")) {
		if (write_all(stdout, data, len) < 0)
			return err_set(e, ERR_CONFLICT, "standard output: %s", strerror(errno));
		return 0;
	}
	if (str_fmt(temporary, sizeof(temporary), "%s.XXXXXX", path) < 0)
		return err_set(e, ERR_INVALID, "the file's name is too long");
	fd = mkostemp(temporary, O_CLOEXEC); /* 0600 */
	if (fd < 0 || !(f = fdopen(fd, "w")))
		return err_set(e, ERR_CONFLICT, "%s: %s", path, strerror(errno));
	(void)fd_steal(&fd);
	if (write_all(f, data, len) == 0 && rename(temporary, path) == 0)
		return 0;
	(void)err_set(e, ERR_CONFLICT, "%s: %s", path, strerror(errno));
	(void)unlink(temporary);
	return -1;
}
