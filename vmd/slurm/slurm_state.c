/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slurm's record of a job -> struct job; see slurm_state.h. Runs on the Slurm worker.
 *
 * The size of an allocation is taken from its TRES text: the one place that means the same in every
 * Slurm release from 22.05 on (slurm_job_cpus_allocated_on_node() left the library in 24.11), and
 * the one that has --mem, --mem-per-cpu, DefMemPerCPU and whole nodes reckoned in already. It is of
 * the whole job. Of a job with several nodes each is given an equal part: job_submit.lua sees to it
 * that Slurm spreads evenly (as many tasks on each node), and what does not divide is refused by
 * job_shape_check(). Memory that does not divide into a unit is rounded in that text, so of several
 * nodes the request's own number counts, which is of one node or one CPU. */
#include "vmd/slurm/slurm_state.h"

#include "vmd/base/str.h"
#include "vmd/migration/reservation.h"

#include <string.h>

static enum job_end base_end(uint32_t base)
{
	switch ((enum job_states)base) {
	case JOB_COMPLETE:
	case JOB_CANCELLED:
	case JOB_FAILED: return JOB_END_NORMAL;
	case JOB_TIMEOUT:
	case JOB_NODE_FAIL:
	case JOB_PREEMPTED:
	case JOB_BOOT_FAIL:
	case JOB_DEADLINE:
	case JOB_OOM: return JOB_END_ABNORMAL;
	default: return JOB_END_NONE; /* Slurm's enum: the rest has not ended */
	}
}

int slurm_state_read(uint32_t job_state, enum job_phase *ret_phase, enum job_end *ret_end,
		     struct err *e)
{
	static const uint32_t requeue =
		(uint32_t)(JOB_REQUEUE | JOB_REQUEUE_HOLD | JOB_SPECIAL_EXIT | JOB_REQUEUE_FED);
	uint32_t base = job_state & JOB_STATE_BASE;
	bool comes_again = (job_state & requeue) || base == SLURM_JOB_PENDING;

	if (base >= JOB_END)
		return err_set(e, ERR_INVALID, "unknown job state 0x%x", job_state);
	*ret_end = comes_again ? JOB_END_NONE : base_end(base);
	if (job_state & JOB_COMPLETING)
		*ret_phase = JOB_ENDING;
	else if (base == SLURM_JOB_RUNNING || base == JOB_SUSPENDED)
		*ret_phase = JOB_RUNNING;
	else if (comes_again)
		*ret_phase = JOB_PENDING;
	else
		*ret_phase = JOB_ENDED;
	return 0;
}

/* A size in TRES text: megabytes unless a letter says otherwise, and Slurm writes "1.50G" when it
 * does not divide. */
static uint64_t tres_size(uint64_t whole, uint64_t thousandths, char letter)
{
	unsigned shift;

	switch (letter) {
	case 'K': shift = 10; break;
	case 'G': shift = 30; break;
	case 'T': shift = 40; break;
	case 'P': shift = 50; break;
	default: shift = 20; break;
	}
	if (whole >= UINT64_C(1) << (60 - shift))
		return 0;
	return (whole << shift) + ((thousandths << shift) / 1000);
}

/* "512M", "1.50G", "2": whole part, three decimals, and what follows. */
static uint64_t read_number(const char *s, const char **ret_rest, uint64_t *ret_thousandths)
{
	uint64_t n = 0;
	uint64_t unit = 100;

	*ret_thousandths = 0;
	for (; *s >= '0' && *s <= '9' && n < UINT64_MAX / 100; s++)
		n = n * 10 + (uint64_t)(*s - '0');
	if (*s == '.') {
		for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10)
			*ret_thousandths += unit * (uint64_t)(*s - '0');
	}
	*ret_rest = s;
	return n;
}

uint64_t slurm_tres_count(const char *tres, const char *key)
{
	size_t len = strlen(key);

	for (const char *p = tres; p; p = strchr(p, ',')) {
		uint64_t thousandths;
		uint64_t whole;

		p += *p == ',';
		if (strncmp(p, key, len) != 0 || p[len] != '=')
			continue;
		whole = read_number(p + len + 1, &p, &thousandths);
		if (*p && *p != ',' && (p[1] && p[1] != ','))
			return 0;
		return str_eq(key, "mem") ? tres_size(whole, thousandths, *p) : whole;
	}
	return 0;
}

/* The node with that number in "worker[1-3]", from 0; "" if there are not so many. */
static int node_of(const char *nodes, uint32_t number, char *buf, size_t size, struct err *e)
{
	__auto_type list = slurm_hostlist_create(nodes);
	bool readable = false;
	int rc = 0;

	buf[0] = '\0';
	for (uint32_t i = 0; list && i <= number; i++) {
		AUTO(free) char *name = slurm_hostlist_shift(list);

		readable = readable || name;
		if (i == number && name)
			rc = str_copy(buf, size, name);
		if (!name)
			break;
	}
	if (list)
		slurm_hostlist_destroy(list);
	if (!readable || rc < 0)
		return err_set(e, ERR_INVALID, "cannot read node list '%.80s'", nodes);
	return 0;
}

/* The first node of "worker[1-3]". */
static int first_node(const char *nodes, char *buf, size_t size, struct err *e)
{
	return node_of(nodes, 0, buf, size, e);
}

void slurm_nodes_text(const char *nodes, char *buf, size_t size)
{
	__auto_type list = slurm_hostlist_create(nodes ? nodes : "");
	size_t len = 0;
	char *name;

	buf[0] = '\0';
	while (list && (name = slurm_hostlist_shift(list)) != NULL) {
		(void)str_fmt(buf + len, size - len, "%s%s", len ? "," : "", name);
		len += strlen(buf + len);
		free(name);
	}
	if (list)
		slurm_hostlist_destroy(list);
}

/* As the request said, when TRES does not tell: per node, or per CPU with a flag bit. */
static uint64_t asked_memory(const slurm_job_info_t *info, uint32_t cpus)
{
	uint64_t megabytes = info->pn_min_memory;

	if (megabytes == NO_VAL64 || megabytes == INFINITE64)
		return 0;
	if (megabytes & MEM_PER_CPU)
		megabytes = (megabytes & ~MEM_PER_CPU) * cpus;
	return megabytes < UINT64_C(1) << 40 ? megabytes << 20 : 0;
}

static int read_allocation(const slurm_job_info_t *info, struct job *j, struct err *e)
{
	uint64_t cpus = slurm_tres_count(info->tres_alloc_str, "cpu");

	if (!info->nodes || !info->nodes[0])
		return err_set(e, ERR_RETRY, "running without a node list");
	if (first_node(info->nodes, j->node, sizeof(j->node), e) < 0)
		return -1;
	j->n_nodes = info->num_nodes ? info->num_nodes : 1;
	if (cpus == 0)
		cpus = info->num_cpus;
	j->cpus = (uint32_t)(cpus / j->n_nodes);
	j->memory_bytes = slurm_tres_count(info->tres_alloc_str, "mem") / j->n_nodes;
	if (j->memory_bytes == 0)
		j->memory_bytes = asked_memory(info, j->cpus);
	return 0;
}

int slurm_rank_read(const slurm_job_info_t *info, uint32_t rank, struct job *j, struct err *e)
{
	uint64_t cpus = slurm_tres_count(info->tres_alloc_str, "cpu");

	j->rank = rank;
	if ((j->phase != JOB_RUNNING && j->phase != JOB_ENDING) || !info->nodes || !info->nodes[0])
		return 0;
	if (node_of(info->nodes, rank, j->node, sizeof(j->node), e) < 0)
		return err_wrap(e, "job %u", j->id);
	if (j->phase == JOB_RUNNING) {
		j->memory_bytes = asked_memory(info, j->cpus); /* 0: the node's, all of it */
		j->uneven = cpus % j->n_nodes != 0;
	}
	return 0;
}

void slurm_reason_text(uint32_t reason, char *buf, size_t size)
{
	static const struct {
		uint32_t reason;
		const char *text;
	} texts[] = {
		{WAIT_NO_REASON, ""},
		{WAIT_PRIORITY, "Priority"},
		{WAIT_RESOURCES, "Resources"},
		{WAIT_PART_NODE_LIMIT, "PartitionNodeLimit"},
		{WAIT_PART_TIME_LIMIT, "PartitionTimeLimit"},
		{WAIT_PART_DOWN, "PartitionDown"},
		{WAIT_PART_INACTIVE, "PartitionInactive"},
		{WAIT_HELD, "JobHeldAdmin"},
		{WAIT_HELD_USER, "JobHeldUser"},
		{WAIT_TIME, "BeginTime"},
		{WAIT_LICENSES, "Licenses"},
		{WAIT_ASSOC_JOB_LIMIT, "AssociationJobLimit"},
		{WAIT_ASSOC_RESOURCE_LIMIT, "AssociationResourceLimit"},
		{WAIT_ASSOC_TIME_LIMIT, "AssociationTimeLimit"},
		{WAIT_RESERVATION, "Reservation"},
		{WAIT_NODE_NOT_AVAIL, "ReqNodeNotAvail"},
		{WAIT_ACCOUNT, "InvalidAccount"},
		{WAIT_QOS, "InvalidQOS"},
		{WAIT_ASSOC_MAX_JOBS, "AssocMaxJobsLimit"},
		{WAIT_ASSOC_GRP_JOB, "AssocGrpJobsLimit"},
		{WAIT_ASSOC_GRP_CPU, "AssocGrpCpuLimit"},
		{WAIT_ASSOC_GRP_MEM, "AssocGrpMemLimit"},
		{WAIT_ASSOC_GRP_NODE, "AssocGrpNodeLimit"},
		{WAIT_ASSOC_GRP_GRES, "AssocGrpGRES"},
		{WAIT_ASSOC_GRP_BILLING, "AssocGrpBilling"},
		{WAIT_QOS_GRP_JOB, "QOSGrpJobsLimit"},
		{WAIT_QOS_GRP_CPU, "QOSGrpCpuLimit"},
		{WAIT_QOS_GRP_MEM, "QOSGrpMemLimit"},
		{WAIT_QOS_GRP_NODE, "QOSGrpNodeLimit"},
		{WAIT_QOS_GRP_GRES, "QOSGrpGRES"},
		{WAIT_QOS_MAX_JOB_PER_USER, "QOSMaxJobsPerUserLimit"},
		{WAIT_QOS_MAX_CPU_PER_USER, "QOSMaxCpuPerUserLimit"},
		{WAIT_QOS_MAX_MEM_PER_USER, "QOSMaxMemoryPerUser"},
		{WAIT_QOS_MAX_GRES_PER_USER, "QOSMaxGRESPerUser"},
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i].reason == reason) {
			(void)str_copy(buf, size, texts[i].text);
			return;
		}
	/* Limits of association and QOS have some two hundred numbers. */
	(void)str_fmt(buf, size, "%s %u, see squeue",
		      slurm_reason_is_limit(reason) ? "limit" : "reason", reason);
}

/* In slurm.h they stand in blocks between other reasons. */
bool slurm_reason_is_limit(uint32_t reason)
{
	static const struct {
		uint32_t first, last;
	} blocks[] = {
		{WAIT_ASSOC_JOB_LIMIT, WAIT_ASSOC_TIME_LIMIT},
		{WAIT_QOS_JOB_LIMIT, WAIT_QOS_TIME_LIMIT},
		{WAIT_QOS_GRP_CPU, WAIT_ASSOC_MAX_SUB_JOB},
		{WAIT_ASSOC_GRP_UNK, WAIT_QOS_MIN_BB},
		{WAIT_QOS_MAX_BB_PER_ACCT, WAIT_QOS_MAX_SUB_JOB_PER_ACCT},
		{WAIT_ACCOUNT_POLICY, WAIT_ACCOUNT_POLICY},
		{WAIT_ASSOC_GRP_BILLING, WAIT_QOS_MIN_BILLING},
	};

	for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
		if (reason >= blocks[i].first && reason <= blocks[i].last)
			return true;
	return false;
}

/* Tasks that have not begun share one record, with the array's id; each that begins gets its own.
 */
static void read_array(const slurm_job_info_t *info, struct job *j)
{
	char text[2 * JOB_TASK_MAX];

	if (!info->array_job_id)
		return;
	if (info->array_task_id != NO_VAL)
		(void)snprintf(text, sizeof(text), "%u_%u", info->array_job_id,
			       info->array_task_id);
	else if (info->array_task_str)
		(void)snprintf(text, sizeof(text), "%u_[%.80s]", info->array_job_id,
			       info->array_task_str);
	else
		return;
	str_cut(j->task, sizeof(j->task), text);
}

const char *slurm_excluded(const slurm_job_info_t *info, const struct vm_request *r)
{
	bool is_own = !r->as || str_eq(r->exclude, "*");

	return !is_own ? r->exclude : info->exc_nodes ? info->exc_nodes : "";
}

void slurm_excluded_read(const char *nodes, struct job *j)
{
	char text[2 * JOB_NOT_ON_MAX];

	j->not_on[0] = '\0';
	if (!*nodes)
		return;
	slurm_nodes_text(nodes, text, sizeof(text));
	if (str_copy(j->not_on, sizeof(j->not_on), text) < 0 || !*text)
		(void)str_copy(j->not_on, sizeof(j->not_on), "*");
}

/* In that of a move, or in one that it has asked for itself. */
static void read_reservation(const slurm_job_info_t *info, struct job *j)
{
	struct reservation r;

	if (!info->resv_name || !info->resv_name[0])
		return;
	if (reservation_parse(info->resv_name, &r) && r.job_id == j->id)
		j->reserved = r.companion;
	else
		j->reserves_own = true;
}

/* A batch script that others end; not to come again, as a job that moves does. */
static bool is_told_to_end(const slurm_job_info_t *info)
{
	uint32_t base = info->job_state & JOB_STATE_BASE;
	enum job_phase phase;
	enum job_end end;
	struct err ignored;

	return info->batch_flag && (base == JOB_CANCELLED || base == JOB_PREEMPTED) &&
	       slurm_state_read(info->job_state, &phase, &end, &ignored) == 0 &&
	       end != JOB_END_NONE;
}

int slurm_job_read(const slurm_job_info_t *info, struct job *ret, struct err *e)
{
	struct job j = {
		.id = compat_job_id(info),
		.uid = info->user_id,
		.gid = info->group_id,
		.restarts = info->restart_cnt,
		.batch = info->batch_flag != 0,
		.start_s = info->start_time,
		.het = info->het_job_id != 0,
		.tasks = info->num_tasks == NO_VAL ? 0 : info->num_tasks,
		.completed = (info->job_state & JOB_STATE_BASE) == (uint32_t)JOB_COMPLETE,
	};
	struct err ignored;

	if (slurm_state_read(info->job_state, &j.phase, &j.end, e) < 0)
		return err_wrap(e, "job %u", j.id);
	if (info->user_name)
		(void)str_copy(j.user, sizeof(j.user), info->user_name);
	str_cut(j.name, sizeof(j.name), info->name ? info->name : "");
	read_array(info, &j);
	j.requeue = j.batch && info->requeue;
	j.held = j.phase == JOB_PENDING && info->priority == 0;
	j.limited = j.phase == JOB_PENDING && slurm_reason_is_limit(info->state_reason);
	if (j.phase == JOB_PENDING)
		slurm_reason_text(info->state_reason, j.queue_reason, sizeof(j.queue_reason));
	/* A list that cannot be read is a wish all the same, and no reason to know nothing. */
	if (info->req_nodes && info->req_nodes[0] &&
	    first_node(info->req_nodes, j.asked_node, sizeof(j.asked_node), &ignored) < 0)
		(void)str_copy(j.asked_node, sizeof(j.asked_node), "?");
	slurm_excluded_read(info->exc_nodes ? info->exc_nodes : "", &j);
	read_reservation(info, &j);
	if (info->time_limit != INFINITE && info->time_limit != NO_VAL) {
		j.end_s = info->end_time;
		j.limit_s = INT64_C(60) * info->time_limit;
	}
	if (j.phase == JOB_ENDING || j.phase == JOB_ENDED)
		j.over_s = info->end_time;
	if (j.phase == JOB_ENDING && is_told_to_end(info))
		j.told_to_end_s = info->end_time;
	if (j.phase == JOB_RUNNING && read_allocation(info, &j, e) < 0)
		return err_wrap(e, "job %u", j.id);
	if (j.phase == JOB_ENDING && info->nodes && info->nodes[0] &&
	    first_node(info->nodes, j.node, sizeof(j.node), e) < 0)
		return err_wrap(e, "job %u", j.id);
	*ret = j;
	return 0;
}
