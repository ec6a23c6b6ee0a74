/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Secrets of a job: encode and decode. Pure; what it builds holds passwords and private keys, so
 * callers wipe the text after sending it, and nothing here goes into an error text. */
#include "vmd/kube/kube_secret.h"

#include "vmd/kube/kube_answers.h"
#include "vmd/kube/kube_meta.h"

#include <string.h>

#define COMPUTER_MAX 15 /* of a NetBIOS name */

static const char *const suffixes[] = {
	[SECRET_LOGIN] = "-login", [SECRET_KEYS] = "-keys", [SECRET_SYSPREP] = "-sysprep",
	[SECRET_INIT] = "-init",   [SECRET_MAIN] = "",
};

int secret_part_name(const char *secret, enum secret_part p, char *buf, size_t size)
{
	return str_fmt(buf, size, "%s%s", secret, suffixes[p]);
}

bool secret_is_part(const char *name, char *ret_secret, size_t size)
{
	size_t len = strlen(name);

	for (unsigned p = SECRET_LOGIN; p < SECRET_MAIN; p++) {
		size_t tail = strlen(suffixes[p]);

		if (len > tail && strcmp(name + len - tail, suffixes[p]) == 0)
			return str_fmt(ret_secret, size, "%.*s", (int)(len - tail), name) == 0;
	}
	return false;
}

bool secret_wants(const struct settings *s, enum secret_part p)
{
	if (p != SECRET_SYSPREP && p != SECRET_INIT)
		return true;
	for (size_t i = 0; i < s->catalogue.n; i++) {
		const struct image *image = &s->catalogue.image[i];

		if (p == SECRET_SYSPREP ? image->profile == VM_PROFILE_WINDOWS
					: image_has_user_data(image))
			return true;
	}
	return false;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void put_base64(struct json_object *data, const char *key, const char *text, size_t len)
{
	size_t size = (len + 2) / 3 * 4;
	char *out = malloc(size + 1);
	char *at = out;

	if (!out)
		abort();
	for (size_t i = 0; i < len; i += 3) {
		uint32_t b = (uint32_t)(unsigned char)text[i] << 16;

		if (i + 1 < len)
			b |= (uint32_t)(unsigned char)text[i + 1] << 8;
		if (i + 2 < len)
			b |= (uint32_t)(unsigned char)text[i + 2];
		*at++ = alphabet[b >> 18 & 63];
		*at++ = alphabet[b >> 12 & 63];
		*at++ = i + 1 < len ? alphabet[b >> 6 & 63] : '=';
		*at++ = i + 2 < len ? alphabet[b & 63] : '=';
	}
	*at = '\0';
	json_object_object_add(data, key, json_object_new_string(out));
	explicit_bzero(out, size);
	free(out);
}

int secret_base64(const char *base64, char *text, size_t size)
{
	size_t len = strlen(base64), n = 0;
	uint32_t bits = 0;

	text[0] = '\0';
	if (len % 4 != 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		bool pad = base64[i] == '=' &&
			   (i == len - 1 || (i == len - 2 && base64[i + 1] == '='));
		const char *digit = pad ? alphabet : strchr(alphabet, base64[i]);

		if (!digit)
			return -1;
		bits = bits << 6 | (uint32_t)(digit - alphabet);
		if (i % 4 != 3)
			continue;
		for (unsigned k = 0; k < 3; k++) {
			if (k == 1 && base64[i - 1] == '=')
				break;
			if (k == 2 && base64[i] == '=')
				break;
			if (n + 1 >= size)
				goto refused;
			text[n++] = (char)(bits >> (16 - 8 * k) & 0xff);
		}
		bits = 0;
	}
	text[n] = '\0';
	return 0;
refused:
	explicit_bzero(text, size);
	return -1;
}

/* "vm-17", and "vm17-2" of several machines in one job: they meet in one network. */
static void computer_name(const struct secret_job *j, char ret[COMPUTER_MAX + 1])
{
	int rank = job_key_rank(j->key);

	if (rank < 0)
		(void)str_fmt(ret, COMPUTER_MAX + 1, "vm-%u", j->id);
	else
		(void)str_fmt(ret, COMPUTER_MAX + 1, "vm%u-%d", j->id, rank);
}

/* The drives are those of the job's own image, whatever other images have. */
static void put_answers(struct json_object *data, const struct settings *s,
			const struct secret_job *j, const struct credentials *c, enum secret_part p)
{
	AUTO(strbuf_done) struct strbuf text = {.len = 0};
	char computer[COMPUTER_MAX + 1];
	struct answers a = {.computer = computer,
			    .c = c,
			    .image = catalogue_find(&s->catalogue, j->image),
			    .owner = j->owner};

	computer_name(j, computer);
	if (p == SECRET_SYSPREP)
		answers_unattend(&a, &text);
	else
		answers_user_data(&a, &text);
	put_base64(data, p == SECRET_SYSPREP ? "unattend.xml" : "userdata", text.s, text.len);
	explicit_bzero(text.s, text.len);
}

static bool is_data_key(const char *s)
{
	return *s && strlen(s) < 64 &&
	       strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._") ==
		       strlen(s);
}

struct json_object *secret_password(const char *user, const char *password)
{
	struct json_object *data = json_object_new_object();

	put_base64(data, user, password, strlen(password));
	return data;
}

struct json_object *secret_own_keys(size_t n, const char *const *key, size_t max)
{
	struct json_object *data = json_object_new_object();

	for (size_t i = 0; i < max; i++) {
		char name[32];

		(void)str_fmt(name, sizeof(name), "own-%zu", i);
		if (i < n)
			put_base64(data, name, key[i], strlen(key[i]));
		else
			json_object_object_add(data, name, NULL);
	}
	return data;
}

int secret_encode(const struct settings *s, const char *secret, const struct secret_job *j,
		  const struct credentials *c, enum secret_part p, struct json_object **ret,
		  struct err *e)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct json_object *data = NULL;
	char name[VM_NAME_MAX + 1];

	if (secret_part_name(secret, p, name, sizeof(name)) < 0)
		return err_set(e, ERR_INVALID, "the Secret's name '%.64s' is too long", secret);
	if (!is_data_key(c->user))
		return err_set(e, ERR_INVALID,
			       "account '%.64s': a Secret's key can hold letters, digits, "
			       "'-', '.' and '_' only",
			       c->user);
	doc = meta_object("v1", "Secret", name, s->kube_namespace, s->cluster, j->key, j->id);
	json_put_str(doc, "type", "Opaque");
	data = json_object_new_object();
	json_put_at(doc, "data", data);
	switch (p) {
	case SECRET_MAIN:
		put_base64(data, "user", c->user, strlen(c->user));
		put_base64(data, "password", c->password, strlen(c->password));
		put_base64(data, "ssh-publickey", c->ssh_public, strlen(c->ssh_public));
		put_base64(data, "ssh-privatekey", c->ssh_private, strlen(c->ssh_private));
		break;
	case SECRET_LOGIN: put_base64(data, c->user, c->password, strlen(c->password)); break;
	case SECRET_KEYS:
		put_base64(data, "ssh-publickey", c->ssh_public, strlen(c->ssh_public));
		break;
	case SECRET_SYSPREP:
	case SECRET_INIT: put_answers(data, s, j, c, p); break;
	}
	if (p != SECRET_MAIN)
		json_object_object_add(json_at(doc, "metadata/labels"), LABEL_PART,
				       json_object_new_string(suffixes[p] + 1));
	*ret = STEAL(doc);
	return 0;
}
