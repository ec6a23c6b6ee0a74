/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of arguments as one text for the guest's shell, so that the program there gets exactly
 * these arguments. ssh carries one text only, and gives it to the account's shell. Pure.
 *
 * linux:   for a POSIX shell: every argument in single quotes.
 * windows: the account's shell is cmd.exe or PowerShell, as its administrator chose, and each has
 *          its own rules. So what it gets is "powershell.exe -EncodedCommand BASE64", letters that
 *          neither touches. The script in it starts the program with a command line after the rules
 *          of CommandLineToArgvW, which C programs read theirs by, and ends with its exit code. */
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
/* A script of PowerShell, as a command line of letters only. ERR_INVALID: it is no UTF-8, or too
 * long. */
int quote_encoded(const char *script, struct strbuf *ret, struct err *e);
/* argv, ended by NULL, at least one; for a guest of this profile ("windows", else a POSIX shell).
 */
int quote_command(const char *profile, char *const *argv, struct strbuf *ret, struct err *e);

#endif
