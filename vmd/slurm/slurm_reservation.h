/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reservations of nodes that jobs follow their VMs to (migration/reservation.h), by libslurm.
 * Worker thread; blocks. */
#ifndef VMD_SLURM_SLURM_RESERVATION_H
#define VMD_SLURM_SLURM_RESERVATION_H

#include "vmd/migration/reservation.h"
#include "vmd/reconcile/port.h"
#include "vmd/slurm/compat.h"

/* Those of vmd's in the last list, so that an unchanged one costs a small RPC. Zeroed is empty. */
struct slurm_reservations {
	time_t last_update; /* slurmctld's clock; 0: never asked */
	size_t n;
	struct reservation *list;
};

void slurm_reservations_done(struct slurm_reservations *s);
/* ERR_RETRY: slurmctld did not answer. */
int slurm_reservations_load(struct slurm_reservations *s, struct err *e);
/* ACT_RESERVE. nonce: of a->job_id's request. now_s: wall clock. ERR_DENIED: Slurm does not want
 * it, whatever its reason. */
int slurm_reservation_make(const struct action *a, const char *nonce, int64_t now_s, struct err *e);
/* ACT_END_RESERVATION. Success if there is none. */
int slurm_reservation_end(const struct action *a, struct err *e);

#endif
