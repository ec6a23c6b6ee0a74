/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values out of Secrets, as text: keys and passwords are often written with a newline at the end,
 * which is not part of them. Pure; nothing of a value goes into an error. */
#include "kubevirt-lite/controllers/secret.h"

#include "kubevirt-lite/store/base64.h"
#include "vmd/base/json.h"

#include <string.h>

int secret_decode(const char *base64, char *ret, size_t size)
{
	size_t n = 0, from = 0;

	if (!base64 || base64_decode(base64, ret, size, &n) < 0 || memchr(ret, '\0', n)) {
		ret[0] = '\0';
		return -1;
	}
	while (n > 0 && strchr(" \t\r\n", ret[n - 1]))
		n--;
	while (from < n && strchr(" \t\r\n", ret[from]))
		from++;
	memmove(ret, ret + from, n - from);
	ret[n - from] = '\0';
	return 0;
}

int secret_text(struct json_object *secret, const char *key, char *ret, size_t size, struct err *e)
{
	struct json_object *data = json_at(secret, "data");
	struct json_object *v;

	if (!json_object_is_type(data, json_type_object) ||
	    !json_object_object_get_ex(data, key, &v) ||
	    secret_decode(json_object_get_string(v), ret, size) < 0)
		return err_set(e, ERR_RETRY, "secret %s: no usable key %s",
			       json_str_at(secret, "metadata/name"), key);
	return 0;
}
