/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slurm's job states and records -> struct job. */
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/slurm/slurm_node.h"
#include "vmd/slurm/slurm_state.h"

#include <check.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)

static const struct {
	const char *why;
	uint64_t state;
	enum job_phase phase;
	enum job_end end;
} states[] = {
	{"queued", SLURM_JOB_PENDING, JOB_PENDING, JOB_END_NONE},
	{"runs", SLURM_JOB_RUNNING, JOB_RUNNING, JOB_END_NONE},
	{"prolog runs", SLURM_JOB_RUNNING | JOB_CONFIGURING, JOB_RUNNING, JOB_END_NONE},
	{"stopped, holds its node", SLURM_JOB_RUNNING | JOB_STOPPED, JOB_RUNNING, JOB_END_NONE},
	{"changes size", SLURM_JOB_RUNNING | JOB_RESIZING, JOB_RUNNING, JOB_END_NONE},
	{"suspended: the VM stays", JOB_SUSPENDED, JOB_RUNNING, JOB_END_NONE},
	{"epilog after the script", JOB_COMPLETE | JOB_COMPLETING, JOB_ENDING, JOB_END_NORMAL},
	{"epilog after scancel", JOB_CANCELLED | JOB_COMPLETING, JOB_ENDING, JOB_END_NORMAL},
	{"epilog after time-out", JOB_TIMEOUT | JOB_COMPLETING, JOB_ENDING, JOB_END_ABNORMAL},
	{"requeued, epilog runs", SLURM_JOB_PENDING | JOB_COMPLETING, JOB_ENDING, JOB_END_NONE},
	{"to be requeued, epilog runs", JOB_CANCELLED | JOB_COMPLETING | JOB_REQUEUE, JOB_ENDING,
	 JOB_END_NONE},
	{"requeued and held", SLURM_JOB_PENDING | JOB_REQUEUE_HOLD, JOB_PENDING, JOB_END_NONE},
	{"special exit", SLURM_JOB_PENDING | JOB_SPECIAL_EXIT, JOB_PENDING, JOB_END_NONE},
	{"failed node, requeue", JOB_NODE_FAIL | JOB_REQUEUE, JOB_PENDING, JOB_END_NONE},
	{"done", JOB_COMPLETE, JOB_ENDED, JOB_END_NORMAL},
	{"cancelled", JOB_CANCELLED, JOB_ENDED, JOB_END_NORMAL},
	{"script failed", JOB_FAILED, JOB_ENDED, JOB_END_NORMAL},
	{"timed out", JOB_TIMEOUT, JOB_ENDED, JOB_END_ABNORMAL},
	{"node failed", JOB_NODE_FAIL, JOB_ENDED, JOB_END_ABNORMAL},
	{"preempted", JOB_PREEMPTED, JOB_ENDED, JOB_END_ABNORMAL},
	{"boot failed", JOB_BOOT_FAIL, JOB_ENDED, JOB_END_ABNORMAL},
	{"deadline", JOB_DEADLINE, JOB_ENDED, JOB_END_ABNORMAL},
	{"out of memory", JOB_OOM, JOB_ENDED, JOB_END_ABNORMAL},
	{"sibling elsewhere", JOB_CANCELLED | JOB_REVOKED, JOB_ENDED, JOB_END_NORMAL},
};

START_TEST(state_rows)
{
	enum job_phase phase;
	enum job_end end;
	struct err e;

	ck_assert_int_eq(slurm_state_read((uint32_t)states[_i].state, &phase, &end, &e), 0);
	ck_assert_msg(phase == states[_i].phase, "%s: %s", states[_i].why, job_phase_name(phase));
	ck_assert_msg(end == states[_i].end, "%s: end %d", states[_i].why, end);
}
END_TEST

START_TEST(unknown_state)
{
	enum job_phase phase;
	enum job_end end;
	struct err e;

	ck_assert_int_eq(slurm_state_read(JOB_END, &phase, &end, &e), -1);
	ck_assert_int_eq(slurm_state_read(0xff, &phase, &end, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);
}
END_TEST

static const struct {
	const char *tres;
	const char *key;
	uint64_t want;
} counts[] = {
	{"cpu=2,mem=512M,node=1,billing=2,gres/vm=1", "cpu", 2},
	{"cpu=2,mem=512M,node=1,billing=2,gres/vm=1", "mem", 512 * MIB},
	{"cpu=2,mem=512M,node=1,billing=2,gres/vm=1", "node", 1},
	{"cpu=2,mem=512M,node=1,billing=2,gres/vm=1", "gres/vm", 1},
	{"cpu=2,mem=512M,node=1,billing=2,gres/vm=1", "vm", 0},
	{"cpu=2,mem=512M", "energy", 0},
	{"mem=2G,cpu=1", "mem", 2048 * MIB},
	{"mem=1.50G", "mem", 1536 * MIB},
	{"mem=1.953125T", "mem", (UINT64_C(1953) << 40) / 1000}, /* three decimals are read */
	{"mem=700", "mem", 700 * MIB},
	{"mem=4K", "mem", 4096},
	{"mem=1P", "mem", UINT64_C(1) << 50},
	{"mem=99999999999P", "mem", 0},
	{"mem=1GB", "mem", 0},
	{"mem=", "mem", 0},
	{"", "mem", 0},
	{NULL, "mem", 0},
};

START_TEST(tres_rows)
{
	uint64_t got = slurm_tres_count(counts[_i].tres, counts[_i].key);

	ck_assert_msg(got == counts[_i].want, "%s of '%s': %llu", counts[_i].key, counts[_i].tres,
		      (unsigned long long)got);
}
END_TEST

static slurm_job_info_t record(void)
{
	slurm_job_info_t j = {.user_id = 1000,
			      .group_id = 100,
			      .user_name = (char *)"alice",
			      .name = (char *)"render\n\xff",
			      .job_state = SLURM_JOB_RUNNING,
			      .batch_flag = 1,
			      .restart_cnt = 2,
			      .nodes = (char *)"worker2node",
			      .num_nodes = 1,
			      .num_cpus = 2,
			      .pn_min_memory = 512,
			      .tres_alloc_str = (char *)"cpu=2,mem=512M,node=1,billing=2",
			      .time_limit = 60,
			      .start_time = 1000,
			      .end_time = 4600};

	compat_set_job_id(&j, 17);
	return j;
}

/* clang-format off */
static const struct {
	const char *why;
	uint64_t state;
	bool batch;
	int64_t told_s;
} ends[] = {
	{"scancel", JOB_CANCELLED | JOB_COMPLETING, true, 4600},
	{"preempted", JOB_PREEMPTED | JOB_COMPLETING, true, 4600},
	{"an allocation has no script", JOB_CANCELLED | JOB_COMPLETING, false, 0},
	{"its script has ended by itself", JOB_FAILED | JOB_COMPLETING, true, 0},
	{"its time was over", JOB_TIMEOUT | JOB_COMPLETING, true, 0},
	{"it runs again, perhaps with its VM", JOB_PREEMPTED | JOB_COMPLETING | JOB_REQUEUE, true, 0},
	{"it is over", JOB_CANCELLED, true, 0},
	{"it runs", SLURM_JOB_RUNNING, true, 0},
};
/* clang-format on */

START_TEST(script_is_told_to_end)
{
	slurm_job_info_t info = record();
	struct err e = {.kind = ERR_NONE};
	struct job j;

	info.job_state = (uint32_t)ends[_i].state;
	info.batch_flag = ends[_i].batch;
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_msg(j.told_to_end_s == ends[_i].told_s, "%s: %lld", ends[_i].why,
		      (long long)j.told_to_end_s);
}
END_TEST

/* What a move asks of a record. */
START_TEST(reads_what_moves)
{
	slurm_job_info_t info = record();
	struct err e = {.kind = ERR_NONE};
	char text[JOB_NODE_MAX + 2];
	struct job j;

	info.requeue = 1;
	info.req_nodes = (char *)"worker[3-4]";
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert(j.requeue);
	ck_assert(!j.held); /* it runs */
	ck_assert_str_eq(j.asked_node, "worker3");
	memset(text, 'n', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	info.req_nodes = text;
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_str_eq(j.asked_node, "?");
	info.job_state = SLURM_JOB_PENDING;
	info.priority = 0;
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert(j.held);
	info.priority = 5;
	info.batch_flag = 0; /* salloc sets requeue, too */
	info.req_nodes = NULL;
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert(!j.held);
	ck_assert(!j.requeue);
	ck_assert_str_eq(j.asked_node, "");
	ck_assert_str_eq(j.not_on, "");
	info.num_tasks = 3;
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_uint_eq(j.tasks, 3);
	info.exc_nodes = (char *)"worker[3-4],head";
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_str_eq(j.not_on, "worker3,worker4,head");
	ck_assert(job_excludes(&j, "worker4.example.org"));
	ck_assert(!job_excludes(&j, "worker2"));
	info.exc_nodes = (char *)"worker[100-300]";
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert(job_excludes(&j, "worker2")); /* nobody can tell */
	ck_assert(!j.reserves_own && !j.reserved);
	info.resv_name = (char *)"maintenance";
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert(j.reserves_own && !j.reserved);
	info.resv_name = (char *)"vm-move-17-9f3c12ab45de6701-23";
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert(!j.reserves_own);
	ck_assert_uint_eq(j.reserved, 23);
	info.resv_name =
		(char *)"vm-move-18-9f3c12ab45de6701-23"; /* another job's: its user's wish */
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert(j.reserves_own && !j.reserved);
	slurm_reason_text(WAIT_RESOURCES, text, sizeof(text));
	ck_assert_str_eq(text, "Resources");
	slurm_reason_text(9999, text, sizeof(text));
	ck_assert_str_eq(text, "reason 9999, see squeue");
}
END_TEST

/* An heir's record has the nodes that vmd did not want, too: what its user said is in the request.
 */
START_TEST(who_excludes)
{
	static const struct {
		const char *why, *record, *request;
		uint32_t as;
		const char *excluded, *not_on;
	} cases[] = {
		{"a job's own", "n[1-2],n7", "", 0, "n[1-2],n7", "n1,n2,n7"},
		{"nobody", NULL, "", 0, "", ""},
		{"... but vmd", "n[1-2]", "", 17, "", ""},
		{"its user, and vmd", "n[1-3]", "n[3-4]", 17, "n[3-4]", "n3,n4"},
		{"more than was kept", "n[1-3]", "*", 17, "n[1-3]", "n1,n2,n3"},
		{"... of none", NULL, "*", 17, "", ""},
		{"a list in a request", "n1", "n2", 0, "n1", "n1"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		slurm_job_info_t info = {.exc_nodes = (char *)cases[i].record};
		struct vm_request r = {.as = cases[i].as};
		struct job j = {.not_on = "before"};
		const char *nodes;

		(void)str_copy(r.exclude, sizeof(r.exclude), cases[i].request);
		nodes = slurm_excluded(&info, &r);
		ck_assert_msg(str_eq(nodes, cases[i].excluded), "%s: %s", cases[i].why, nodes);
		slurm_excluded_read(nodes, &j);
		ck_assert_msg(str_eq(j.not_on, cases[i].not_on), "%s: %s", cases[i].why, j.not_on);
	}
}
END_TEST

START_TEST(reads_a_record)
{
	slurm_job_info_t info = record();
	struct job j;
	struct err e = {.kind = ERR_NONE};

	ck_assert_msg(slurm_job_read(&info, &j, &e) == 0, "%s", e.msg);
	ck_assert_uint_eq(j.id, 17);
	ck_assert_uint_eq(j.uid, 1000);
	ck_assert_uint_eq(j.gid, 100);
	ck_assert_str_eq(j.user, "alice");
	ck_assert_str_eq(j.name, "render??");
	ck_assert_uint_eq(j.restarts, 2);
	ck_assert_uint_eq(j.tasks, 0);
	ck_assert(j.batch);
	ck_assert_str_eq(j.node, "worker2node");
	ck_assert_uint_eq(j.n_nodes, 1);
	ck_assert_uint_eq(j.cpus, 2);
	ck_assert_uint_eq(j.memory_bytes, 512 * MIB);
	ck_assert_int_eq(j.start_s, 1000);
	ck_assert_int_eq(j.end_s, 4600);
}
END_TEST

START_TEST(memory_without_tres)
{
	slurm_job_info_t info = record();
	struct job j;
	struct err e;

	info.tres_alloc_str = (char *)"cpu=4,node=1";
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_uint_eq(j.memory_bytes, 512 * MIB); /* --mem */
	info.pn_min_memory = 300 | MEM_PER_CPU;
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_uint_eq(j.memory_bytes, 1200 * MIB); /* --mem-per-cpu */
	info.pn_min_memory = 0;
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_uint_eq(j.memory_bytes, 0); /* the node's, which slurm_jobs.c asks for */
	info.tres_alloc_str = NULL;
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_uint_eq(j.cpus, 2);
}
END_TEST

START_TEST(several_nodes)
{
	slurm_job_info_t info = record();
	struct job j;
	struct err e = {.kind = ERR_NONE};

	info.nodes = (char *)"n[07-08,11]";
	info.num_nodes = 3;
	info.tres_alloc_str = (char *)"cpu=9,mem=3G,node=3";
	ck_assert_msg(slurm_job_read(&info, &j, &e) == 0, "%s", e.msg);
	ck_assert_str_eq(j.node, "n07");
	ck_assert_uint_eq(j.n_nodes, 3);
	ck_assert_uint_eq(j.cpus, 3);
	ck_assert_uint_eq(j.memory_bytes, 1024 * MIB);
}
END_TEST

/* Each machine of a job has its node, and an equal part. */
START_TEST(machines)
{
	static const char *const nodes[] = {"n07", "n08", "n11", ""};
	slurm_job_info_t info = record();
	struct err e = {.kind = ERR_NONE};
	struct job j;

	info.nodes = (char *)"n[07-08,11]";
	info.num_nodes = 3;
	info.tres_alloc_str = (char *)"cpu=6,mem=1.17G,node=3"; /* 1200 MB, rounded by Slurm */
	info.pn_min_memory = 400;
	for (uint32_t i = 0; i < 4; i++) {
		ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
		ck_assert_int_eq(slurm_rank_read(&info, i, &j, &e), 0);
		ck_assert_uint_eq(j.rank, i);
		ck_assert_str_eq(j.node, nodes[i]);
		ck_assert_uint_eq(j.cpus, 2);
		ck_assert_uint_eq(j.memory_bytes, 400 * MIB);
		ck_assert(!j.uneven);
	}
	info.pn_min_memory = 200 | MEM_PER_CPU;
	info.tres_alloc_str = (char *)"cpu=7,mem=1400M,node=3";
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_int_eq(slurm_rank_read(&info, 1, &j, &e), 0);
	ck_assert(j.uneven);
	ck_assert_uint_eq(j.memory_bytes, 400 * MIB);
	j.request.machines = 3;
	ck_assert_int_eq(job_shape_check(&j, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "--ntasks-per-node"));
	info.pn_min_memory = 0;
	ck_assert_int_eq(slurm_rank_read(&info, 1, &j, &e), 0);
	ck_assert_uint_eq(j.memory_bytes, 0); /* its node's, which slurm_jobs.c asks for */
	info.job_state = SLURM_JOB_PENDING;
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_int_eq(slurm_rank_read(&info, 2, &j, &e), 0);
	ck_assert_str_eq(j.node, "");
	ck_assert_uint_eq(j.rank, 2);
}
END_TEST

/* What has no VM, and how a task of an array is called. */
START_TEST(shapes)
{
	slurm_job_info_t info = record();
	struct err e = {.kind = ERR_NONE};
	struct job j;

	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_str_eq(j.task, "");
	ck_assert_int_eq(job_shape_check(&j, &e), 0);
	info.array_job_id = 12;
	info.array_task_id = 0;
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_str_eq(j.task, "12_0");
	ck_assert_int_eq(job_shape_check(&j, &e), 0);
	info.array_task_id = NO_VAL;
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_str_eq(j.task, "");
	info.array_task_str = (char *)"4-7%2";
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_str_eq(j.task, "12_[4-7%2]");
	info.array_task_str = (char *)"1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33,35,37,39,...";
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_uint_eq(strlen(j.task), JOB_TASK_MAX);
	info.het_job_id = 17;
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_int_eq(job_shape_check(&j, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "heterogeneous"));
	info.het_job_id = 0;
	info.num_nodes = 2;
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_int_eq(job_shape_check(&j, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(e.msg, "not on 2"));
}
END_TEST

START_TEST(times_and_places)
{
	slurm_job_info_t info = record();
	struct job j;
	struct err e;

	info.time_limit = INFINITE;
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_int_eq(j.end_s, 0);
	info.job_state = SLURM_JOB_PENDING;
	info.nodes = NULL;
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_str_eq(j.node, "");
	info.job_state = SLURM_JOB_RUNNING;
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), -1); /* where? ask again */
	ck_assert_int_eq(e.kind, ERR_RETRY);
	info.nodes = (char *)"worker1node";
	info.job_state = JOB_CANCELLED | JOB_COMPLETING;
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_str_eq(j.node, "worker1node");
	info.job_state = 0xee;
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), -1);
	ck_assert_str_eq(e.msg, "job 17: unknown job state 0xee");
}
END_TEST

START_TEST(node_rows)
{
	static const struct {
		uint32_t state;
		const char *reason;
		bool drained, ours;
	} nodes[] = {
		{NODE_STATE_IDLE, NULL, false, false},
		{NODE_STATE_ALLOCATED | NODE_STATE_DRAIN, "a fan", true, false},
		{NODE_STATE_IDLE | NODE_STATE_DRAIN, NULL, true, false},
		{NODE_STATE_MIXED | NODE_STATE_DRAIN, DRAIN_REASON, true, true},
		{NODE_STATE_IDLE, DRAIN_REASON, false, false},
		{NODE_STATE_DOWN, "a fan", false, false},
	};
	node_info_t info = {.name = (char *)"worker1node", .reason_uid = 7001};
	struct slurm_node n;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(nodes); i++) {
		info.node_state = nodes[i].state;
		info.reason = (char *)(uintptr_t)nodes[i].reason;
		ck_assert_int_eq(slurm_node_read(&info, &n, &e), 0);
		ck_assert_str_eq(n.name, "worker1node");
		ck_assert_msg(n.drained == nodes[i].drained, "row %zu", i);
		ck_assert_uint_eq(n.by, n.drained ? 7001 : 0);
		ck_assert_msg(drain_is_ours(n.reason) == nodes[i].ours, "row %zu", i);
	}
}
END_TEST

START_TEST(node_lists)
{
	char text[16];

	slurm_nodes_text(NULL, text, sizeof(text));
	ck_assert_str_eq(text, "");
	slurm_nodes_text("n[1-3]", text, sizeof(text));
	ck_assert_str_eq(text, "n1,n2,n3");
	slurm_nodes_text("node[1-9]", text, sizeof(text)); /* what fits */
	ck_assert_str_eq(text, "node1,node2");
}
END_TEST

START_TEST(limits)
{
	static const struct {
		uint32_t reason;
		const char *text;
		bool limit;
	} reasons[] = {
		{WAIT_RESOURCES, "Resources", false},
		{WAIT_PRIORITY, "Priority", false},
		{WAIT_HELD, "JobHeldAdmin", false},
		{WAIT_NODE_NOT_AVAIL, "ReqNodeNotAvail", false},
		{WAIT_MAX_REQUEUE, "reason ", false},
		{FAIL_DEADLINE, "reason ", false},
		{WAIT_ASSOC_MAX_JOBS, "AssocMaxJobsLimit", true},
		{WAIT_QOS_MAX_JOB_PER_USER, "QOSMaxJobsPerUserLimit", true},
		{WAIT_ASSOC_GRP_CPU, "AssocGrpCpuLimit", true},
		{WAIT_ASSOC_RESOURCE_LIMIT, "AssociationResourceLimit", true},
		{WAIT_QOS_MIN_BB, "limit ", true},
		{WAIT_QOS_MAX_SUB_JOB_PER_ACCT, "limit ", true},
		{WAIT_QOS_MIN_BILLING, "limit ", true},
	};
	slurm_job_info_t info = {.job_state = SLURM_JOB_PENDING, .priority = 1};
	struct job j;
	struct err e;
	char text[64];

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		slurm_reason_text(reasons[i].reason, text, sizeof(text));
		ck_assert_msg(str_starts(text, reasons[i].text), "%s", text);
		info.state_reason = (__typeof__(info.state_reason))reasons[i].reason;
		ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
		ck_assert_msg(j.limited == reasons[i].limit, "%s", text);
		ck_assert_str_eq(j.queue_reason, text);
	}
	info.job_state = JOB_CANCELLED; /* it does not wait any more */
	ck_assert_int_eq(slurm_job_read(&info, &j, &e), 0);
	ck_assert_str_eq(j.queue_reason, "");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("slurm_state");

	tcase_add_loop_test(t, state_rows, 0, ARRAY_LEN(states));
	tcase_add_test(t, unknown_state);
	tcase_add_loop_test(t, tres_rows, 0, ARRAY_LEN(counts));
	tcase_add_test(t, reads_a_record);
	tcase_add_loop_test(t, script_is_told_to_end, 0, ARRAY_LEN(ends));
	tcase_add_test(t, reads_what_moves);
	tcase_add_test(t, who_excludes);
	tcase_add_test(t, memory_without_tres);
	tcase_add_test(t, several_nodes);
	tcase_add_test(t, machines);
	tcase_add_test(t, shapes);
	tcase_add_test(t, times_and_places);
	tcase_add_test(t, node_rows);
	tcase_add_test(t, limits);
	tcase_add_test(t, node_lists);
	return CHECK_MAIN(t);
}
