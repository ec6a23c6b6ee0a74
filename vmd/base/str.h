/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings of bounded size, numbers and sizes in text. Pure. */
#ifndef VMD_BASE_STR_H
#define VMD_BASE_STR_H

#include "vmd/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies all of src or nothing: -1 (dst is "") when it does not fit. size > 0. */
int str_copy(char *dst, size_t size, const char *src);
/* As many characters of src as fit, never half of one; what is no UTF-8, or a control character,
 * becomes '?'. For text that others made and that is only shown. size > 0. */
void str_cut(char *dst, size_t size, const char *src);
/* Formats all or nothing: -1 (dst is "") when it does not fit. */
int str_fmt(char *dst, size_t size, const char *fmt, ...) PRINTF(3, 4);
bool str_eq(const char *a, const char *b); /* NULL equals NULL only */
bool str_starts(const char *s, const char *prefix);

/* Whole text is a decimal number <= max. No sign, no space. */
int str_to_u64(const char *s, uint64_t max, uint64_t *ret);
/* "20G", "512M", "4096K", "1T", "100" (plain: unit_default_bytes each, as --mem's megabytes);
 * binary multiples, optional "B"/"iB" after the letter is refused: Slurm refuses it too.
 * ERR_INVALID with a text that shows the forms allowed; 0 is refused. */
int str_to_bytes(const char *s, uint64_t unit_default_bytes, uint64_t *ret_bytes, struct err *e);
/* "20G", "512M", "1536M": the largest unit that divides, at least 8 chars are needed, 24 are
 * enough. */
const char *bytes_to_str(uint64_t bytes, char *buf, size_t size);
/* [a-z0-9]([a-z0-9.-]*[a-z0-9])?, at most max characters: names of images and of Kubernetes
 * objects. */
bool str_is_name(const char *s, size_t max);
/* "2026-11-25 14:03:22 UTC": 24 bytes are enough up to the year 9999. Of UTC, since what is shown
 * to people far apart, and by programs on several hosts, needs one clock. Before 1970: "". */
#define STR_TIME_SIZE 32
const char *str_time(int64_t wall_s, char buf[STR_TIME_SIZE]);

#endif
