/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest is told when it boots first: Windows by an answer file, Linux by a script that
 * cloud-init runs. Pure. Both make the account; the drives of its image are in both, with the
 * owner's name and without any password (DESIGN.md, "Home directories"); a drive that the owner
 * cannot have is left out. */
#ifndef VMD_KUBE_KUBE_ANSWERS_H
#define VMD_KUBE_KUBE_ANSWERS_H

#include "vmd/base/strbuf.h"
#include "vmd/vm/credentials.h"
#include "vmd/vm/image.h"

struct answers {
	const char *computer;
	const struct credentials *c;
	const struct image *image; /* NULL: it has left the catalogue; no drives */
	const char *owner;         /* as Slurm names him; "" unknown */
};

/* unattend.xml for the specialize and oobeSystem passes. XML-escaped; holds the password. */
void answers_unattend(const struct answers *a, struct strbuf *ret);
/* A POSIX shell script: user-data of a NoCloud medium, which is also how cloud-init knows that it
 * is in a cloud at all: an image of a cloud has no host keys and no account without. No secret in
 * it. */
void answers_user_data(const struct answers *a, struct strbuf *ret);

#endif
