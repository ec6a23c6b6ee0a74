/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is left of main() in a test program when its cases are filled: `return CHECK_MAIN(cases);`.
 */
#ifndef TESTS_UNIT_CHECK_MAIN_H
#define TESTS_UNIT_CHECK_MAIN_H

#include <check.h>
#include <errno.h>

/* Takes the cases over, runs them as one suite with the program's name, and prints check's summary
 * (CK_VERBOSITY says how much of it). An exit status: 1 when one has failed. */
#define CHECK_MAIN(...) check_main((TCase *const[]){__VA_ARGS__, NULL})

static inline int check_main(TCase *const *cases)
{
	Suite *suite = suite_create(program_invocation_short_name);
	SRunner *runner = srunner_create(suite);
	int failed;

	for (; *cases; cases++)
		suite_add_tcase(suite, *cases);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}

#endif
