/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ISO 9660 (ECMA-119), level 2: what Windows setup and cloud-init read an answer file from. Pure:
 * no date (the field for "not given" is used), so that equal files give equal bytes and both sides
 * of a migration see the same medium.
 *
 * Sectors: 0-15 unused, 16 volume descriptor, 17 its end, 18 and 19 path tables (little and big
 * endian), 20 the root directory, then the files. */
#include "kubevirt-lite/controllers/iso.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR       2048U
#define AT_PRIMARY   16U
#define AT_END       17U
#define AT_PATH_LE   18U
#define AT_PATH_BE   19U
#define AT_ROOT      20U
#define AT_FILES     21U
#define NAME_MAX_ISO 27U

static void le(uint8_t *at, uint32_t v, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(v >> (8 * i));
}

static void be(uint8_t *at, uint32_t v, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
}

/* Numbers stand twice: little endian, then big endian. */
static void both(uint8_t *at, uint32_t v, size_t bytes)
{
	le(at, v, bytes);
	be(at + bytes, v, bytes);
}

static void text(uint8_t *at, size_t size, const char *s)
{
	memset(at, ' ', size);
	memcpy(at, s, strlen(s) < size ? strlen(s) : size);
}

static uint32_t sectors(size_t bytes)
{
	return (uint32_t)((bytes + SECTOR - 1) / SECTOR);
}

/* One directory record; returns its length, which is even. */
static size_t record(uint8_t *at, const char *name, size_t name_len, uint32_t sector,
		     uint32_t bytes, bool directory)
{
	size_t len = 33 + name_len + (name_len % 2 == 0);

	memset(at, 0, len);
	at[0] = (uint8_t)len;
	both(at + 2, sector, 4);
	both(at + 10, bytes, 4);
	at[25] = directory ? 2 : 0;
	both(at + 28, 1, 2);
	at[32] = (uint8_t)name_len;
	memcpy(at + 33, name, name_len);
	return len;
}

static void primary(uint8_t *at, const char *label, uint32_t n_sectors)
{
	static const char no_date[] = "0000000000000000";

	at[0] = 1;
	memcpy(at + 1, "CD001", 5);
	at[6] = 1;
	text(at + 8, 32, "");
	text(at + 40, 32, label);
	both(at + 80, n_sectors, 4);
	both(at + 120, 1, 2);
	both(at + 124, 1, 2);
	both(at + 128, SECTOR, 2);
	both(at + 132, 10, 4); /* path table: one entry */
	le(at + 140, AT_PATH_LE, 4);
	be(at + 148, AT_PATH_BE, 4);
	(void)record(at + 156, "\0", 1, AT_ROOT, SECTOR, true);
	text(at + 190, 813 - 190, "");
	for (size_t i = 0; i < 4; i++)
		memcpy(at + 813 + 17 * i, no_date, 16);
	at[881] = 1;
}

static void path_table(uint8_t *at, void (*put)(uint8_t *, uint32_t, size_t))
{
	at[0] = 1;
	put(at + 2, AT_ROOT, 4);
	put(at + 6, 1, 2);
}

/* "unattend.xml" -> "UNATTEND.XML;1". -1: a character or a length that may not be. */
static int iso_name(const char *name, char *ret, size_t size)
{
	size_t len = strlen(name);

	if (len == 0 || len > NAME_MAX_ISO || len + 4 > size)
		return -1;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		else if (c <= ' ' || c >= 0x7f || c == '/' || c == ';')
			return -1;
		ret[i] = c;
	}
	ret[len] = '\0';
	if (!strchr(ret, '.'))
		strcat(ret, ".");
	strcat(ret, ";1");
	return 0;
}

/* The standard wants the records in the order of their names. */
static void sort(const struct iso_file **list, char names[][NAME_MAX_ISO + 5], size_t n)
{
	for (size_t i = 1; i < n; i++) {
		for (size_t k = i; k > 0 && strcmp(names[k - 1], names[k]) > 0; k--) {
			const struct iso_file *f = list[k];
			char name[NAME_MAX_ISO + 5];

			list[k] = list[k - 1];
			list[k - 1] = f;
			memcpy(name, names[k], sizeof(name));
			memcpy(names[k], names[k - 1], sizeof(name));
			memcpy(names[k - 1], name, sizeof(name));
		}
	}
}

int iso_build(const char *label, const struct iso_file *files, size_t n, uint8_t **ret,
	      size_t *ret_len, struct err *e)
{
	char names[ISO_FILES_MAX][NAME_MAX_ISO + 5];
	const struct iso_file *list[ISO_FILES_MAX];
	uint32_t next = AT_FILES;
	size_t bytes = 0, at;
	uint8_t *image, *root;

	if (n > ISO_FILES_MAX)
		return err_set(e, ERR_INVALID, "more than %d files", ISO_FILES_MAX);
	for (size_t i = 0; i < n; i++) {
		list[i] = &files[i];
		if (iso_name(files[i].name, names[i], sizeof(names[i])) < 0)
			return err_set(e, ERR_INVALID, "\"%.64s\" cannot be a file's name on a CD",
				       files[i].name);
		if (files[i].len > ISO_BYTES_MAX - bytes)
			return err_set(e, ERR_INVALID, "more than %u bytes", ISO_BYTES_MAX);
		bytes += files[i].len;
		next += sectors(files[i].len);
	}
	sort(list, names, n);
	*ret_len = (size_t)next * SECTOR;
	image = calloc(next, SECTOR);
	if (!image)
		abort();
	primary(image + AT_PRIMARY * SECTOR, label, next);
	memcpy(image + AT_END * SECTOR,
	       "\xff"
	       "CD001\x01",
	       7);
	path_table(image + AT_PATH_LE * SECTOR, le);
	path_table(image + AT_PATH_BE * SECTOR, be);
	root = image + AT_ROOT * SECTOR;
	at = record(root, "\0", 1, AT_ROOT, SECTOR, true);
	at += record(root + at, "\1", 1, AT_ROOT, SECTOR, true);
	next = AT_FILES;
	for (size_t i = 0; i < n; i++) { /* 16 records of at most 66 bytes: they fit */
		at += record(root + at, names[i], strlen(names[i]), next, (uint32_t)list[i]->len,
			     false);
		if (list[i]->len)
			memcpy(image + (size_t)next * SECTOR, list[i]->data, list[i]->len);
		next += sectors(list[i]->len);
	}
	*ret = image;
	return 0;
}
