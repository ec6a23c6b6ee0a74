/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs by libslurm: loads of all and of one; what is changed of one is in slurm_record.c. Blocks;
 * one worker thread. libslurm has its own time-outs (MessageTimeout, 10 s by default, per try). */
#include "vmd/slurm/slurm_jobs.h"

#include "vmd/base/str.h"
#include "vmd/job/job_spec.h"
#include "vmd/slurm/slurm_node.h"
#include "vmd/slurm/slurm_record.h"
#include "vmd/slurm/slurm_reservation.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>

struct slurm_jobs {
	time_t last_update;     /* slurmctld's clock: of the list below */
	struct slurm_list list; /* without the nodes and the reservations */
	struct slurm_nodes nodes;
	struct slurm_reservations reservations;
};

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

void slurm_jobs_start(void)
{
	slurm_init(NULL);
}

int slurm_jobs_new(struct slurm_jobs **ret, struct err *e)
{
	(void)e;
	*ret = need(calloc(1, sizeof(**ret)));
	return 0;
}

void slurm_jobs_free(struct slurm_jobs *s)
{
	if (!s)
		return;
	slurm_list_done(&s->list);
	slurm_nodes_done(&s->nodes);
	slurm_reservations_done(&s->reservations);
	free(s);
}

void slurm_user_name(uint32_t uid, char *buf, size_t size)
{
	char room[4096];
	struct passwd pw;
	struct passwd *found = NULL;

	buf[0] = '\0';
	if (getpwuid_r(uid, &pw, room, sizeof(room), &found) == 0 && found)
		(void)str_copy(buf, size, found->pw_name);
}

static void fill_user(struct job *j)
{
	if (!j->user[0])
		slurm_user_name(j->uid, j->user, sizeof(j->user));
}

/* RealMemory of the job's node: what an allocation of a node whose memory Slurm does not count
 * has. 0 if even that is unknown: the job then waits with that reason. */
static void fill_memory(struct job *j)
{
	node_info_msg_t *m = NULL;

	if (j->phase != JOB_RUNNING || j->memory_bytes > 0 ||
	    slurm_load_node_single(&m, j->node, SHOW_ALL) != SLURM_SUCCESS)
		return;
	if (m->record_count > 0)
		j->memory_bytes = m->node_array[0].real_memory << 20;
	slurm_free_node_info_msg(m);
}

/* So many jobs the record is to the core. */
static size_t machines_of(const struct vm_request *r)
{
	return r->machines > 1 ? r->machines : 1;
}

/* All machines of a job whose record has that request; ret has room for them. */
static int read_machines(const slurm_job_info_t *info, const struct vm_request *request,
			 struct job *ret, struct err *e)
{
	struct job j;

	if (slurm_job_read(info, &j, e) < 0)
		return -1;
	j.request = *request;
	if (request->as) { /* what it asks for is what vmd chose */
		j.asked_node[0] = '\0';
		slurm_excluded_read(slurm_excluded(info, request), &j);
	}
	fill_user(&j);
	for (uint32_t i = 0; i < machines_of(request); i++) {
		ret[i] = j;
		if (job_is_several(&j) &&
		    (slurm_rank_read(info, i, &ret[i], e) < 0 ||
		     job_spec_find_rank(info->admin_comment, i, &ret[i].request, e) < 0))
			return -1;
		fill_memory(&ret[i]);
	}
	return 0;
}

/* One with a request is added to l; one with a malformed one is told (l->bad). */
static int read_one(const slurm_job_info_t *info, struct slurm_list *l, size_t *cap, struct err *e)
{
	struct vm_request request;
	struct err why = {.kind = ERR_NONE};
	int found = job_spec_find(info->admin_comment ? info->admin_comment : "", &request, &why);

	if (found < 0)
		l->bad = compat_job_id(info);
	if (found <= 0)
		return 0;
	if (l->n + machines_of(&request) > *cap) {
		*cap = (*cap + machines_of(&request)) * 2;
		l->job = need(realloc(l->job, *cap * sizeof(*l->job)));
	}
	if (read_machines(info, &request, &l->job[l->n], e) < 0)
		return -1;
	l->n += machines_of(&request);
	return 0;
}

static void list_done_auto(struct slurm_list *l)
{
	slurm_list_done(l);
}

static int by_key(const void *a, const void *b)
{
	return job_key_compare(a, b);
}

static int by_id(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int companions_by_id(const void *a, const void *b)
{
	return by_id(&((const struct companion *)a)->id, &((const struct companion *)b)->id);
}

/* An allocation of vmd's own, for a move? */
static int read_companion(const slurm_job_info_t *info, struct slurm_list *l, struct err *e)
{
	struct companion c = {.id = compat_job_id(info), .start_s = info->start_time};
	struct vm_request request;
	struct err ignored;
	struct job j;

	if (!info->admin_comment || !companion_find(info->admin_comment, &c))
		return 0;
	if (slurm_job_read(info, &j, e) < 0)
		return -1;
	c.phase = j.phase;
	c.cpus = j.phase == JOB_RUNNING ? j.cpus : 0;
	memcpy(c.node, j.node, sizeof(c.node));
	if (job_spec_find(info->admin_comment, &request, &ignored) == 1)
		c.after = request.after;
	if (j.phase == JOB_PENDING) {
		c.limited = j.limited;
		slurm_reason_text(info->state_reason, c.reason, sizeof(c.reason));
		slurm_nodes_text(info->exc_nodes, c.not_on, sizeof(c.not_on));
	}
	l->companion = need(realloc(l->companion, (l->n_companion + 1) * sizeof(c)));
	l->companion[l->n_companion++] = c;
	return 0;
}

static bool is_live(const slurm_job_info_t *info)
{
	enum job_phase phase;
	enum job_end end;
	struct err ignored;

	return slurm_state_read(info->job_state, &phase, &end, &ignored) < 0 || phase != JOB_ENDED;
}

/* A record that cannot be understood fails the whole load: leaving it out would read as "this job
 * is gone", and its VM would go with it. */
static int read_all(const job_info_msg_t *m, struct slurm_list *ret, struct err *e)
{
	AUTO(list_done) struct slurm_list l = {.n = 0};
	size_t cap = 0;

	l.live = need(calloc(m->record_count + 1, sizeof(*l.live)));
	for (uint32_t i = 0; i < m->record_count; i++) {
		const slurm_job_info_t *info = &m->job_array[i];

		if (is_live(info))
			l.live[l.n_live++] = compat_job_id(info);
		if (read_one(info, &l, &cap, e) < 0 || read_companion(info, &l, e) < 0)
			return -1;
	}
	qsort(l.live, l.n_live, sizeof(*l.live), by_id);
	if (l.n)
		qsort(l.job, l.n, sizeof(*l.job), by_key);
	if (l.n_companion)
		qsort(l.companion, l.n_companion, sizeof(*l.companion), companions_by_id);
	free(ret->job);
	free(ret->live);
	free(ret->companion);
	*ret = l;
	l = (struct slurm_list){.n = 0};
	return 0;
}

static void *copy(const void *p, size_t n, size_t size)
{
	void *c = need(calloc(n ? n : 1, size));

	if (n)
		memcpy(c, p, n * size);
	return c;
}

/* Asked for once, for what a vmd that died has left, and as long as there may be any: a companion
 * stays in Slurm's list for some minutes (MinJobAge). So without a move they cost nothing. */
static int reservations_load(struct slurm_jobs *s, struct err *e)
{
	bool may_be = !s->reservations.last_update || s->reservations.n || s->list.n_companion;

	return may_be ? slurm_reservations_load(&s->reservations, e) : 0;
}

int slurm_jobs_load(struct slurm_jobs *s, struct slurm_list *ret, struct err *e)
{
	AUTO(slurm_free_job_info_msg) job_info_msg_t *m = NULL;

	if (slurm_load_jobs(s->last_update, &m, SHOW_ALL) == SLURM_SUCCESS) {
		if (read_all(m, &s->list, e) < 0)
			return -1;
		s->last_update = m->last_update;
	} else if (errno != SLURM_NO_CHANGE_IN_DATA) {
		return slurm_failed(e, errno, "load jobs");
	}
	if (slurm_nodes_load(&s->nodes, e) < 0 || reservations_load(s, e) < 0)
		return -1;
	*ret = s->list;
	ret->job = copy(s->list.job, s->list.n, sizeof(*ret->job));
	ret->live = copy(s->list.live, s->list.n_live, sizeof(*ret->live));
	ret->companion = copy(s->list.companion, s->list.n_companion, sizeof(*ret->companion));
	ret->n_reservation = s->reservations.n;
	ret->reservation = copy(s->reservations.list, s->reservations.n, sizeof(*ret->reservation));
	ret->n_node = s->nodes.n;
	ret->node = copy(s->nodes.node, s->nodes.n, sizeof(*ret->node));
	return 0;
}

int slurm_job_load(uint32_t job_id, struct job **ret, size_t *ret_n, struct err *e)
{
	AUTO(slurm_free_job_info_msg) job_info_msg_t *m = NULL;
	AUTO(free) struct job *list = NULL;
	struct vm_request request;
	slurm_job_info_t *info;
	int found;

	if (slurm_record_load(job_id, &m, &info, e) < 0)
		return -1;
	found = job_spec_find(info->admin_comment ? info->admin_comment : "", &request, e);
	if (found < 0)
		return err_wrap(e, "job %u: AdminComment", job_id);
	if (found == 0)
		request = (struct vm_request){.image = ""};
	list = need(calloc(machines_of(&request), sizeof(*list)));
	if (read_machines(info, &request, list, e) < 0)
		return -1;
	*ret = STEAL(list);
	*ret_n = machines_of(&request);
	return 0;
}

int slurm_prolog_check(struct err *e)
{
	slurm_conf_t *conf = NULL;
	bool told;

	if (slurm_load_ctl_conf(0, &conf) != SLURM_SUCCESS)
		return slurm_failed(e, errno, "load its configuration");
	told = compat_prolog_is_told(conf);
	compat_free_conf(conf);
	return told ? 0
		    : err_set(e, ERR_DENIED,
			      "a prolog's request is not taken without PrologFlags=Alloc in "
			      "slurm.conf: slurm-vm(8), WITHOUT JOB_SUBMIT.LUA");
}

int slurm_cluster(char *ret_name, size_t size, uint32_t *ret_slurm_uid, struct err *e)
{
	slurm_conf_t *conf = NULL;
	int rc = 0;

	if (slurm_load_ctl_conf(0, &conf) != SLURM_SUCCESS)
		return slurm_failed(e, errno, "load its configuration");
	if (!conf->cluster_name || str_copy(ret_name, size, conf->cluster_name) < 0)
		rc = err_set(e, ERR_INVALID, "slurm.conf: ClusterName is missing or too long");
	else
		*ret_slurm_uid = conf->slurm_user_id;
	compat_free_conf(conf);
	return rc;
}
