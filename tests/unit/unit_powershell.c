/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every text that is made for a Windows guest's PowerShell is well-formed, as far as a reader of
 * its grammar can tell. POWERSHELL_TEXTS=DIR writes them there, for others who read them. */
#include "tests/unit/check_main.h"
#include "tests/unit/powershell.h"
#include "vmd/base/str.h"
#include "vmd/vmctl/quote.h"
#include "vmd/vmrun/script.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct script windows = {.windows = true, .key = "17-9f3c12ab45de6701"};

static void file_write(const char *name, const char *text)
{
	const char *dir = getenv("POWERSHELL_TEXTS");
	static unsigned n;
	char path[400];
	FILE *f;

	if (!dir)
		return;
	(void)snprintf(path, sizeof(path), "%s/%03u-%s.ps1", dir, n++, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	(void)fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

static void check_text(const char *name, const char *text)
{
	const char *why = powershell_check(text);

	file_write(name, text);
	ck_assert_msg(!why, "%s: %s, in\n%s", name, why, text);
}

static void check_command(const char *name, const struct strbuf *command)
{
	static char text[32768];

	ck_assert_ptr_nonnull(command->s);
	ck_assert_msg(powershell_decode(command->s, text, sizeof(text)), "%s: %s", name,
		      command->s);
	check_text(name, text);
}

/* Words that would end a string, a command or a line, were they not quoted. */
static const char *const hard[] = {
	"",
	"a b",
	"it's",
	"\"",
	"a\"b'c",
	"$env:X",
	"$(exit)",
	"`",
	"a`\"b",
	"}",
	"{",
	")",
	";exit",
	"#",
	"@'",
	"'@",
	"--%",
	"%PATH%",
	"&|<>^",
	"\xe2\x80\x98",
	"\xe2\x80\x99\xe2\x80\x9a\xe2\x80\x9b",
	"\xe2\x80\x9c\xe2\x80\x9d",
	"\xc3\xa4\xf0\x9f\x98\x80",
	"D:\\a b\\",
	"\\\\server\\share",
};

START_TEST(arguments_of_commands)
{
	static const char *const programs[] = {"solve.exe", "C:\\Program Files\\it's.exe",
					       "run.cmd"};

	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		for (size_t k = 0; k < ARRAY_LEN(hard); k++) {
			AUTO(strbuf_done) struct strbuf command = {.s = NULL};
			char program[64], one[64], *argv[] = {program, one, one, NULL};
			struct err e;

			(void)str_copy(program, sizeof(program), programs[i]);
			(void)str_copy(one, sizeof(one), hard[k]);
			ck_assert_msg(quote_command("windows", argv, &command, &e) == 0, "%s",
				      e.msg);
			check_command("exec", &command);
		}
}
END_TEST

START_TEST(starts_of_scripts)
{
	for (unsigned with = RUN_POWERSHELL; with <= RUN_PYTHON; with++)
		for (size_t k = 0; k < ARRAY_LEN(hard); k++) {
			AUTO(strbuf_done) struct strbuf start = {.s = NULL};
			struct script s = windows;
			char one[64], *argv[] = {one, one, NULL};
			struct err e;

			s.with = (enum interpreter)with;
			(void)str_copy(one, sizeof(one), hard[k]);
			ck_assert_msg(script_start(&s, argv, &start, &e) == 0, "%s", e.msg);
			check_command("start", &start);
		}
}
END_TEST

START_TEST(life_of_a_script)
{
	AUTO(strbuf_done) struct strbuf script = {.s = NULL};
	AUTO(strbuf_done) struct strbuf env = {.s = NULL};
	AUTO(strbuf_done) struct strbuf follow = {.s = NULL};
	AUTO(strbuf_done) struct strbuf some = {.s = NULL};
	AUTO(strbuf_done) struct strbuf code = {.s = NULL};
	AUTO(strbuf_done) struct strbuf stop = {.s = NULL};
	struct err e;

	ck_assert_int_eq(script_store(&windows, "script", &script, &e), 0);
	check_command("store-script", &script);
	ck_assert_int_eq(script_store(&windows, "env", &env, &e), 0);
	check_command("store-env", &env);
	ck_assert_int_eq(script_follow(&windows, 0, 0, &follow, &e), 0);
	check_command("follow", &follow);
	ck_assert_int_eq(script_follow(&windows, UINT64_MAX / 2, 20, &some, &e), 0);
	check_command("follow-some", &some);
	ck_assert_int_eq(script_code(&windows, &code, &e), 0);
	check_command("code", &code);
	ck_assert_int_eq(script_signal(&windows, "TERM", &stop, &e), 0);
	check_command("stop", &stop);
}
END_TEST

START_TEST(variables)
{
	AUTO(strbuf_done) struct strbuf text = {.s = NULL};
	char lines[ARRAY_LEN(hard) + 1][80], *environ[ARRAY_LEN(hard) + 2];
	size_t n = 0;

	for (; n < ARRAY_LEN(hard); n++) {
		(void)str_fmt(lines[n], sizeof(lines[n]), "SLURM_X%zu=%s", n, hard[n]);
		environ[n] = lines[n];
	}
	(void)str_copy(lines[n], sizeof(lines[n]), "SLURM_LINES=a\nb");
	environ[n] = lines[n];
	environ[n + 1] = NULL;
	script_environment(&windows, environ, &text);
	check_text("env", text.s);
}
END_TEST

/* clang-format off */
static const struct {
	const char *text;
	bool good;
} known[] = {
	{"$a=1;exit $a", true}, {"exit", true}, {"if(1){exit 2}\nelseif(3){exit 4}else{exit}", true},
	{"$a='it''s'", true}, {"$a=\"`\"$env:X\\b`\"\"", true}, {"try{exit 1}catch{exit 2}", true},
	{"Set-Content \"x\" '\nexit 1\n'", true}, {"$a=1\n$a++;$a.Close()", true},
	{"exit $a", false}, {"$a='it's'", false}, {"$a='b", false}, {"$a=\"b", false},
	{"$a=\"\xe2\x80\x9d\"", false}, {"$a=\"$(exit)\"", false}, {"$a=\"$b\"", false}, {"$a='\xe2\x80\x99'", false},
	{"if(1){exit", false}, {"if(1)exit", false}, {"if 1 {exit}", false}, {"try{exit 1}", false},
	{"else{exit}", false}, {"exit 1}", false}, {"exit 1)", false}, {"exit 1 2", false}, {"Remove-Item x", false},
	{"$a=1 $b=2", false}, {"$a=[Console]:Error", false}, {"$a=@{b=1", false}, {"$a=1x", false},
	{"Set-Content \"x\" '\nexit $b\n'", false}, {"Get-Content (\"a\"", false}, {"$a.b=1", false},
};
/* clang-format on */

START_TEST(reader_row)
{
	const char *why = powershell_check(known[_i].text);

	ck_assert_msg(!why == known[_i].good, "%s: %s", known[_i].text, why ? why : "it passed");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("powershell");

	tcase_add_test(t, arguments_of_commands);
	tcase_add_test(t, starts_of_scripts);
	tcase_add_test(t, life_of_a_script);
	tcase_add_test(t, variables);
	tcase_add_loop_test(t, reader_row, 0, ARRAY_LEN(known));
	return CHECK_MAIN(t);
}
