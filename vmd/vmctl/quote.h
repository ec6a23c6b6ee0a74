/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of arguments as one text for the guest's shell, so that the program there gets exactly
 * these arguments. ssh carries one text only, and gives it to the account's shell. Pure.
 *
 * linux:   for a POSIX shell: every argument in single quotes.
 * windows: the account's shell is cmd.exe or PowerShell, as its administrator chose, and each has
 *          its own rules. So what it gets is "powershell.exe -EncodedCommand BASE64", letters that
 *          neither touches. The script in it starts the program with a command line after the rules
 *          of CommandLineToArgvW, which C programs read theirs by, and ends with its exit code. A
 *          batch file's goes through cmd.exe, which has other rules: quote_batch(). */
#ifndef VMD_VMCTL_QUOTE_H
#define VMD_VMCTL_QUOTE_H

#include "vmd/base/strbuf.h"

/* What cmd.exe takes as one line is 8191 characters. */
#define QUOTE_WINDOWS_MAX 8100

/* One word for a POSIX shell, appended. */
void quote_sh(struct strbuf *b, const char *text);
/* A string literal of PowerShell, appended. */
void quote_powershell(struct strbuf *b, const char *text);
/* One argument of a Windows command line, appended. */
void quote_argument(struct strbuf *b, const char *text);
/* One argument of a batch file, appended: there %1 is it with its quotes and %~1 without, if it has
 * no quote itself; there is no way to have one, and it arrives doubled. */
void quote_batch(struct strbuf *b, const char *text);
/* What comes behind a program in a line of cmd.exe, appended, so that the program gets it as it is:
 * with a caret before each character that means something to cmd, quotes too, so that it knows of
 * no quotes ("Everyone quotes command line arguments the wrong way", Microsoft, 2011). No line
 * breaks. */
void quote_cmd(struct strbuf *b, const char *text);
/* For whom arguments are: a program that is started at once; one in a line of cmd.exe; a batch file
 * in such a line. */
enum quote_for { QUOTE_PROGRAM, QUOTE_IN_CMD, QUOTE_BATCH };
/* Arguments, ended by NULL, as one text, appended. ERR_INVALID: they cannot pass cmd.exe. */
int quote_arguments(char *const *argv, enum quote_for what, struct strbuf *ret, struct err *e);
/* A script of PowerShell that starts argv, and ends with its exit code; appended. */
int quote_process(char *const *argv, struct strbuf *ret, struct err *e);
/* A script of PowerShell, as a command line of letters only. What goes wrong in it is told as text.
 * ERR_INVALID: it is no UTF-8, or too long. */
int quote_encoded(const char *script, struct strbuf *ret, struct err *e);
/* argv, ended by NULL, at least one; for a guest of this profile ("windows", else a POSIX shell).
 */
int quote_command(const char *profile, char *const *argv, struct strbuf *ret, struct err *e);

#endif
