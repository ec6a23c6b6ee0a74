/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job's password and ssh key pair: random numbers from getrandom(2), keys by libssh. No state, no
 * I/O; any thread. What was secret is wiped before it is freed, as far as libssh lets us. */
#include "vmd/vm/credentials.h"

#include "vmd/base/str.h"

#include <errno.h>
#include <libssh/libssh.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#define PASSWORD_LEN 20

/* Characters that nobody mistakes for another, that need no quoting in a shell, cmd.exe or XML, and
 * that stand in one place on most keyboards. One class each for Windows' complexity rule. */
static const char *const classes[] = {"abcdefghijkmnopqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ",
				      "23456789", "-_.+"};

DEFINE_AUTO(ssh_key, ssh_key_free)

static int random_bytes(void *buf, size_t len, struct err *e)
{
	ssize_t n;

	do {
		n = getrandom(buf, len, 0);
	} while (n < 0 && errno == EINTR);
	if (n != (ssize_t)len)
		return err_set(e, ERR_RETRY, "getrandom: %s", n < 0 ? strerror(errno) : "short");
	return 0;
}

/* 0 <= *ret < n, every value equally likely; n <= 256. */
static int random_below(unsigned n, unsigned *ret, struct err *e)
{
	unsigned limit = 256 - 256 % n;
	unsigned char byte;

	do {
		if (random_bytes(&byte, 1, e) < 0)
			return -1;
	} while (byte >= limit);
	*ret = byte % n;
	return 0;
}

/* One character of each class first, the rest from all, then shuffled. */
static int password_make(char *ret, struct err *e)
{
	char all[96] = "";
	unsigned k;

	for (size_t i = 0; i < ARRAY_LEN(classes); i++)
		strcat(all, classes[i]);
	for (size_t i = 0; i < PASSWORD_LEN; i++) {
		const char *from = i < ARRAY_LEN(classes) ? classes[i] : all;

		if (random_below((unsigned)strlen(from), &k, e) < 0)
			return -1;
		ret[i] = from[k];
	}
	for (unsigned i = PASSWORD_LEN - 1; i > 0; i--) {
		char c = ret[i];

		if (random_below(i + 1, &k, e) < 0)
			return -1;
		ret[i] = ret[k];
		ret[k] = c;
	}
	ret[PASSWORD_LEN] = '\0';
	return 0;
}

static int public_text(ssh_key key, const char *comment, char *ret, size_t size, struct err *e)
{
	char *base64 = NULL;
	int rc;

	if (ssh_pki_export_pubkey_base64(key, &base64) != SSH_OK)
		return err_set(e, ERR_RETRY, "libssh cannot export a public key");
	rc = str_fmt(ret, size, "%s %s %s", ssh_key_type_to_char(ssh_key_type(key)), base64,
		     comment);
	ssh_string_free_char(base64);
	return rc < 0 ? err_set(e, ERR_INVALID, "comment of ssh key is too long") : 0;
}

static int private_text(ssh_key key, char *ret, size_t size, struct err *e)
{
	char *pem = NULL;
	int rc;

	if (ssh_pki_export_privkey_base64(key, NULL, NULL, NULL, &pem) != SSH_OK)
		return err_set(e, ERR_RETRY, "libssh cannot export a private key");
	rc = str_copy(ret, size, pem);
	explicit_bzero(pem, strlen(pem));
	ssh_string_free_char(pem);
	return rc < 0 ? err_set(e, ERR_INVALID, "private key is longer than %zu", size) : 0;
}

static int make(const char *user, const char *comment, struct credentials *c, struct err *e)
{
	AUTO(ssh_key_free) ssh_key key = NULL;

	if (str_copy(c->user, sizeof(c->user), user) < 0)
		return err_set(e, ERR_INVALID, "user name is too long");
	if (password_make(c->password, e) < 0)
		return -1;
	if (ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key) != SSH_OK)
		return err_set(e, ERR_RETRY, "libssh cannot make an ed25519 key");
	if (public_text(key, comment, c->ssh_public, sizeof(c->ssh_public), e) < 0)
		return -1;
	return private_text(key, c->ssh_private, sizeof(c->ssh_private), e);
}

int credentials_make(const char *user, const char *comment, struct credentials *ret, struct err *e)
{
	struct credentials c = {.user = ""};
	int rc = make(user, comment, &c, e);

	if (rc == 0)
		*ret = c;
	credentials_wipe(&c);
	return rc;
}

int credentials_password(char ret[32], struct err *e)
{
	return password_make(ret, e);
}

void credentials_wipe(struct credentials *c)
{
	explicit_bzero(c, sizeof(*c));
}
