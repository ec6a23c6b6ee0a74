/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user's public key, from ~/.ssh/NAME.pub (sshd(8), AUTHORIZED_KEYS FILE FORMAT). Pure. */
#ifndef VMD_VM_PUBLIC_KEY_H
#define VMD_VM_PUBLIC_KEY_H

#define PUBLIC_KEYS    16   /* of one user */
#define PUBLIC_KEY_MAX 2047 /* RSA with 8192 bits has 1400 */

/* "ssh-ed25519 AAAA... comment" -> "ssh-ed25519 AAAA...". -1: it is none, or too long. What stands
 * before the type in an authorized_keys file (command="...") is refused: it would be run. */
int public_key_clean(const char *line, char ret[PUBLIC_KEY_MAX + 1]);

#endif
