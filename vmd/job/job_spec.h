/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text form of a VM request, and its check. Pure; shared with the plugin (no allocation).
 *
 * Text: "image=tiny revision=v1 nonce=9f3c12ab45de6701 disk=20G scratch=10G network=lan
 * attach=data,ref:ro wait=ready keep=abnormal drain=migrate mail=alice@example.org machines=3
 * shell=no as=17 after=17 exclude=n[1-3]", single spaces, this order, unset keys left out.
 * "from=17" (or a job's key) stands for the image where the job starts from a kept disk; once vmd
 * has found that, beside it. In a job's admin_comment it stands as "slurm-vm{TEXT}", beside
 * whatever else a site keeps there; vmd appends its own keys (state=, node=, address=, ...) inside
 * the braces and readers skip keys they do not know. */
#ifndef VMD_JOB_JOB_SPEC_H
#define VMD_JOB_JOB_SPEC_H

#include "vmd/job/job.h"

/* ret_ is zeroed first. ERR_INVALID names the key at fault. Unknown keys are skipped, duplicate
 * known ones refused. nonce must be there, and image or from. */
int job_spec_decode(const char *text, struct vm_request *ret, struct err *e);
/* Fails only if size is too small (JOB_REQUEST_MAX + 1 is always enough). */
int job_spec_encode(const struct vm_request *r, char *buf, size_t size, struct err *e);
/* Finds "slurm-vm{...}" in an admin_comment: 1 found (ret_ filled in), 0 none, -1 malformed. */
int job_spec_find(const char *admin_comment, struct vm_request *ret, struct err *e);
/* The same of a job with several machines: with what vmd recorded of this one (job_words.h). */
int job_spec_find_rank(const char *admin_comment, uint32_t rank, struct vm_request *ret,
		       struct err *e);
/* What stands in the braces, borrowed; *ret_len 0: nothing. */
const char *job_spec_inside(const char *admin_comment, size_t *ret_len);
/* Writes admin_comment anew: the request, then status (" key=value ..." or ""), in the braces where
 * they stood, everything outside them kept. The old status is dropped. */
int job_spec_place(const char *admin_comment, const struct vm_request *r, const char *status,
		   char *buf, size_t size, struct err *e);

/* "8/17179869184": CPUs, bytes. -1 (nothing changed): not of that form, or no CPU. */
#define JOB_SIZE_TEXT 40
int job_size_parse(const char *text, struct job_size *ret);
const char *job_size_text(const struct job_size *s, char buf[JOB_SIZE_TEXT]);

#endif
