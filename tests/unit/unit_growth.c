/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a running VM may grow to, with the texts a user reads, and what of it the VM is told. */
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/vm/growth.h"

#include <check.h>
#include <string.h>

#define G (UINT64_C(1) << 30)
#define M (UINT64_C(1) << 20)

/* 2 CPUs a socket, up to 8; a guest of 2 GiB that may have 8. */
static const struct vm_size two = {
	.cores = 2,
	.sockets_wanted = 1,
	.sockets_given = 1,
	.sockets = 1,
	.sockets_max = 4,
	.memory_wanted_bytes = 2 * G,
	.memory_given_bytes = 2 * G,
	.memory_bytes = 2 * G,
	.memory_max_bytes = 8 * G,
};

static struct job job;
static struct vm_seen vm;

static void begin(void)
{
	job = (struct job){.id = 17, .phase = JOB_RUNNING, .cpus = 2, .memory_bytes = 3 * G};
	vm = (struct vm_seen){.phase = VM_RUNNING, .size = two};
}

/* clang-format off */
static const struct {
	uint32_t cpus; /* asked */
	uint64_t memory;
	uint32_t ret_cpus;
	uint64_t ret_memory;
	const char *error; /* NULL: fine */
} rows[] = {
	{4, 0, 4, 3 * G, NULL},
	{8, 0, 8, 3 * G, NULL},
	{0, 4 * G, 2, 4 * G, NULL},
	{4, 6 * G, 4, 6 * G, NULL},
	{2, 3 * G, 0, 0, "job 17 has that size already"},
	{1, 0, 0, 0, "it has 2 CPUs: fewer take a new job"},
	{3, 0, 0, 0, "it grows by whole sockets of 2 CPUs: ask for 4, not 3"},
	{7, 0, 0, 0, "it grows by whole sockets of 2 CPUs: ask for 8, not 7"},
	{10, 0, 0, 0, "it was made for up to 8 CPUs, not 10"},
	{0, 2 * G, 0, 0, "2G of memory are less than it has: with 2 CPUs it takes "},
	{0, 20 * G, 0, 0, "it was made for up to "},
	{0, 3 * G + 16 * M, 2, 3 * G + 16 * M, NULL}, /* of 3 GiB its guest had only 2 */
};
/* clang-format on */

START_TEST(what_may_be_asked_for)
{
	struct job_size asked = {.cpus = rows[_i].cpus, .memory_bytes = rows[_i].memory};
	struct job_size size = {.cpus = 0};
	struct err e = {.kind = ERR_NONE};
	int rc;

	begin();
	rc = growth_check(&job, &vm, &asked, &size, &e);
	if (rows[_i].error) {
		ck_assert_int_eq(rc, -1);
		ck_assert_msg(str_starts(e.msg, rows[_i].error), "%s", e.msg);
	} else {
		ck_assert_msg(rc == 0, "%s", e.msg);
	}
	ck_assert_uint_eq(size.cpus, rows[_i].ret_cpus);
	ck_assert_uint_eq(size.memory_bytes, rows[_i].ret_memory);
}
END_TEST

/* Slurm gives each task of the job as many CPUs: what would be held and not had is refused. */
START_TEST(tasks_have_as_many)
{
	static const struct {
		uint32_t tasks, cores, sockets_max, asked;
		const char *error;
	} of[] = {
		{0, 1, 8, 5, NULL},
		{1, 1, 8, 5, NULL},
		{2, 1, 8, 4, NULL},
		{2, 1, 8, 5,
		 "Slurm gives each of its job's 2 tasks as many CPUs: ask for 6, not 5"},
		{2, 1, 7, 7,
		 "Slurm gives each of its job's 2 tasks as many CPUs: ask for 6, not 7"},
		{2, 1, 3, 3,
		 "Slurm gives each of its job's 2 tasks as many CPUs: it would grow by 2, and was "
		 "made for up to 3; a new job may have more"},
		{3, 2, 8, 8,
		 "Slurm gives each of its job's 3 tasks as many CPUs: ask for 12, not 8"},
		{3, 2, 8, 12, NULL},
		{7, 2, 4, 8,
		 "Slurm gives each of its job's 7 tasks as many CPUs: it would grow by 14, and was "
		 "made for up to 8"},
	};

	for (size_t i = 0; i < ARRAY_LEN(of); i++) {
		struct job_size asked = {.cpus = of[i].asked};
		struct job_size size = {.cpus = 0};
		struct err e = {.kind = ERR_NONE};
		int rc;

		begin();
		job.tasks = of[i].tasks;
		vm.size.cores = of[i].cores;
		vm.size.sockets = vm.size.sockets_wanted = vm.size.sockets_given = 2 / of[i].cores;
		vm.size.sockets_max = of[i].sockets_max;
		rc = growth_check(&job, &vm, &asked, &size, &e);
		ck_assert_msg((rc < 0) == (of[i].error != NULL), "row %zu: %s", i, e.msg);
		if (of[i].error)
			ck_assert_msg(str_starts(e.msg, of[i].error), "row %zu: %s", i, e.msg);
		else
			ck_assert_uint_eq(size.cpus, of[i].asked);
	}
	/* more memory alone is no matter of tasks */
	begin();
	job.tasks = 3;
	ck_assert_int_eq(growth_check(&job, &vm, &(struct job_size){.memory_bytes = 4 * G},
				      &(struct job_size){.cpus = 0}, &(struct err){.msg = ""}),
			 0);
}
END_TEST

static void refused(enum err_kind kind, uint32_t cpus, uint64_t memory, const char *text)
{
	struct job_size asked = {.cpus = cpus, .memory_bytes = memory};
	struct job_size size;
	struct err e;

	ck_assert_int_eq(growth_check(&job, &vm, &asked, &size, &e), -1);
	ck_assert_int_eq(e.kind, kind);
	ck_assert_msg(strstr(e.msg, text) != NULL, "%s", e.msg);
}

START_TEST(what_cannot_grow)
{
	begin();
	vm.size.sockets_max = 1;
	refused(ERR_INVALID, 4, 0, "its CPUs cannot grow: it was made for 2");
	begin();
	vm.size.memory_max_bytes = 0;
	refused(ERR_INVALID, 0, 6 * G, "its memory cannot grow");
	begin();
	(void)str_copy(vm.moving.blocked, sizeof(vm.moving.blocked), "a GPU");
	refused(ERR_INVALID, 4, 0, "it cannot move live: a GPU");
	begin();
	(void)str_copy(job.asked_node, sizeof(job.asked_node), "n1");
	refused(ERR_INVALID, 4, 0, "--nodelist");
	job.request.moved_run = 1; /* a name that an earlier move gave */
	job.phase = JOB_PENDING;
	refused(ERR_CONFLICT, 4, 0, "job 17 is pending");
	begin();
	vm.size.sockets = 0;
	refused(ERR_RETRY, 4, 0, "does not say yet how large");
	vm.phase = VM_STARTING;
	refused(ERR_RETRY, 4, 0, "does not say yet how large");
	begin();
	job.memory_bytes = vm_allocation_bytes(2 * G, 2, false);
	refused(ERR_INVALID, 0, job.memory_bytes + 32 * M, "by 64 MiB");
}
END_TEST

/* A launcher needs memory for each CPU: with more of them the same guest takes a larger job. */
START_TEST(cpus_take_memory)
{
	struct job_size asked = {.cpus = 8}, size;
	struct vm_target t;
	struct err e;

	begin();
	job.memory_bytes = vm_allocation_bytes(2 * G, 2, false);
	ck_assert_int_eq(growth_check(&job, &vm, &asked, &size, &e), 0);
	ck_assert_uint_eq(size.memory_bytes, vm_allocation_bytes(2 * G, 8, false));
	ck_assert_uint_gt(size.memory_bytes, job.memory_bytes);
	growth_target(&vm.size, &size, &t);
	ck_assert_uint_eq(t.sockets, 4);
	ck_assert_uint_eq(t.memory_bytes, 2 * G);
}
END_TEST

START_TEST(what_the_vm_is_told)
{
	struct vm_size s = two;
	struct vm_target t;

	growth_target(&s, &(struct job_size){.cpus = 4, .memory_bytes = 6 * G}, &t);
	ck_assert_uint_eq(t.sockets, 2);
	ck_assert_uint_eq(t.memory_bytes, vm_guest_memory_bytes(6 * G, 4, false));
	ck_assert(growth_is_wanted(&s, &t));
	growth_target(&s, &(struct job_size){.cpus = 64, .memory_bytes = 64 * G}, &t);
	ck_assert_uint_eq(t.sockets, 4); /* its limits */
	ck_assert_uint_eq(t.memory_bytes, 8 * G);
	growth_target(&s, &(struct job_size){.cpus = 1, .memory_bytes = G}, &t);
	ck_assert_uint_eq(t.sockets, 1); /* never less than it was told */
	ck_assert_uint_eq(t.memory_bytes, 2 * G);
	ck_assert(!growth_is_wanted(&s, &t));
	ck_assert(!growth_is_begun(&s));
	s.sockets_given = 2;
	ck_assert(growth_is_begun(&s));
	s = two;
	s.memory_given_bytes = 3 * G;
	ck_assert(growth_is_begun(&s));
	s.sockets = 0; /* of what is not known nothing is concluded */
	ck_assert(!growth_is_begun(&s));
	ck_assert(!growth_is_wanted(&s, &(struct vm_target){.sockets = 4}));
}
END_TEST

/* Whatever is the largest of what it has and what it was told, and never less than its job. */
START_TEST(how_large_its_place_must_be)
{
	struct job_size p;

	begin();
	growth_place(&job, &vm.size, &p);
	ck_assert_uint_eq(p.cpus, 0);
	vm.size.sockets_wanted = 2;
	growth_place(&job, &vm.size, &p);
	ck_assert_uint_eq(p.cpus, 4);
	ck_assert_uint_eq(p.memory_bytes, 3 * G);
	vm.size.sockets_given = 3;
	vm.size.memory_given_bytes = 4 * G;
	growth_place(&job, &vm.size, &p);
	ck_assert_uint_eq(p.cpus, 6);
	ck_assert_uint_eq(p.memory_bytes, vm_allocation_bytes(4 * G, 6, false));
	vm.size = two;
	vm.size.memory_bytes = 3 * G; /* memory alone: its job has as many CPUs */
	job.cpus = 8;
	growth_place(&job, &vm.size, &p);
	ck_assert_uint_eq(p.cpus, 8);
	ck_assert_uint_eq(p.memory_bytes, vm_allocation_bytes(3 * G, 2, false));
	job.cpus = 2; /* beyond its job: by a socket, or by 64 MiB */
	vm.size = two;
	vm.size.memory_bytes = 3 * G - 240 * M;
	growth_place(&job, &vm.size, &p);
	ck_assert(p.cpus && !growth_is_beyond(&job, &vm.size, &p));
	vm.size.memory_bytes = 3 * G;
	growth_place(&job, &vm.size, &p);
	ck_assert(growth_is_beyond(&job, &vm.size, &p));
	vm.size = two;
	job.cpus = 1;
	growth_place(&job, &vm.size, &p);
	ck_assert(p.cpus && !growth_is_beyond(&job, &vm.size, &p));
	vm.size.sockets = 2;
	growth_place(&job, &vm.size, &p);
	ck_assert(growth_is_beyond(&job, &vm.size, &p));
	vm.size.memory_bytes = 0; /* nobody knows */
	growth_place(&job, &vm.size, &p);
	ck_assert_uint_eq(p.cpus, 0);
}
END_TEST

START_TEST(limits_of_a_new_vm)
{
	struct image i = {.grow_cpus = 8, .grow_memory_bytes = 16 * G};
	uint32_t sockets;
	uint64_t memory;

	vm_growth_limits(&i, 3, 2 * G, &sockets, &memory);
	ck_assert_uint_eq(sockets, 2);
	ck_assert_uint_eq(memory, vm_guest_memory_bytes(16 * G, 3, false));
	vm_growth_limits(&i, 1, G - 2 * M, &sockets, &memory); /* KubeVirt's limit */
	ck_assert_uint_eq(sockets, 8);
	ck_assert_uint_eq(memory, 0);
	vm_growth_limits(&i, 16, 32 * G, &sockets, &memory); /* larger already */
	ck_assert_uint_eq(sockets, 1);
	ck_assert_uint_eq(memory, 0);
	i.profile = VM_PROFILE_WINDOWS;
	vm_growth_limits(&i, 1, 2 * G, &sockets, &memory);
	ck_assert_uint_eq(sockets, 2);
	i = (struct image){.name = "plain"};
	vm_growth_limits(&i, 2, 2 * G, &sockets, &memory);
	ck_assert_uint_eq(sockets, 1);
	ck_assert_uint_eq(memory, 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, what_may_be_asked_for, 0, (int)ARRAY_LEN(rows));
	tcase_add_test(t, tasks_have_as_many);
	tcase_add_test(t, what_cannot_grow);
	tcase_add_test(t, cpus_take_memory);
	tcase_add_test(t, what_the_vm_is_told);
	tcase_add_test(t, how_large_its_place_must_be);
	tcase_add_test(t, limits_of_a_new_vm);
	return CHECK_MAIN(t);
}
