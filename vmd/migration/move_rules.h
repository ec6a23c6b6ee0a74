/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the files of move_read() share their work: one for each thing that is asked about a move.
 * Pure. */
#ifndef VMD_MIGRATION_MOVE_RULES_H
#define VMD_MIGRATION_MOVE_RULES_H

#include "vmd/migration/move.h"

#define MOVE_WHY_SIZE (JOB_TITLE_MAX + JOB_USER_MAX + 40)

/* The phase, and the reason for people. */
void move_set(struct move *m, enum move_phase p, const char *fmt, ...) PRINTF(3, 4);
/* The same, and its user shall know. */
#define move_set_told(m, ...) (move_set(m, __VA_ARGS__), (m)->tell = true)
/* The same, and something is done with that node. */
#define move_set_to(m, p, node, ...) (move_set(m, p, __VA_ARGS__), (m)->to = (node))

static inline bool is_set(const char *text)
{
	return text && *text;
}

/* move_mark.c. Did an earlier move aim the job at the node it asks for? */
bool move_is_from(const struct job *j);

/* move_need.c. Why its node is to get empty, why it has to move; "" it is not, it has not. */
const char *move_why_drained(const struct move_view *v, char buf[MOVE_WHY_SIZE]);
const char *move_why_wanted(const struct move_view *v, char buf[MOVE_WHY_SIZE]);
bool move_is_blocked(const struct move_view *v, struct move *m); /* sets the phase, if it is */
void move_read_choice(const struct move_view *v, struct move *m);
bool move_is_by_requeue(const struct job *j); /* can its job follow it? */

/* move_send.c. To the place of its companion. */
void move_read_queued(struct move *m, const struct companion *h, const char *why);
void move_read_send(const struct move_view *v, struct move *m);
bool move_is_small(const struct move_view *v, const struct companion *h);
/* ... for what the VM is, or is told to be. */
bool move_is_cramped(const struct move_view *v, const struct companion *h);
#define MOVE_MORE_ROOM "it is to be larger: more room is asked for"
/* ret_again_s: false for so long at most; untouched when time alone changes nothing. */
bool move_is_bound(const struct move_view *v, int64_t start_s, int64_t *ret_again_s);

/* move_astray.c. Its VM is outside every allocation. */
void move_read_astray(const struct move_view *v, struct move *m);
/* It is deleted, and made anew. But first it is bound to where it is, and that is noted on it: the
 * view may be old, and the deletion, which names the version, must miss a VM that has come to its
 * place meanwhile. */
void move_read_given_up(const struct move_view *v, struct move *m, const char *why);
#define MOVE_NO_PLACE                                                                              \
	"it is outside its job's allocation, nothing else was found: it is made again with its "   \
	"job"
/* It has its place, but was given up: a deletion may be on its way, of a vmd that was stopped with
 * it. The note is taken off before anything rests on the VM, and the deletion misses it. false: it
 * was not; m is untouched. */
bool move_read_taken_back(const struct move_view *v, struct move *m);
/* To where its job is; why it is not to stay. */
void move_read_home(const struct move_view *v, struct move *m, const char *why);

/* move_gap.c. Its job is to start where it is. false: it had its time; m is untouched. */
bool move_read_gap(const struct move_view *v, struct move *m);
/* Its companion was ended by somebody before its job was aimed at the node, or a vmd that was
 * stopped has aimed the job elsewhere since: the room may be free still, so it is aimed there all
 * the same, and has its time to start. false: it is not so; m is untouched. */
bool move_read_left(const struct move_view *v, struct move *m);
#define MOVE_NOT_THERE "its job is queued again, and it is not with its companion: it is made again"

/* move.c */
void move_read_allocate(const struct move_view *v, struct move *m, const char *why);

/* move_on.c. The first of its companions, but for the one it is with, that goes on though its VM
 * has turned it down; NULL: none does. */
const struct companion *move_turned_down(const struct move_view *v, const struct companion *with);
/* Its job holds the node that it is on, but less than it has. */
bool move_is_lent(const struct job *j, const struct vm_seen *vm);
/* ... and m->companion, beside it, the rest. */
void move_read_lent(const struct move_view *v, struct move *m, const struct companion *next);
#define MOVE_IS_LARGER "it is larger than its job"
/* It is with m->companion. false: it may stay there, or cannot go on; m is untouched. */
bool move_read_on(const struct move_view *v, struct move *m, const struct companion *next);

#endif
