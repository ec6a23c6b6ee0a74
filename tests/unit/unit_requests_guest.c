/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a job's owner asks of his guest: its key and password, who is let in, its size, its place
 * and its end. */
#include "tests/unit/check_main.h"
#include "tests/unit/requests_world.h"

#include <check.h>

START_TEST(key_comes_later)
{
	struct err none = {.kind = ERR_NONE};
	struct err gone = {.kind = ERR_ABSENT, .msg = "no Secret"};

	setup();
	ask_as(ALICE, "op=key\njob=17\n");
	ck_assert(!reply.sent);
	ck_assert_ptr_nonnull(key_done);
	key_done(key_ctx, &none, "-----BEGIN\nabc\n");
	ck_assert(reply.sent);
	ck_assert_pstr_eq(wire_get(&in, "key"), "-----BEGIN\nabc\n");
	ck_assert_pstr_eq(wire_get(&in, "address"), "192.168.172.57");
	ask_as(0, "op=key\njob=17\n");
	key_done(key_ctx, &gone, "");
	ck_assert_int_eq(reply.e.kind, ERR_ABSENT);
	ck_assert_str_eq(reply.e.msg, "no Secret");
}
END_TEST

START_TEST(password_is_told)
{
	setup();
	ask_as(ALICE, "op=password\njob=17\n");
	ck_assert_pstr_eq(wire_get(&in, "password"), "old-Password-23.abc");
	ck_assert_pstr_eq(wire_get(&in, "user"), "user");
	ask_as(ALICE, "op=password\njob=17\nrotate=1\n");
	ck_assert_pstr_eq(wire_get(&in, "password"), "new-Password-23.abc");
}
END_TEST

/* What reaches the guest is type and key, no more. */
START_TEST(keys_are_cleaned)
{
	setup();
	ask_as(ALICE, "op=keys\njob=17\nkey[]=ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me%0D\n");
	ck_assert_int_eq(reply.e.kind, ERR_INVALID);
	ask_as(ALICE, "op=keys\njob=17\nkey[]=ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me here\n");
	ck_assert_uint_eq(n_keys, 1);
	ck_assert_str_eq(first_key, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5");
	ask_as(ALICE, "op=keys\njob=17\n");
	ck_assert_uint_eq(n_keys, 0);
}
END_TEST

START_TEST(access_for_the_owner)
{
	struct err none = {.kind = ERR_NONE};
	struct err denied = {.kind = ERR_DENIED, .msg = "no roles for vmd"};
	struct requests_access a = {.server = "https://k:6443",
				    .ca = "-----BEGIN\nca\n",
				    .name_space = "slurm-vm",
				    .vm = "vm-17-" NONCE "-r0",
				    .token = "t0k3n",
				    .until_s = 5000};

	setup();
	access_done = NULL;
	ask_as(BOB, "op=access\njob=17\n");
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	ask_as(ALICE, "op=access\njob=99\n");
	ck_assert_int_eq(reply.e.kind, ERR_ABSENT);
	ask_as(BOB, "op=access\njob=18\n");
	ck_assert_int_eq(reply.e.kind, ERR_CONFLICT);
	ck_assert_ptr_null(access_done);
	ask_as(ALICE, "op=access\njob=17\n");
	ck_assert(!reply.sent);
	access_done(access_ctx, &none, &a);
	ck_assert(reply.sent);
	ck_assert_pstr_eq(wire_get(&in, "token"), "t0k3n");
	ck_assert_pstr_eq(wire_get(&in, "ca"), "-----BEGIN\nca\n");
	ck_assert_pstr_eq(wire_get(&in, "vm"), "vm-17-" NONCE "-r0");
	ck_assert_pstr_eq(wire_get(&in, "until"), "5000");
	ask_as(ALICE, "op=access\njob=17\n");
	access_done(access_ctx, &denied, &a);
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	ck_assert_ptr_null(wire_get(&in, "token"));
}
END_TEST

START_TEST(resize_is_checked)
{
	setup();
	ask_as(ALICE, "op=resize\njob=17\ncpus=4\n"); /* its VM is not seen */
	ck_assert_int_eq(reply.e.kind, ERR_RETRY);
	vms[0] = (struct vm_seen){.name = "vm-17-" NONCE "-r0",
				  .job_key = "17-" NONCE,
				  .phase = VM_RUNNING,
				  .node = "worker1node"};
	vms[0].size = (struct vm_size){.cores = 1,
				       .sockets = 2,
				       .sockets_given = 2,
				       .sockets_wanted = 2,
				       .sockets_max = 4,
				       .memory_bytes = UINT64_C(64) << 20};
	ask_as(ALICE, "op=resize\njob=17\ncpus=4\n");
	ck_assert_int_eq(reply.e.kind, ERR_NONE);
	ck_assert_str_eq(resized, "17 to 4/536870912 by 1000");
	resized[0] = '\0';
	ask_as(ALICE, "op=resize\njob=17\ncpus=5\n");
	ck_assert_int_eq(reply.e.kind, ERR_INVALID);
	ask_as(ALICE, "op=resize\njob=17\n");
	ck_assert_int_eq(reply.e.kind, ERR_INVALID);
	ask_as(ALICE, "op=resize\njob=17\ncpus=x\n");
	ck_assert_int_eq(reply.e.kind, ERR_INVALID);
	ask_as(BOB, "op=resize\njob=17\ncpus=4\n");
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
	status.growing = true;
	ask_as(ALICE, "op=resize\njob=17\ncancel=1\n");
	ck_assert_int_eq(reply.e.kind, ERR_CONFLICT);
	ck_assert_str_eq(resized, "");
	status.growing = false;
	ask_as(ALICE, "op=resize\njob=17\ncancel=1\n");
	ck_assert_str_eq(resized, "17 to 0/0 by 1000");
}
END_TEST

START_TEST(migrate_tells_where)
{
	static const struct slurm_node nodes[] = {{.name = "worker1node"}, {.name = "worker2node"}};

	setup();
	ask_as(ALICE, "op=migrate\njob=17\n");
	ck_assert_str_eq(migrated, "17 to '*' by 1000");
	ask_as(0, "op=migrate\njob=17\nto=worker9node\n");
	ck_assert_str_eq(migrated, "17 to 'worker9node' by 0");
	desired.node = nodes; /* from now on it is known which there are */
	desired.n_node = 2;
	ask_as(ALICE, "op=migrate\njob=17\nto=worker9node\n");
	ck_assert_int_eq(reply.e.kind, ERR_INVALID);
	ck_assert_str_eq(reply.e.msg, "Slurm has no node worker9node: sinfo -N");
	ask_as(ALICE, "op=migrate\njob=17\nto=worker2node\n");
	ck_assert_str_eq(migrated, "17 to 'worker2node' by 1000");
	ask_as(ALICE, "op=migrate\njob=17\ncancel=1\n");
	ck_assert_str_eq(migrated, "17 to '' by 1000");
	migrated[0] = '\0';
	for (size_t n = 0; n < desired.n; n++)
		if (jobs[n].id == 17)
			jobs[n].phase = JOB_PENDING;
	ask_as(ALICE, "op=migrate\njob=17\n");
	ck_assert_int_eq(reply.e.kind, ERR_CONFLICT);
	ck_assert_str_eq(migrated, "");
}
END_TEST

/* Only what runs is ended; what ends is let be; what waits has nothing to be shut down. */
START_TEST(stop_by_phase)
{
	static const struct {
		enum job_phase phase;
		enum err_kind kind;
		bool ends;
	} phases[] = {{JOB_PENDING, ERR_CONFLICT, false},
		      {JOB_RUNNING, ERR_NONE, true},
		      {JOB_ENDING, ERR_NONE, false},
		      {JOB_ENDED, ERR_NONE, false}};

	setup();
	for (size_t i = 0; i < ARRAY_LEN(phases); i++) {
		ended = ended_by = 0;
		for (size_t n = 0; n < desired.n; n++)
			if (jobs[n].id == 17)
				jobs[n].phase = phases[i].phase;
		ask_as(ALICE, "op=stop\njob=17\n");
		ck_assert(reply.sent);
		ck_assert_int_eq(reply.e.kind, phases[i].kind);
		ck_assert_uint_eq(ended, phases[i].ends ? 17 : 0);
		ck_assert_uint_eq(ended_by, phases[i].ends ? ALICE : 0);
	}
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("requests_guest");

	tcase_add_test(t, key_comes_later);
	tcase_add_test(t, password_is_told);
	tcase_add_test(t, keys_are_cleaned);
	tcase_add_test(t, access_for_the_owner);
	tcase_add_test(t, resize_is_checked);
	tcase_add_test(t, migrate_tells_where);
	tcase_add_test(t, stop_by_phase);
	tcase_set_timeout(t, 60);
	return CHECK_MAIN(t);
}
