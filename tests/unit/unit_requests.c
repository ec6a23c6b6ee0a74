/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may ask what, and what is answered: a job shown, hints, the plan. */
#include "tests/unit/check_main.h"
#include "tests/unit/requests_world.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <check.h>
#include <string.h>

/* ERR_NONE: allowed */
static const struct {
	uint32_t uid;
	const char *text;
	enum err_kind kind;
	const char *why;
} rows[] = {
	{ALICE, "op=show\njob=17\n", ERR_NONE, "the owner"},
	{0, "op=show\njob=17\n", ERR_NONE, "root"},
	{SLURM, "op=show\njob=17\n", ERR_NONE, "SlurmUser"},
	{BOB, "op=show\njob=17\n", ERR_DENIED, "another user"},
	{UINT32_MAX, "op=show\njob=17\n", ERR_DENIED, "nobody known"},
	{ALICE, "op=show\njob=99\n", ERR_ABSENT, "no such job"},
	{ALICE, "op=show\njob=30\n", ERR_ABSENT, "a leftover is root's business"},
	{ALICE, "op=show\n", ERR_INVALID, "no job"},
	{ALICE, "op=show\njob=0\n", ERR_INVALID, "job 0"},
	{ALICE, "op=show\njob=-17\n", ERR_INVALID, "no number"},
	{ALICE, "op=show\njob=4294967313\n", ERR_INVALID, "17 + 2^32"},
	{BOB, "op=key\njob=17\n", ERR_DENIED, "another user's key"},
	{ALICE, "op=key\njob=99\n", ERR_ABSENT, "no such job's key"},
	{BOB, "op=key\njob=18\n", ERR_RETRY, "the key cannot be read now"},
	{ALICE, "op=password\njob=17\n", ERR_NONE, "the owner's password"},
	{BOB, "op=password\njob=17\n", ERR_DENIED, "another user's password"},
	{0, "op=password\njob=17\n", ERR_DENIED, "not even root"},
	{SLURM, "op=password\njob=17\n", ERR_DENIED, "nor SlurmUser"},
	{BOB, "op=password\njob=17\nrotate=1\n", ERR_DENIED, "another user rotates nothing"},
	{BOB, "op=password\njob=18\n", ERR_RETRY, "it cannot be read now"},
	{BOB, "op=keys\njob=17\nkey[]=x\n", ERR_DENIED, "another user's keys"},
	{0, "op=keys\njob=17\n", ERR_DENIED, "root lets nobody in"},
	{ALICE, "op=keys\njob=17\nkey[]=x\n", ERR_INVALID, "no key"},
	{ALICE, "op=migrate\njob=17\n", ERR_NONE, "the owner moves it"},
	{0, "op=migrate\njob=17\nto=worker9node\n", ERR_NONE, "root moves it"},
	{BOB, "op=migrate\njob=17\n", ERR_DENIED, "another user moves nothing"},
	{ALICE, "op=migrate\njob=99\n", ERR_ABSENT, "no such job to move"},
	{ALICE, "op=migrate\njob=17\nto=a b\n", ERR_INVALID, "no node has such a name"},
	{ALICE, "op=stop\njob=17\n", ERR_NONE, "the owner stops it"},
	{BOB, "op=stop\njob=17\n", ERR_DENIED, "another user stops nothing"},
	{ALICE, "op=stop\njob=99\n", ERR_ABSENT, "no such job to stop"},
	{BOB, "op=stop\njob=18\n", ERR_RETRY, "it cannot be stopped now"},
	{ALICE, "op=list\n", ERR_NONE, "the own"},
	{ALICE, "op=list\nall=1\n", ERR_DENIED, "everybody's"},
	{0, "op=list\nall=1\n", ERR_NONE, "everybody's for root"},
	{SLURM, "op=list\nall=1\n", ERR_NONE, "everybody's for SlurmUser"},
	{ALICE, "op=list\nafter=x\n", ERR_INVALID, "after is a number"},
	{ALICE, "op=images\n", ERR_NONE, "images are for all"},
	{ALICE, "op=plan\n", ERR_DENIED, "the plan"},
	{0, "op=plan\n", ERR_NONE, "the plan for root"},
	{SLURM, "op=plan\n", ERR_NONE, "the plan for SlurmUser"},
	{ALICE, "op=approve\nheld=40\n", ERR_DENIED, "approval"},
	{0, "op=approve\nheld=40\n", ERR_ABSENT, "nothing to approve"},
	{SLURM, "op=approve\nheld=40\n", ERR_ABSENT, "nothing for SlurmUser"},
	{0, "op=approve\n", ERR_INVALID, "how many?"},
	{BOB, "op=hint\njob=17\n", ERR_NONE, "anybody may hint"},
	{BOB, "op=hint\n", ERR_INVALID, "hint what?"},
	{0, "op=hint\njob=17\nrequest=image%3D\nuid=1000\n", ERR_INVALID, "a bad request"},
	{0, "op=hint\njob=17\nrequest=image=tiny nonce=" NONCE "\n", ERR_INVALID, "whose?"},
	{0, "op=destroy\njob=17\n", ERR_INVALID, "no such op"},
	{0, "job=17\n", ERR_INVALID, "no op"},
};

START_TEST(authorisation)
{
	setup();
	ask_as(rows[_i].uid, rows[_i].text);
	ck_assert_msg(reply.sent, "%s: no answer", rows[_i].why);
	ck_assert_msg(reply.e.kind == rows[_i].kind, "%s: %s: %s", rows[_i].why,
		      err_kind_name(reply.e.kind), reply.e.msg);
	if (rows[_i].kind == ERR_DENIED)
		ck_assert_uint_eq(in.n, 0);
}
END_TEST

/* Without SlurmUser's uid nobody is SlurmUser; uid 0 stays root. */
static const char *declined(void *self, uint32_t job_id, uint32_t *ret_uid)
{
	(void)self;
	*ret_uid = ALICE;
	return job_id == 50 ? "PrologFlags=Alloc is missing" : NULL;
}

/* To the epilog it is a job without a VM; who asked for one is told why there is none. */
START_TEST(a_request_that_was_not_taken)
{
	static const uint32_t may[] = {ALICE, 0, SLURM};

	setup();
	requests.port.declined = declined;
	for (size_t i = 0; i < ARRAY_LEN(may); i++) {
		ask_as(may[i], "op=show\njob=50\n");
		ck_assert_int_eq(reply.e.kind, ERR_ABSENT);
		ck_assert_str_eq(reply.e.msg, "vmd has not taken the request of job 50: "
					      "PrologFlags=Alloc is missing");
	}
	ask_as(BOB, "op=show\njob=50\n");
	ck_assert_int_eq(reply.e.kind, ERR_ABSENT);
	ck_assert(str_starts(reply.e.msg, "job 50 has no VM, "));
	ask_as(ALICE, "op=show\njob=51\n");
	ck_assert(str_starts(reply.e.msg, "job 51 has no VM, "));
}
END_TEST

START_TEST(slurm_user_unknown)
{
	setup();
	requests.slurm_uid = 0;
	ask_as(SLURM, "op=show\njob=17\n");
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	ask_as(0, "op=show\njob=17\n");
	ck_assert_int_eq(reply.e.kind, ERR_NONE);
	requests.slurm_uid = SLURM;
}
END_TEST

START_TEST(show_fields)
{
	AUTO(json_object_put) struct json_object *o = NULL;
	struct err e;

	setup();
	ask_as(ALICE, "op=show\njob=17\n");
	ck_assert_pstr_eq(wire_get(&in, "job"), "17");
	ck_assert_pstr_eq(wire_get(&in, "state"), "BOOTING");
	ck_assert_pstr_eq(wire_get(&in, "reason"), "waiting for the guest agent");
	ck_assert_pstr_eq(wire_get(&in, "vm"), "vm-17-" NONCE "-r0");
	ck_assert_pstr_eq(wire_get(&in, "host"), "worker1node");
	ck_assert_pstr_eq(wire_get(&in, "address"), "192.168.172.57");
	ck_assert_pstr_eq(wire_get(&in, "user"), "user");
	ck_assert_pstr_eq(wire_get(&in, "node_clear"), "0");
	ck_assert_pstr_eq(wire_get(&in, "elapsed"), "10");
	ck_assert_int_eq(json_parse(wire_get(&in, "json"), strlen(wire_get(&in, "json")), &o, &e),
			 0);
	ck_assert_pstr_eq(json_str_at(o, "user"), "alice");
	ck_assert_pstr_eq(json_str_at(o, "guest_user"), "user");
	ck_assert_int_eq(json_object_get_int64(json_at(o, "since/PENDING")), 4900);
	ck_assert_ptr_null(json_at(o, "since/READY"));
	status.node_clear = true;
	ask_as(ALICE, "op=show\njob=17\n");
	ck_assert_pstr_eq(wire_get(&in, "node_clear"), "1");
}
END_TEST

static const char *clear_on(const char *node)
{
	char text[80];

	(void)str_fmt(text, sizeof(text), "op=show\njob=17\nnode=%s\n", node);
	ask_as(0, text);
	return wire_get(&in, "node_clear");
}

/* A host was lost and is back, while its job runs on another one: its epilog is not to wait for the
 * job's end, which may be days away, and fail, which drains the node. */
START_TEST(epilog_of_a_run_before)
{
	setup();
	ck_assert_pstr_eq(clear_on("worker1node"), "0"); /* where it runs */
	ck_assert_pstr_eq(clear_on("worker2node"), "1");
	ck_assert_pstr_eq(clear_on("worker1node.example.org"), "0");
	ck_assert_pstr_eq(clear_on(""), "0");
	vms[0] = (struct vm_seen){.job_key = "17-" NONCE, .node = "worker1node"};
	ck_assert_pstr_eq(clear_on("worker2node"), "1");
	(void)str_copy(vms[0].moving.given_node, sizeof(vms[0].moving.given_node), "worker2node");
	ck_assert_pstr_eq(clear_on("worker2node"), "0"); /* it goes there */
	vms[0] = (struct vm_seen){.job_key = "17-" NONCE, .moving = {.wanted_node = "worker2node"}};
	ck_assert_pstr_eq(clear_on("worker2node"), "0");
	vms[0] = (struct vm_seen){.job_key = "17-" NONCE, .node = "worker2node"};
	ck_assert_pstr_eq(clear_on("worker2node"), "0"); /* an old one is there still */
	ck_assert_pstr_eq(clear_on("worker3node"), "1");
	observed.vms_known = false;
	ck_assert_pstr_eq(clear_on("worker3node"), "0");
	observed.vms_known = true;
	desired.known = false; /* of an old list nobody knows where it runs */
	ck_assert_pstr_eq(clear_on("worker3node"), "0");
	desired.known = true;
	status.state = VM_STATE_UNKNOWN; /* not looked at yet */
	ck_assert_pstr_eq(clear_on("worker3node"), "0");
	status.state = VM_STATE_STOPPING;
	jobs[1].phase = JOB_ENDING;
	ck_assert_pstr_eq(clear_on("worker3node"), "0"); /* as the reconciler says */
}
END_TEST

/* Only the epilog of the node where the script was knows that it has ended. */
START_TEST(script_has_ended)
{
	setup();
	scripts_over = 0;
	ask_as(0, "op=show\njob=17\nnode=worker1node\n"); /* a step that begins, as root */
	ck_assert_uint_eq(scripts_over, 0);
	jobs[1].phase = JOB_ENDING;
	jobs[1].told_to_end_s = 1000;
	ask_as(ALICE, "op=show\njob=17\nnode=worker1node\n");
	ask_as(0, "op=show\njob=17\nnode=worker2node\n");
	ask_as(0, "op=show\njob=17\n");
	ck_assert_uint_eq(scripts_over, 0);
	ask_as(0, "op=show\njob=17\nnode=worker1node\n");
	ck_assert_uint_eq(scripts_over, 1);
	ask_as(SLURM, "op=show\njob=17\nnode=worker1node.example.org\n");
	ck_assert_uint_eq(scripts_over, 2);
}
END_TEST

static bool stands_by(void *self, char *ret_host, size_t size)
{
	(void)self;
	(void)str_copy(ret_host, size, "masternode");
	return true;
}

/* One that stands by tells what it sees, and that it does; it takes no orders, which nobody would
 * carry out, and says of no node that it is clear. */
START_TEST(standby)
{
	static const char *const refused[] = {"op=hint\njob=17\n", "op=stop\njob=17\n",
					      "op=approve\nheld=0\n"};

	setup();
	requests.port.stands_by = stands_by;
	status.node_clear = true;
	ask_as(ALICE, "op=show\njob=17\n");
	ck_assert_pstr_eq(wire_get(&in, "standby"), "masternode");
	ck_assert_pstr_eq(wire_get(&in, "state"), "BOOTING");
	ck_assert_pstr_eq(wire_get(&in, "node_clear"), "0");
	ask_as(ALICE, "op=list\n");
	ck_assert_pstr_eq(wire_get(&in, "standby"), "masternode");
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		ask_as(0, refused[i]);
		ck_assert_int_eq(reply.e.kind, ERR_RETRY);
		ck_assert_ptr_nonnull(strstr(reply.e.msg, "masternode leads"));
	}
	ck_assert_uint_eq(hint.n, 0);
	ck_assert_uint_eq(approved.n, 0);
	requests.port.stands_by = NULL;
}
END_TEST

/* In the list, but the reconciler has not seen it: never "clear". */
START_TEST(show_before_the_first_round)
{
	setup();
	ask_as(BOB, "op=show\njob=18\n");
	ck_assert_pstr_eq(wire_get(&in, "state"), "UNKNOWN");
	ck_assert_pstr_eq(wire_get(&in, "node_clear"), "0");
	ck_assert_pstr_eq(wire_get(&in, "elapsed"), "0");
}
END_TEST

/* slurmctld does not answer: what is known is told, what is not known is not "absent". */
START_TEST(without_slurm)
{
	setup();
	desired.known = false;
	ask_as(ALICE, "op=show\njob=17\n");
	ck_assert_int_eq(reply.e.kind, ERR_NONE);
	ask_as(ALICE, "op=show\njob=99\n");
	ck_assert_int_eq(reply.e.kind, ERR_RETRY);
	desired.n = 0;
	ask_as(ALICE, "op=list\n");
	ck_assert_int_eq(reply.e.kind, ERR_RETRY);
}
END_TEST

/* The epilog asks for a job whose request is gone, but its VM is not. */
START_TEST(leftover)
{
	setup();
	ask_as(0, "op=show\njob=30\n");
	ck_assert_int_eq(reply.e.kind, ERR_NONE);
	ck_assert_pstr_eq(wire_get(&in, "node_clear"), "0");
	ck_assert_pstr_eq(wire_get(&in, "vm"), "vm-30-" NONCE "-r0");
	ask_as(0, "op=show\njob=3\n");
	ck_assert_int_eq(reply.e.kind, ERR_ABSENT);
	observed.vms_known = false;
	ask_as(0, "op=show\njob=3\n");
	ck_assert_int_eq(reply.e.kind, ERR_RETRY);
}
END_TEST

/* Job 17 goes on as job 41. Either id finds it; the epilog that asks for the former one is told of
 * its own node, whatever the job does elsewhere. */
START_TEST(a_job_that_has_an_heir)
{
	AUTO(json_object_put) struct json_object *o = NULL;
	struct err e;

	setup();
	desired.job[1].id = 41;
	desired.job[1].request.as = 17;
	desired.job[1].request.after = 23;
	ask_as(ALICE, "op=show\njob=17\n");
	ck_assert_int_eq(reply.e.kind, ERR_NONE);
	ck_assert_pstr_eq(wire_get(&in, "job"), "41");
	ck_assert_int_eq(json_parse(wire_get(&in, "json"), strlen(wire_get(&in, "json")), &o, &e),
			 0);
	ck_assert_int_eq(json_object_get_int64(json_at(o, "was")), 17);
	ask_as(ALICE, "op=show\njob=41\n");
	ck_assert_pstr_eq(wire_get(&in, "job"), "41");
	ask_as(BOB, "op=show\njob=17\n");
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	ask_as(ALICE, "op=stop\njob=17\n");
	ck_assert_uint_eq(ended, 41);

	observed.n_vm = 1;
	observed.moves_known = true;
	(void)str_copy(vms[0].job_key, sizeof(vms[0].job_key), "17-" NONCE);
	(void)str_copy(vms[0].node, sizeof(vms[0].node), "n2");
	(void)str_copy(vms[0].moving.wanted_node, sizeof(vms[0].node), "n2");
	(void)str_copy(vms[0].moving.given_node, sizeof(vms[0].node), "n2");
	ask_as(0, "op=show\njob=17\nnode=n1\n");
	ck_assert_pstr_eq(wire_get(&in, "node_clear"), "1");
	ask_as(0, "op=show\njob=23\nnode=n1\n"); /* of the one in between */
	ck_assert_pstr_eq(wire_get(&in, "node_clear"), "1");
	ask_as(0, "op=show\njob=17\nnode=n2\n");
	ck_assert_pstr_eq(wire_get(&in, "node_clear"), "0");
	ask_as(0, "op=show\njob=41\nnode=n1\n"); /* its own epilog waits for all of it */
	ck_assert_pstr_eq(wire_get(&in, "node_clear"), "0");
	(void)str_copy(vms[0].moving.wanted_node, sizeof(vms[0].node), "n1");
	ask_as(0, "op=show\njob=17\nnode=n1\n");
	ck_assert_pstr_eq(wire_get(&in, "node_clear"), "0");
	(void)str_copy(vms[0].moving.wanted_node, sizeof(vms[0].node), "n2");
	vms[0].node[0] = '\0'; /* it has not found its node yet */
	ask_as(0, "op=show\njob=17\nnode=n1\n");
	ck_assert_pstr_eq(wire_get(&in, "node_clear"), "0");
	(void)str_copy(desired.job[1].node, sizeof(desired.job[1].node),
		       "n1"); /* it has moved back */
	desired.job[1].phase = JOB_RUNNING;
	ask_as(0, "op=show\njob=17\nnode=n1\n");
	ck_assert_pstr_eq(wire_get(&in, "node_clear"), "1");
	desired.job[1].phase = JOB_ENDING; /* the guest is about to go: not before that */
	ask_as(0, "op=show\njob=17\nnode=n1\n");
	ck_assert_pstr_eq(wire_get(&in, "node_clear"), "0");
	observed.n_vm = 0;
	ask_as(0, "op=show\njob=17\nnode=n1\n");
	ck_assert_pstr_eq(wire_get(&in, "node_clear"), "1");
	observed.vms_known = false;
	ask_as(0, "op=show\njob=17\nnode=n1\n");
	ck_assert_pstr_eq(wire_get(&in, "node_clear"), "0");
}
END_TEST

START_TEST(hints)
{
	setup();
	ask_as(0, "op=hint\njob=17\nrequest=image=win11 nonce=" NONCE "\nuid=1000\n");
	ck_assert_uint_eq(hint.n, 1);
	ck_assert(hint.has_request);
	ck_assert_uint_eq(hint.uid, ALICE);
	ck_assert_str_eq(hint.image, "win11");
	/* from anybody else it is a hint and no more, whatever it says */
	ask_as(BOB, "op=hint\njob=17\nrequest=image=win11 nonce=" NONCE "\nuid=1000\n");
	ck_assert_int_eq(reply.e.kind, ERR_NONE);
	ck_assert_uint_eq(hint.n, 2);
	ck_assert(!hint.has_request);
	ck_assert_uint_eq(hint.uid, 0);
	ask_as(SLURM, "op=hint\njob=17\nrequest=rubbish\n");
	ck_assert_uint_eq(hint.n, 3);
	ck_assert(!hint.has_request);
}
END_TEST

START_TEST(the_plan)
{
	setup();
	plan_now.approval = true;
	ask_as(0, "op=plan\n");
	ck_assert_msg(str_starts(wire_get(&in, "action[]"), "create-vm job=17"), "%s",
		      wire_get(&in, "action[]"));
	ck_assert_pstr_eq(wire_get(&in, "approval"), "1");
	ck_assert_pstr_eq(wire_get(&in, "cut"), "0");
	views.plan = NULL;
	ask_as(0, "op=plan\n");
	ck_assert_int_eq(reply.e.kind, ERR_RETRY);
}
END_TEST

/* Only an administrator, and only what he was shown. */
START_TEST(approval)
{
	size_t at = 0;

	setup();
	plan_now.approval = true;
	plan_now.held = 40;
	for (size_t i = 0; i < PLAN_HELD; i++)
		(void)str_fmt(plan_now.held_vm[i], sizeof(plan_now.held_vm[i]), "vm-%zu", i);
	ask_as(0, "op=plan\n");
	ck_assert_pstr_eq(wire_get(&in, "held"), "40");
	for (size_t i = 0; i < PLAN_HELD; i++)
		ck_assert_pstr_eq(wire_next(&in, "example[]", &at), plan_now.held_vm[i]);
	ck_assert_ptr_null(wire_next(&in, "example[]", &at));
	ask_as(ALICE, "op=approve\nheld=40\n");
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	ask_as(0, "op=approve\nheld=39\n");
	ck_assert_int_eq(reply.e.kind, ERR_CONFLICT);
	ck_assert_uint_eq(approved.n, 0);
	ask_as(SLURM, "op=approve\nheld=41\n");
	ck_assert_int_eq(reply.e.kind, ERR_NONE);
	ck_assert_pstr_eq(wire_get(&in, "held"), "40");
	ck_assert_uint_eq(approved.n, 1);
	ck_assert_uint_eq(approved.uid, SLURM);
}
END_TEST

/* Administrators hear of it with every list, others do not. */
START_TEST(held_is_told)
{
	setup();
	ask_as(0, "op=list\n");
	ck_assert_ptr_null(wire_get(&in, "held"));
	plan_now.held = 40;
	ask_as(0, "op=list\n");
	ck_assert_pstr_eq(wire_get(&in, "held"), "40");
	ask_as(ALICE, "op=list\n");
	ck_assert_ptr_null(wire_get(&in, "held"));
	views.plan = NULL;
	ask_as(0, "op=list\n");
	ck_assert_ptr_null(wire_get(&in, "held"));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("requests");

	tcase_add_loop_test(t, authorisation, 0, ARRAY_LEN(rows));
	tcase_add_test(t, a_request_that_was_not_taken);
	tcase_add_test(t, slurm_user_unknown);
	tcase_add_test(t, show_fields);
	tcase_add_test(t, epilog_of_a_run_before);
	tcase_add_test(t, script_has_ended);
	tcase_add_test(t, standby);
	tcase_add_test(t, show_before_the_first_round);
	tcase_add_test(t, without_slurm);
	tcase_add_test(t, leftover);
	tcase_add_test(t, a_job_that_has_an_heir);
	tcase_add_test(t, hints);
	tcase_add_test(t, the_plan);
	tcase_add_test(t, approval);
	tcase_add_test(t, held_is_told);
	tcase_set_timeout(t, 60);
	return CHECK_MAIN(t);
}
