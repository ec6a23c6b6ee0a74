/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl console: the guest's serial console on this terminal, which is raw for as long; Ctrl-] ends
 * it, and whatever ends vmctl, the terminal is as it was. Without a terminal, bytes of the standard
 * input go to the guest and its answers to the standard output, for scripts. */
#include "vmd/vmctl/access.h"
#include "vmd/vmctl/pump.h"

#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define ESCAPE 0x1d /* Ctrl-] */

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static void catch_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction a = {.sa_handler = on_signal}; /* without SA_RESTART: poll is to return */

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		(void)sigaction(numbers[i], &a, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static int relay(struct websocket *w, bool is_terminal, struct err *e)
{
	AUTO(pump_free) struct pump_end *far = pump_websocket(w);
	AUTO(pump_free)
	struct pump_end *near =
		pump_fds(STDIN_FILENO, STDOUT_FILENO, is_terminal ? ESCAPE : -1, is_terminal);

	return pump(far, near, &stopped, e);
}

static int on_terminal(struct websocket *w, struct err *e)
{
	struct termios before, raw;
	int rc;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return err_set(e, ERR_CONFLICT, "the terminal: %s", strerror(errno));
	raw = before;
	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
		return err_set(e, ERR_CONFLICT, "the terminal: %s", strerror(errno));
	rc = relay(w, true, e);
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	(void)fprintf(stderr, "\nvmctl: left the console\n");
	return rc;
}

int cmd_console(struct vmctl *v)
{
	AUTO(access_done) struct access a = {.server = NULL};
	AUTO(websocket_free) struct websocket *w = NULL;
	bool is_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	struct err e = {.kind = ERR_NONE};

	if (access_ask(v, v->job, &a, &e) < 0 || access_open(&a, "console", &w, &e) < 0)
		return fail(v, &e);
	if (is_terminal)
		(void)fprintf(stderr,
			      "vmctl: the console of %s; Ctrl-] leaves it. Press Enter if it is "
			      "silent.\n",
			      a.vm);
	catch_signals();
	if (is_terminal ? on_terminal(w, &e) < 0 : relay(w, false, &e) < 0)
		return fail(v, &e);
	return stopped ? EXIT_INTERRUPTED : EXIT_DONE;
}
