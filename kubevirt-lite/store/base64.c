/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base64 in both alphabets. Pure. */
#include "kubevirt-lite/store/base64.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Returns the length without padding. */
static size_t encode(const char *alphabet, const unsigned char *in, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i += 3) {
		uint32_t bits = (uint32_t)in[i] << 16;

		if (i + 1 < len)
			bits |= (uint32_t)in[i + 1] << 8;
		if (i + 2 < len)
			bits |= in[i + 2];
		out[n++] = alphabet[bits >> 18];
		out[n++] = alphabet[bits >> 12 & 63];
		if (i + 1 < len)
			out[n++] = alphabet[bits >> 6 & 63];
		if (i + 2 < len)
			out[n++] = alphabet[bits & 63];
	}
	return n;
}

int base64_encode(const char *data, size_t len, char *ret, size_t size)
{
	if (len == 0)
		len = strlen(data);
	if ((len + 2) / 3 * 4 + 1 > size)
		return -1;
	ret[encode(url, (const unsigned char *)data, len, ret)] = '\0';
	return 0;
}

char *base64_encode_alloc(const char *data, size_t len)
{
	char *out = malloc((len + 2) / 3 * 4 + 1);
	size_t n;

	if (!out)
		abort();
	n = encode(standard, (const unsigned char *)data, len, out);
	while (n % 4)
		out[n++] = '=';
	out[n] = '\0';
	return out;
}

static int digit(char c)
{
	const char *at = c ? strchr(standard, c) : NULL;

	if (at)
		return (int)(at - standard);
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

int base64_decode(const char *text, char *ret, size_t size, size_t *ret_len)
{
	size_t len = strlen(text), n = 0;
	uint32_t bits = 0;
	unsigned have = 0;

	while (len > 0 && text[len - 1] == '=')
		len--;
	if (len % 4 == 1)
		return -1;
	for (size_t i = 0; i < len; i++) {
		int d = digit(text[i]);

		if (d < 0)
			return -1;
		bits = bits << 6 | (uint32_t)d;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (n + 1 >= size)
			return -1;
		ret[n++] = (char)(bits >> have & 0xff);
	}
	if (size == 0)
		return -1;
	ret[n] = '\0';
	*ret_len = n;
	return 0;
}
