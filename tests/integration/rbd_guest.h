/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest of the tests: another client of Ceph, with the key that vmd has, in a process of its own,
 * as QEMU is. One that was shut out is killed, as QEMU on a lost host ends; librbd may crash when
 * it closes an image then. */
#pragma once

#include <sys/types.h>

struct guest {
	pid_t pid;
	int socket; /* a message each way: what to do, and what it returned */
};

/* Starts it, connected to the cluster of the configuration file conf. 0, or -1 with errno. */
int guest_start(struct guest *g, const char *conf);

/* Tells it what to do: "open IMAGE", "write TEXT" (at the image's beginning) or "close". What
 * librbd's call returned, or -ECHILD when the process is gone. */
long guest_do(struct guest *g, const char *what);

/* Ends it at once, with whatever it has open. */
void guest_kill(struct guest *g);

/* What the process itself does, until it is killed: a test's main() calls it for the arguments
 * GUEST_ARGUMENT CONF. */
#define GUEST_ARGUMENT "--guest"
int guest_main(const char *conf);
