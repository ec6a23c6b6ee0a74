/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of single options, as a user types them and as the text of a request has them. Pure;
 * shared with the plugin (no allocation). ERR_INVALID shows the values allowed; ret_ is unchanged
 * then. */
#ifndef VMD_JOB_JOB_OPTION_H
#define VMD_JOB_JOB_OPTION_H

#include "vmd/job/job.h"

/* IMAGE, IMAGE@REVISION or @JOB: sets image, revision and from of r, and nothing else. */
int job_option_image(const char *text, struct vm_request *r, struct err *e);
/* "17", or a job's key. */
int job_option_from(const char *text, char ret[JOB_KEY_MAX + 1], struct err *e);
int job_option_wait(const char *text, enum vm_wait *ret, struct err *e);
int job_option_keep(const char *text, enum vm_keep *ret, struct err *e);
int job_option_on_drain(const char *text, enum vm_on_drain *ret, struct err *e);
/* UNSET is "". */
const char *vm_wait_name(enum vm_wait w);
const char *vm_keep_name(enum vm_keep k);
const char *vm_on_drain_name(enum vm_on_drain d);

#endif
