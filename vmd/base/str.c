/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bounded strings: pure, no allocation; safe in the plugin. */
#include "vmd/base/str.h"

#include <stdarg.h>
#include <string.h>

int str_copy(char *dst, size_t size, const char *src)
{
	size_t len = strlen(src);

	if (len >= size) {
		dst[0] = '\0';
		return -1;
	}
	memcpy(dst, src, len + 1);
	return 0;
}

/* Bytes of the UTF-8 character at s; 0: it is none, or one that a terminal would act upon. */
static size_t utf8_len(const unsigned char *s)
{
	static const uint32_t least[] = {0, 0xa0, 0x800, 0x10000}; /* c2 80 to c2 9f: controls */
	size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc2 ? 2 : 1;
	uint32_t c = n == 1 ? s[0] : s[0] & (0x7fU >> n);

	if (n == 1)
		return c >= 0x20 && c < 0x7f;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return s[0] <= 0xf4 && c >= least[n - 1] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? n
												: 0;
}

void str_cut(char *dst, size_t size, const char *src)
{
	size_t at = 0;

	while (*src) {
		size_t n = utf8_len((const unsigned char *)src);
		const char *from = n ? src : "?";

		if (at + (n ? n : 1) >= size)
			break;
		memcpy(dst + at, from, n ? n : 1);
		at += n ? n : 1;
		src += n ? n : 1;
	}
	dst[at] = '\0';
}

int str_fmt(char *dst, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(dst, size, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < size)
		return 0;
	dst[0] = '\0';
	return -1;
}

bool str_eq(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a, b) == 0;
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

int str_to_u64(const char *s, uint64_t max, uint64_t *ret)
{
	uint64_t n = 0;

	if (!*s)
		return -1;
	for (; *s; s++) {
		uint64_t digit = (uint64_t)(*s - '0');

		if (*s < '0' || *s > '9' || n > (max - digit) / 10 || digit > max)
			return -1;
		n = n * 10 + digit;
	}
	*ret = n;
	return 0;
}

static uint64_t unit_bytes(char letter, uint64_t unit_default_bytes)
{
	switch (letter) {
	case '\0': return unit_default_bytes;
	case 'K':
	case 'k': return UINT64_C(1) << 10;
	case 'M':
	case 'm': return UINT64_C(1) << 20;
	case 'G':
	case 'g': return UINT64_C(1) << 30;
	case 'T':
	case 't': return UINT64_C(1) << 40;
	default: return 0;
	}
}

int str_to_bytes(const char *s, uint64_t unit_default_bytes, uint64_t *ret_bytes, struct err *e)
{
	char digits[20];
	size_t n = strspn(s, "0123456789");
	uint64_t count;
	uint64_t unit;

	if (n == 0 || n >= sizeof(digits) || (s[n] && s[n + 1]))
		goto malformed;
	memcpy(digits, s, n);
	digits[n] = '\0';
	unit = unit_bytes(s[n], unit_default_bytes);
	if (unit == 0 || str_to_u64(digits, INT64_MAX / unit, &count) < 0 || count == 0)
		goto malformed;
	*ret_bytes = count * unit;
	return 0;
malformed:
	return err_set(e, ERR_INVALID,
		       "'%.40s' is not a size: give a number and K, M, G or T, as in 40G", s);
}

const char *bytes_to_str(uint64_t bytes, char *buf, size_t size)
{
	static const char units[] = {'T', 'G', 'M', 'K'};

	for (unsigned i = 0; i < ARRAY_LEN(units); i++) {
		uint64_t unit = UINT64_C(1) << (40 - 10 * i);

		if (bytes >= unit && bytes % unit == 0) {
			(void)str_fmt(buf, size, "%llu%c", (unsigned long long)(bytes / unit),
				      units[i]);
			return buf;
		}
	}
	(void)str_fmt(buf, size, "%llu", (unsigned long long)bytes);
	return buf;
}

static bool is_name_end(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool str_is_name(const char *s, size_t max)
{
	size_t len = strlen(s);

	if (len == 0 || len > max || !is_name_end(s[0]) || !is_name_end(s[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_name_end(s[i]) && s[i] != '-' && s[i] != '.')
			return false;
	return true;
}

/* Civil date by counting whole years and months from 1970: gmtime_r() would read the time zone's
 * file first. */
const char *str_time(int64_t wall_s, char buf[STR_TIME_SIZE])
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t days = wall_s / 86400, in_day = wall_s % 86400;
	int year = 1970, month = 0;

	buf[0] = '\0';
	if (wall_s < 0 || days > INT64_C(2932896)) /* 9999-12-31 */
		return buf;
	for (;; year++) {
		int length = 365 + (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));

		if (days < length) {
			bool leap = length == 366;

			for (; days >= lengths[month] + (leap && month == 1); month++)
				days -= lengths[month] + (leap && month == 1);
			break;
		}
		days -= length;
	}
	(void)str_fmt(buf, STR_TIME_SIZE, "%04d-%02d-%02d %02d:%02d:%02d UTC", year, month + 1,
		      (int)days + 1, (int)(in_day / 3600), (int)(in_day / 60 % 60),
		      (int)(in_day % 60));
	return buf;
}
