/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of a job's disks: RBD image and PV have no incarnation in theirs, since a requeued job
 * finds its disk again; the PVC has. Pure. */
#include "vmd/disk/disk.h"

#include "vmd/base/str.h"

#include <string.h>

const char *disk_role_name(enum disk_role r)
{
	switch (r) {
	case DISK_ROOT: return "root";
	case DISK_SCRATCH: return "scratch";
	case DISK_NAMED: return "disk";
	}
	return "?"; /* a number that is no disk_role */
}

int disk_name(const struct job *j, enum disk_role role, char *buf, size_t size)
{
	char key[JOB_KEY_MAX + 1];

	return str_fmt(buf, size, "vm-%s-%s", job_key(j, key, sizeof(key)), disk_role_name(role));
}

int disk_claim_name(const struct job *j, enum disk_role role, char *buf, size_t size)
{
	char key[JOB_KEY_MAX + 1];

	return str_fmt(buf, size, "vm-%s-r%u-%s", job_key(j, key, sizeof(key)), job_incarnation(j),
		       disk_role_name(role));
}

bool disk_is_root(const char *name)
{
	static const char end[] = "-root";
	size_t len = strlen(name);

	return len > strlen(end) && str_eq(name + len - strlen(end), end);
}

int disk_extra_name(const char *job_key, unsigned n, char *buf, size_t size)
{
	return str_fmt(buf, size, "vm-%s-scratch%u", job_key, n);
}

const char *disk_extra_label(const char *name)
{
	const char *dash = strrchr(name, '-');
	size_t scratch = strlen("scratch");
	uint64_t n;

	if (!dash || !str_starts(dash + 1, "scratch") || dash[1 + scratch] < '1' ||
	    str_to_u64(dash + 1 + scratch, UINT32_MAX, &n) < 0)
		return NULL;
	return dash + 1;
}

int disk_name_key(const char *name, char ret_key[JOB_KEY_MAX + 1])
{
	const char *ends[] = {disk_role_name(DISK_ROOT), disk_role_name(DISK_SCRATCH),
			      disk_extra_label(name)};
	char key[JOB_KEY_MAX + 1], nonce[JOB_NONCE_LEN + 1], whole[VM_NAME_MAX + 1];
	uint32_t id;

	for (size_t i = 0; i < ARRAY_LEN(ends) && ends[i]; i++) {
		size_t len = strlen(name), around = strlen("vm-") + strlen("-") + strlen(ends[i]);

		if (len <= around ||
		    str_fmt(key, sizeof(key), "%.*s", (int)(len - around), name + strlen("vm-")) <
			    0 ||
		    job_key_parse(key, &id, nonce) < 0 ||
		    str_fmt(whole, sizeof(whole), "vm-%s-%s", key, ends[i]) < 0 ||
		    !str_eq(whole, name))
			continue;
		(void)str_copy(ret_key, JOB_KEY_MAX + 1, key);
		return 0;
	}
	return -1;
}
