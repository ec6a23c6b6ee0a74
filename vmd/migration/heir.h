/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An allocation that takes another one's place: that of a `salloc --no-shell` cannot follow its VM,
 * so its companion becomes the job (DESIGN.md, "The heir"). For some time Slurm has records of both
 * under one key; here it is decided which of them is the job with that key. Pure. */
#ifndef VMD_MIGRATION_HEIR_H
#define VMD_MIGRATION_HEIR_H

#include "vmd/migration/companion.h"

/* Can its companion take its place? */
bool heir_may_be(const struct job *j);
/* Of jobs that share a key one is left, in place; an heir that is left is no companion any more.
 * jobs: as in struct desired, sorted by job_key_compare(), of one and the same look at Slurm. */
void heirs_settle(struct job *jobs, size_t *n, struct companion *companions, size_t *n_companion);
/* Has it made room for the heir that it names, as far as its record alone can tell? */
bool heir_has_room(const struct job *before);
/* Does this record say something about heirs, so that alone, without the others of the same look,
 * it says nothing? */
bool heir_is_concerned(const struct job *j);

#endif
