/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a job's place is kept for it by a reservation, and when that is ended: also one that a vmd
 * has left that died. */
#include "tests/unit/check_main.h"
#include "tests/unit/little_row.h"

#include <string.h>

#define HAS    "disk pv pvc secret"
#define THERE  "vm0:running@n2 " HAS
#define AIMED  "pending r1 requeue moved aimed:n2 reserves companion:running@n2 "
#define NAME   "vm-move-" LITTLE_KEY "-23"
#define LISTED "reservation:" NAME

/* clang-format off */
static const struct little_row rows[] = {
	/* made */
	{"it is aimed before its place is reserved",
	 "pending r1 requeue held moved reserves companion:running@n2", THERE, "", "aim-job"},
	{"its place is reserved before the companion is ended", AIMED, THERE, "", "reserve:" LITTLE_KEY "-23"},
	{"... once", AIMED, THERE, "~reserve", ""},
	{"... again when nobody knows", AIMED, THERE, "!reserve", "reserve:" LITTLE_KEY "-23"},
	{"... also when it is there and the job is not in it yet", AIMED LISTED, THERE, "", "reserve:" LITTLE_KEY "-23"},
	{"... then the companion is ended", AIMED "reserved:23 " LISTED, THERE, "", "end-companion"},
	{"... whatever the list says", AIMED "reserved:23", THERE, "", "end-companion"},
	{"Slurm has refused it: without", AIMED, THERE, "-reserve", "end-companion"},
	{"the site does not want any: without",
	 "pending r1 requeue moved aimed:n2 companion:running@n2", THERE, "", "end-companion"},
	{"the job has one of its own: without", AIMED "reserves-own", THERE, "", "end-companion"},
	{"not while a limit keeps it waiting", AIMED "limit", THERE, "", ""},
	{"... and it leaves the one it is in, for nobody else gets the node meanwhile", AIMED "limit reserved:23 " LISTED,
	 THERE, "", "end-reservation:" LITTLE_KEY "-23"},
	{"not while its node is drained", AIMED "s2:drained", "vm0:running@n2 blocked " HAS, "", ""},

	/* kept */
	{"it stays while the job starts", "pending r1 requeue moved aimed:n2 reserves reserved:23 " LISTED, THERE, "", ""},
	{"... also while room is asked for elsewhere",
	 "pending r1 requeue moved aimed:n2 reserves waits reserved:23 companion:pending " LISTED, THERE, "", ""},
	{"... but not when it goes there",
	 "pending r1 requeue moved aimed:n2 reserves waits reserved:23 companion:running@n3 " LISTED,
	 "vm0:running@n2 wants:n3 " HAS, "", "end-reservation:" LITTLE_KEY "-23"},
	{"... but not when the time for that is over",
	 "pending r1 requeue moved aimed:n2 reserves alone reserved:23 " LISTED, "vm0:running@n2 given-up " HAS, "",
	 "delete-vm:r0 end-reservation:" LITTLE_KEY "-23 aim-job"},
	{"... nor when its node is drained", "pending r1 requeue moved aimed:n2 reserves s2:drained reserved:23 " LISTED,
	 THERE, "", "end-reservation:" LITTLE_KEY "-23 allocate"},
	{"... from an unknown view nothing is ended", "pending r1 requeue moved aimed:n2 reserves reserved:23 " LISTED,
	 THERE " ?vms", "", ""},

	/* ended */
	{"the job has started", "running r1 requeue moved aimed:n1 reserves reserved:23 " LISTED, "vm0:running " HAS, "",
	 "end-reservation:" LITTLE_KEY "-23"},
	{"... which its record says before the list", "running r1 requeue moved aimed:n1 reserves reserved:23",
	 "vm0:running " HAS, "", "end-reservation:" LITTLE_KEY "-23"},
	{"... and the list after its record", "running r1 requeue moved aimed:n1 reserves " LISTED, "vm0:running " HAS, "",
	 "end-reservation:" LITTLE_KEY "-23"},
	{"... once", "running r1 requeue moved aimed:n1 reserves " LISTED, "vm0:running " HAS, "~end-reservation", ""},
	{"the site wants none any more: it is ended all the same", "running r1 requeue moved aimed:n1 " LISTED,
	 "vm0:running " HAS, "", "end-reservation:" LITTLE_KEY "-23"},
	{"the job has ended", "ended normal " LISTED, "", "", "end-reservation:" LITTLE_KEY "-23"},
	{"Slurm has forgotten the job", "absent " LISTED, "", "", "end-reservation:" LITTLE_KEY "-23"},
	{"... it has not, though nobody can read its request", "absent live " LISTED, "", "", ""},
	{"the id is another job's now", "running reservation:vm-move-17-00000000000000aa-23", "vm0:running " HAS, "",
	 "end-reservation:17-00000000000000aa-23"},
	{"... whatever its companion's id is", AIMED "reserved:23 " LISTED " reservation:vm-move-17-00000000000000aa-23",
	 THERE, "", "end-companion end-reservation:17-00000000000000aa-23"},
	{"an earlier companion's", AIMED "reserved:23 " LISTED " reservation:vm-move-" LITTLE_KEY "-22", THERE, "",
	 "end-reservation:" LITTLE_KEY "-22 end-companion"},
	{"one that came late: the job has not followed yet", "running requeue drained reserves companion:pending " LISTED,
	 "vm0:running " HAS, "", "end-reservation:" LITTLE_KEY "-23"},
};
/* clang-format on */

START_TEST(plan_rows)
{
	struct plan *p = calloc(1, sizeof(*p));

	little_row_check(&rows[_i], p);
	for (size_t i = 0; i < p->n; i++)
		if (p->act[i].kind == ACT_RESERVE) {
			ck_assert_str_eq(p->act[i].node, "n2");
			ck_assert_str_eq(p->act[i].object, NAME);
		}
	free(p);
}
END_TEST

START_TEST(names_say_whose_they_are)
{
	static const char *const bad[] = {
		"",
		"vm-move-",
		"vm-move-17",
		"vm-move-" LITTLE_KEY,
		"vm-move-" LITTLE_KEY "-",
		"vm-move-" LITTLE_KEY "-023",
		"vm-move-" LITTLE_KEY "-+23",
		"vm-move-" LITTLE_KEY "-4294967296",
		"vm-move-" LITTLE_KEY "-2-23", /* machines of a job do not move */
		"vm-move-17-9F3C12AB45DE6701-23",
		"Vm-move-" LITTLE_KEY "-23",
		NAME "x",
		NAME ",maintenance",
	};
	struct reservation r = {
		.companion = UINT32_MAX, .job_id = UINT32_MAX, .nonce = "9f3c12ab45de6701"};
	char name[RESERVATION_NAME_MAX + 1];

	ck_assert_int_eq(reservation_name(&r, name, sizeof(name)), 0);
	ck_assert(reservation_parse(NAME, &r));
	ck_assert_uint_eq(r.job_id, 17);
	ck_assert_str_eq(r.nonce, "9f3c12ab45de6701");
	ck_assert_uint_eq(r.companion, 23);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(!reservation_parse(bad[i], &r), "'%s'", bad[i]);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("reservation");

	tcase_add_loop_test(t, plan_rows, 0, ARRAY_LEN(rows));
	tcase_add_test(t, names_say_whose_they_are);
	return CHECK_MAIN(t);
}
