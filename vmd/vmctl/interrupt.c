/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See interrupt.h. The handler does it all, with a text made before: so no wait anywhere needs to
 * know of it, and one for vmd's news, which takes seconds, does not hold the user up. */
#include "vmd/vmctl/interrupt.h"

#include "vmd/vmctl/vmctl.h"

#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static char text[400];
static volatile sig_atomic_t len;

static void on_interrupt(int signal)
{
	ssize_t n = write(STDERR_FILENO, text, (size_t)len);

	(void)signal, (void)n;
	_exit(EXIT_INTERRUPTED);
}

void interrupt_say(const char *fmt, ...)
{
	struct sigaction act = {.sa_handler = on_interrupt};
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	len = (sig_atomic_t)strlen(text);
	(void)sigaction(SIGINT, &act, NULL);
}

void interrupt_end(void)
{
	(void)signal(SIGINT, SIG_DFL);
}
