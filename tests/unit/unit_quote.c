/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is quoted arrives as it was: asked of a real sh, and of a reader of Windows command lines.
 */
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/vmctl/quote.h"

#include <check.h>
#include <string.h>

#define ROUNDS 300

static uint32_t seed = 20261125;

static unsigned random_below(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* Bytes that shells care about, more often than others. */
static void random_text(char *text, size_t max, bool utf8)
{
	static const char hard[] = "'\"\\ \t\n$`!*?[]{}()<>|&;#~=%^@,-/:";
	size_t n = random_below((unsigned)max);

	for (size_t i = 0; i < n; i++)
		text[i] = random_below(2) ? hard[random_below(sizeof(hard) - 1)]
			  : utf8          ? (char)(1 + random_below(126))
					  : (char)(1 + random_below(255));
	text[n] = '\0';
}

/* ---- sh ---- */

/* Runs text by sh -c; what it prints. */
static size_t sh(const char *text, char *out, size_t size)
{
	char path[] = "/tmp/unit_quote.XXXXXX", line[64];
	int fd = mkstemp(path);
	FILE *p;
	size_t n;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	/* as ssh's server does: the text is the operand of -c. The x guards trailing line breaks.
	 */
	(void)snprintf(line, sizeof(line), "t=$(cat %s; echo x); sh -c \"${t%%x}\"", path);
	p = popen(line, "r");
	ck_assert_ptr_nonnull(p);
	n = fread(out, 1, size - 1, p);
	out[n] = '\0';
	ck_assert_int_eq(pclose(p), 0);
	unlink(path);
	return n;
}

START_TEST(sh_gets_what_was_given)
{
	static char args[5][64], program[] = "printf", format[] = "%s\\001";
	char *argv[8] = {program, format};
	char out[1024];

	for (unsigned round = 0; round < ROUNDS; round++) {
		AUTO(strbuf_done) struct strbuf text = {.s = NULL};
		unsigned n = 1 + random_below(5);
		char *at = out;
		struct err e;

		for (unsigned i = 0; i < n; i++) {
			random_text(args[i], 64, false);
			for (char *c = args[i]; *c; c++)
				if (*c == 1)
					*c = 2; /* the separator */
			argv[2 + i] = args[i];
		}
		argv[2 + n] = NULL;
		ck_assert_int_eq(quote_command("linux", argv, &text, &e), 0);
		sh(text.s, out, sizeof(out));
		for (unsigned i = 0; i < n; i++) {
			char *end = strchr(at, 1);

			ck_assert_msg(end != NULL, "round %u: %s", round, text.s);
			*end = '\0';
			ck_assert_msg(strcmp(at, args[i]) == 0, "round %u: %s", round, text.s);
			at = end + 1;
		}
		ck_assert_msg(!*at, "round %u: more came than was given", round);
	}
}
END_TEST

static const struct {
	const char *argv[4];
	const char *text;
} sh_rows[] = {
	{{"true"}, "'true'"},
	{{"echo", ""}, "'echo' ''"},
	{{"echo", "it's", "$x"}, "'echo' 'it'\\''s' '$x'"},
};

START_TEST(sh_row)
{
	AUTO(strbuf_done) struct strbuf text = {.s = NULL};
	struct err e;

	ck_assert_int_eq(quote_command("", (char *const *)sh_rows[_i].argv, &text, &e), 0);
	ck_assert_str_eq(text.s, sh_rows[_i].text);
}
END_TEST

/* ---- Windows ---- */

/* How a C program there takes its line apart: Microsoft, "Parsing C++ command-line arguments". */
static size_t line_parse(const char *line, char args[8][128])
{
	size_t n = 0;

	while (*line) {
		char *out = args[n];
		bool quoted = false;

		line += strspn(line, " \t");
		if (!*line)
			break;
		for (; *line && (quoted || !strchr(" \t", *line)); line++) {
			size_t slashes = strspn(line, "\\");

			if (line[slashes] != '"') {
				for (size_t i = 0; i < slashes; i++)
					*out++ = '\\';
				line += slashes;
				if (!*line || (!quoted && strchr(" \t", *line)))
					break;
				*out++ = *line;
				continue;
			}
			for (size_t i = 0; i < slashes / 2; i++)
				*out++ = '\\';
			line += slashes;
			if (slashes % 2)
				*out++ = '"';
			else
				quoted = !quoted;
		}
		*out = '\0';
		n++;
	}
	return n;
}

START_TEST(arguments_come_apart_again)
{
	for (unsigned round = 0; round < 20 * ROUNDS; round++) {
		AUTO(strbuf_done) struct strbuf line = {.s = NULL};
		char args[5][40], back[8][128];
		unsigned n = 1 + random_below(5);

		for (unsigned i = 0; i < n; i++) {
			random_text(args[i], 40, true);
			if (i)
				strbuf_add(&line, " ", 1);
			quote_argument(&line, args[i]);
		}
		ck_assert_uint_eq(line_parse(line.s, back), n);
		for (unsigned i = 0; i < n; i++)
			ck_assert_msg(strcmp(back[i], args[i]) == 0, "round %u: %s", round, line.s);
	}
}
END_TEST

static const struct {
	const char *text, *argument, *powershell;
} windows_rows[] = {
	{"plain", "plain", "'plain'"},
	{"", "\"\"", "''"},
	{"a b", "\"a b\"", "'a b'"},
	{"say \"hi\"", "\"say \\\"hi\\\"\"", "'say \"hi\"'"},
	{"c:\\dir\\", "c:\\dir\\", "'c:\\dir\\'"},
	{"c:\\my dir\\", "\"c:\\my dir\\\\\"", "'c:\\my dir\\'"},
	{"a\\\"b", "\"a\\\\\\\"b\"", "'a\\\"b'"},
	{"it's", "it's", "'it''s'"},
	{"\xe2\x80\x99", "\xe2\x80\x99", "'\xe2\x80\x99\xe2\x80\x99'"},
	{"100%&|<>^$x", "100%&|<>^$x", "'100%&|<>^$x'"},
};

START_TEST(windows_row)
{
	AUTO(strbuf_done) struct strbuf argument = {.s = NULL};
	AUTO(strbuf_done) struct strbuf powershell = {.s = NULL};

	quote_argument(&argument, windows_rows[_i].text);
	quote_powershell(&powershell, windows_rows[_i].text);
	ck_assert_str_eq(argument.s, windows_rows[_i].argument);
	ck_assert_str_eq(powershell.s, windows_rows[_i].powershell);
}
END_TEST

/* ---- cmd.exe ---- */

/* How cmd reads what stands behind a program in its line: %PATH% becomes something else, a caret
 * outside of quotes takes the meaning from what follows. false: there would be another command, or
 * a file. By "How does the Windows command interpreter parse scripts", as far as a /c line goes. */
static bool cmd_parse(const char *line, char *out)
{
	bool quoted = false;

	if (strstr(line, "%PATH%"))
		return false;
	for (; *line; line++) {
		if (*line == '^' && !quoted && line[1]) {
			*out++ = *++line;
			continue;
		}
		if (!quoted && strchr("&|<>\r\n", *line))
			return false;
		quoted ^= *line == '"';
		*out++ = *line;
	}
	*out = '\0';
	return !quoted;
}

/* How it tells the arguments of a batch file apart: quotes stay, and stand for nothing but that no
 * argument ends within. */
static size_t batch_parse(const char *line, char args[8][128])
{
	size_t n = 0;

	while (*(line += strspn(line, " \t,;="))) {
		bool quoted = false;
		char *out = args[n++];

		for (; *line && (quoted || !strchr(" \t,;=", *line)); line++) {
			quoted ^= *line == '"';
			*out++ = *line;
		}
		*out = '\0';
	}
	return n;
}

/* %~1 of an argument, and its quotes single again. */
static void batch_plain(char *text)
{
	char *out = text;
	bool whole = *text == '"';

	for (const char *at = text + whole; *at; at++) {
		if (*at == '"' && (at[1] == '"' || (whole && !at[1])) && !*++at)
			break;
		*out++ = *at;
	}
	*out = '\0';
}

static void arguments_come_through(enum quote_for what)
{
	for (unsigned round = 0; round < 20 * ROUNDS; round++) {
		AUTO(strbuf_done) struct strbuf line = {.s = NULL};
		char args[5][40], parsed[1024], back[8][128], *argv[6] = {NULL};
		unsigned n = 1 + random_below(5);
		struct err e;

		for (unsigned i = 0; i < n; i++) {
			random_text(args[i], 32, true);
			for (char *at = args[i]; (at = strpbrk(at, "\r\n"));)
				*at = '&';
			if (random_below(4) == 0)
				strcat(args[i], "%PATH%");
			argv[i] = args[i];
		}
		ck_assert_int_eq(quote_arguments(argv, what, &line, &e), 0);
		ck_assert_msg(cmd_parse(line.s, parsed), "round %u: %s", round, line.s);
		ck_assert_uint_eq(what == QUOTE_BATCH ? batch_parse(parsed, back)
						      : line_parse(parsed, back),
				  n);
		for (unsigned i = 0; i < n; i++) {
			if (what == QUOTE_BATCH)
				batch_plain(back[i]);
			ck_assert_msg(strcmp(back[i], args[i]) == 0, "round %u: %s", round, line.s);
		}
	}
}

START_TEST(arguments_come_through_cmd)
{
	arguments_come_through(_i ? QUOTE_BATCH : QUOTE_IN_CMD);
}
END_TEST

static const struct {
	const char *argument, *in_cmd, *batch;
} cmd_rows[] = {
	{"plain", "plain", "plain"},
	{"", "^\"^\"", "^\"^\""},
	{"a b", "^\"a b^\"", "^\"a b^\""},
	{"a&b", "a^&b", "^\"a^&b^\""},
	{"<in >out | x", "^\"^<in ^>out ^| x^\"", "^\"^<in ^>out ^| x^\""},
	{"100%PATH%", "100^%PATH^%", "^\"100^%PATH^%^\""},
	{"say \"hi\" & x", "^\"say \\^\"hi\\^\" ^& x^\"", "^\"say ^\"^\"hi^\"^\" ^& x^\""},
	{"c:\\my dir\\", "^\"c:\\my dir\\\\^\"", "^\"c:\\my dir\\^\""},
	{"a=b,c;d", "a=b,c;d", "^\"a=b,c;d^\""},
	{"^!(x)", "^^^!^(x^)", "^\"^^^!^(x^)^\""},
};

START_TEST(cmd_row)
{
	char text[64], *argv[] = {text, NULL};
	AUTO(strbuf_done) struct strbuf in_cmd = {.s = NULL};
	AUTO(strbuf_done) struct strbuf batch = {.s = NULL};
	struct err e;

	(void)str_copy(text, sizeof(text), cmd_rows[_i].argument);
	ck_assert_int_eq(quote_arguments(argv, QUOTE_IN_CMD, &in_cmd, &e), 0);
	ck_assert_int_eq(quote_arguments(argv, QUOTE_BATCH, &batch, &e), 0);
	ck_assert_str_eq(in_cmd.s, cmd_rows[_i].in_cmd);
	ck_assert_str_eq(batch.s, cmd_rows[_i].batch);
}
END_TEST

static const struct {
	const char *program, *argument, *name, *line; /* line NULL: refused */
} process_rows[] = {
	{"prog", "a&b", "'prog'", "'a&b'"},
	{"prog", "a\nb", "'prog'", "'\"a\nb\"'"},
	{"cmd", "dir & ver", "'cmd'", "'\"dir & ver\"'"},
	{"my tool.CMD", "a&b", "'cmd.exe'", "'/d /s /c \"\"my tool.CMD\" ^\"a^&b^\"\"'"},
	{"t.bat", "it's", "'cmd.exe'", "'/d /s /c \"\"t.bat\" ^\"it''s^\"\"'"},
	{"t.bat", "a\nb", "", NULL},
	{"%X%.bat", "a", "", NULL},
};

START_TEST(process_row)
{
	char program[32], argument[32], *argv[] = {program, argument, NULL};
	AUTO(strbuf_done) struct strbuf script = {.s = NULL};
	char want[160];
	struct err e;
	int rc;

	(void)str_copy(program, sizeof(program), process_rows[_i].program);
	(void)str_copy(argument, sizeof(argument), process_rows[_i].argument);
	rc = quote_process(argv, &script, &e);
	ck_assert_int_eq(rc, process_rows[_i].line ? 0 : -1);
	if (rc < 0)
		return;
	(void)str_fmt(want, sizeof(want), "\n$i.FileName=%s\n$i.Arguments=%s\n",
		      process_rows[_i].name, process_rows[_i].line);
	ck_assert_msg(strstr(script.s, want) != NULL, "%s", script.s);
}
END_TEST

/* What cmd.exe and PowerShell see is letters, digits and what both pass on. */
START_TEST(windows_shells_see_letters)
{
	AUTO(strbuf_done) struct strbuf text = {.s = NULL};
	char program[] = "echo", hard[] = "%PATH% \"$env:X\" & ^ | ' `",
	     *argv[] = {program, hard, NULL};
	struct err e;

	ck_assert_int_eq(quote_command("windows", argv, &text, &e), 0);
	ck_assert_uint_eq(strspn(text.s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					 "0123456789+/=.- "),
			  text.len);
}
END_TEST

/* The bytes of the last word, which is base64; their number. */
static size_t word_decode(const char *command, char *bytes, size_t size)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = strrchr(command, ' ') + 1;
	uint32_t bits = 0;
	size_t n = 0;

	ck_assert(str_starts(at - strlen("-EncodedCommand "), "-EncodedCommand "));
	for (unsigned have = 0; *at && *at != '='; at++) {
		bits = bits << 6 | (uint32_t)(strchr(digits, *at) - digits);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		ck_assert_uint_lt(n, size);
		bytes[n++] = (char)(bits >> have & 0xff);
	}
	return n;
}

/* UTF-16, little endian, behind what keeps XML from stderr. */
START_TEST(encoded_rows)
{
	static const struct {
		const char *script, *units;
		size_t len;
	} rows[] = {
		{"exit 3",
		 "e\0x\0i\0t\0 \0"
		 "3\0",
		 12},
		{"\xc3\xa4", "\xe4\0", 2},
		{"\xf0\x9f\x98\x80", "\x3d\xd8\x00\xde", 4},
	};
	static const char *const bad[] = {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80",
					  "\xf4\x90\x80\x80"};
	char bytes[1024];
	size_t n;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(strbuf_done) struct strbuf text = {.s = NULL};

		ck_assert_int_eq(quote_encoded(rows[i].script, &text, &e), 0);
		n = word_decode(text.s, bytes, sizeof(bytes));
		ck_assert_uint_gt(n, rows[i].len);
		ck_assert_mem_eq(bytes, "$\0P\0r\0o\0g\0r\0e\0s\0s\0", 18);
		ck_assert_mem_eq(bytes + n - rows[i].len, rows[i].units, rows[i].len);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO(strbuf_done) struct strbuf text = {.s = NULL};

		ck_assert_int_eq(quote_encoded(bad[i], &text, &e), -1);
	}
}
END_TEST

START_TEST(too_long_is_told)
{
	AUTO(strbuf_done) struct strbuf text = {.s = NULL};
	char program[] = "echo", *argv[] = {program, malloc(4001), NULL};
	struct err e;

	memset(argv[1], 'x', 4000);
	argv[1][4000] = '\0';
	ck_assert_int_eq(quote_command("windows", argv, &text, &e), -1);
	ck_assert_msg(strstr(e.msg, "vmctl cp") != NULL, "%s", e.msg);
	free(argv[1]);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("quote");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, sh_gets_what_was_given);
	tcase_add_loop_test(t, sh_row, 0, ARRAY_LEN(sh_rows));
	tcase_add_test(t, arguments_come_apart_again);
	tcase_add_loop_test(t, windows_row, 0, ARRAY_LEN(windows_rows));
	tcase_add_loop_test(t, arguments_come_through_cmd, 0, 2);
	tcase_add_loop_test(t, cmd_row, 0, ARRAY_LEN(cmd_rows));
	tcase_add_loop_test(t, process_row, 0, ARRAY_LEN(process_rows));
	tcase_add_test(t, windows_shells_see_letters);
	tcase_add_test(t, encoded_rows);
	tcase_add_test(t, too_long_is_told);
	return CHECK_MAIN(t);
}
