/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs of the site; see hook.h. A slot for each that runs; the loop tells of its end. */
#include "vmd/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

struct hook {
	struct hooks *hooks;
	pid_t pid; /* 0: the slot is free */
	bool late; /* killed */
	hook_done_fn done;
	void *ctx;
	sd_event_source *child, *timer;
};

struct hooks {
	sd_event *loop;
	int64_t limit_us;
	struct hook slot[HOOKS_MAX];
};

static void hook_clear(struct hook *k)
{
	sd_event_source_disable_unref(k->child);
	sd_event_source_disable_unref(k->timer);
	*k = (struct hook){.hooks = k->hooks};
}

static int on_end(sd_event_source *source, const siginfo_t *si, void *userdata)
{
	struct hook *k = userdata;
	struct hook was = *k;
	struct err e = {.kind = ERR_NONE};

	(void)source;
	/* What it has left behind in its group goes, too. */
	(void)kill(-k->pid, SIGKILL);
	if (k->late)
		(void)err_set(&e, ERR_INVALID, "killed after %lld s",
			      (long long)(k->hooks->limit_us / 1000000));
	else if (si->si_code != CLD_EXITED)
		(void)err_set(&e, ERR_INVALID, "ended by signal %d", si->si_status);
	else if (si->si_status != 0)
		(void)err_set(&e, ERR_INVALID, "ended with exit code %d", si->si_status);
	hook_clear(k);
	was.done(was.ctx, &e);
	return 0;
}

static int on_late(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct hook *k = userdata;

	(void)source, (void)usec;
	k->late = true;
	(void)kill(-k->pid, SIGKILL);
	return 0;
}

/* vmd blocks signals and ignores SIGPIPE; the program shall find them as usual. */
static int attributes_set(posix_spawnattr_t *a)
{
	sigset_t none, pipe;

	sigemptyset(&none);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	return posix_spawnattr_setpgroup(a, 0) || posix_spawnattr_setsigmask(a, &none) ||
			       posix_spawnattr_setsigdefault(a, &pipe) ||
			       posix_spawnattr_setflags(a, POSIX_SPAWN_SETPGROUP |
								   POSIX_SPAWN_SETSIGMASK |
								   POSIX_SPAWN_SETSIGDEF)
		       ? -1
		       : 0;
}

static int files_set(posix_spawn_file_actions_t *f)
{
	return posix_spawn_file_actions_addopen(f, STDIN_FILENO, "/dev/null", O_RDONLY, 0) ||
			       posix_spawn_file_actions_adddup2(f, STDERR_FILENO, STDOUT_FILENO) ||
			       posix_spawn_file_actions_addclosefrom_np(f, STDERR_FILENO + 1) ||
			       posix_spawn_file_actions_addchdir_np(f, "/")
		       ? -1
		       : 0;
}

static int start(const char *path, char *const *env, pid_t *ret, struct err *e)
{
	char *argv[] = {(char *)path, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int rc = ENOMEM;

	if (posix_spawn_file_actions_init(&files) || posix_spawnattr_init(&attributes))
		abort();
	if (files_set(&files) == 0 && attributes_set(&attributes) == 0)
		rc = posix_spawn(ret, path, &files, &attributes, argv, env);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	if (rc)
		return err_set(e, rc == EAGAIN || rc == ENOMEM ? ERR_RETRY : ERR_INVALID, "%s: %s",
			       path, strerror(rc));
	return 0;
}

void hooks_new(struct sd_event *loop, int64_t limit_us, struct hooks **ret)
{
	struct hooks *h = calloc(1, sizeof(*h));

	if (!h)
		abort();
	h->loop = loop;
	h->limit_us = limit_us;
	for (size_t i = 0; i < HOOKS_MAX; i++)
		h->slot[i].hooks = h;
	*ret = h;
}

void hooks_free(struct hooks *h)
{
	for (size_t i = 0; h && i < HOOKS_MAX; i++) {
		struct hook *k = &h->slot[i];

		if (!k->pid)
			continue;
		(void)kill(-k->pid, SIGKILL);
		(void)waitpid(k->pid, NULL, 0);
		hook_clear(k);
	}
	free(h);
}

int hook_run(struct hooks *h, const char *path, char *const *env, hook_done_fn done, void *ctx,
	     struct err *e)
{
	struct hook *k = NULL;

	for (size_t i = 0; i < HOOKS_MAX && !k; i++)
		if (!h->slot[i].pid)
			k = &h->slot[i];
	if (!k)
		return err_set(e, ERR_RETRY, "%d of the site's programs run", HOOKS_MAX);
	if (start(path, env, &k->pid, e) < 0) {
		k->pid = 0;
		return -1;
	}
	k->done = done;
	k->ctx = ctx;
	if (sd_event_add_child(h->loop, &k->child, k->pid, WEXITED, on_end, k) < 0 ||
	    sd_event_add_time_relative(h->loop, &k->timer, CLOCK_MONOTONIC, (uint64_t)h->limit_us,
				       1000, on_late, k) < 0 ||
	    sd_event_source_set_exit_on_failure(k->child, true) < 0 ||
	    sd_event_source_set_exit_on_failure(k->timer, true) < 0) {
		(void)kill(-k->pid, SIGKILL);
		(void)waitpid(k->pid, NULL, 0);
		hook_clear(k);
		return err_set(e, ERR_INVALID, "cannot join the event loop");
	}
	return 0;
}
