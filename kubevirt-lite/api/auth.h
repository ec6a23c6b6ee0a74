/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who asks (bearer tokens) and what they may (rules): those of the settings, read once at the
 * start. What objects grant is in rbac.h and service_token.h. */
#ifndef KUBEVIRT_LITE_AUTH_H
#define KUBEVIRT_LITE_AUTH_H

#include "vmd/base/conf.h"

#define AUTH_GROUPS 8

struct auth;

struct identity {
	const char *user; /* "system:anonymous" without a token */
	const char *group[AUTH_GROUPS + 1];
	size_t n_groups;
};

struct access {
	const char *verb;
	const char *group;    /* API group, "" is core */
	const char *resource; /* "virtualmachines", NULL: a path that is no resource */
	const char *sub;      /* "" or "status" */
	const char *name;     /* "": none */
	const char *ns;       /* "": cluster-wide */
	const char *path;
};

/* settings: the whole file; reads its keys tokens and rbac. Errors by line. */
int auth_new(struct conf *settings, struct auth **ret, struct err *e);
/* header: the value of Authorization, NULL: none, which is the anonymous user. ERR_DENIED: a token
 * nobody has (401). */
int auth_identify(const struct auth *a, const char *header, struct identity *ret, struct err *e);
bool auth_allows(const struct auth *a, const struct identity *who, const struct access *what);
void auth_free(struct auth *a);
DEFINE_AUTO(struct auth *, auth_free)

#endif
