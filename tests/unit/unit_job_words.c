/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record of a job with several machines: how many they are, and the status of each; and of one
 * that has moved, where it was. */
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/job/job_nodes.h"
#include "vmd/job/job_spec.h"
#include "vmd/job/job_words.h"

#include <check.h>
#include <string.h>

static void record_write(char comment[512], uint32_t rank, const char *status)
{
	char words[512], next[512];
	struct vm_request r;
	const char *inside;
	struct err e;
	size_t len;

	ck_assert_int_eq(job_spec_find_rank(comment, rank, &r, &e), 1);
	inside = job_spec_inside(comment, &len);
	ck_assert_int_eq(job_words_merge(inside, len, rank, status, words, sizeof(words), &e), 0);
	ck_assert_int_eq(job_spec_place(comment, &r, words, next, sizeof(next), &e), 0);
	(void)str_copy(comment, 512, next);
}

START_TEST(one_record_has_the_status_of_all)
{
	char comment[512] = "site slurm-vm{image=tiny nonce=9f3c12ab45de6701 machines=2} x";
	struct vm_request r;
	struct err e;

	record_write(comment, 1, " state=ready run=0 ready=1700000001 node=n2");
	record_write(comment, 0, " state=failed run=3 reason=\"it = broke 1\"");
	record_write(comment, 1, " state=ready run=0 ready=1700000002 node=n2 told=5");
	ck_assert_str_eq(comment,
			 "site slurm-vm{image=tiny nonce=9f3c12ab45de6701 machines=2 state0=failed "
			 "run0=3 reason0=\"it = broke 1\" state1=ready run1=0 ready1=1700000002 "
			 "node1=n2 told1=5} x");
	ck_assert_int_eq(job_spec_find_rank(comment, 1, &r, &e), 1);
	ck_assert_int_eq(r.recorded_ready_s, 1700000002);
	ck_assert_int_eq(r.told_s, 5);
	ck_assert_uint_eq(r.machines, 2);
	ck_assert_int_eq(job_spec_find_rank(comment, 0, &r, &e), 1);
	ck_assert_int_eq(r.recorded_ready_s, 0);
	ck_assert_uint_eq(r.recorded_run, 3);
	ck_assert_int_eq(job_spec_find(comment, &r, &e), 1);
	ck_assert_uint_eq(r.recorded_run, 0);
}
END_TEST

/* "run11" is of machine 11, and nothing of machine 1. */
START_TEST(ranks_of_two_digits)
{
	struct vm_request r;
	char words[64];
	struct err e;

	ck_assert_int_eq(
		job_spec_find_rank("slurm-vm{image=tiny nonce=9f3c12ab45de6701 machines=12 "
				   "run1=5 run11=7}",
				   1, &r, &e),
		1);
	ck_assert_uint_eq(r.recorded_run, 5);
	ck_assert_int_eq(
		job_spec_find_rank("slurm-vm{image=tiny nonce=9f3c12ab45de6701 machines=12 "
				   "run1=5 run11=7}",
				   11, &r, &e),
		1);
	ck_assert_uint_eq(r.recorded_run, 7);
	ck_assert_int_eq(
		job_words_merge("run1=5 run11=7", 14, 1, " run=6", words, sizeof(words), &e), 0);
	ck_assert_str_eq(words, " run11=7 run1=6");
	ck_assert_int_eq(job_words_merge("run1=5 run11=7", 14, 1, " run=6", words, 10, &e), -1);
	ck_assert_int_eq(job_words_merge("run1", 4, 1, " run=6", words, sizeof(words), &e), -1);
	ck_assert_int_eq(job_words_merge("a1=\"x", 5, 0, "", words, sizeof(words), &e), -1);
}
END_TEST

static const struct {
	const char *text;
	int rc;
	uint32_t machines;
} counts[] = {
	{"image=tiny nonce=9f3c12ab45de6701 machines=3", 0, 3},
	{"image=tiny nonce=9f3c12ab45de6701 machines=32", 0, 32},
	{"image=tiny nonce=9f3c12ab45de6701 machines=33", -1, 0},
	{"image=tiny nonce=9f3c12ab45de6701 machines=0", -1, 0},
	{"image=tiny nonce=9f3c12ab45de6701 machines=x", -1, 0},
	{"image=tiny nonce=9f3c12ab45de6701", 0, 0},
};

START_TEST(a_request_says_how_many)
{
	char again[JOB_REQUEST_MAX + 1];
	struct vm_request r;
	struct err e;

	ck_assert_int_eq(job_spec_decode(counts[_i].text, &r, &e), counts[_i].rc);
	if (counts[_i].rc < 0)
		return;
	ck_assert_uint_eq(r.machines, counts[_i].machines);
	ck_assert_int_eq(job_spec_encode(&r, again, sizeof(again), &e), 0);
	ck_assert_str_eq(again, counts[_i].text);
}
END_TEST

/* ---- where it has been ---- */

START_TEST(nodes_are_listed)
{
	char nodes[JOB_NODES_MAX + 1] = "";
	const char *at = nodes;
	struct job_node_stay s;

	job_nodes_took(nodes, "n1", 5); /* nowhere yet */
	job_nodes_add(nodes, "n1", 100);
	job_nodes_add(nodes, "n1", 101); /* still there */
	job_nodes_add(nodes, "a,b", 101);
	job_nodes_add(nodes, "n11", 200);
	job_nodes_took(nodes, "n1", 5); /* not where it is */
	job_nodes_took(nodes, "n11", 0);
	ck_assert_str_eq(nodes, "n1@100,n11@200");
	job_nodes_took(nodes, "n11.site.org", 5); /* Kubernetes' name of it */
	job_nodes_took(nodes, "n11", 6);          /* said already */
	ck_assert_str_eq(nodes, "n1@100,n11@200+5");
	job_nodes_add(nodes, "n1", 300);
	ck_assert_str_eq(nodes, "n1@100,n11@200+5,n1@300");
	ck_assert(job_nodes_have(nodes, "n1") && job_nodes_have(nodes, "n11"));
	ck_assert(!job_nodes_have(nodes, "1") && !job_nodes_have(nodes, "n"));
	ck_assert(!job_nodes_have(nodes, "") && !job_nodes_have("", "n1"));
	ck_assert(job_nodes_next(&at, &s));
	ck_assert_str_eq(s.node, "n1");
	ck_assert_int_eq(s.took_s, 0);
	ck_assert(job_nodes_next(&at, &s));
	ck_assert_str_eq(s.node, "n11");
	ck_assert_int_eq(s.since_s, 200);
	ck_assert_int_eq(s.took_s, 5);
	ck_assert(job_nodes_next(&at, &s));
	ck_assert(!job_nodes_next(&at, &s));
}
END_TEST

/* Somebody has written into the record. */
START_TEST(odd_entries_are_passed_over)
{
	const char *at = "n1,@5,n2@,n3@x,n4@1+,n5@2+y,,n6@3,";
	struct job_node_stay s;

	ck_assert(job_nodes_next(&at, &s));
	ck_assert_str_eq(s.node, "n6");
	ck_assert(!job_nodes_next(&at, &s));
}
END_TEST

START_TEST(the_oldest_fall_off)
{
	char nodes[JOB_NODES_MAX + 1] = "", node[16];

	for (int i = 10; i < 99; i++) {
		(void)str_fmt(node, sizeof(node), "n%d", i);
		job_nodes_add(nodes, node, 1700000000 + i);
		job_nodes_took(nodes, node, 12345);
		ck_assert_uint_le(strlen(nodes), JOB_NODES_MAX);
		ck_assert(job_nodes_have(nodes, node));
	}
	ck_assert(!job_nodes_have(nodes, "n10"));
	ck_assert(job_nodes_have(nodes, "n97"));
	ck_assert_str_eq(strrchr(nodes, ','), ",n98@1700000098+12345");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("job_words");

	tcase_add_test(t, one_record_has_the_status_of_all);
	tcase_add_test(t, ranks_of_two_digits);
	tcase_add_loop_test(t, a_request_says_how_many, 0, ARRAY_LEN(counts));
	tcase_add_test(t, nodes_are_listed);
	tcase_add_test(t, odd_entries_are_passed_over);
	tcase_add_test(t, the_oldest_fall_off);
	return CHECK_MAIN(t);
}
