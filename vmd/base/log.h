/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One event, one line, key=value, on stderr: systemd's journal or a file takes it from there.
 * Lines begin with a priority "<6>" when stderr is the journal (sd-daemon(3)), else with the time.
 * Called from the loop thread and from mains only. Values with spaces are quoted by the caller:
 * log_info("job=%u action=%s err=\"%s\"", ...). Control characters are written as '?'. */
#ifndef VMD_BASE_LOG_H
#define VMD_BASE_LOG_H

#include "vmd/base/auto.h"

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_init(const char *program, enum log_level max); /* program: borrowed for ever */
void log_line(enum log_level level, const char *fmt, ...) PRINTF(2, 3);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
