/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See account.h. */
#include "vmd/vm/account.h"

#include "vmd/base/str.h"

#include <string.h>
#include <strings.h>

#define LINUX_MAX   32
#define WINDOWS_MAX 20

/* Windows has these, or keeps the word for itself: an answer file that makes one ends the setup.
 * Administrator is there, too, and has its own element in the answer file. */
static const char *const taken[] = {"DefaultAccount", "Guest",   "LOCAL",  "NETWORK",
				    "NONE",           "SERVICE", "SYSTEM", "WDAGUtilityAccount"};

static bool is_taken(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		if (strcasecmp(name, taken[i]) == 0)
			return true;
	return false;
}

int account_check(const char *name, bool windows, struct err *e)
{
	static const char first[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
	size_t len = strlen(name), max = windows ? WINDOWS_MAX : LINUX_MAX;

	if (len == 0 || strspn(name, letters) != len || !strchr(first, name[0]) ||
	    name[len - 1] == '.')
		return err_set(e, ERR_INVALID,
			       "must be an account's name, of letters, digits, '_', '.' and '-'");
	if (len > max)
		return err_set(e, ERR_INVALID, "is longer than %zu characters, the most for %s",
			       max, windows ? "Windows" : "Linux");
	if (windows && is_taken(name))
		return err_set(e, ERR_INVALID, "is a name that Windows keeps for itself");
	if (!windows && strspn(name, "0123456789") == len)
		return err_set(e, ERR_INVALID, "is a number, which Linux takes for a uid");
	return 0;
}
