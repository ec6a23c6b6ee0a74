/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kube_answers.c: what a guest is told at its first boot. The answer file is read by xmllint where
 * there is one, the script is run by this machine's sh, with its files elsewhere. */
#include "tests/unit/check_main.h"
#include "tests/unit/kube_fixture.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube_answers.h"

#include <check.h>
#include <string.h>

static struct image image; /* of the test that runs */

static struct answers answers(const struct credentials *c, const char *owner)
{
	image = (struct image){.n_share = 2};
	image.share[0] = (struct share){.drive = 'H', .path = "\\\\server\\home\\%USER%"};
	image.share[1] = (struct share){.drive = 'P', .path = "\\\\server\\projects"};
	return (struct answers){.computer = "vm-17", .c = c, .image = &image, .owner = owner};
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

/* Hands text to a shell command: its exit code. */
static int feed(const char *text, const char *shell)
{
	FILE *f = popen(shell, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	return pclose(f);
}

static void is_xml(const char *text)
{
	ck_assert_msg(feed(text, "! command -v xmllint >/dev/null || xmllint --noout -") == 0, "%s",
		      text);
}

/* Where Microsoft's reference of each element says that it may stand, and what a setup that nobody
 * watches must have in oobeSystem. An element in another pass is not read. */
static const struct {
	const char *component, *element, *passes;
	bool required;
} elements[] = {
	{"Microsoft-Windows-Shell-Setup", "ComputerName", "specialize", true},
	{"Microsoft-Windows-Shell-Setup", "TimeZone", "specialize oobeSystem", true},
	{"Microsoft-Windows-TerminalServices-LocalSessionManager", "fDenyTSConnections",
	 "generalize specialize", true},
	{"Networking-MPSSVC-Svc", "FirewallGroups", "specialize", true},
	{"Microsoft-Windows-Deployment", "RunSynchronous", "specialize auditUser", false},
	{"Microsoft-Windows-International-Core", "InputLocale", "oobeSystem", true},
	{"Microsoft-Windows-International-Core", "SystemLocale", "oobeSystem", true},
	{"Microsoft-Windows-International-Core", "UILanguage", "oobeSystem", true},
	{"Microsoft-Windows-International-Core", "UserLocale", "oobeSystem", true},
	{"Microsoft-Windows-Shell-Setup", "OOBE", "oobeSystem", true},
	{"Microsoft-Windows-Shell-Setup", "UserAccounts", "oobeSystem", true},
};

/* Asked of xmllint: 0 if there is one, which says so, or none. */
static int xpath(const char *xml, const char *expression)
{
	char shell[1024];

	(void)str_fmt(
		shell, sizeof(shell),
		"! command -v xmllint >/dev/null || [ \"$(xmllint --xpath \"%s\" -)\" = true ]",
		expression);
	return feed(xml, shell);
}

#define LOCAL(name) "*[local-name()='" name "']"

static void elements_are_in_their_passes(const char *xml)
{
	char want[512];

	for (size_t i = 0; i < ARRAY_LEN(elements); i++) {
		(void)str_fmt(
			want, sizeof(want),
			"count(//*[local-name()='%s']) = count(/" LOCAL("unattend") "/" LOCAL(
				"settings") "[contains('%s', @pass)]/" LOCAL("component") "[@name='"
											  "%s'][@"
											  "processo"
											  "rArchite"
											  "cture='"
											  "amd64']/"
											  "*[local-"
											  "name()='"
											  "%s'])"
											  " and "
											  "count(//"
											  "*[local-"
											  "name()='"
											  "%s']) "
											  ">= %d",
			elements[i].element, elements[i].passes, elements[i].component,
			elements[i].element, elements[i].element, elements[i].required);
		ck_assert_msg(xpath(xml, want) == 0, "%s: %s", elements[i].element, xml);
	}
	/* and no component that is not in the table */
	ck_assert_int_eq(
		xpath(xml,
		      "count(//" LOCAL(
			      "component") "[not(contains('Microsoft-Windows-Shell-Setup "
					   "Microsoft-Windows-TerminalServices-LocalSessionManager "
					   "Networking-MPSSVC-Svc "
					   "Microsoft-Windows-Deployment "
					   "Microsoft-Windows-International-Core', @name))]) = 0"),
		0);
}

START_TEST(answer_file)
{
	struct credentials c = fixture_credentials();
	struct answers a = {.computer = "vm-17", .c = &c, .owner = "alice"};
	AUTO(strbuf_done) struct strbuf xml = {.len = 0}, admin = {.len = 0};

	answers_unattend(&a, &xml);
	ck_assert(strstr(xml.s, "<ComputerName>vm-17</ComputerName>"));
	ck_assert(strstr(xml.s, "<Value>a&lt;b&gt;&amp;&quot;c-9</Value>"));
	ck_assert(strstr(xml.s, "<Name>hpc</Name>"));
	ck_assert_uint_eq(count(xml.s, "<Value>"), 2); /* the built-in account has it, too */
	ck_assert(!strstr(xml.s, c.password));
	ck_assert(!strstr(xml.s, "RunSynchronous"));
	is_xml(xml.s);
	elements_are_in_their_passes(xml.s);
	(void)str_copy(c.user, sizeof(c.user), "administrator");
	answers_unattend(&a, &admin);
	ck_assert(strstr(admin.s, "<AdministratorPassword>"));
	ck_assert(!strstr(admin.s, "<LocalAccount"));
	is_xml(admin.s);
}
END_TEST

/* No command is longer than Windows takes, and none ends the setup. */
static void commands_are_good(const char *xml)
{
	const char *at = xml, *end;
	unsigned n = 0;
	char order[32];

	for (; (at = strstr(at, "<Path>")); at = end) {
		at += strlen("<Path>");
		end = strstr(at, "</Path>");
		ck_assert_ptr_nonnull(end);
		ck_assert_int_le(end - at, 259);
		ck_assert(str_starts(at, "cmd.exe /c &quot;"));
		ck_assert_int_eq(strncmp(end - 19, " &amp; exit 0&quot;", 19), 0);
		(void)str_fmt(order, sizeof(order), "<Order>%u</Order>", ++n);
		ck_assert_msg(strstr(xml, order) != NULL, "%s", order);
	}
	ck_assert_uint_eq(n, count(xml, "<WillReboot>Never</WillReboot>"));
}

START_TEST(drives_of_windows)
{
	struct credentials c = fixture_credentials();
	struct answers a = answers(&c, "alice");
	AUTO(strbuf_done) struct strbuf xml = {.len = 0};

	(void)str_copy(image.locale, sizeof(image.locale), "de-DE");
	answers_unattend(&a, &xml);
	is_xml(xml.s);
	elements_are_in_their_passes(xml.s);
	ck_assert_uint_eq(count(xml.s, ">de-DE<"), 4);
	commands_are_good(xml.s);
	/* before anybody logs on: for all who will, and for the account if the image knows it */
	ck_assert(strstr(xml.s, "pass=\"oobeSystem\"") > strstr(xml.s, "RunSynchronous"));
	ck_assert(
		strstr(xml.s, "reg.exe load HKU\\slurm-vm %SystemDrive%\\Users\\Default\\NTUSER"));
	ck_assert(
		strstr(xml.s, "reg.exe load HKU\\slurm-vm %SystemDrive%\\Users\\hpc\\NTUSER.DAT"));
	ck_assert_uint_eq(count(xml.s, "reg.exe unload HKU\\slurm-vm "), 2);
	ck_assert_uint_eq(count(xml.s, "HKU\\slurm-vm\\Network\\H /f /v RemotePath"
				       " /d \\\\server\\home\\alice &amp;"),
			  2);
	ck_assert_uint_eq(
		count(xml.s, "\\Network\\P /f /v RemotePath /d \\\\server\\projects &amp;"), 2);
	ck_assert_uint_eq(count(xml.s, "/v DeferFlags /t REG_DWORD /d 4 "), 4);
	/* nobody's name and no password: the server asks who opens it */
	ck_assert_uint_eq(count(xml.s, "/v UserName /t REG_SZ &amp;"), 4);
	ck_assert_uint_eq(count(xml.s, "a&lt;b"), 2);
	ck_assert_uint_eq(count(xml.s, "<RunSynchronousCommand "), 2 * (1 + 2 * 6 + 1));
}
END_TEST

START_TEST(drives_without_an_owner)
{
	struct credentials c = fixture_credentials();
	struct answers a = answers(&c, "");
	AUTO(strbuf_done) struct strbuf xml = {.len = 0}, none = {.len = 0}, script = {.len = 0};

	answers_unattend(&a, &xml);
	ck_assert(!strstr(xml.s, "\\Network\\H"));
	ck_assert(strstr(xml.s, "\\Network\\P"));
	answers_user_data(&a, &script);
	ck_assert(!strstr(script.s, "home"));
	ck_assert(strstr(script.s, "# H: none, Slurm does not know"));
	ck_assert(strstr(script.s, "//server/projects /mnt/p cifs noauto,user 0 0"));
	image.n_share = 1;
	answers_unattend(&a, &none);
	ck_assert(!strstr(none.s, "RunSynchronous"));
}
END_TEST

/* The longest of everything fits into a command. */
START_TEST(longest_drives)
{
	struct credentials c = fixture_credentials();
	struct answers a = answers(&c, "u");
	AUTO(strbuf_done) struct strbuf xml = {.len = 0};

	image.n_share = SHARE_MAX;
	for (size_t i = 0; i < SHARE_MAX; i++) {
		image.share[i].drive = (char)('H' + i);
		memset(image.share[i].path, 'x', SHARE_PATH_MAX);
		memcpy(image.share[i].path, "\\\\s\\%USER%", 10);
	}
	memset(c.user, 'a', sizeof(c.user) - 1);
	a.owner = "abcdefghijklmnopqrstuvwxyzabcdefghijklmno"; /* 41 for 6: 162, too long by 2 */
	answers_unattend(&a, &xml);
	ck_assert(!strstr(xml.s, "RunSynchronous"));
	xml.len = 0;
	a.owner += 2;
	answers_unattend(&a, &xml);
	is_xml(xml.s);
	ck_assert_uint_eq(count(xml.s, "RemotePath /d \\\\s\\cdef"), 2 * SHARE_MAX);
}
END_TEST

/* The script, with its files in the directory $d, run twice; this machine's accounts and programs
 * are out of reach. "" accounts: there is no useradd. Then check, a script, too. */
static int run_script(const char *script, const char *programs, const char *check)
{
	AUTO(strbuf_done) struct strbuf shell = {.len = 0};

	strbuf_addf(&shell,
		    "set -e; d=$(mktemp -d); trap 'rm -rf $d' EXIT; mkdir $d/bin $d/cloud.cfg.d\n"
		    "for p in sed touch mkdir grep cat bash; do ln -s $(command -v $p) $d/bin/$p; "
		    "done\n"
		    "printf '#!/bin/sh\\n[ \"$2\" = root ]\\n' >$d/bin/id\n"
		    "for p in %s; do printf '#!/bin/sh\\necho %%s $* >>%%s/log\\n' $p $d "
		    ">$d/bin/$p; done\n"
		    "chmod 755 $d/bin/id; for p in %s; do chmod 755 $d/bin/$p; done\n"
		    "printf 'root:x:0:\\nsudo:x:27:\\n' >$d/group; : >$d/log\n"
		    "printf 'LABEL=x / ext4 defaults 0 1\\n' >$d/fstab\n"
		    "sed \"s,/etc/cloud/,$d/,g; s,/etc/,$d/,g; s,/mnt/\\\\([a-z]\\\\)$,$d/\\\\1,\" "
		    ">$d/script\n"
		    "sh=$(command -v sh)\n"
		    "PATH=$d/bin $sh -eu $d/script; PATH=$d/bin $sh -eu $d/script\n"
		    "cd $d\n%s",
		    programs, programs, check);
	return feed(script, shell.s);
}

/* It writes the same however often it runs, and nothing else of the guest's is touched. */
START_TEST(script_runs)
{
	struct credentials c = fixture_credentials();
	struct answers a = answers(&c, "alice");
	AUTO(strbuf_done) struct strbuf script = {.len = 0};

	answers_user_data(&a, &script);
	ck_assert(str_starts(script.s, "#!/bin/sh\n"));
	ck_assert(!strstr(script.s, c.password));
	ck_assert_int_eq(
		run_script(script.s, "",
			   "[ -d $d/h ] && [ -d $d/p ]\n"
			   "diff - $d/fstab <<'EOF'\n"
			   "LABEL=x / ext4 defaults 0 1\n"
			   "# slurm-vm: begin\n"
			   "//server/home/alice /mnt/h cifs noauto,user,username=alice 0 0\n"
			   "//server/projects /mnt/p cifs noauto,user 0 0\n"
			   "# slurm-vm: end\n"
			   "EOF\n"
			   "[ \"$(cat cloud.cfg.d/*)\" = "
			   "'updates: {network: {when: [boot-new-instance, boot]}}' ]\n"),
		0);
	script.len = 0;
	a.image = NULL; /* another job's image had them, on the same disk */
	answers_user_data(&a, &script);
	ck_assert(!strstr(script.s, "cifs"));
	ck_assert(strstr(script.s, "sed -i '/^# slurm-vm: begin$/,"));
	ck_assert_int_eq(
		run_script(script.s, "", "[ \"$(cat fstab)\" = 'LABEL=x / ext4 defaults 0 1' ]\n"),
		0);
}
END_TEST

/* The image's own account is left alone; one that it does not bring is made, if it can. */
START_TEST(script_makes_the_account)
{
	struct credentials c = fixture_credentials();
	struct answers a = {.computer = "vm-17", .c = &c, .owner = "alice"};
	AUTO(strbuf_done) struct strbuf none = {.len = 0}, root = {.len = 0};

	answers_user_data(&a, &none);
	ck_assert_int_eq(run_script(none.s, "useradd usermod",
				    "sed 2q log | sed \"s,$d/bin/,,\" | diff - /dev/fd/3 3<<'EOF'\n"
				    "useradd -m -s bash hpc\n"
				    "usermod -a -G sudo hpc\n"
				    "EOF\n"),
			 0);
	ck_assert_int_eq(run_script(none.s, "", "[ ! -s log ]\n"), 0);
	ck_assert_int_eq(run_script(none.s, "setsebool",
				    "grep -q 'setsebool -P virt_qemu_ga_manage_ssh on$' log\n"),
			 0);
	(void)str_copy(c.user, sizeof(c.user), "root");
	answers_user_data(&a, &root);
	ck_assert_int_eq(run_script(root.s, "useradd usermod", "[ ! -s log ]\n"), 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("all");

	tcase_add_test(t, answer_file);
	tcase_add_test(t, drives_of_windows);
	tcase_add_test(t, drives_without_an_owner);
	tcase_add_test(t, longest_drives);
	tcase_add_test(t, script_runs);
	tcase_add_test(t, script_makes_the_account);
	return CHECK_MAIN(t);
}
