/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plugin's questions to vmd. Each is one request with one total deadline; all may be repeated.
 * Errors as of client_call() in vmd/api/client.h. */
#ifndef SLURM_PLUGIN_ASK_H
#define SLURM_PLUGIN_ASK_H

#include "slurm-plugin/settings.h"
#include "slurm-plugin/wait.h"

#include <sys/types.h>

#define ASK_KEY_MAX 4096

/* "Look at this job now." request may be NULL; only root's is believed (uid: the job's owner). A
 * hint may be lost: vmd looks by itself, only later; so nobody waits for one for long. */
#define ASK_HINT_TIMEOUT_MS 900
int ask_hint(const struct plugin_settings *s, uint32_t job, const struct vm_request *request,
	     uid_t uid, int timeout_ms, struct err *e);
/* seen: the word of an earlier report; vmd answers when it is not true any more, or after 8 s, for
 * which timeout_ms must leave room over all servers: also of two vmd, one of which is down. "": at
 * once. node: of a job with several machines only the one there; "": all of them. */
#define ASK_NEWS_S          8
#define ASK_NEWS_TIMEOUT_MS 20000
int ask_show(const struct plugin_settings *s, uint32_t job, const char *node, const char *seen,
	     int timeout_ms, struct vm_report *ret, struct err *e);
/* The guest's ssh private key; buf of ASK_KEY_MAX + 1. */
int ask_key(const struct plugin_settings *s, uint32_t job, uint32_t rank, int timeout_ms, char *buf,
	    size_t size, struct err *e);

/* The user's own public keys are let in, too. keys: borrowed. */
struct own_keys;
int ask_own_keys(const struct plugin_settings *s, uint32_t job, uint32_t rank,
		 const struct own_keys *keys, int timeout_ms, struct err *e);

#endif
