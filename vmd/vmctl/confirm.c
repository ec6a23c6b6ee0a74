/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cannot be undone is asked for once more. */
#include "vmd/vmctl/vmctl.h"

#include <stdarg.h>
#include <unistd.h>

int confirm(const struct vmctl *v, const char *fmt, ...)
{
	char answer[8] = "";
	va_list args;

	if (v->yes)
		return EXIT_DONE;
	if (!isatty(STDIN_FILENO)) {
		(void)fprintf(stderr, "vmctl: nothing done; without a terminal it takes --yes\n");
		return EXIT_USAGE;
	}
	va_start(args, fmt);
	(void)vprintf(fmt, args);
	va_end(args);
	printf(" [y/N] ");
	(void)fflush(stdout);
	if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return EXIT_DONE;
	(void)fprintf(stderr, "vmctl: nothing done\n");
	return EXIT_FAILED;
}
