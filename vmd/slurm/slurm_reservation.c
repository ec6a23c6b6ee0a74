/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See slurm_reservation.h. What slurmctld does with one was tried on 22.05:
 *
 * - A job that waits in it is the first in the queue, before those of any PriorityTier, and nobody
 *   else begins on the node.
 * - IGNORE_JOBS: the companion, and whatever else runs on the node, runs on. OVERLAP: two of them
 *   on one node do not hinder each other's jobs, nor does a reservation that is there already.
 * FLEX: the job is not ended with the reservation. NO_HOLD_JOBS: one that waits still is not held
 * then.
 * - It cannot be deleted under a job that is in it ("in use"), but a running job may leave it.
 * - A job can name several, "R,V". Slurm then tries the first alone, and does not start it. */
#include "vmd/slurm/slurm_reservation.h"

#include "vmd/base/str.h"
#include "vmd/slurm/slurm_record.h"

#include <errno.h>
#include <stdlib.h>

#define FLAGS                                                                                      \
	(RESERVE_FLAG_FLEX | RESERVE_FLAG_IGN_JOBS | RESERVE_FLAG_OVERLAP |                        \
	 RESERVE_FLAG_NO_HOLD_JOBS)

DEFINE_AUTO(reserve_info_msg_t *, slurm_free_reservation_info_msg)

void slurm_reservations_done(struct slurm_reservations *s)
{
	free(s->list);
	*s = (struct slurm_reservations){.n = 0};
}

int slurm_reservations_load(struct slurm_reservations *s, struct err *e)
{
	AUTO(slurm_free_reservation_info_msg) reserve_info_msg_t *m = NULL;
	struct reservation *list;

	if (slurm_load_reservations(s->last_update, &m) != SLURM_SUCCESS)
		return errno == SLURM_NO_CHANGE_IN_DATA
			       ? 0
			       : slurm_failed(e, errno, "load reservations");
	list = calloc(m->record_count + 1, sizeof(*list));
	if (!list)
		abort();
	free(s->list);
	s->list = list;
	s->n = 0;
	s->last_update = m->last_update;
	for (uint32_t i = 0; i < m->record_count; i++)
		s->n += m->reservation_array[i].name &&
			reservation_parse(m->reservation_array[i].name, &list[s->n]);
	return 0;
}

/* Numbers of slurmctld's own answers: those of its protocol lie below and above, where 26.05 has
 * other names. */
#define ANSWER_FIRST 2000
#define ANSWER_END   5000

/* slurmctld has said no; when it has said nothing it is asked again. */
static int refused(struct err *e, int code, const char *what)
{
	(void)slurm_failed(e, code, what);
	if (code >= ANSWER_FIRST && code < ANSWER_END && code != ESLURM_IN_STANDBY_MODE)
		e->kind = ERR_DENIED;
	return -1;
}

static int create(const struct action *a, uint32_t uid, int64_t now_s, struct err *e)
{
	char name[sizeof(a->object)], node[sizeof(a->node)], user[16];
	resv_desc_msg_t d;
	char *made;

	(void)str_copy(name, sizeof(name), a->object);
	(void)str_copy(node, sizeof(node), a->node);
	(void)str_fmt(user, sizeof(user), "%u", uid);
	slurm_init_resv_desc_msg(&d);
	d.name = name;
	d.end_time = (time_t)(now_s + RESERVATION_S);
	d.node_list = node;
	d.users = user; /* the job's owner: Slurm lets nobody else's job in */
	d.start_time = (time_t)now_s;
	d.flags = FLAGS;
	made = slurm_create_reservation(&d);
	free(made);
	if (made)
		return 0;
	if (errno != ESLURM_RESERVATION_NAME_DUP)
		return refused(e, errno, "reserve the node");
	/* A vmd that died, or a lost answer, has left it: its time begins anew. */
	slurm_init_resv_desc_msg(&d);
	d.name = name;
	d.node_list = node;
	d.end_time = (time_t)(now_s + RESERVATION_S);
	return slurm_update_reservation(&d) == SLURM_SUCCESS
		       ? 0
		       : refused(e, errno, "reserve the node again");
}

/* A job that is over is in none any more, whatever its record says: slurmctld refuses to change
 * that, and lets the reservation go. */
static int job_put(uint32_t job_id, const char *name, struct err *e)
{
	char copy[RESERVATION_NAME_MAX + 1];
	job_desc_msg_t d;

	(void)str_copy(copy, sizeof(copy), name);
	compat_update_for(&d, job_id);
	d.reservation = copy; /* "" takes it off */
	if (slurm_update_job(&d) == SLURM_SUCCESS || errno == ESLURM_ALREADY_DONE ||
	    errno == ESLURM_JOB_FINISHED)
		return 0;
	return refused(e, errno, "change its reservation");
}

int slurm_reservation_make(const struct action *a, const char *nonce, int64_t now_s, struct err *e)
{
	AUTO(slurm_free_job_info_msg) job_info_msg_t *m = NULL;
	slurm_job_info_t *info;
	struct job j;

	if (slurm_record_load(a->job_id, &m, &info, e) < 0 ||
	    slurm_record_check(info, nonce, &j, e) < 0)
		return -1;
	if (j.phase == JOB_RUNNING) /* there was room beside the companion */
		return 0;
	if (j.phase != JOB_PENDING || j.held || j.reserves_own ||
	    !job_node_same(j.asked_node, a->node))
		return err_set(e, ERR_CONFLICT, "job %u does not wait for %.80s any more", j.id,
			       a->node);
	return create(a, j.uid, now_s, e) < 0 ? -1 : job_put(j.id, a->object, e);
}

int slurm_reservation_end(const struct action *a, struct err *e)
{
	AUTO(slurm_free_job_info_msg) job_info_msg_t *m = NULL;
	char name[sizeof(a->object)];
	reservation_name_msg_t msg = {.name = name};
	slurm_job_info_t *info;
	struct err why;

	(void)str_copy(name, sizeof(name), a->object);
	if (slurm_record_load(a->job_id, &m, &info, &why) < 0 && why.kind != ERR_ABSENT) {
		*e = why;
		return -1;
	}
	if (m && info->resv_name && str_eq(info->resv_name, name) && job_put(a->job_id, "", e) < 0)
		return -1;
	if (slurm_delete_reservation(&msg) == SLURM_SUCCESS || errno == ESLURM_RESERVATION_INVALID)
		return 0;
	return slurm_failed(e, errno, "end the reservation");
}
