/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl screenshot: the guest's screen as a PNG file that only its owner may read. */
#include "vmd/vmctl/access.h"
#include "vmd/vmctl/file.h"

#include "vmd/base/str.h"

#include <unistd.h>

int cmd_screenshot(struct vmctl *v)
{
	AUTO(access_done) struct access a = {.server = NULL};
	AUTO(free) char *png = NULL;
	const char *path = v->n_arg > 0 ? v->arg[0] : NULL;
	struct err e = {.kind = ERR_NONE};
	size_t len = 0;

	if (!path)
		(void)err_set(&e, ERR_INVALID,
			      "where to? Say: vmctl screenshot FILE.png [JOB], or - for the "
			      "standard output");
	else if (str_eq(path, "-") && isatty(STDOUT_FILENO))
		(void)err_set(&e, ERR_INVALID, "a picture is nothing for a terminal: name a file");
	else if (access_ask(v, v->n_arg > 1 ? v->arg[1] : NULL, &a, &e) == 0 &&
		 access_screenshot(&a, &png, &len, &e) == 0)
		(void)file_write(path, png, len, &e);
	return e.kind == ERR_NONE ? EXIT_DONE : fail(v, &e);
}
