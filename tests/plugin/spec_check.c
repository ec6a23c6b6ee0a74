/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests as job_submit.lua wrote them, a line each on stdin: vmd must read every one, and write
 * it the same way. */
#include "vmd/base/str.h"
#include "vmd/job/job_spec.h"

#include <stdio.h>
#include <string.h>

int main(void)
{
	char line[2 * JOB_REQUEST_MAX], again[JOB_REQUEST_MAX + 1];
	unsigned n = 0;

	while (fgets(line, sizeof(line), stdin)) {
		struct vm_request r;
		struct err e = {.msg = "another text"};

		line[strcspn(line, "\n")] = '\0';
		n++;
		if (job_spec_decode(line, &r, &e) < 0 ||
		    job_spec_encode(&r, again, sizeof(again), &e) < 0 || !str_eq(line, again)) {
			printf("FAILED: line %u '%s': %s\n", n, line, e.msg);
			return 1;
		}
	}
	printf("ok: vmd reads %u requests as they were written\n", n);
	return n == 0;
}
