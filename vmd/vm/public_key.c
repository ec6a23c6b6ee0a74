/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes in a type and a base64 text, one blank between, and nothing else: what comes out can be
 * written into the guest's authorized_keys as it is. */
#include "vmd/vm/public_key.h"

#include "vmd/base/str.h"

#include <string.h>

static const char *const types[] = {"ssh-ed25519",
				    "ssh-rsa",
				    "ecdsa-sha2-nistp256",
				    "ecdsa-sha2-nistp384",
				    "ecdsa-sha2-nistp521",
				    "sk-ssh-ed25519@openssh.com",
				    "sk-ecdsa-sha2-nistp256@openssh.com"};

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int public_key_clean(const char *line, char ret[PUBLIC_KEY_MAX + 1])
{
	size_t type_len = strcspn(line, " \t"), len;
	const char *body = line + type_len + strspn(line + type_len, " \t");
	bool known = false;

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		known |= strlen(types[i]) == type_len && strncmp(line, types[i], type_len) == 0;
	len = strspn(body, base64);
	len += strspn(body + len, "=");
	/* the text begins with the length of the type, which is less than 2^16: "AAAA" */
	if (!known || len < 16 || len % 4 != 0 || strncmp(body, "AAAA", 4) != 0 ||
	    (body[len] && !strchr(" \t\r\n", body[len])) || strpbrk(body + len, "\n\r") != NULL)
		return -1;
	return str_fmt(ret, PUBLIC_KEY_MAX + 1, "%.*s %.*s", (int)type_len, line, (int)len, body);
}
