/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts for a guest with a POSIX shell; busybox' is enough. Each is one text for `sh -c`, as sshd
 * gives it to the account's shell, so it is wrapped in `sh -c '...'`: that shell may be another
 * one.
 *
 * Every text may be sent again, whatever became of the one before. */
#include "vmd/base/str.h"
#include "vmd/vmctl/quote.h"
#include "vmd/vmrun/guest_text.h"

static const struct {
	const char *program, *options;
} interpreters[] = {
	[RUN_POWERSHELL] = {"pwsh", " -NoProfile -File"},
	[RUN_CMD] = {"false", ""},
	[RUN_SH] = {"sh", ""},
	[RUN_PYTHON] = {"python3", ""},
};

static int wrap(const char *body, struct strbuf *ret, struct err *e)
{
	strbuf_addf(ret, "sh -c ");
	quote_sh(ret, body);
	return ret->overflow ? err_set(e, ERR_INVALID, "the command is too long") : 0;
}

void linux_variable(const char *name, size_t len, const char *value, struct strbuf *ret)
{
	strbuf_addf(ret, "export %.*s=", (int)len, name);
	quote_sh(ret, value);
	strbuf_add(ret, "\n", 1);
}

int linux_store(const struct script *s, const char *name, struct strbuf *ret, struct err *e)
{
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};

	strbuf_addf(&b,
		    "umask 077; d=$HOME/.slurm-vm/%s; mkdir -p \"$d\" || exit 1; "
		    "[ ! -d \"$d/started\" ] || { cat >/dev/null; exit 0; }; "
		    "cat >\"$d/%s.$$\" && mv \"$d/%s.$$\" \"$d/%s\"",
		    s->key, name, name, name);
	return wrap(b.s, ret, e);
}

/* The shell in between lives as long as the script, and a signal for the session does not end it:
 * it is the one who writes down the exit code. What the script left running is not waited for. An
 * interpreter that is not there is told in words, with the exit code that a shell has for it. */
int linux_start(const struct script *s, char *const *argv, struct strbuf *ret, struct err *e)
{
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};
	AUTO(strbuf_done) struct strbuf run = {.s = NULL};
	const char *program = interpreters[s->with].program;

	strbuf_addf(
		&run,
		"trap : TERM INT USR1 USR2 HUP; d=$VMRUN_DIR; "
		"cat /proc/sys/kernel/random/boot_id >\"$d/boot\"; echo $$ >\"$d/pid\"; "
		"over() { echo $1 >\"$d/code.new\"; mv \"$d/code.new\" \"$d/code\"; exit; }; "
		"cd; . \"$d/env\"; command -v %s >/dev/null || { echo \"vmrun: there is no %s in "
		"this guest: its image has to bring it\"; over 127; }; %s%s \"$d/script\"",
		program, program, program, interpreters[s->with].options);
	for (size_t i = 0; argv[i]; i++) {
		strbuf_add(&run, " ", 1);
		quote_sh(&run, argv[i]);
	}
	strbuf_addf(&run,
		    " & p=$!; while :; do wait $p; c=$?; kill -0 $p 2>/dev/null || break; done; "
		    "wait $p 2>/dev/null; r=$?; [ $r -eq 127 ] || c=$r; over $c");
	strbuf_addf(&b,
		    "umask 077; d=$HOME/.slurm-vm/%s; export VMRUN_DIR=\"$d\"; "
		    "[ -e \"$d/script\" ] && [ -e \"$d/env\" ] || exit 1; "
		    "mkdir \"$d/started\" 2>/dev/null || exit %d; "
		    "setsid sh -c ",
		    s->key, SCRIPT_THERE);
	quote_sh(&b, run.s);
	strbuf_addf(&b, " </dev/null >\"$d/out\" 2>&1 &");
	return b.overflow || run.overflow ? err_set(e, ERR_INVALID, "the arguments are too long")
					  : wrap(b.s, ret, e);
}

/* Whether it has ended is looked at before its output is, so nothing is lost. A guest that was
 * booted again runs it no more. */
int linux_follow(const struct script *s, uint64_t at, unsigned halves, struct strbuf *ret,
		 struct err *e)
{
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};

	strbuf_addf(&b,
		    "cd \"$HOME/.slurm-vm/%s\" || exit 1; n=%llu; i=0; "
		    "alive() { kill -0 \"$(cat pid)\" 2>/dev/null && "
		    "[ \"$(cat boot)\" = \"$(cat /proc/sys/kernel/random/boot_id)\" ]; }; "
		    "while :; do end=; "
		    "if [ -e code ]; then end=0; "
		    "elif [ -e pid ]; then alive || [ -e code ] || end=%d; "
		    "elif [ $i -ge 20 ]; then end=%d; fi; "
		    "size=0; [ ! -e out ] || size=$(wc -c <out); "
		    "if [ \"$size\" -gt $n ]; then "
		    "tail -c +$((n + 1)) out | head -c $((size - n)) || exit 1; n=$size; fi; "
		    "[ -z \"$end\" ] || exit $end; "
		    "i=$((i + 1)); [ $i -ne %u ] || exit %d; sleep 0.5; done",
		    s->key, (unsigned long long)at, SCRIPT_LOST, SCRIPT_LOST, halves, SCRIPT_RUNS);
	return wrap(b.s, ret, e);
}

int linux_code(const struct script *s, struct strbuf *ret, struct err *e)
{
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};

	strbuf_addf(&b, "cat \"$HOME/.slurm-vm/%s/code\"", s->key);
	return wrap(b.s, ret, e);
}

/* To all of its session's first group. No "--": dash has none. */
int linux_signal(const struct script *s, const char *signal, struct strbuf *ret, struct err *e)
{
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};

	strbuf_addf(&b, "kill -%s -\"$(cat \"$HOME/.slurm-vm/%s/pid\")\"", signal, s->key);
	return wrap(b.s, ret, e);
}
