/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads quantities as k8s.io/apimachinery/pkg/api/resource does: a decimal number with a suffix, or
 * with an exponent instead. In whole numbers of 128 bits, so that no size is off by what a double
 * cannot hold. Pure. */
#include "vmd/base/quantity.h"

#include "vmd/base/str.h"

#include <string.h>

#define DIGITS_MAX 18 /* before and behind the point together: below 2^63 */
#define POWER_MAX  18 /* "1e18" */

/* A number: n * up / down. */
struct number {
	unsigned __int128 n, up, down;
};

static const struct {
	const char *suffix;
	uint64_t up, down;
} units[] = {
	{"", 1, 1},
	{"n", 1, 1000000000},
	{"u", 1, 1000000},
	{"m", 1, 1000},
	{"k", 1000, 1},
	{"M", 1000000, 1},
	{"G", 1000000000, 1},
	{"T", UINT64_C(1000000000000), 1},
	{"P", UINT64_C(1000000000000000), 1},
	{"E", UINT64_C(1000000000000000000), 1},
	{"Ki", UINT64_C(1) << 10, 1},
	{"Mi", UINT64_C(1) << 20, 1},
	{"Gi", UINT64_C(1) << 30, 1},
	{"Ti", UINT64_C(1) << 40, 1},
	{"Pi", UINT64_C(1) << 50, 1},
	{"Ei", UINT64_C(1) << 60, 1},
};

/* The digits and the point; returns what is behind them. NULL: there are none, or too many. */
static const char *mantissa_read(const char *s, struct number *x)
{
	bool has_point = false;
	unsigned digits = 0;

	for (; (*s >= '0' && *s <= '9') || (*s == '.' && !has_point); s++) {
		if (*s == '.') {
			has_point = true;
			continue;
		}
		if (digits > 0 || *s != '0') /* zeros in front count for nothing */
			digits++;
		x->n = x->n * 10 + (unsigned)(*s - '0');
		if (has_point)
			x->down *= 10;
		if (digits > DIGITS_MAX + 1 || x->down > UINT64_C(1000000000000000000))
			return NULL;
	}
	return s;
}

/* "e3", "E-2": -1 when it is none. */
static int exponent_read(const char *s, struct number *x)
{
	bool is_down = s[1] == '-';
	uint64_t power;

	if ((*s != 'e' && *s != 'E') ||
	    str_to_u64(s + 1 + (is_down || s[1] == '+'), POWER_MAX, &power) < 0)
		return -1;
	for (; power > 0; power--)
		*(is_down ? &x->down : &x->up) *= 10;
	return 0;
}

static int suffix_read(const char *s, struct number *x)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (!str_eq(s, units[i].suffix))
			continue;
		x->up *= units[i].up;
		x->down *= units[i].down;
		return 0;
	}
	return exponent_read(s, x);
}

static int read_times(const char *text, unsigned times, uint64_t *ret, struct err *e)
{
	struct number x = {.n = 0, .up = times, .down = 1};
	const char *rest = text[0] >= '0' && text[0] <= '9' ? mantissa_read(text, &x) : NULL;
	unsigned __int128 whole;

	if (!rest || suffix_read(rest, &x) < 0)
		return err_set(e, ERR_INVALID, "\"%.32s\" is not a quantity", text);
	if (x.n > 0 && x.up > ~(unsigned __int128)0 / x.n)
		return err_set(e, ERR_INVALID, "\"%.32s\" is too much", text);
	whole = x.n * x.up / x.down + (x.n * x.up % x.down != 0);
	if (whole > INT64_MAX)
		return err_set(e, ERR_INVALID, "\"%.32s\" is too much", text);
	*ret = (uint64_t)whole;
	return 0;
}

int quantity_read(const char *text, uint64_t *ret, struct err *e)
{
	return read_times(text, 1, ret, e);
}

int quantity_read_milli(const char *text, uint64_t *ret, struct err *e)
{
	return read_times(text, 1000, ret, e);
}
