/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The catalogue as a file for job_submit.lua: Slurm's Lua has no YAML. Format: DESIGN.md. */
#ifndef VMD_CATALOGUE_FILE_H
#define VMD_CATALOGUE_FILE_H

#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/vm/image.h"

/* Pure. */
void catalogue_file_text(const struct catalogue *c, struct strbuf *ret);
/* Replaces path by rename(2): a reader sees the old file or the new one, whole. Mode 0644. */
int catalogue_file_write(const char *path, const struct catalogue *c, struct err *e);

#endif
