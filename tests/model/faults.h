/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes wrong, and right again, in the models of moves and of heirs: each event once at most,
 * and so many of them altogether. Events are numbers from 0 to 7, nodes bits of drained. */
#ifndef TESTS_MODEL_FAULTS_H
#define TESTS_MODEL_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

struct faults {
	uint8_t done; /* a bit for each event */
	uint8_t left;
};

/* All: false: it cannot happen now, and nothing has changed. */
bool faults_once(struct faults *f, unsigned event);
bool faults_resume(struct faults *f, unsigned event, uint8_t *drained, unsigned node);
bool faults_drain(struct faults *f, unsigned event, uint8_t *drained, unsigned node);
/* That was resumed by the event resumed; what follows from one is none of those that are left. */
bool faults_drain_again(struct faults *f, unsigned event, unsigned resumed, uint8_t *drained,
			unsigned node);

#endif
