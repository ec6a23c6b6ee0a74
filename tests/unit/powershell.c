/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See powershell.h. By recursive descent; a nested script (what Set-Content writes into run.ps1) is
 * read by itself. */
#include "tests/unit/powershell.h"

#include "vmd/base/str.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 32
#define NAME_SIZE 32
#define TEXT_SIZE 32768

struct reader {
	const char *at;
	bool bad;
	char why[160];
	size_t n;
	char set[NAMES_MAX][NAME_SIZE];
	char string[TEXT_SIZE]; /* the last one in single quotes, as it is */
};

static void expression(struct reader *r);
static void statements(struct reader *r, char end);
static void pipeline(struct reader *r);

static void refuse(struct reader *r, const char *why)
{
	if (r->bad)
		return;
	r->bad = true;
	(void)snprintf(r->why, sizeof(r->why), "%s before '%.60s'", why, r->at);
	r->at += strlen(r->at); /* ends all loops */
}

/* ---- words ---- */

static void blanks(struct reader *r)
{
	r->at += strspn(r->at, " \t");
}

static void separators(struct reader *r)
{
	r->at += strspn(r->at, " \t\r\n;");
}

static bool take(struct reader *r, const char *text)
{
	if (!str_starts(r->at, text))
		return false;
	r->at += strlen(text);
	return true;
}

static void expect(struct reader *r, const char *text)
{
	char why[40];

	blanks(r);
	(void)snprintf(why, sizeof(why), "no '%s'", text);
	if (!take(r, text))
		refuse(r, why);
}

static size_t name_length(const char *at)
{
	size_t n = 0;

	while (isalnum((unsigned char)at[n]) || at[n] == '_')
		n++;
	return n;
}

static bool take_word(struct reader *r, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(r->at, word, len) != 0 || isalnum((unsigned char)r->at[len]) ||
	    r->at[len] == '-')
		return false;
	r->at += len;
	return true;
}

/* ---- variables ---- */

static bool is_set(const struct reader *r, const char *name)
{
	static const char *const automatic[] = {"_", "null", "true", "false", "LASTEXITCODE"};

	for (size_t i = 0; i < ARRAY_LEN(automatic); i++)
		if (str_eq(name, automatic[i]))
			return true;
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(name, r->set[i]))
			return true;
	return false;
}

/* Behind '$'. name is "" for one of the environment, which may have any. */
static void variable(struct reader *r, char name[NAME_SIZE])
{
	size_t len;

	name[0] = '\0';
	if (take(r, "env:")) {
		len = name_length(r->at);
		if (!len)
			refuse(r, "$env: without a name");
		r->at += len;
		return;
	}
	len = name_length(r->at);
	if (!len || len >= NAME_SIZE)
		refuse(r, "no name of a variable");
	else
		(void)str_fmt(name, NAME_SIZE, "%.*s", (int)len, r->at);
	r->at += r->bad ? 0 : len;
}

static void variable_use(struct reader *r)
{
	char name[NAME_SIZE];

	variable(r, name);
	if (*name && !is_set(r, name))
		refuse(r, "a variable that nothing has set");
}

static void variable_set(struct reader *r, const char *name)
{
	if (!*name || is_set(r, name))
		return;
	if (r->n == NAMES_MAX)
		refuse(r, "too many variables");
	else
		(void)str_copy(r->set[r->n++], NAME_SIZE, name);
}

/* ---- strings ---- */

/* PowerShell's kinds of single quotes: ' and U+2018 to U+201B. */
static size_t single_quote(const char *at)
{
	const unsigned char *u = (const unsigned char *)at;

	if (*u == '\'')
		return 1;
	return u[0] == 0xe2 && u[1] == 0x80 && u[2] >= 0x98 && u[2] <= 0x9b ? 3 : 0;
}

/* U+201C to U+201E end a string in double quotes. */
static bool is_double_quote(const char *at)
{
	const unsigned char *u = (const unsigned char *)at;

	return u[0] == 0xe2 && u[1] == 0x80 && u[2] >= 0x9c && u[2] <= 0x9e;
}

static void single_quoted(struct reader *r)
{
	size_t n = 0;

	r->at += single_quote(r->at);
	while (*r->at) {
		size_t len = single_quote(r->at);

		if (len && !single_quote(r->at + len)) {
			r->at += len;
			r->string[n] = '\0';
			return;
		}
		r->at += len;
		if (n + 1 == sizeof(r->string))
			break;
		r->string[n++] = *r->at++;
	}
	refuse(r, "a string that does not end");
}

static void double_quoted(struct reader *r)
{
	expect(r, "\"");
	while (*r->at && *r->at != '"' && !r->bad) {
		if (*r->at == '`' && r->at[1])
			r->at += 2;
		else if (take(r, "$"))
			variable_use(r);
		else if (*r->at == '\n' || is_double_quote(r->at))
			refuse(r, "a string in double quotes with a line break or another quote");
		else
			r->at++;
	}
	expect(r, "\"");
}

/* ---- expressions ---- */

/* Behind '('. */
static void arguments(struct reader *r)
{
	blanks(r);
	if (take(r, ")"))
		return;
	do {
		blanks(r);
		expression(r);
		blanks(r);
	} while (take(r, ","));
	expect(r, ")");
}

static void member(struct reader *r)
{
	size_t len = name_length(r->at);

	if (!len)
		refuse(r, "no name of a member");
	r->at += r->bad ? 0 : len;
	if (take(r, "("))
		arguments(r);
}

/* [Console]::Error.WriteLine(...) */
static void type(struct reader *r)
{
	expect(r, "[");
	r->at += strspn(r->at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.");
	expect(r, "]");
	expect(r, "::");
	member(r);
}

static void table(struct reader *r)
{
	while (!r->bad && !take(r, "}")) {
		size_t len = name_length(r->at);

		if (!len)
			refuse(r, "no key");
		r->at += r->bad ? 0 : len;
		expect(r, "=");
		expression(r);
		separators(r);
	}
}

static void number(struct reader *r)
{
	r->at += strspn(r->at, "0123456789");
	(void)take(r, "L");
	if (name_length(r->at))
		refuse(r, "a number with letters");
}

static void primary(struct reader *r)
{
	if (isdigit((unsigned char)*r->at))
		number(r);
	else if (single_quote(r->at))
		single_quoted(r);
	else if (*r->at == '"')
		double_quoted(r);
	else if (*r->at == '[')
		type(r);
	else if (take(r, "@{"))
		table(r);
	else if (take(r, "$"))
		variable_use(r);
	else if (take(r, "(")) {
		pipeline(r);
		expect(r, ")");
	} else {
		refuse(r, "no value");
	}
	while (!r->bad && *r->at == '.' && name_length(r->at + 1)) {
		r->at++;
		member(r);
	}
}

static void unary(struct reader *r)
{
	blanks(r);
	if (take(r, "!"))
		unary(r);
	else if (*r->at == '-' && isdigit((unsigned char)r->at[1]))
		r->at++, number(r);
	else
		primary(r);
}

static void expression(struct reader *r)
{
	static const char *const operators[] = {"-eq", "-ne", "-ge", "-gt", "-and", "-or"};
	bool more = true;

	unary(r);
	while (more && !r->bad) {
		more = false;
		blanks(r);
		for (size_t i = 0; i < ARRAY_LEN(operators) && !more; i++)
			more = take_word(r, operators[i]);
		if (more)
			unary(r);
	}
}

/* ---- commands ---- */

static bool ends(const struct reader *r)
{
	return !*r->at || strchr(";\r\n})", *r->at);
}

/* A text for a file of its own. */
static void nested(struct reader *r)
{
	const char *why = strchr(r->string, '\n') ? powershell_check(r->string) : NULL;

	if (why)
		refuse(r, why);
}

static void command(struct reader *r)
{
	static const char *const names[] = {"Get-Content", "Get-Process",  "Invoke-CimMethod",
					    "Move-Item",   "New-Item",     "New-Object",
					    "Set-Content", "Set-Location", "Start-Sleep",
					    "Test-Path",   "taskkill.exe"};
	static const char bare[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-";
	const char *name = NULL;

	for (size_t i = 0; i < ARRAY_LEN(names) && !name; i++)
		if (take_word(r, names[i]))
			name = names[i];
	if (!name)
		refuse(r, "no command that is used here");
	r->string[0] = '\0';
	for (blanks(r); !r->bad && !ends(r); blanks(r)) {
		size_t len = strspn(r->at, bare);

		if (len)
			r->at += len;
		else
			primary(r);
	}
	if (name && str_eq(name, "Set-Content"))
		nested(r);
}

static bool is_expression(const struct reader *r)
{
	return strchr("$[(!\"'@-", *r->at) || isdigit((unsigned char)*r->at) || single_quote(r->at);
}

static void pipeline(struct reader *r)
{
	blanks(r);
	if (is_expression(r))
		expression(r);
	else
		command(r);
	blanks(r);
}

/* ---- statements ---- */

static void block(struct reader *r)
{
	blanks(r);
	expect(r, "{");
	statements(r, '}');
	expect(r, "}");
}

static void condition(struct reader *r)
{
	expect(r, "(");
	pipeline(r);
	expect(r, ")");
	block(r);
}

/* What may stand on the next line. */
static bool follows(struct reader *r, const char *word)
{
	const char *at = r->at;

	r->at += strspn(r->at, " \t\r\n");
	if (take_word(r, word))
		return true;
	r->at = at;
	return false;
}

static void if_statement(struct reader *r)
{
	condition(r);
	while (!r->bad && follows(r, "elseif"))
		condition(r);
	if (!r->bad && follows(r, "else"))
		block(r);
}

static void try_statement(struct reader *r)
{
	block(r);
	if (!follows(r, "catch"))
		refuse(r, "try without catch");
	block(r);
}

/* "$x=...", "$env:X=...", "$x++", or a value. */
static void assignment(struct reader *r)
{
	const char *at = r->at;
	char name[NAME_SIZE];

	r->at++;
	variable(r, name);
	if (take(r, "=")) {
		pipeline(r);
		variable_set(r, name);
		return;
	}
	if (*r->at == '.' && name_length(r->at + 1)) { /* "$i.FileName=..." */
		r->at += 1 + name_length(r->at + 1);
		if (is_set(r, name) && take(r, "=")) {
			pipeline(r);
			return;
		}
	}
	r->at = at;
	expression(r);
	(void)take(r, "++");
}

static void statement(struct reader *r)
{
	if (take_word(r, "if")) {
		if_statement(r);
	} else if (take_word(r, "while")) {
		condition(r);
	} else if (take_word(r, "try")) {
		try_statement(r);
	} else if (take_word(r, "trap")) {
		block(r);
	} else if (take_word(r, "exit")) {
		blanks(r);
		if (!ends(r))
			expression(r);
	} else if (take(r, ". ")) { /* a script, in this one's scope */
		primary(r);
	} else if (*r->at == '$') {
		assignment(r);
	} else {
		pipeline(r);
	}
}

static void statements(struct reader *r, char end)
{
	bool needs_end = false;

	for (separators(r); *r->at && *r->at != end && !r->bad; separators(r)) {
		if (needs_end && r->at[-1] != '\n' && r->at[-1] != ';' && r->at[-1] != '}')
			refuse(r, "two statements with nothing between");
		if (!r->bad)
			statement(r);
		needs_end = true;
	}
}

const char *powershell_check(const char *script)
{
	static char why[200];
	struct reader *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->at = script;
	statements(r, '\0');
	if (*r->at && !r->bad)
		refuse(r, "what is left over");
	(void)str_copy(why, sizeof(why), r->why);
	free(r);
	return *why ? why : NULL;
}

/* ---- -EncodedCommand ---- */

static size_t utf8_put(uint32_t c, char *to)
{
	if (c < 0x80)
		return to[0] = (char)c, 1;
	if (c < 0x800)
		return to[0] = (char)(0xc0 | c >> 6), to[1] = (char)(0x80 | (c & 63)), 2;
	if (c < 0x10000)
		return to[0] = (char)(0xe0 | c >> 12), to[1] = (char)(0x80 | (c >> 6 & 63)),
		       to[2] = (char)(0x80 | (c & 63)), 3;
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 63));
	to[2] = (char)(0x80 | (c >> 6 & 63));
	to[3] = (char)(0x80 | (c & 63));
	return 4;
}

bool powershell_decode(const char *command, char *ret, size_t size)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = strstr(command, " -EncodedCommand ");
	uint32_t bits = 0, unit = 0, high = 0;
	size_t n = 0;
	unsigned have = 0, bytes = 0;

	if (!at || !str_starts(command, "powershell.exe "))
		return false;
	for (at += strlen(" -EncodedCommand "); *at && *at != '='; at++) {
		const char *digit = strchr(digits, *at);

		if (!digit || n + 5 > size)
			return false;
		bits = bits << 6 | (uint32_t)(digit - digits);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		unit |= (bits >> have & 0xff) << (8 * (bytes++ % 2));
		if (bytes % 2)
			continue;
		if (unit >= 0xd800 && unit < 0xdc00)
			high = 0x10000 + ((unit & 0x3ff) << 10);
		else
			n += utf8_put(unit >= 0xdc00 && unit < 0xe000 ? high + (unit & 0x3ff)
								      : unit,
				      ret + n);
		unit = 0;
	}
	ret[n] = '\0';
	return bytes % 2 == 0;
}
