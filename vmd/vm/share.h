/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drives that a guest is shown: directories on a file server, as its image's `shares` names them.
 * Never connected, and no password with them: a server asks for that by itself. Pure.
 *
 * They go into XML, a command line of cmd.exe, a shell script and fstab(5). What would need a quote
 * in any of them is refused, so nothing is quoted. */
#ifndef VMD_VM_SHARE_H
#define VMD_VM_SHARE_H

#include "vmd/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define SHARE_MAX       8   /* of an image */
#define SHARE_PATH_MAX  127 /* as written */
#define SHARE_FULL_MAX  160 /* with the owner's name: a command of an answer file is 259 in all */
#define SHARE_MOUNT_MAX 7   /* "/mnt/h" */

struct share {
	char drive;                    /* 'H' to 'Z' */
	char path[SHARE_PATH_MAX + 1]; /* "\\server\home\%USER%" */
};

/* ERR_INVALID with what is wrong with drive ("H") or path. */
int share_parse(const char *drive, const char *path, struct share *ret, struct err *e);
/* The path with the owner's name, as Slurm has it, for %USER%: of SHARE_FULL_MAX + 1. ERR_INVALID
 * (ret is ""): no drive for such a job, and why. */
int share_path(const struct share *s, const char *owner, char *ret, size_t size, struct err *e);
/* The same as Linux writes it: "//server/home/alice". */
int share_source(const struct share *s, const char *owner, char *ret, size_t size, struct err *e);
/* Does the owner's name stand in it? Then it is his account there, too. */
bool share_is_personal(const struct share *s);
/* Where a Linux guest has it: "/mnt/h". */
void share_mount(const struct share *s, char ret[SHARE_MOUNT_MAX + 1]);

#endif
