/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encoding and decoding of messages. Pure and bounded: no allocation, no I/O; part of the plugin,
 * so nothing here ends the process. What is not well-formed is refused whole. */
#include "vmd/api/wire.h"

#include "vmd/base/str.h"

#include <stdarg.h>
#include <string.h>

#define FIRST_LINE "slurm-vm=1\n"

static void put(struct wire_out *o, const char *data, size_t len)
{
	if (o->overflow || len >= o->size || o->len >= o->size - len || o->len + len > WIRE_MAX) {
		o->overflow = true;
		return;
	}
	memcpy(o->buf + o->len, data, len);
	o->len += len;
}

static bool is_coded(unsigned char c)
{
	return c < 0x20 || c == 0x7f || c == '%';
}

static void put_value(struct wire_out *o, const char *value)
{
	static const char digits[] = "0123456789ABCDEF";

	while (*value) {
		size_t plain = 0;
		unsigned char c;

		while (value[plain] && !is_coded((unsigned char)value[plain]))
			plain++;
		put(o, value, plain);
		value += plain;
		if (!*value)
			break;
		c = (unsigned char)*value++;
		put(o, (const char[]){'%', digits[c >> 4], digits[c & 15]}, 3);
	}
}

void wire_begin(struct wire_out *o, char *buf, size_t size)
{
	*o = (struct wire_out){.buf = buf, .size = size};
	put(o, FIRST_LINE, strlen(FIRST_LINE));
}

void wire_add(struct wire_out *o, const char *key, const char *value)
{
	size_t before = o->len;

	if (o->n++ >= WIRE_FIELDS)
		o->overflow = true;
	put(o, key, strlen(key));
	put(o, "=", 1);
	put_value(o, value);
	put(o, "\n", 1);
	if (o->overflow)
		o->len = before;
}

void wire_addf(struct wire_out *o, const char *key, const char *fmt, ...)
{
	char value[4096];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(value))
		o->overflow = true;
	else
		wire_add(o, key, value);
}

int wire_end(struct wire_out *o, size_t *ret_len, struct err *e)
{
	if (o->overflow)
		return err_set(e, ERR_INVALID, "message longer than %zu bytes or %d fields",
			       o->size > WIRE_MAX ? (size_t)WIRE_MAX : o->size - (o->size > 0),
			       WIRE_FIELDS);
	o->buf[o->len] = '\0';
	*ret_len = o->len;
	return 0;
}

static bool is_key(const char *key)
{
	size_t len = strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return len > 0 && len <= WIRE_KEY && (key[len] == '\0' || strcmp(key + len, "[]") == 0);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* In place: what is decoded is never longer. -1: a bad or cut %XX, %00, or a bare control
 * character. */
static int value_decode(char *value)
{
	char *to = value;

	for (const char *from = value; *from; from++) {
		unsigned char c = (unsigned char)*from;

		if (c == '%') {
			int high = hex_digit(from[1]);
			int low = high < 0 ? -1 : hex_digit(from[2]);

			if (low < 0 || high + low == 0)
				return -1;
			c = (unsigned char)(high << 4 | low);
			from += 2;
		} else if (is_coded(c)) {
			return -1;
		}
		*to++ = (char)c;
	}
	*to = '\0';
	return 0;
}

/* One line without its newline, terminated. */
static int field_decode(char *line, struct wire_in *in, size_t number, struct err *e)
{
	char *value = strchr(line, '=');
	size_t len;

	if (!value)
		return err_set(e, ERR_INVALID, "line %zu of the message has no '='", number);
	*value++ = '\0';
	if (!is_key(line))
		return err_set(e, ERR_INVALID, "line %zu of the message has a bad key", number);
	if (value_decode(value) < 0)
		return err_set(e, ERR_INVALID, "line %zu of the message: bad value of %s", number,
			       line);
	len = strlen(line);
	if (line[len - 1] != ']' && wire_get(in, line))
		return err_set(e, ERR_INVALID, "line %zu of the message: %s comes twice", number,
			       line);
	if (in->n == WIRE_FIELDS)
		return err_set(e, ERR_INVALID, "message of more than %d fields", WIRE_FIELDS);
	in->field[in->n].key = line;
	in->field[in->n].value = value;
	in->n++;
	return 0;
}

int wire_decode(char *text, size_t len, struct wire_in *ret, struct err *e)
{
	char *end = text + len;
	size_t number = 1;

	ret->n = 0;
	if (len > WIRE_MAX)
		return err_set(e, ERR_INVALID, "message longer than %d bytes", WIRE_MAX);
	if (len == 0 || end[-1] != '\n' || memchr(text, '\0', len))
		return err_set(e, ERR_INVALID, "message is cut short or not text");
	if (len < strlen(FIRST_LINE) || memcmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0)
		return err_set(e, ERR_INVALID,
			       "message is not of version 1: are plugin, vmctl and vmd of one "
			       "release?");
	for (char *line = text + strlen(FIRST_LINE); line < end;) {
		char *newline = memchr(line, '\n', (size_t)(end - line));

		*newline = '\0';
		if (field_decode(line, ret, ++number, e) < 0) {
			ret->n = 0;
			return -1;
		}
		line = newline + 1;
	}
	return 0;
}

const char *wire_get(const struct wire_in *in, const char *key)
{
	size_t at = 0;

	return wire_next(in, key, &at);
}

const char *wire_next(const struct wire_in *in, const char *key, size_t *at)
{
	while (*at < in->n) {
		size_t i = (*at)++;

		if (strcmp(in->field[i].key, key) == 0)
			return in->field[i].value;
	}
	return NULL;
}

int wire_get_u64(const struct wire_in *in, const char *key, uint64_t max, uint64_t *ret,
		 struct err *e)
{
	const char *value = wire_get(in, key);

	if (!value)
		return err_set(e, ERR_INVALID, "%s= is missing", key);
	if (str_to_u64(value, max, ret) < 0)
		return err_set(e, ERR_INVALID, "%s='%.40s' is not a number up to %llu", key, value,
			       (unsigned long long)max);
	return 0;
}
