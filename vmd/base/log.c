/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes log lines to stderr with one write(2) each, so that lines of several processes do not mix.
 * The level and the program's name are set once by main. */
#include "vmd/base/log.h"

#include "vmd/base/str.h"

#include <stdarg.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

static struct {
	const char *program;
	enum log_level max;
	bool journal;
} log_state = {.program = "", .max = LOG_LEVEL_INFO};

void log_init(const char *program, enum log_level max)
{
	log_state.program = program;
	log_state.max = max;
	log_state.journal = getenv("JOURNAL_STREAM") != NULL;
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR: return "error";
	case LOG_LEVEL_WARN: return "warn";
	case LOG_LEVEL_INFO: return "info";
	case LOG_LEVEL_DEBUG: return "debug";
	}
	return "?";
}

static const char *level_prefix(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR: return "<3>";
	case LOG_LEVEL_WARN: return "<4>";
	case LOG_LEVEL_INFO: return "<6>";
	case LOG_LEVEL_DEBUG: return "<7>";
	}
	return "";
}

static int line_start(char *line, size_t size, enum log_level level)
{
	struct timeval tv = {.tv_sec = 0};
	struct tm tm;
	char when[32];

	if (log_state.journal)
		return snprintf(line, size, "%s", level_prefix(level));
	(void)gettimeofday(&tv, NULL);
	(void)localtime_r(&tv.tv_sec, &tm);
	(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	return snprintf(line, size, "%s.%03d %s[%d] %s ", when, (int)(tv.tv_usec / 1000),
			log_state.program, (int)getpid(), level_name(level));
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[2048];
	va_list ap;
	size_t len;
	int n;

	if (level > log_state.max)
		return;
	len = (size_t)line_start(line, sizeof(line), level);
	va_start(ap, fmt);
	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	len += (size_t)n < sizeof(line) - len - 1 ? (size_t)n : sizeof(line) - len - 2;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 127)
			line[i] = '?';
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		return; /* nowhere to say it */
}
