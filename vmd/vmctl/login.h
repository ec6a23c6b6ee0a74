/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way into a guest by the system's ssh and scp, with the job's own key.
 *
 * The key comes from vmd sealed for this user and lives in memory only: ssh reads it from a
 * descriptor of ours (/proc/PID/fd/N), which is gone with the process, however that ends.
 *
 * The host key is trusted at first sight and held to afterwards, per job: KubeVirt has no way to
 * tell it before. A job's guest keeps its disk, and so its host key, over moves and requeues;
 * another job never meets it again. */
#ifndef VMD_VMCTL_LOGIN_H
#define VMD_VMCTL_LOGIN_H

#include "vmd/vmctl/child.h"

#include <stdbool.h>
#include <stdint.h>

#define LOGIN_ARGS 64

struct login {
	uint32_t job;
	char user[64];
	char address[64];
	char profile[16]; /* "linux", "windows", "" */
	char vm[96];      /* its VM's name */
	char alias[96];   /* of the host key: the VM's name without the run */
	char known[512];  /* file of host keys */
	char key[128];    /* file with the private key */
	int key_fd;       /* of it, if it is ours; -1: it is not */
	size_t n;
	char *arg[LOGIN_ARGS + 1]; /* a command line that begins with ssh or scp, ended by NULL */
};

struct vmctl;
/* Asks vmd for what is needed. ERR_CONFLICT: the VM is not READY, with its state and what to do. */
int login_open(struct vmctl *v, uint32_t job, struct login *ret, struct err *e);
void login_done(struct login *l);
static inline void login_done_auto(struct login *l)
{
	login_done(l);
}
/* Nothing of it may look like an option, or like more than a word. */
bool login_is_plain(const char *text);
/* Makes alias from vm, and known from alias. */
void login_alias(struct login *l);
int login_place(struct login *l, struct err *e);
/* Begins a command line: program and all options by which it gets in. */
void login_begin(struct login *l, const char *program);
void login_arg(struct login *l, const char *fmt, ...) PRINTF(2, 3);
/* Starts it, as child_start() does. */
int login_start(const struct login *l, const struct child_files *files, pid_t *ret, struct err *e);
#define LOGIN_FAILED      255 /* as ssh says it */
#define LOGIN_INTERRUPTED 130 /* by Ctrl-C */
/* Runs it in the foreground; its exit code (128 + signal), or one of those. */
int login_run(struct login *l, int *ret_code, struct err *e);

#endif
