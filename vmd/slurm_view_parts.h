/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of slurm_view*.c share. Loop thread, but for what says otherwise. */
#ifndef VMD_SLURM_VIEW_PARTS_H
#define VMD_SLURM_VIEW_PARTS_H

#include "vmd/base/worker.h"
#include "vmd/slurm_declined.h"
#include "vmd/slurm_look.h"
#include "vmd/slurm_view.h"

struct sd_event_source;
struct hint;    /* slurm_view_hint.c */
struct endings; /* slurm_ending.h */

/* Slurm's record does not tell when a script has ended, its epilog does. Of so many the last ones
 * are known: each is asked for by an epilog that asks again. */
#define SCRIPTS_MAX 256

struct script_over {
	uint32_t job_id;
	int64_t told_s; /* of which run */
};

struct slurm_view {
	struct slurm_view_settings settings;
	struct worker *worker;
	struct slurm_jobs *jobs; /* the worker thread's, but for its pointer */
	struct desired want;
	uint32_t *live;                  /* want.live */
	struct companion *companion;     /* want.companion */
	struct reservation *reservation; /* want.reservation */
	struct slurm_node *node;         /* want.node */
	struct sd_event_source *timer;   /* the next full load */
	bool loading;
	bool load_again;
	bool load_now;     /* ... without a gap */
	int64_t loaded_us; /* when the last full load began */
	int64_t asked_us;  /* when the one that want is of began */
	uint32_t bad;      /* last job with a malformed request: told once */
	bool in_trouble;
	bool cluster_known;
	struct slurm_look look;
	struct hint *hints; /* loads under way */
	size_t n_hint;
	struct endings *endings;
	struct declined_list declined;
	struct script_over script[SCRIPTS_MAX];
	size_t n_script; /* since vmd began; the next one's place is that modulo SCRIPTS_MAX */
};

void *slurm_view_need(void *p); /* p; without memory there is no going on */
/* The whole list, as soon as the gap allows. */
void slurm_view_load_soon(struct slurm_view *v);
void slurm_view_script_set(const struct slurm_view *v, struct job *j);
/* The record of a job does not say that its node is drained, nor that it is smaller than an equal
 * part of a job with several. */
void slurm_view_node_set(const struct slurm_view *v, struct job *j);

#endif
