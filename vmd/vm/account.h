/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name of the account in a guest: it becomes a key of a Secret, a word in a shell script, in a
 * command of cmd.exe and in XML, a directory, and an account that the guest itself must take. Pure.
 */
#ifndef VMD_VM_ACCOUNT_H
#define VMD_VM_ACCOUNT_H

#include "vmd/base/err.h"

#include <stdbool.h>

/* ERR_INVALID with what is wrong, to stand behind the key's name. Of letters, digits, '.', '_' and
 * '-' (a Secret's key), no '.' or '-' first (a hidden directory, an option), no '.' last (Windows
 * drops it from a directory's name); at most 32 characters for Linux (useradd(8)) and 20 for
 * Windows (Microsoft, "New User Dialog Box"), where some names are taken. */
int account_check(const char *name, bool windows, struct err *e);

#endif
