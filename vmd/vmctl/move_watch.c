/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See move_watch.h. */
#include "vmd/vmctl/move_watch.h"
#include "vmd/vmctl/interrupt.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <time.h>
#include <unistd.h>

#define PAUSE_NS 500000000L
/* vmd takes an order in at once; a look that came before that shows no move yet. */
#define LOOKS_MIN 4
#define SAID_MAX  400

static void say(char said[SAID_MAX], struct json_object *vm)
{
	char text[SAID_MAX];

	(void)snprintf(text, sizeof(text), "%s: %s", text_of(vm, "move/phase"),
		       text_of(vm, "move/reason"));
	if (*text_of(vm, "move/phase") && !str_eq(text_clean(text), said)) {
		(void)fprintf(stderr, "job %lld  %s\n", (long long)int_of(vm, "job"), text);
		(void)str_copy(said, SAID_MAX, text);
	}
}

int move_watch(struct vmctl *v, uint32_t job, const struct move_watch *w)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	int64_t end_us = v->timeout_s ? clock_mono_us() + v->timeout_s * SEC_US : INT64_MAX;
	char said[SAID_MAX] = "";
	unsigned looks = 0;

	interrupt_say("%svmctl: %s without being watched: vmctl show %u\n",
		      isatty(STDERR_FILENO) ? "\n" : "", w->goes_on, job);
	for (;;) {
		AUTO(json_object_put) struct json_object *vm = NULL;
		struct err e;
		int code = -1;

		if (ask_show(v, job, &vm, &e) < 0 && e.kind != ERR_RETRY && e.kind != ERR_UNSURE)
			return fail(v, &e);
		if (vm) {
			const char *phase = text_of(vm, "move/phase");

			looks++;
			say(said, vm);
			code = str_eq(phase, "blocked")
				       ? EXIT_FAILED
				       : w->verdict(w->ctx, vm, phase, looks < LOOKS_MIN);
		}
		if (code >= 0 && v->json)
			json_print(vm);
		else if (code == EXIT_DONE)
			w->print(vm);
		if (code >= 0)
			return code;
		if (clock_mono_us() >= end_us) {
			(void)fprintf(stderr, "vmctl: the time is up; %s: vmctl show %u\n",
				      w->goes_on, job);
			return EXIT_TIMEOUT;
		}
		(void)nanosleep(&pause, NULL);
	}
}
