/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a load found, beside libslurm, so that a test that plays Slurm frees it as vmd does. */
#include "vmd/slurm/slurm_jobs.h"

void slurm_list_done(struct slurm_list *l)
{
	free(l->job);
	free(l->live);
	free(l->companion);
	free(l->reservation);
	free(l->node);
}
