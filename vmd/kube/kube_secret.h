/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job's Secret and its parts. Pure.
 *
 * KubeVirt takes *every* key of a Secret named in accessCredentials.userPassword for an account,
 * and every key of one named in sshPublicKey for a public key, and puts every file of a sysprep
 * Secret on the guest's cdrom. So the job's Secret (user, password, ssh-publickey, ssh-privatekey:
 * for vmd alone) cannot be shown to it; beside it stand parts with just what KubeVirt may read:
 *   NAME-login    the account's name = its password
 *   NAME-keys     ssh-publickey
 *   NAME-sysprep  unattend.xml (only where the catalogue has a Windows image)
 *   NAME-init     userdata: a first-boot script (only where it has a Linux image)
 * The parts are made after the Secret, of what is in it (kube_login.h), and owned by it: Kubernetes
 * removes them when it is gone. */
#ifndef VMD_KUBE_KUBE_SECRET_H
#define VMD_KUBE_KUBE_SECRET_H

#include "vmd/base/json.h"
#include "vmd/base/str.h"
#include "vmd/settings.h"
#include "vmd/vm/credentials.h"

enum secret_part { SECRET_LOGIN, SECRET_KEYS, SECRET_SYSPREP, SECRET_INIT, SECRET_MAIN };

/* Whose it is, and what the parts tell the guest beside the credentials: by Slurm's record of the
 * job, so that a vmd that was started later makes the same of it. */
struct secret_job {
	char key[JOB_KEY_MAX + 1];
	uint32_t id;
	char image[JOB_NAME_MAX + 1];
	char owner[JOB_USER_MAX]; /* as Slurm names him; "" unknown */
};

#define LABEL_PART "slurm-vm.io/part"

/* The name of its part; SECRET_MAIN: its own. -1: buf is too small. */
int secret_part_name(const char *secret, enum secret_part p, char *buf, size_t size);
/* True if name is that of a part, and the Secret's own name then. */
bool secret_is_part(const char *name, char *ret_secret, size_t size);
/* Does a Secret have such a part? Not told by job: the list of Secrets, which says whether one has
 * all its parts, knows no images. What is in it is by the job's own image. */
bool secret_wants(const struct settings *s, enum secret_part p);
/* The document of a part; the caller puts *ret, which holds secrets. ERR_INVALID: the name is
 * too long, or the account's is none that a key may have. */
int secret_encode(const struct settings *s, const char *secret, const struct secret_job *j,
		  const struct credentials *c, enum secret_part p, struct json_object **ret,
		  struct err *e);
/* data of a merge patch: the password in the part for the login. */
struct json_object *secret_password(const char *user, const char *password);
/* data of a merge patch: n keys of the owner's in the part for the keys; null up to max. */
struct json_object *secret_own_keys(size_t n, const char *const *key, size_t max);
/* data of a Secret is base64. -1: it is none, or does not fit; text is terminated. */
int secret_base64(const char *base64, char *text, size_t size);

#endif
