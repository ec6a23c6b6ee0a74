/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A YAML file as a tree that knows its line numbers, and reading with every error named by file and
 * line. On libyaml. Bounded: file <= 1 MiB, depth <= 16, no aliases, no duplicate keys, one
 * document. */
#ifndef VMD_BASE_CONF_H
#define VMD_BASE_CONF_H

#include "vmd/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conf_kind { CONF_SCALAR, CONF_MAP, CONF_LIST };

struct conf {
	enum conf_kind kind;
	const char *file; /* borrowed from the root */
	unsigned line;
	char *scalar; /* CONF_SCALAR */
	size_t n;     /* children */
	char **key;   /* CONF_MAP: names of the children */
	struct conf **child;
	bool *used; /* CONF_MAP: a key that conf_get was asked for (see conf_check_used) */
};

/* Caller frees with conf_free. ERR_ABSENT: cannot open; ERR_INVALID: "vmd.yaml:7: ...". */
int conf_load(const char *path, struct conf **ret, struct err *e);
int conf_parse(const char *name, const char *text, size_t len, struct conf **ret, struct err *e);
void conf_free(struct conf *y);
DEFINE_AUTO(struct conf *, conf_free)

struct conf *conf_get(struct conf *map, const char *key); /* NULL: absent; marks it used */
int conf_error(const struct conf *at, struct err *e, const char *fmt, ...)
	PRINTF(3, 4); /* "file:line: ..." */
/* After reading: refuses keys nobody asked for, with the nearest known name as a hint where there
 * is one. */
int conf_check_used(const struct conf *map, struct err *e);

/* Each reads map[key] into ret. Absent: ret is left as it was (its default) and 0 is returned,
 * unless required. Wrong type or range: -1 with file:line. */
int conf_str(struct conf *map, const char *key, bool required, char *ret, size_t size,
	     struct err *e);
int conf_uint(struct conf *map, const char *key, uint64_t min, uint64_t max, uint64_t *ret,
	      struct err *e);
int conf_bool(struct conf *map, const char *key, bool *ret, struct err *e);
int conf_bytes(struct conf *map, const char *key, uint64_t *ret_bytes, struct err *e); /* "40G" */
/* A scalar's; key is for the error's text. */
int conf_seconds_read(const struct conf *y, const char *key, int64_t *ret_s, struct err *e);
int conf_seconds(struct conf *map, const char *key, int64_t *ret_s,
		 struct err *e); /* "90", "15m", "12h", "7d" */

#endif
