/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that outlives us: started detached in a node's namespaces, found again by its pid file,
 * watched and ended by pidfd. */
#ifndef KUBEVIRT_LITE_GUEST_PROCESS_H
#define KUBEVIRT_LITE_GUEST_PROCESS_H

#include "vmd/base/err.h"

#include <stddef.h>
#include <sys/types.h>

struct sd_event;
struct process;

struct process_tap {
	char name[16];
	char bridge[16]; /* it becomes a port of this bridge in the node's namespace */
	unsigned char mac[6];
};

struct process_spec {
	const char *dir; /* holds pid, lock and the log of its output; its path must be in argv */
	const char *const *argv; /* argv[0] is searched in PATH */
	const char *netns;       /* files of namespaces to enter; NULL: ours */
	const char *uts;
	const struct process_tap *tap;
	size_t n_taps;
	int first_tap_fd; /* the taps are descriptors first_tap_fd... of the process */
};

/* Starts it and writes DIR/pid. ERR_CONFLICT: one started from this directory is alive.
 * ERR_RETRY/ERR_INVALID: with the step that failed. Waits for exec: milliseconds. */
int process_start(const struct process_spec *spec, struct err *e);

/* The process that was started from dir, if it is alive: a pid that was given to somebody else
 * since is not taken for it. gone() is called once from the loop when it has ended, and may free
 * it. ERR_ABSENT: not running. */
int process_watch(struct sd_event *loop, const char *dir, void (*gone)(void *self), void *self,
		  struct process **ret, struct err *e);
void process_kill(struct process *p); /* SIGKILL */
void process_free(struct process *p); /* the process stays */
DEFINE_AUTO(struct process *, process_free)

#endif
