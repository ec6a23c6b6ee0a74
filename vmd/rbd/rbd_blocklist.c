/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Searches Ceph's list of blocklisted clients as text: 16.2 sends two JSON documents one after the
 * other (single clients, then ranges), which no parser takes for one. Bounded: reads within text
 * only. Pure. */
#include "vmd/rbd/rbd_blocklist.h"

#include "vmd/base/str.h"

#include <string.h>
#include <time.h>

/* "2026-11-25T19:39:46.740826+0000", the monitor's own zone behind it. */
static int64_t time_s(const char *text)
{
	struct tm tm = {.tm_isdst = 0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t at_s;
	long zone;
	char *end;

	if (!rest || *rest != '.')
		return 0;
	at_s = timegm(&tm);
	rest += 1 + strspn(rest + 1, "0123456789");
	if ((*rest != '+' && *rest != '-') || strlen(rest) != 5)
		return 0;
	zone = strtol(rest + 1, &end, 10); /* 0530: five hours and a half */
	if (*end || zone < 0 || zone > 2400)
		return 0;
	zone = zone / 100 * 3600 + zone % 100 * 60;
	return *rest == '+' ? at_s - zone : at_s + zone;
}

int64_t blocklist_until_s(const char *text, size_t len, const char *address)
{
	char entry[128], until[40];
	const char *at, *quote;
	size_t left;

	if (str_fmt(entry, sizeof(entry), "\"addr\":\"%s\",\"until\":\"", address) < 0 || len == 0)
		return 0;
	at = memmem(text, len, entry, strlen(entry));
	if (!at)
		return 0;
	at += strlen(entry);
	left = len - (size_t)(at - text);
	quote = memchr(at, '"', left < sizeof(until) ? left : sizeof(until));
	if (!quote || str_fmt(until, sizeof(until), "%.*s", (int)(quote - at), at) < 0)
		return 0;
	return time_s(until);
}
