/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clients of a disk, by address: how they are written down and read. What is read was kept in
 * the image's metadata, where others may write, too: it ends in a command that shuts clients out of
 * Ceph, so only what is the address of one client passes. Pure. */
#include "vmd/disk/disk.h"

#include "vmd/base/str.h"

#include <string.h>

/* "192.168.170.191:0/3812345678", "[fd00::1]:0/17". Not "192.168.170.191:0/0": that is Ceph's way
 * to write all clients of a host. */
bool disk_client_is_address(const char *text)
{
	const char *slash = strrchr(text, '/');
	const char *colon = strrchr(text, ':');
	uint64_t nonce, port;
	char number[24];

	if (!slash || !colon || colon > slash || colon == text || strlen(text) > DISK_CLIENT_MAX ||
	    strspn(text, "0123456789abcdefABCDEF.:[]/") != strlen(text) ||
	    strchr(text, '/') != slash)
		return false;
	if (str_fmt(number, sizeof(number), "%.*s", (int)(slash - colon - 1), colon + 1) < 0 ||
	    str_to_u64(number, 65535, &port) < 0)
		return false;
	return str_to_u64(slash + 1, UINT64_MAX, &nonce) == 0 && nonce != 0;
}

bool disk_clients_add(struct disk_clients *c, const char *address)
{
	if (!disk_client_is_address(address))
		return false;
	if (disk_clients_have(c, address))
		return true;
	if (c->n == DISK_CLIENTS_MAX)
		return false;
	(void)str_copy(c->address[c->n++], sizeof(c->address[0]), address);
	return true;
}

bool disk_clients_have(const struct disk_clients *c, const char *address)
{
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(c->address[i], address))
			return true;
	return false;
}

void disk_clients_decode(const char *text, struct disk_clients *ret)
{
	*ret = (struct disk_clients){.n = 0};
	while (*text) {
		size_t len = strcspn(text, " ");
		char one[DISK_CLIENT_MAX + 1];

		if (len && str_fmt(one, sizeof(one), "%.*s", (int)len, text) == 0)
			(void)disk_clients_add(ret, one);
		text += len + (text[len] == ' ');
	}
}

void disk_clients_encode(const struct disk_clients *c, char buf[DISK_CLIENTS_TEXT])
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < c->n; i++) {
		(void)str_fmt(buf + len, DISK_CLIENTS_TEXT - len, "%s%s", i ? " " : "",
			      c->address[i]);
		len = strlen(buf);
	}
}
