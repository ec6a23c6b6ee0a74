/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A reader of the PowerShell that is made for Windows guests, for want of PowerShell itself: Debian
 * has none. It knows the part of the language that those texts keep to, by its specification
 * ("Windows PowerShell Language Specification 3.0"), and refuses the rest: a word that is no
 * command of theirs, a variable that nothing has set, a quote or a bracket that is not closed, a
 * double quote with something in it that PowerShell would expand. So what passes is well-formed;
 * what it does is not shown. */
#ifndef TESTS_UNIT_POWERSHELL_H
#define TESTS_UNIT_POWERSHELL_H

#include <stdbool.h>
#include <stddef.h>

/* What "powershell.exe ... -EncodedCommand WORD" runs, as UTF-8. false: it is not of that form. */
bool powershell_decode(const char *command, char *ret, size_t size);
/* NULL: it is well-formed; else why not, and before what (static). */
const char *powershell_check(const char *script);

#endif
