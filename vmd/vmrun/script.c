/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See script.h: what is the same for both kinds of guest. */
#include "vmd/vmrun/script.h"

#include "vmd/base/str.h"
#include "vmd/vmctl/quote.h"
#include "vmd/vmrun/guest_text.h"

#include <string.h>

int interpreter_parse(const char *name, enum interpreter *ret)
{
	static const char *const names[] = {[RUN_POWERSHELL] = "powershell",
					    [RUN_CMD] = "cmd",
					    [RUN_SH] = "sh",
					    [RUN_PYTHON] = "python"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (str_eq(name, names[i])) {
			*ret = (enum interpreter)i;
			return 0;
		}
	}
	return -1;
}

/* Lines of cmd. head: nothing but lines with '#' so far. */
static void cmd_text(const char *text, size_t len, struct strbuf *ret)
{
	bool head = true;

	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) : len;
		size_t next = end ? line + 1 : len;

		head = head && (line == 0 || *text == '#' || *text == '\r');
		if (head && line > 0 && *text == '#')
			strbuf_addf(ret, "@rem ");
		if (line > 0 && text[line - 1] == '\r')
			line--;
		strbuf_add(ret, text, line);
		strbuf_add(ret, "\r\n", 2);
		text += next;
		len -= next;
	}
}

static bool is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] > 0x7f)
			return false;
	return true;
}

void script_text(const struct script *s, const char *text, size_t len, struct strbuf *ret)
{
	if (s->with == RUN_CMD) {
		cmd_text(text, len, ret);
		return;
	}
	if (s->with == RUN_POWERSHELL && !is_ascii(text, len) &&
	    (len < 3 || memcmp(text, "\xef\xbb\xbf", 3) != 0))
		strbuf_add(ret, "\xef\xbb\xbf", 3);
	strbuf_add(ret, text, len);
}

static bool is_name(const char *text, size_t len)
{
	return len > 0 && !(*text >= '0' && *text <= '9') &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") >=
		       len;
}

/* Is it in sbatch --export=NAME,NAME=VALUE,ALL? A comma in a value cannot be told from the next
 * name there; what follows it is only looked for as a name. */
static bool is_exported(const char *list, const char *name, size_t len)
{
	while (list && *list) {
		size_t word = strcspn(list, ",="), all = strcspn(list, ",");

		if (word == len && strncmp(list, name, len) == 0)
			return true;
		list += all + (list[all] == ',');
	}
	return false;
}

void script_environment(const struct script *s, char *const *environ, struct strbuf *ret)
{
	const char *list = NULL;

	for (size_t i = 0; environ[i]; i++)
		if (str_starts(environ[i], "SLURM_EXPORT_ENV="))
			list = strchr(environ[i], '=') + 1;
	for (size_t i = 0; environ[i]; i++) {
		const char *equals = strchr(environ[i], '=');
		size_t len = equals ? (size_t)(equals - environ[i]) : 0;
		bool slurms =
			str_starts(environ[i], "SLURM_") && !str_starts(environ[i], "SLURM_SPANK_");

		if (!is_name(environ[i], len) || !(slurms || is_exported(list, environ[i], len)))
			continue;
		if (s->windows)
			windows_variable(environ[i], len, equals + 1, ret);
		else
			linux_variable(environ[i], len, equals + 1, ret);
	}
}

int script_store(const struct script *s, const char *name, struct strbuf *ret, struct err *e)
{
	return s->windows ? windows_store(s, name, ret, e) : linux_store(s, name, ret, e);
}

int script_start(const struct script *s, char *const *argv, struct strbuf *ret, struct err *e)
{
	return s->windows ? windows_start(s, argv, ret, e) : linux_start(s, argv, ret, e);
}

int script_follow(const struct script *s, uint64_t at, unsigned halves, struct strbuf *ret,
		  struct err *e)
{
	return s->windows ? windows_follow(s, at, halves, ret, e)
			  : linux_follow(s, at, halves, ret, e);
}

int script_code(const struct script *s, struct strbuf *ret, struct err *e)
{
	return s->windows ? windows_code(s, ret, e) : linux_code(s, ret, e);
}

int script_signal(const struct script *s, const char *signal, struct strbuf *ret, struct err *e)
{
	return s->windows ? windows_stop(s, ret, e) : linux_signal(s, signal, ret, e);
}
