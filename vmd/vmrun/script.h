/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is brought into the guest: the batch script, its variables, and the texts of the commands by
 * which it is started, followed and stopped there. Pure.
 *
 * In the guest a job has one directory, named after the job's key (".slurm-vm/KEY" of the account's
 * home): its disk outlives moves and requeues, so the directory does.
 *   script   the batch script
 *   env      its variables
 *   started  made (a directory: that can happen once only) before the script is started
 *   pid      of the session it runs in; on Linux also "boot": the boot it was started in
 *   out      what it writes, to stdout and stderr
 *   code     its exit code, when it has ended */
#ifndef VMD_VMRUN_SCRIPT_H
#define VMD_VMRUN_SCRIPT_H

#include "vmd/base/strbuf.h"

#include <stdint.h>

enum interpreter { RUN_POWERSHELL, RUN_CMD, RUN_SH, RUN_PYTHON };

/* 0, or -1: no interpreter is called so. */
int interpreter_parse(const char *name, enum interpreter *ret);

struct script {
	enum interpreter with;
	bool windows; /* the guest is */
	char key[80]; /* the job's key */
};

/* The script as the interpreter wants it: for cmd the lines with '#' at the head of the file, which
 * are for Slurm, become remarks, and lines end with CR LF; for PowerShell text beyond ASCII gets
 * the mark that tells it is UTF-8. */
void script_text(const struct script *s, const char *text, size_t len, struct strbuf *ret);
/* Variables that reach the guest: SLURM_* but for SLURM_SPANK_*, and those that sbatch --export
 * names. environ: "NAME=VALUE" strings, ended by NULL. */
void script_environment(const struct script *s, char *const *environ, struct strbuf *ret);

/* Texts of commands for the account's shell. ERR_INVALID: too long. */
/* Stores stdin as NAME ("script" or "env"), unless the script has been started. */
int script_store(const struct script *s, const char *name, struct strbuf *ret, struct err *e);
/* Starts it, once; argv: its arguments, ended by NULL. Exit code 0: this one started it,
 * SCRIPT_THERE: it had been started before. */
#define SCRIPT_THERE 10
int script_start(const struct script *s, char *const *argv, struct strbuf *ret, struct err *e);
/* Writes what it wrote from byte at on, and ends when it has: 0: it has ended; SCRIPT_LOST: it runs
 * no more and never told an exit code; SCRIPT_RUNS: it still runs after so many half seconds (0: as
 * long as it takes). */
#define SCRIPT_LOST 11
#define SCRIPT_RUNS 12
int script_follow(const struct script *s, uint64_t at, unsigned halves, struct strbuf *ret,
		  struct err *e);
int script_code(const struct script *s, struct strbuf *ret, struct err *e); /* prints it */
/* Sends it a signal ("TERM"; on Windows it is ended whatever is asked for). */
int script_signal(const struct script *s, const char *signal, struct strbuf *ret, struct err *e);

#endif
