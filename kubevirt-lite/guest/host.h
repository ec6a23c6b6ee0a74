/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this host has for guests: KVM, EFI firmware, a TPM emulator; and small files. */
#ifndef KUBEVIRT_LITE_GUEST_HOST_H
#define KUBEVIRT_LITE_GUEST_HOST_H

#include "vmd/base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* /dev/kvm may exist and open where guests cannot run on it: asks the CPU's flags too. */
bool host_has_kvm(void);

struct host_firmware {
	char code[128];
};
/* Copies the variables' template to DIR/efivars.fd unless it is there. ERR_INVALID: no OVMF. */
int host_firmware_make(const char *dir, bool secure, struct host_firmware *ret, struct err *e);

/* Starts swtpm with its socket at DIR/tpm; it ends with QEMU. ERR_INVALID: not installed. */
int host_tpm_start(const char *dir, struct err *e);

/* A new file of mode 0600 in the place of what was there. */
int host_file_write(const char *path, const char *data, size_t len, struct err *e);
/* A directory with files and directories of files in it. */
void host_dir_remove(const char *dir);

#endif
