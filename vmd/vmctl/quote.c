/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See quote.h. Tested against a real sh, and against readers of command lines written from
 * Microsoft's rules ("Parsing C++ command-line arguments"; "Everyone quotes command line arguments
 * the wrong way", for cmd.exe), which agree with Wine's CommandLineToArgvW and cmd.exe; not yet on
 * a Windows guest. */
#include "vmd/vmctl/quote.h"

#include "vmd/base/str.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

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

void quote_cmd(struct strbuf *b, const char *text)
{
	for (; *text; text++) {
		if (strchr("()%!^\"<>&|", *text))
			strbuf_add(b, "^", 1);
		strbuf_add(b, text, 1);
	}
}

void quote_batch(struct strbuf *b, const char *text)
{
	if (*text && !strpbrk(text, " \t,;=\"&|<>^()%!'`")) {
		strbuf_add(b, text, strlen(text));
		return;
	}
	strbuf_add(b, "\"", 1);
	for (; *text; text++)
		strbuf_add(b, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
	strbuf_add(b, "\"", 1);
}

int quote_arguments(char *const *argv, enum quote_for what, struct strbuf *ret, struct err *e)
{
	AUTO(strbuf_done) struct strbuf line = {.s = NULL};

	for (size_t i = 0; argv[i]; i++) {
		if (what != QUOTE_PROGRAM && strpbrk(argv[i], "\r\n"))
			return err_set(e, ERR_INVALID,
				       "an argument with a line break cannot pass cmd.exe: put it "
				       "into a file");
		if (i > 0)
			strbuf_add(&line, " ", 1);
		if (what == QUOTE_BATCH)
			quote_batch(&line, argv[i]);
		else
			quote_argument(&line, argv[i]);
	}
	if (what == QUOTE_PROGRAM)
		strbuf_add(ret, line.s ? line.s : "", line.len);
	else
		quote_cmd(ret, line.s ? line.s : "");
	return line.overflow || ret->overflow ? err_set(e, ERR_INVALID, "the command is too long")
					      : 0;
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

static int utf16_add_text(struct strbuf *units, const char *text, struct err *e)
{
	const unsigned char *at = (const unsigned char *)text;
	uint32_t c;

	while (*at) {
		if (utf8_next(&at, &c) < 0)
			return err_set(e, ERR_INVALID, "the command is no UTF-8 text");
		if (c >= 0x10000) {
			utf16_add(units, 0xd800 + ((c - 0x10000) >> 10));
			utf16_add(units, 0xdc00 + ((c - 0x10000) & 0x3ff));
		} else {
			utf16_add(units, c);
		}
	}
	return 0;
}

/* An encoded command whose stderr is no console is taken for one of another PowerShell: its
 * progress and errors go there as XML ("#< CLIXML"), in 5.1 whatever -OutputFormat says
 * (ConsoleHost.cs, ErrorFormat). So there is no progress, and what fails says so by itself. */
#define PLAIN                                                                                      \
	"$ProgressPreference='SilentlyContinue'\n"                                                 \
	"trap{[Console]::Error.WriteLine($_.Exception.Message);exit 1}\n"

int quote_encoded(const char *script, struct strbuf *ret, struct err *e)
{
	AUTO(strbuf_done) struct strbuf units = {.s = NULL};

	if (utf16_add_text(&units, PLAIN, e) < 0 || utf16_add_text(&units, script, e) < 0)
		return -1;
	strbuf_addf(ret, "powershell.exe -NoProfile -NonInteractive -InputFormat None "
			 "-OutputFormat Text -ExecutionPolicy Bypass -EncodedCommand ");
	base64_add(ret, units.s ? units.s : "", units.len);
	if (units.overflow || ret->overflow || ret->len > QUOTE_WINDOWS_MAX)
		return err_set(e, ERR_INVALID,
			       "the command is too long for Windows (%zu characters coded, at most "
			       "%d): put it into a script and copy that with vmctl cp",
			       ret->len, QUOTE_WINDOWS_MAX);
	return 0;
}

/* CreateProcess gives a batch file to cmd.exe by itself, and that takes the arguments apart by
 * rules of its own: "a&b" would be two commands. */
static bool is_batch(const char *program)
{
	size_t len = strlen(program);

	return len > 4 && (strcasecmp(program + len - 4, ".cmd") == 0 ||
			   strcasecmp(program + len - 4, ".bat") == 0);
}

/* UseShellExecute off: the program inherits input, output and error. */
int quote_process(char *const *argv, struct strbuf *ret, struct err *e)
{
	AUTO(strbuf_done) struct strbuf arguments = {.s = NULL};
	bool batch = is_batch(argv[0]);

	if (batch && strpbrk(argv[0], "\"%"))
		return err_set(e, ERR_INVALID, "'%.80s' is no name that cmd.exe can find", argv[0]);
	if (batch)
		strbuf_addf(&arguments, "/d /s /c \"\"%s\" ", argv[0]);
	if (quote_arguments(argv + 1, batch ? QUOTE_BATCH : QUOTE_PROGRAM, &arguments, e) < 0)
		return -1;
	if (batch)
		strbuf_add(&arguments, "\"", 1);
	strbuf_addf(ret, "$i=New-Object Diagnostics.ProcessStartInfo\n$i.FileName=");
	quote_powershell(ret, batch ? "cmd.exe" : argv[0]);
	strbuf_addf(ret, "\n$i.Arguments=");
	quote_powershell(ret, arguments.s ? arguments.s : "");
	strbuf_addf(ret, "\n$i.UseShellExecute=$false\n"
			 "try{$p=[Diagnostics.Process]::Start($i)}"
			 "catch{[Console]::Error.WriteLine($_.Exception.Message);exit 127}\n"
			 "$p.WaitForExit();exit $p.ExitCode\n");
	return ret->overflow ? err_set(e, ERR_INVALID, "the command is too long") : 0;
}

static int command_windows(char *const *argv, struct strbuf *ret, struct err *e)
{
	AUTO(strbuf_done) struct strbuf script = {.s = NULL};

	if (quote_process(argv, &script, e) < 0)
		return -1;
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
