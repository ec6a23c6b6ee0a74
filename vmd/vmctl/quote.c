/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See quote.h. Tested against a real sh, and against a reader of command lines written from
 * Microsoft's rules ("Parsing C++ command-line arguments"); not yet on a Windows guest. */
#include "vmd/vmctl/quote.h"

#include "vmd/base/str.h"

#include <stdint.h>
#include <string.h>

void quote_sh(struct strbuf *b, const char *text)
{
	strbuf_add(b, "'", 1);
	for (; *text; text++) {
		if (*text == '\'')
			strbuf_add(b, "'\\''", 4);
		else
			strbuf_add(b, text, 1);
	}
	strbuf_add(b, "'", 1);
}

/* PowerShell takes the typographic quotes U+2018 to U+201B for single quotes, too. */
static size_t powershell_quote_len(const char *text)
{
	if (*text == '\'')
		return 1;
	return memcmp(text, "\xe2\x80", strnlen(text, 2)) == 0 && strnlen(text, 3) == 3 &&
			       (unsigned char)text[2] >= 0x98 && (unsigned char)text[2] <= 0x9b
		       ? 3
		       : 0;
}

void quote_powershell(struct strbuf *b, const char *text)
{
	strbuf_add(b, "'", 1);
	while (*text) {
		size_t len = powershell_quote_len(text);

		if (len)
			strbuf_add(b, text, len); /* doubled, it stands for itself */
		len = len ? len : 1;
		strbuf_add(b, text, len);
		text += len;
	}
	strbuf_add(b, "'", 1);
}

/* Backslashes mean themselves, but in front of a quote, where two of them are one. */
void quote_argument(struct strbuf *b, const char *text)
{
	size_t backslashes = 0;

	if (*text && !strpbrk(text, " \t\n\v\"")) {
		strbuf_add(b, text, strlen(text));
		return;
	}
	strbuf_add(b, "\"", 1);
	for (; *text; text++) {
		if (*text == '"')
			for (size_t i = 0; i <= backslashes; i++)
				strbuf_add(b, "\\", 1);
		backslashes = *text == '\\' ? backslashes + 1 : 0;
		strbuf_add(b, text, 1);
	}
	for (size_t i = 0; i < backslashes; i++)
		strbuf_add(b, "\\", 1);
	strbuf_add(b, "\"", 1);
}

/* One character of UTF-8 at *at. -1: it is none. */
static int utf8_next(const unsigned char **at, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	const unsigned char *p = *at;
	size_t more = *p < 0x80 ? 0 : *p >> 5 == 6 ? 1 : *p >> 4 == 14 ? 2 : *p >> 3 == 30 ? 3 : 9;
	uint32_t c;

	if (more == 9)
		return -1;
	c = more ? *p & (0x3fU >> more) : *p;
	for (size_t i = 1; i <= more; i++) {
		if (p[i] >> 6 != 2)
			return -1;
		c = c << 6 | (p[i] & 0x3fU);
	}
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return -1;
	*at = p + more + 1;
	*ret = c;
	return 0;
}

static void utf16_add(struct strbuf *b, uint32_t unit)
{
	const char bytes[2] = {(char)(unit & 0xff), (char)(unit >> 8 & 0xff)};

	strbuf_add(b, bytes, 2);
}

static void base64_add(struct strbuf *b, const char *data, size_t len)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		uint32_t bits = (uint32_t)(unsigned char)data[i] << 16;
		char four[4];

		if (i + 1 < len)
			bits |= (uint32_t)(unsigned char)data[i + 1] << 8;
		if (i + 2 < len)
			bits |= (uint32_t)(unsigned char)data[i + 2];
		four[0] = alphabet[bits >> 18 & 63];
		four[1] = alphabet[bits >> 12 & 63];
		four[2] = i + 1 < len ? alphabet[bits >> 6 & 63] : '=';
		four[3] = i + 2 < len ? alphabet[bits & 63] : '=';
		strbuf_add(b, four, 4);
	}
}

int quote_encoded(const char *script, struct strbuf *ret, struct err *e)
{
	AUTO(strbuf_done) struct strbuf units = {.s = NULL};
	const unsigned char *at = (const unsigned char *)script;
	uint32_t c;

	while (*at) {
		if (utf8_next(&at, &c) < 0)
			return err_set(e, ERR_INVALID, "the command is no UTF-8 text");
		if (c >= 0x10000) {
			utf16_add(&units, 0xd800 + ((c - 0x10000) >> 10));
			utf16_add(&units, 0xdc00 + ((c - 0x10000) & 0x3ff));
		} else {
			utf16_add(&units, c);
		}
	}
	strbuf_addf(ret, "powershell.exe -NoProfile -NonInteractive -InputFormat None "
			 "-ExecutionPolicy Bypass -EncodedCommand ");
	base64_add(ret, units.s ? units.s : "", units.len);
	if (units.overflow || ret->overflow || ret->len > QUOTE_WINDOWS_MAX)
		return err_set(e, ERR_INVALID,
			       "the command is too long for Windows (%zu characters coded, at most "
			       "%d): put it into a script and copy that with vmctl cp",
			       ret->len, QUOTE_WINDOWS_MAX);
	return 0;
}

/* UseShellExecute off: the program inherits input, output and error. */
static int command_windows(char *const *argv, struct strbuf *ret, struct err *e)
{
	AUTO(strbuf_done) struct strbuf script = {.s = NULL};
	AUTO(strbuf_done) struct strbuf arguments = {.s = NULL};

	for (size_t i = 1; argv[i]; i++) {
		if (i > 1)
			strbuf_add(&arguments, " ", 1);
		quote_argument(&arguments, argv[i]);
	}
	strbuf_addf(&script, "$i=New-Object Diagnostics.ProcessStartInfo\n$i.FileName=");
	quote_powershell(&script, argv[0]);
	strbuf_addf(&script, "\n$i.Arguments=");
	quote_powershell(&script, arguments.s ? arguments.s : "");
	strbuf_addf(&script, "\n$i.UseShellExecute=$false\n"
			     "try{$p=[Diagnostics.Process]::Start($i)}"
			     "catch{[Console]::Error.WriteLine($_.Exception.Message);exit 127}\n"
			     "$p.WaitForExit();exit $p.ExitCode\n");
	if (script.overflow || arguments.overflow)
		return err_set(e, ERR_INVALID, "the command is too long");
	return quote_encoded(script.s, ret, e);
}

int quote_command(const char *profile, char *const *argv, struct strbuf *ret, struct err *e)
{
	if (str_eq(profile, "windows"))
		return command_windows(argv, ret, e);
	for (size_t i = 0; argv[i]; i++) {
		if (i > 0)
			strbuf_add(ret, " ", 1);
		quote_sh(ret, argv[i]);
	}
	return ret->overflow ? err_set(e, ERR_INVALID, "the command is too long") : 0;
}
