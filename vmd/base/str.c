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
