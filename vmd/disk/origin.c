/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of a disk's origin; see origin.h. It comes back from Ceph, where others may write too:
 * every length is checked before a byte is copied, and fuzz_disk_origin feeds this file. Pure. */
#include "vmd/disk/origin.h"

#include "vmd/base/str.h"

#include <string.h>

const char *disk_origin_encode(const struct disk_origin *o, char *buf, size_t size)
{
	(void)str_fmt(buf, size, "uid=%u image=%s%s%s cpus=%u memory=%llu limit=%lld", o->uid,
		      o->image, *o->revision ? " revision=" : "", o->revision, o->cpus,
		      (unsigned long long)o->memory_bytes, (long long)o->limit_s);
	return buf;
}

static int bad(struct err *e, const char *key, const char *value)
{
	return err_set(e, ERR_INVALID, "origin: %s='%.40s' cannot be", key, value);
}

static int name_read(const char *key, const char *value, char *ret, struct err *e)
{
	if (!str_is_name(value, JOB_NAME_MAX))
		return bad(e, key, value);
	return str_copy(ret, JOB_NAME_MAX + 1, value);
}

static int number_read(const char *key, const char *value, uint64_t max, uint64_t *ret,
		       struct err *e)
{
	return str_to_u64(value, max, ret) < 0 ? bad(e, key, value) : 0;
}

static int pair_read(const char *key, const char *value, struct disk_origin *o, struct err *e)
{
	uint64_t n = 0;

	if (str_eq(key, "image"))
		return name_read(key, value, o->image, e);
	if (str_eq(key, "revision"))
		return name_read(key, value, o->revision, e);
	if (str_eq(key, "memory"))
		return number_read(key, value, UINT64_MAX, &o->memory_bytes, e);
	if (str_eq(key, "limit")) {
		if (number_read(key, value, INT64_MAX, &n, e) < 0)
			return -1;
		o->limit_s = (int64_t)n;
		return 0;
	}
	if (!str_eq(key, "uid") && !str_eq(key, "cpus"))
		return 0; /* of a later release */
	if (number_read(key, value, UINT32_MAX, &n, e) < 0)
		return -1;
	if (str_eq(key, "cpus")) {
		o->cpus = (uint32_t)n;
		return 0;
	}
	o->uid = (uint32_t)n;
	o->known = true;
	return 0;
}

int disk_origin_decode(const char *text, struct disk_origin *ret, struct err *e)
{
	struct disk_origin o = {.known = false};
	char copy[DISK_ORIGIN_MAX + 1];
	char *rest = copy;
	char *word;

	*ret = (struct disk_origin){.known = false};
	if (str_copy(copy, sizeof(copy), text) < 0)
		return err_set(e, ERR_INVALID, "origin: longer than %d bytes", DISK_ORIGIN_MAX);
	while ((word = strsep(&rest, " ")) != NULL) {
		char *value = strchr(word, '=');

		if (!value)
			return err_set(e, ERR_INVALID, "origin: '%.40s' is not key=value", word);
		*value++ = '\0';
		if (pair_read(word, value, &o, e) < 0)
			return -1;
	}
	if (!o.known || !*o.image)
		return err_set(e, ERR_INVALID, "origin: uid or image is missing");
	*ret = o;
	return 0;
}
