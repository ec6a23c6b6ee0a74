/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rights in Kubernetes that vmd uses, and what for: the same as etc/kubernetes/20-rbac.yaml and
 * 25-warnings.yaml give (tests/lint/rights.t compares). Pure. */
#ifndef VMD_SITE_RIGHTS_H
#define VMD_SITE_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>

struct settings;

#define SITE_RIGHTS 32
#define SITE_VERBS  8

enum site_answer {
	SITE_UNKNOWN, /* it could not be asked */
	SITE_YES,
	SITE_NO
};

/* What does not work without a right. */
enum site_use {
	USE_ALWAYS,  /* anything */
	USE_FENCE,   /* VMs of lost hosts (limits: fence_after) */
	USE_MOVE,    /* live migration */
	USE_DRAIN,   /* cordons follow drains (kubernetes: follow_drain) */
	USE_HOTPLUG, /* vmctl disk add, remove */
	USE_SCREEN,  /* vmctl vnc, console, screenshot, kubeconfig */
	USE_WARN,    /* warnings before the time limit (limits: warn) */
	USE_CHECK    /* this check alone */
};

struct site_right {
	const char *group, *resource, *subresource; /* "" the core group; "" none */
	const char *verbs;                          /* separated by a blank */
	bool cluster;                               /* of no namespace */
	enum site_use use;
};

extern const struct site_right site_rights[];
extern const size_t site_rights_n;

/* Verb i of a right, 0 for the first; false: it has not so many. size: 16 is enough. */
bool site_right_verb(const struct site_right *r, size_t i, char *buf, size_t size);
/* Do these settings ask for what it is used for? */
bool site_use_wanted(enum site_use use, const struct settings *s);
/* What does not work without: for people. */
const char *site_use_text(enum site_use use);

#endif
