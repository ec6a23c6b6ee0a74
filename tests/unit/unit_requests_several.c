/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job with several machines: told as one, and each by itself. */
#include "tests/unit/check_main.h"
#include "tests/unit/requests_world.h"
#include "vmd/base/str.h"

#include <check.h>
#include <string.h>

/* Job 40: three machines, of which the second boots still. */
static void several_setup(void)
{
	static const char *const nodes[] = {"worker1node", "worker2node", "worker3node"};

	setup();
	for (uint32_t i = 0; i < 3; i++) {
		struct job *j;

		job_add(40, ALICE, "00000000000000aa");
		j = &jobs[desired.n - 1];
		j->rank = i;
		j->request.machines = 3;
		(void)str_copy(j->node, sizeof(j->node), nodes[i]);
		ranks[i] = (struct vm_status){.state = VM_STATE_READY, .user = "user"};
		(void)str_copy(ranks[i].node, sizeof(ranks[i].node), nodes[i]);
		(void)str_fmt(ranks[i].vm, sizeof(ranks[i].vm), "vm-40-00000000000000aa-%u-r0", i);
		(void)str_fmt(ranks[i].address, sizeof(ranks[i].address), "192.168.172.%u", 60 + i);
	}
	ranks[1].state = VM_STATE_BOOTING;
	ranks[1].address[0] = '\0';
	(void)str_copy(ranks[1].reason, sizeof(ranks[1].reason), "waiting for the guest agent");
}

START_TEST(several_are_one)
{
	several_setup();
	ask_as(ALICE, "op=show\njob=40\n");
	ck_assert_str_eq(wire_get(&in, "state"), "BOOTING");
	ck_assert_str_eq(wire_get(&in, "reason"), "machine 1: waiting for the guest agent");
	ck_assert_str_eq(wire_get(&in, "hosts"), "worker1node worker2node worker3node");
	ck_assert_str_eq(wire_get(&in, "addresses"), "192.168.172.60 - 192.168.172.62");
	ck_assert_str_eq(wire_get(&in, "address"), "192.168.172.60");
	ck_assert_ptr_nonnull(strstr(wire_get(&in, "json"), "\"each\":["));
	ranks[1] = ranks[0];
	ask_as(ALICE, "op=show\njob=40\n");
	ck_assert_str_eq(wire_get(&in, "state"), "READY");
	/* One that shut down is no news while others go on; one that failed is. */
	ranks[0].state = VM_STATE_STOPPING;
	ask_as(ALICE, "op=show\njob=40\n");
	ck_assert_str_eq(wire_get(&in, "state"), "READY");
	ranks[2].state = VM_STATE_FAILED;
	(void)str_copy(ranks[2].reason, sizeof(ranks[2].reason), "no room");
	ask_as(ALICE, "op=show\njob=40\n");
	ck_assert_str_eq(wire_get(&in, "state"), "FAILED");
	ck_assert_str_eq(wire_get(&in, "reason"), "machine 2: no room");
}
END_TEST

static const char *clear_of(const char *fields)
{
	char text[128];

	(void)str_fmt(text, sizeof(text), "op=show\njob=40\n%s", fields);
	ask_as(0, text);
	ck_assert_int_eq(reply.e.kind, ERR_NONE);
	return wire_get(&in, "node_clear");
}

/* An epilog asks for the machine on its own node. */
START_TEST(one_of_several)
{
	several_setup();
	ranks[0].node_clear = ranks[2].node_clear = true;
	ck_assert_str_eq(clear_of("node=worker1node\n"), "1");
	ck_assert_str_eq(clear_of("node=worker2node\n"), "0");
	ck_assert_str_eq(clear_of("node=worker2node.example.org\n"), "0");
	ck_assert_str_eq(clear_of("node=worker3node\n"), "1");
	ck_assert_str_eq(clear_of(""), "0");
	ck_assert_str_eq(clear_of("node=elsewhere\n"), "1"); /* of a run before: none is there */
	(void)str_copy(vms[0].job_key, sizeof(vms[0].job_key), "40-00000000000000aa-1");
	(void)str_copy(vms[0].node, sizeof(vms[0].node), "elsewhere");
	ck_assert_str_eq(clear_of("node=elsewhere\n"), "0"); /* of all, then */
	ranks[1].node_clear = true;
	ck_assert_str_eq(clear_of("node=elsewhere\n"), "1");
	ask_as(ALICE, "op=show\njob=40\nrank=2\n");
	ck_assert_str_eq(wire_get(&in, "state"), "READY");
	ck_assert_str_eq(wire_get(&in, "address"), "192.168.172.62");
	ask_as(ALICE, "op=show\njob=40\nrank=3\n");
	ck_assert_int_eq(reply.e.kind, ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(reply.e.msg, "0 to 2"));
	ask_as(ALICE, "op=show\njob=17\nrank=1\n");
	ck_assert_int_eq(reply.e.kind, ERR_INVALID);
	ask_as(BOB, "op=show\njob=40\nrank=1\n");
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	ask_as(ALICE, "op=migrate\njob=40\n");
	ck_assert_int_eq(reply.e.kind, ERR_INVALID);
	ask_as(ALICE, "op=resize\njob=40\ncpus=8\n");
	ck_assert_int_eq(reply.e.kind, ERR_INVALID);
}
END_TEST

START_TEST(several_are_listed)
{
	const char *text;
	size_t at = 0, n = 0;

	several_setup();
	ask_as(ALICE, "op=list\n");
	while ((text = wire_next(&in, "vm[]", &at)) != NULL)
		n += strstr(text, "\"machines\":3") != NULL;
	ck_assert_uint_eq(n, 3);
}
END_TEST

START_TEST(news_of_one_of_several)
{
	char text[128], seen[WIRE_SEEN_SIZE];

	several_setup();
	now_us = 1000000;
	ask_as(0, "op=show\njob=40\nnode=worker2node\n");
	(void)str_copy(seen, sizeof(seen), wire_get(&in, "seen"));
	(void)str_fmt(text, sizeof(text), "op=show\njob=40\nnode=worker2node\nseen=%s\nwait=8\n",
		      seen);
	ask_as(0, text);
	ck_assert(!reply.sent);
	ranks[0].state = VM_STATE_FAILED; /* not what was asked for */
	requests_look(&requests);
	ck_assert(!reply.sent);
	ranks[1].node_clear = true;
	requests_look(&requests);
	ck_assert(reply.sent);
	ck_assert_str_eq(wire_get(&in, "node_clear"), "1");
	ck_assert_str_eq(wire_get(&in, "host"), "worker2node");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("requests_several");

	tcase_add_test(t, several_are_one);
	tcase_add_test(t, one_of_several);
	tcase_add_test(t, several_are_listed);
	tcase_add_test(t, news_of_one_of_several);
	tcase_set_timeout(t, 60);
	return CHECK_MAIN(t);
}
