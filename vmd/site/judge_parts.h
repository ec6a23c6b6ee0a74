/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of the judgement, for the judge*.c of this folder only. */
#ifndef VMD_SITE_JUDGE_PARTS_H
#define VMD_SITE_JUDGE_PARTS_H

#include "vmd/site/judge.h"

/* Clocks that are further apart than half of what munge forgives (PEER_TTL_S) are wrong. */
#define SITE_SKEW_S 30
/* epilog_timeout= of the plugin, where its line does not say another. */
#define SITE_EPILOG_S 300

/* A new line; the next site_todo() is its. */
void site_say(struct site_lines *l, enum site_verdict v, const char *part, const char *fmt, ...)
	PRINTF(4, 5);
/* What to do about the last line. */
void site_todo(struct site_lines *l, const char *fmt, ...) PRINTF(2, 3);

/* The lines of one part each. skew_s: how far whose clock is ahead of vmd's. */
void site_judge_clock(const char *part, const char *whose, int64_t skew_s, struct site_lines *l);
void site_judge_host(const struct settings *s, const struct site_facts *f, struct site_lines *l);
void site_judge_slurm(const struct settings *s, const struct site_facts *f, struct site_lines *l);
void site_judge_kube(const struct settings *s, const struct site_facts *f, struct site_lines *l);
void site_judge_ceph(const struct settings *s, const struct site_facts *f, struct site_lines *l);

/* The longest time that a guest of the catalogue may take to shut down. */
int64_t site_grace_s(const struct settings *s);

#endif
