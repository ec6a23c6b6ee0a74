/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See job_words.h. No key of a request ends in a digit: what does is a machine's. Pure, no
 * allocation; what is read was checked by job_spec.c, and is not relied on. */
#include "vmd/job/job_words.h"

#include "vmd/base/str.h"
#include "vmd/job/job.h"

#include <string.h>

/* One word: key=value or key="free text". */
struct word {
	const char *at;
	size_t len, key_len;
};

/* 1: there is one, 0: no more, -1: it is none. */
static int word_next(const char **at, const char *end, struct word *ret)
{
	const char *from = *at, *eq, *to;

	while (from < end && *from == ' ')
		from++;
	if (from == end)
		return 0;
	eq = memchr(from, '=', (size_t)(end - from));
	if (!eq || eq == from || memchr(from, ' ', (size_t)(eq - from)))
		return -1;
	if (eq + 1 < end && eq[1] == '"') {
		to = memchr(eq + 2, '"', (size_t)(end - eq - 2));
		to = to ? to + 1 : NULL;
	} else {
		to = memchr(eq, ' ', (size_t)(end - eq));
		to = to ? to : end;
	}
	if (!to)
		return -1;
	*ret = (struct word){
		.at = from, .len = (size_t)(to - from), .key_len = (size_t)(eq - from)};
	*at = to;
	return 1;
}

/* Whose it is; -1: the request's own. */
static int word_rank(const struct word *w)
{
	size_t n = 0;
	int rank = 0, unit = 1;

	while (n < w->key_len && n < 3 && w->at[w->key_len - 1 - n] >= '0' &&
	       w->at[w->key_len - 1 - n] <= '9') {
		rank += unit * (w->at[w->key_len - 1 - n] - '0');
		unit *= 10;
		n++;
	}
	return n && rank < JOB_MACHINES_MAX ? rank : -1;
}

static int add(char *buf, size_t size, const struct word *w, const char *rank)
{
	size_t len = strlen(buf);

	return str_fmt(buf + len, size - len, " %.*s%s%.*s", (int)w->key_len, w->at, rank,
		       (int)(w->len - w->key_len), w->at + w->key_len);
}

int job_words_merge(const char *old, size_t len, uint32_t rank, const char *status, char *ret,
		    size_t size, struct err *e)
{
	const char *end = old + len;
	char digits[12];
	struct word w;
	int rc;

	ret[0] = '\0';
	(void)str_fmt(digits, sizeof(digits), "%u", rank);
	for (const char *at = old; (rc = word_next(&at, end, &w)) > 0;)
		if (word_rank(&w) >= 0 && word_rank(&w) != (int)rank && add(ret, size, &w, "") < 0)
			return err_set(e, ERR_INVALID, "status: does not fit into %zu bytes", size);
	if (rc < 0)
		return err_set(e, ERR_INVALID, "status: what is there is not key=value");
	end = status + strlen(status);
	for (const char *at = status; (rc = word_next(&at, end, &w)) > 0;)
		if (add(ret, size, &w, digits) < 0)
			return err_set(e, ERR_INVALID, "status: does not fit into %zu bytes", size);
	return rc < 0 ? err_set(e, ERR_INVALID, "status: it is not key=value") : 0;
}
