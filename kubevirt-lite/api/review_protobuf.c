/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See review_protobuf.h. The numbers of the fields are those of runtime.Unknown in
 * k8s.io/apimachinery/pkg/runtime/generated.proto and of k8s.io/api/authorization/v1/
 * generated.proto. Lengths are compared with what is left before anything is read. */
#include "kubevirt-lite/api/review_protobuf.h"

#include "vmd/base/auto.h"
#include "vmd/base/str.h"

#include <string.h>

#define TEXT_MAX 1024

/* What is left of a message. */
struct message {
	const unsigned char *at;
	size_t len;
};

static const char magic[4] = {'k', '8', 's', '\0'};

static int broken(struct err *e)
{
	return err_set(e, ERR_INVALID, "the protobuf is broken");
}

static int varint(struct message *m, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && m->len > 0; shift += 7) {
		unsigned char c = *m->at++;

		m->len--;
		value |= (uint64_t)(c & 0x7f) << shift;
		if (!(c & 0x80)) {
			*ret = value;
			return 0;
		}
	}
	return -1;
}

static int bytes(struct message *m, uint64_t len, struct message *ret)
{
	if (len > m->len)
		return -1;
	*ret = (struct message){.at = m->at, .len = (size_t)len};
	m->at += len;
	m->len -= (size_t)len;
	return 0;
}

/* 1: the next field and its bytes, none of one that is a number; 0: no more; -1: broken. */
static int next(struct message *m, uint64_t *ret_field, struct message *ret)
{
	uint64_t key, n;

	if (m->len == 0)
		return 0;
	if (varint(m, &key) < 0)
		return -1;
	*ret_field = key >> 3;
	*ret = (struct message){.at = m->at, .len = 0};
	switch (key & 7) {
	case 0: return varint(m, &n) < 0 ? -1 : 1;
	case 1: return bytes(m, 8, ret) < 0 ? -1 : 1;
	case 2: return varint(m, &n) < 0 || bytes(m, n, ret) < 0 ? -1 : 1;
	case 5: return bytes(m, 4, ret) < 0 ? -1 : 1;
	default: return -1; /* groups: not for a long time now */
	}
}

static int put_text(struct json_object *to, const char *key, const struct message *m, struct err *e)
{
	char text[TEXT_MAX + 1];

	if (m->len > TEXT_MAX)
		return err_set(e, ERR_INVALID, "%s is too long", key);
	for (size_t i = 0; i < m->len; i++)
		if (m->at[i] < 0x20 || m->at[i] > 0x7e)
			return err_set(e, ERR_INVALID, "%s has an odd character", key);
	memcpy(text, m->at, m->len);
	text[m->len] = '\0';
	if (m->len > 0)
		json_put_str(to, key, text);
	return 0;
}

/* key[N]: the name of field N, NULL: not of interest. */
static int texts(struct message m, const char *const *key, size_t n, struct json_object *to,
		 struct err *e)
{
	struct message value;
	uint64_t field;
	int rc;

	while ((rc = next(&m, &field, &value)) > 0)
		if (field < n && key[field] && put_text(to, key[field], &value, e) < 0)
			return -1;
	return rc < 0 ? broken(e) : 0;
}

static int spec(struct message m, struct json_object *to, struct err *e)
{
	static const char *const resource[] = {NULL,      "namespace", "verb",        "group",
					       "version", "resource",  "subresource", "name"};
	static const char *const path[] = {NULL, "path", "verb"};
	struct message value;
	uint64_t field;
	int rc;

	while ((rc = next(&m, &field, &value)) > 0) {
		struct json_object *o;

		if (field != 1 && field != 2)
			continue;
		o = json_object_new_object();
		json_object_object_add(
			to, field == 1 ? "resourceAttributes" : "nonResourceAttributes", o);
		if (texts(value, field == 1 ? resource : path,
			  field == 1 ? ARRAY_LEN(resource) : ARRAY_LEN(path), o, e) < 0)
			return -1;
	}
	return rc < 0 ? broken(e) : 0;
}

static int review(struct message m, struct json_object *to, struct err *e)
{
	struct message value;
	uint64_t field;
	int rc;

	while ((rc = next(&m, &field, &value)) > 0)
		if (field == 2 && spec(value, to, e) < 0)
			return -1;
	return rc < 0 ? broken(e) : 0;
}

int review_protobuf_decode(const char *body, size_t len, struct json_object **ret, struct err *e)
{
	static const char *const type[] = {NULL, "apiVersion", "kind"};
	AUTO(json_object_put) struct json_object *o = json_object_new_object();
	struct json_object *in = json_object_new_object();
	struct message m = {.at = (const unsigned char *)body, .len = len}, value;
	uint64_t field;
	int rc;

	json_object_object_add(o, "spec", in);
	if (len < sizeof(magic) || memcmp(body, magic, sizeof(magic)) != 0)
		return err_set(e, ERR_INVALID,
			       "provided data does not appear to be a protobuf message");
	m.at += sizeof(magic);
	m.len -= sizeof(magic);
	while ((rc = next(&m, &field, &value)) > 0) {
		if (field == 1 && texts(value, type, ARRAY_LEN(type), o, e) < 0)
			return -1;
		if (field == 2 && review(value, in, e) < 0)
			return -1;
	}
	if (rc < 0)
		return broken(e);
	*ret = STEAL(o);
	return 0;
}
