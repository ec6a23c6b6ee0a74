/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ids of steps that Slurm gives a meaning. By hand, because slurm/slurm.h and vmd/job/job.h cannot
 * be included together (both have a JOB_PENDING); step.c asserts that they are Slurm's. */
#ifndef SLURM_PLUGIN_STEP_H
#define SLURM_PLUGIN_STEP_H

#define STEP_BATCH_SCRIPT UINT32_C(0xfffffffb)

#endif
