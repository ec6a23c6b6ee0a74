/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times as text and back. No state; timestamp_now() asks the clock. */
#include "kubevirt-lite/store/timestamp.h"

#include "vmd/base/clock.h"

#include <time.h>

const char *timestamp_text(int64_t wall_s, char *buf, size_t size)
{
	time_t t = (time_t)wall_s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		buf[0] = '\0';
	return buf;
}

const char *timestamp_now(char *buf, size_t size)
{
	return timestamp_text(clock_wall_s(), buf, size);
}

int64_t timestamp_parse(const char *text)
{
	struct tm tm = {.tm_isdst = 0};

	if (!text || !strptime(text, "%Y-%m-%dT%H:%M:%S", &tm))
		return 0;
	return timegm(&tm);
}
