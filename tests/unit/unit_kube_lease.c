/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Lease as an object of Kubernetes, and the text that names its holder. */
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube_lease.h"
#include "vmd/lease/holder.h"

#include <check.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define S INT64_C(1000000)

START_TEST(holder_lives_and_dies)
{
	char self[LEASE_HOLDER_MAX + 1], child[LEASE_HOLDER_MAX + 1] = "",
								  text[LEASE_HOLDER_MAX + 1];
	struct err e;
	int fd[2];
	pid_t pid;

	ck_assert_int_eq(holder_self(self, sizeof(self), &e), 0);
	ck_assert(!holder_is_gone("", self));
	ck_assert_int_eq(pipe(fd), 0);
	pid = fork();
	if (pid == 0) {
		(void)holder_self(child, sizeof(child), &e);
		_exit(write(fd[1], child, sizeof(child)) < 0);
	}
	ck_assert_int_gt(read(fd[0], child, sizeof(child)), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert(holder_is_gone("", child));
	/* its pid is another's by now: the same pid, started at another time */
	ck_assert_int_eq(str_fmt(text, sizeof(text), "%s", self), 0);
	*strchr(strchr(text, ' ') + 1, ' ') = '\0';
	ck_assert_int_eq(str_fmt(child, sizeof(child), "%s 1%s", text,
				 strchr(strchr(self, ' ') + 1, ' ') + 1),
			 0);
	ck_assert(holder_is_gone("", child));
	/* nothing is known of other boots, namespaces, forms */
	(void)str_copy(text, sizeof(text), child);
	text[strlen(text) - 1] ^= 1;
	ck_assert(!holder_is_gone("", text));
	ck_assert(!holder_is_gone("", "host_4f1e"));
	ck_assert(!holder_is_gone("", ""));
	ck_assert(!holder_is_gone("", "h 1 2 3 4 5"));
	ck_assert(!holder_is_gone("/nonexistent", child));
	ck_assert_int_eq(holder_self(text, 5, &e), -1);
	holder_host("masternode 1 2 3 4", text, sizeof(text));
	ck_assert_str_eq(text, "masternode");
	holder_host("", text, sizeof(text));
	ck_assert_str_eq(text, "");
}
END_TEST

/* ---- the object ---- */

START_TEST(object)
{
	const struct lease_times t = {.acquired_us = 1700000000 * S,
				      .renewed_us = 1700000002 * S + 7};
	AUTO(json_object_put)
	struct json_object *doc = lease_encode("ns", "vmd-lab", "a 1 2 3 4", "17", 10, 3, &t);
	struct lease_seen seen;
	struct err e;

	ck_assert_str_eq(json_str_at(doc, "spec/acquireTime"), "2023-11-14T22:13:20.000000Z");
	ck_assert_str_eq(json_str_at(doc, "spec/renewTime"), "2023-11-14T22:13:22.000007Z");
	ck_assert_str_eq(json_str_at(doc, "metadata/resourceVersion"), "17");
	ck_assert_int_eq(lease_decode(doc, &seen, &e), 0);
	ck_assert(seen.exists && !seen.holder_gone);
	ck_assert_str_eq(seen.holder, "a 1 2 3 4");
	ck_assert_str_eq(seen.version, "17");
	ck_assert_int_eq(seen.duration_s, 10);
	ck_assert_int_eq(seen.transitions, 3);
}
END_TEST

/* Somebody else's Lease may hold anything. */
static const struct {
	const char *text;
	int rc;
	int64_t duration_s;
} objects[] = {
	{"{'metadata':{'resourceVersion':'1'}}", 0, 15},
	{"{'metadata':{'resourceVersion':'1'},'spec':{'leaseDurationSeconds':0}}", 0, 15},
	{"{'metadata':{'resourceVersion':'1'},'spec':{'leaseDurationSeconds':99999999}}", 0, 15},
	{"{'metadata':{'resourceVersion':'1'},'spec':{'leaseDurationSeconds':30}}", 0, 30},
	{"{'metadata':{'resourceVersion':'1'},'spec':{'leaseTransitions':-7}}", 0, 15},
	{"{'metadata':{}}", -1, 0},
	{"[]", -1, 0},
	{"{'metadata':{'resourceVersion':'1'},'spec':{'holderIdentity':7}}", -1, 0},
};
START_TEST(object_rows)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct lease_seen seen = {.transitions = -1};
	char text[200];
	struct err e;

	(void)str_copy(text, sizeof(text), objects[_i].text);
	for (char *c = text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	ck_assert_int_eq(json_parse(text, strlen(text), &doc, &e), 0);
	ck_assert_int_eq(lease_decode(doc, &seen, &e), objects[_i].rc);
	if (objects[_i].rc == 0) {
		ck_assert_int_eq(seen.duration_s, objects[_i].duration_s);
		ck_assert_str_eq(seen.holder, "");
		ck_assert_int_eq(seen.transitions, 0);
	}
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kube lease");

	tcase_add_test(t, holder_lives_and_dies);
	tcase_add_test(t, object);
	tcase_add_loop_test(t, object_rows, 0, ARRAY_LEN(objects));
	return CHECK_MAIN(t);
}
