/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job's own secrets: the guest account's password and an ssh key pair. They live in the job's
 * Kubernetes Secret and reach nobody but the owner. Never logged. */
#ifndef VMD_VM_CREDENTIALS_H
#define VMD_VM_CREDENTIALS_H

#include "vmd/base/err.h"

struct credentials {
	char user[64];
	char password[32];      /* Windows' complexity rules: 20 characters of four classes */
	char ssh_public[256];   /* "ssh-ed25519 AAAA... slurm-vm-17" */
	char ssh_private[1024]; /* OpenSSH PEM */
};

/* By libssh and getrandom(2); a few milliseconds of CPU, does not block. */
int credentials_make(const char *user, const char *comment, struct credentials *ret, struct err *e);
/* A password alone, to take the place of c->password. */
int credentials_password(char ret[32], struct err *e);
void credentials_wipe(struct credentials *c); /* explicit_bzero */

#endif
