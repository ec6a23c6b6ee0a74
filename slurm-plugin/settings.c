/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments of the plugstack.conf line, as a table. Pure. An argument this version does not know is
 * refused: a misspelt "epilog_timout=600" that is silently skipped drains nodes later. */
#include "slurm-plugin/settings.h"

#include "vmd/base/str.h"

#include <stddef.h>
#include <string.h>

/* A time-out longer than this is a slip of the pen. */
#define TIMEOUT_MAX_S (7 * 24 * 3600)

struct text_argument {
	const char *key;
	size_t offset, size;
};

#define TEXT(key_, member)                                                                         \
	{                                                                                          \
		.key = (key_), .offset = offsetof(struct plugin_settings, member),                 \
		.size = sizeof(((struct plugin_settings *)0)->member)                              \
	}

static const struct text_argument texts[] = {
	TEXT("vmd", vmd),
	TEXT("vmd_user", vmd_user),
	TEXT("munge_socket", munge_socket),
	TEXT("prefix", prefix),
};

static const struct {
	const char *key;
	size_t offset;
} timeouts[] = {
	{"ready_timeout", offsetof(struct plugin_settings, ready_timeout_s)},
	{"epilog_timeout", offsetof(struct plugin_settings, epilog_timeout_s)},
};

/* The value behind "key=", or NULL. */
static const char *value_of(const char *argument, const char *key)
{
	size_t len = strlen(key);

	return str_starts(argument, key) && argument[len] == '=' ? argument + len + 1 : NULL;
}

static int argument_read(const char *argument, struct plugin_settings *s, struct err *e)
{
	const char *value;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		value = value_of(argument, texts[i].key);
		if (!value)
			continue;
		if (!*value || str_copy((char *)s + texts[i].offset, texts[i].size, value) < 0)
			return err_set(e, ERR_INVALID, "%s= must have 1 to %zu characters",
				       texts[i].key, texts[i].size - 1);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(timeouts); i++) {
		uint64_t seconds;

		value = value_of(argument, timeouts[i].key);
		if (!value)
			continue;
		if (str_to_u64(value, TIMEOUT_MAX_S, &seconds) < 0 || seconds == 0)
			return err_set(e, ERR_INVALID,
				       "%s= must be a number of seconds from 1 to %d, not '%.40s'",
				       timeouts[i].key, TIMEOUT_MAX_S, value);
		*(int64_t *)(void *)((char *)s + timeouts[i].offset) = (int64_t)seconds;
		return 0;
	}
	return err_set(e, ERR_INVALID,
		       "unknown argument '%.60s' (known: vmd=, vmd_user=, munge_socket=, prefix=, "
		       "ready_timeout=, epilog_timeout=)",
		       argument);
}

/* The prefix becomes part of option names and of environment variables. */
static bool is_prefix(const char *s)
{
	return strchr(s, '.') == NULL && str_is_name(s, SETTINGS_PREFIX_MAX) &&
	       !(s[0] >= '0' && s[0] <= '9');
}

int plugin_settings_read(int ac, char **av, struct plugin_settings *ret, struct err *e)
{
	/* vmd knows why a VM does not become ready, so it gets the time to say it first: longer
	 * than its own ready_timeout (15 min) and trouble_timeout (30 min). */
	static const struct plugin_settings defaults = {.vmd_user = "slurm",
							.prefix = "vm",
							.ready_timeout_s = 2100,
							.epilog_timeout_s = 300};
	struct plugin_settings s = defaults;

	*ret = defaults;
	for (int i = 0; i < ac; i++)
		if (argument_read(av[i], &s, e) < 0)
			return -1;
	if (!is_prefix(s.prefix))
		return err_set(e, ERR_INVALID,
			       "prefix= must be a word of letters a-z, digits and '-', not '%s'",
			       s.prefix);
	if (!s.vmd[0])
		return err_set(e, ERR_INVALID, "vmd=HOST:PORT is missing");
	*ret = s;
	return 0;
}
