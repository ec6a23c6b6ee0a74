/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The token file. It is small and local (a projected volume or /etc), so that reading it on the
 * loop thread does not block; a stat(2) at most every few seconds finds a change. The token is
 * never logged and wiped when it is replaced. */
#include "vmd/kube/kube_token.h"

#include "vmd/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define TOKEN_CHECK_US (5 * SEC_US)
static const char prefix[] = "Authorization: Bearer ";

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void header_set(struct token *t, char *header)
{
	if (t->header)
		explicit_bzero(t->header, strlen(t->header));
	free(t->header);
	t->header = header;
	t->serial++;
}

/* A token is one word: anything else would let a broken file forge headers. */
static int header_make(char *text, size_t len, char **ret, struct err *e)
{
	char *header;

	while (len > 0 && strchr(" \t\r\n", text[len - 1]))
		len--;
	if (len == 0)
		return err_set(e, ERR_DENIED, "it is empty");
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return err_set(e, ERR_DENIED, "it is not one word of printable characters");
	header = malloc(sizeof(prefix) + len);
	if (!header)
		abort();
	memcpy(header, prefix, sizeof(prefix) - 1);
	memcpy(header + sizeof(prefix) - 1, text, len);
	header[sizeof(prefix) - 1 + len] = '\0';
	*ret = header;
	return 0;
}

static int token_read(struct token *t, struct err *e)
{
	AUTO(fd) int fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char text[TOKEN_MAX + 1];
	char *header = NULL;
	struct stat st;
	ssize_t n;
	int rc;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, ERR_DENIED, "%m");
	n = read(fd, text, sizeof(text));
	if (n < 0)
		return err_set(e, ERR_DENIED, "%m");
	if (n > TOKEN_MAX)
		return err_set(e, ERR_DENIED, "it is longer than %d bytes", TOKEN_MAX);
	rc = header_make(text, (size_t)n, &header, e);
	explicit_bzero(text, sizeof(text));
	if (rc < 0)
		return -1;
	t->seen = st;
	if (t->header && strcmp(header, t->header) == 0) {
		explicit_bzero(header, strlen(header));
		free(header);
	} else {
		header_set(t, header);
	}
	return 0;
}

int token_refresh(struct token *t, int64_t now_us, bool force, struct err *e)
{
	struct stat st;
	struct err why;

	if (!t->path[0])
		return 0;
	if (t->header && !force) {
		if (now_us - t->checked_us < TOKEN_CHECK_US)
			return 0;
		t->checked_us = now_us;
		if (stat(t->path, &st) == 0 && same_file(&st, &t->seen))
			return 0;
	}
	t->checked_us = now_us;
	if (token_read(t, &why) == 0 || t->header)
		return 0;
	return err_set(e, why.kind, "token_file %s: %.120s", t->path, why.msg);
}

void token_done(struct token *t)
{
	if (t->header)
		header_set(t, NULL);
}
