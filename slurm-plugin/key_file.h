/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's ssh key on the compute node: /run/slurm-vm/JOBID/id_ed25519. */
#ifndef SLURM_PLUGIN_KEY_FILE_H
#define SLURM_PLUGIN_KEY_FILE_H

#include "vmd/base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifndef KEY_FILE_BASE
#define KEY_FILE_BASE "/run/slurm-vm"
#endif
#define KEY_FILE_PATH_MAX (sizeof(KEY_FILE_BASE) + 32)

const char *key_file_path(uint32_t job, char *buf, size_t size);
/* As root: an empty file of mode 0600 that belongs to the user. fresh: never an older one. */
int key_file_make(uint32_t job, uid_t uid, gid_t gid, bool fresh, struct err *e);
/* As the user: fills it in. May be repeated, also while somebody reads the file. */
int key_file_write(uint32_t job, const char *key, struct err *e);
/* As root. Success if there is none. */
int key_file_remove(uint32_t job, struct err *e);
/* Jobs that have a place here since age_s or longer, by the wall clock: at most max of them, in no
 * order. */
size_t key_file_list(int64_t age_s, uint32_t *ret_jobs, size_t max);

#endif
