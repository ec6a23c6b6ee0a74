/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts of a site -> lines for its administrator, each with what to do. Pure. */
#ifndef VMD_SITE_JUDGE_H
#define VMD_SITE_JUDGE_H

#include "vmd/site/facts.h"

enum site_verdict {
	SITE_OK,
	SITE_NOTE,  /* works, but look: it may not be what was meant */
	SITE_BLIND, /* could not be asked */
	SITE_WRONG
};

struct site_line {
	enum site_verdict verdict;
	const char *part; /* "vmd", "slurm", "kubernetes", "ceph" */
	char text[400];
	char todo[400]; /* "" nothing */
};

struct site_lines {
	size_t n, room;
	struct site_line *line; /* site_lines_done() */
};

/* Overwrites ret: the lines of vmd, Slurm, Kubernetes and Ceph. */
void site_judge(const struct settings *s, const struct site_facts *f, struct site_lines *ret);
void site_lines_done(struct site_lines *l);
const char *site_verdict_name(enum site_verdict v); /* as printed before a line */
size_t site_lines_count(const struct site_lines *l, enum site_verdict v);

#endif
