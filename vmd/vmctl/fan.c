/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See fan.h. Two pipes for each guest, read by poll(); a line is written whole, so that those of
 * two guests do not mix. Ctrl-C is for the programs, which share the terminal with us. */
#include "vmd/vmctl/fan.h"

#include "vmd/base/str.h"
#include "vmd/job/job.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096 /* a longer one is told in pieces */

/* What one guest prints on one of stdout and stderr. */
struct stream {
	int fd; /* -1: it has ended */
	uint32_t rank;
	FILE *to;
	size_t len;
	char line[LINE_MAX_BYTES];
};

uint32_t fan_ranks(const char *text)
{
	uint32_t set = 0;

	for (;;) {
		uint64_t first, last;
		char part[16];
		size_t len = strcspn(text, ",");
		char *dash;

		if (len == 0 || str_fmt(part, sizeof(part), "%.*s", (int)len, text) < 0)
			return 0;
		dash = strchr(part, '-');
		if (dash)
			*dash = '\0';
		if (str_to_u64(part, JOB_MACHINES_MAX - 1, &first) < 0 ||
		    str_to_u64(dash ? dash + 1 : part, JOB_MACHINES_MAX - 1, &last) < 0 ||
		    last < first)
			return 0;
		for (uint64_t i = first; i <= last; i++)
			set |= UINT32_C(1) << i;
		if (!text[len])
			return set;
		text += len + 1;
	}
}

static void line_tell(struct stream *s)
{
	(void)fprintf(s->to, "%u: %.*s\n", s->rank, (int)s->len, s->line);
	(void)fflush(s->to);
	s->len = 0;
}

/* What is there now; false: it has ended. */
static bool stream_read(struct stream *s)
{
	char buf[4096];
	ssize_t n = read(s->fd, buf, sizeof(buf));

	if (n < 0 && errno == EINTR)
		return true;
	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] != '\n')
			s->line[s->len++] = buf[i];
		if (buf[i] == '\n' || s->len == sizeof(s->line))
			line_tell(s);
	}
	if (n > 0)
		return true;
	if (s->len)
		line_tell(s);
	close(s->fd);
	s->fd = -1;
	return false;
}

static void streams_read(struct stream *s, size_t n)
{
	struct pollfd fds[2 * JOB_MACHINES_MAX];
	size_t open = n;

	while (open) {
		for (size_t i = 0; i < n; i++) /* poll() passes over -1 */
			fds[i] = (struct pollfd){.fd = s[i].fd, .events = POLLIN};
		if (poll(fds, n, -1) < 0 && errno != EINTR)
			return;
		for (size_t i = 0; i < n; i++)
			if (s[i].fd >= 0 && fds[i].revents && !stream_read(&s[i]))
				open--;
	}
}

static int start_piped(const struct login *l, uint32_t rank, struct stream s[2], pid_t *ret,
		       struct err *e)
{
	int out[2], err[2], rc;

	if (pipe2(out, O_CLOEXEC) < 0)
		return err_set(e, ERR_CONFLICT, "pipe: %s", strerror(errno));
	if (pipe2(err, O_CLOEXEC) < 0) {
		close(out[0]);
		close(out[1]);
		return err_set(e, ERR_CONFLICT, "pipe: %s", strerror(errno));
	}
	s[0] = (struct stream){.fd = out[0], .rank = rank, .to = stdout};
	s[1] = (struct stream){.fd = err[0], .rank = rank, .to = stderr};
	rc = login_start(l, &(struct child_files){CHILD_NOTHING, out[1], err[1]}, ret, e);
	close(out[1]);
	close(err[1]);
	return rc; /* of one that did not start the streams end at once */
}

/* Caught, not ignored, which the programs would inherit. */
static void on_interrupt(int signal)
{
	(void)signal;
}

int fan_run(struct login *const *l, const uint32_t *rank, size_t n, int *ret_code, struct err *e)
{
	struct stream *s = calloc(2 * n, sizeof(*s));
	pid_t pid[JOB_MACHINES_MAX];
	size_t started = 0;
	int rc = 0;

	if (!s)
		abort();
	(void)signal(SIGINT, on_interrupt);
	(void)signal(SIGQUIT, on_interrupt);
	while (started < n && rc == 0) {
		rc = start_piped(l[started], rank[started], &s[2 * started], &pid[started], e);
		started += rc == 0;
	}
	streams_read(s, 2 * started);
	*ret_code = 0;
	for (size_t i = 0; i < started; i++) {
		int code = child_code(pid[i]);

		if (code)
			(void)fprintf(stderr, "vmctl: machine %u: exit code %d\n", rank[i], code);
		if (code > *ret_code)
			*ret_code = code;
	}
	free(s);
	return rc;
}
