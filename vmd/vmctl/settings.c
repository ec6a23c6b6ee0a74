/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where vmd is: --server, else VMCTL_SERVER, else "vmd=" of the file (VMCTL_CONF or
 * /etc/slurm-vm/vmctl.conf). The file has lines "key=value"; '#' begins a comment. */
#include "vmd/base/str.h"
#include "vmd/vmctl/vmctl.h"

#include <errno.h>
#include <string.h>

#define CONF_PATH "/etc/slurm-vm/vmctl.conf"

static int set(char *dst, size_t size, const char *value, const char *where, struct err *e)
{
	if (*dst)
		return 0; /* somebody with more to say was first */
	if (!*value || str_copy(dst, size, value) < 0)
		return err_set(e, ERR_INVALID, "%s: empty or too long", where);
	return 0;
}

static char *trim(char *s)
{
	char *end;

	s += strspn(s, " \t");
	end = s + strlen(s);
	while (end > s && strchr(" \t\r\n", end[-1]))
		*--end = '\0';
	return s;
}

static int line_read(struct vmctl *v, char *line, const char *where, struct err *e)
{
	char *key = trim(line), *value;

	if (!*key || *key == '#')
		return 0;
	value = strchr(key, '=');
	if (!value)
		return err_set(e, ERR_INVALID, "%s: not key=value", where);
	*value++ = '\0';
	key = trim(key);
	value = trim(value);
	if (str_eq(key, "vmd"))
		return set(v->servers, sizeof(v->servers), value, where, e);
	if (str_eq(key, "vmd_user"))
		return set(v->vmd_user, sizeof(v->vmd_user), value, where, e);
	if (str_eq(key, "munge_socket"))
		return set(v->munge_socket, sizeof(v->munge_socket), value, where, e);
	if (str_eq(key, "prefix"))
		return set(v->prefix, sizeof(v->prefix), value, where, e);
	return err_set(e, ERR_INVALID,
		       "%s: unknown key '%.40s' (vmd, vmd_user, munge_socket, prefix)", where, key);
}

static int file_read(struct vmctl *v, const char *path, bool required, struct err *e)
{
	AUTO(fclose) FILE *f = fopen(path, "re");
	AUTO(free) char *line = NULL;
	size_t size = 0;
	unsigned n = 0;

	if (!f && (required || errno != ENOENT))
		return err_set(e, ERR_INVALID, "%s: %s", path, strerror(errno));
	while (f && getline(&line, &size, f) >= 0) {
		char where[300];

		(void)snprintf(where, sizeof(where), "%s:%u", path, ++n);
		if (line_read(v, line, where, e) < 0)
			return -1;
	}
	return 0;
}

int settings_read(struct vmctl *v, struct err *e)
{
	const char *server = getenv("VMCTL_SERVER");
	const char *path = getenv("VMCTL_CONF");

	if (server && set(v->servers, sizeof(v->servers), server, "VMCTL_SERVER", e) < 0)
		return -1;
	if (file_read(v, path ? path : CONF_PATH, path != NULL, e) < 0)
		return -1;
	if (!*v->servers)
		return err_set(e, ERR_INVALID,
			       "no address of vmd: give --server HOST:PORT, set VMCTL_SERVER, or "
			       "write vmd=HOST:PORT into %s",
			       path ? path : CONF_PATH);
	return set(v->prefix, sizeof(v->prefix), "vm", "prefix", e) < 0
		       ? -1
		       : set(v->vmd_user, sizeof(v->vmd_user), "slurm", "vmd_user", e);
}

int seconds_parse(const char *text, int64_t *ret_s, struct err *e)
{
	static const char letters[] = "smhd";
	static const int64_t unit[] = {1, 60, 3600, 86400};
	size_t len = strspn(text, "0123456789");
	const char *letter = text[len] ? strchr(letters, text[len]) : letters;
	char digits[10];
	uint64_t n;

	if (!letter || (text[len] && text[len + 1]) || len >= sizeof(digits))
		goto malformed;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (str_to_u64(digits, UINT32_MAX, &n) < 0 || n == 0)
		goto malformed;
	*ret_s = (int64_t)n * unit[letter - letters];
	return 0;
malformed:
	return err_set(e, ERR_INVALID, "'%.40s' is not a time such as 90, 15m, 2h or 1d", text);
}
