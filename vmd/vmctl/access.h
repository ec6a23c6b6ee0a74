/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The caller's own way to one VM through Kubernetes: vmd gives its owner a token for that VM's
 * screen, console and ports, good for an hour and no longer than the VM. */
#ifndef VMD_VMCTL_ACCESS_H
#define VMD_VMCTL_ACCESS_H

#include "vmd/vmctl/vmctl.h"
#include "vmd/websocket/websocket.h"

struct access {
	char *server, *name_space, *vm;
	char *ca;    /* PEM; "" the system's authorities */
	char *token; /* wiped at the end */
	int64_t until_s;
};

/* Of the job that v->job names, or job. ERR_RETRY: it has no VM at the moment. */
int access_ask(struct vmctl *v, const char *job, struct access *ret, struct err *e);
void access_done(struct access *a);
static inline void access_done_auto(struct access *a)
{
	access_done(a);
}

/* part: "vnc", "console". */
int access_open(const struct access *a, const char *part, struct websocket **ret, struct err *e);
/* Its screen as PNG; the caller frees. */
int access_screenshot(const struct access *a, char **ret, size_t *ret_len, struct err *e);

#endif
