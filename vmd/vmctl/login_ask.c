/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vmd tells of the way into a guest, and the key to it. The key is in memory alone. */
#include "vmd/base/str.h"
#include "vmd/vmctl/login.h"
#include "vmd/vmctl/vmctl.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void text_take(char *dst, size_t size, struct json_object *vm, const char *path)
{
	const char *text = json_str_at(vm, path);

	(void)str_copy(dst, size, text ? text : "");
}

static int vm_read(struct vmctl *v, struct login *l, struct err *e)
{
	AUTO(json_object_put) struct json_object *vm = NULL;

	if (ask_ready(v, l->job, &vm, e) < 0)
		return -1;
	text_take(l->user, sizeof(l->user), vm, "guest_user");
	text_take(l->address, sizeof(l->address), vm, "address");
	text_take(l->profile, sizeof(l->profile), vm, "profile");
	text_take(l->vm, sizeof(l->vm), vm, "vm");
	if (!login_is_plain(l->user) || !login_is_plain(l->address) || !login_is_plain(l->vm))
		return err_set(e, ERR_CONFLICT,
			       "the VM of job %u has no address, account or name to be reached by",
			       l->job);
	login_alias(l);
	return 0;
}

static int key_read(struct vmctl *v, struct login *l, struct err *e)
{
	const char *key;
	int rc = -1;

	ask_begin(v, "key");
	ask_add_job(v, l->job);
	if (ask_send(v, e) < 0)
		return -1;
	key = wire_get(&v->in, "key");
	l->key_fd = memfd_create("slurm-vm-key", MFD_CLOEXEC);
	if (!key || !*key)
		(void)err_set(e, ERR_CONFLICT, "vmd's answer holds no key");
	else if (l->key_fd < 0 || fchmod(l->key_fd, 0600) < 0 ||
		 write(l->key_fd, key, strlen(key)) != (ssize_t)strlen(key))
		(void)err_set(e, ERR_CONFLICT, "no room for a key: %s", strerror(errno));
	else
		rc = str_fmt(l->key, sizeof(l->key), "/proc/%d/fd/%d", (int)getpid(), l->key_fd);
	explicit_bzero(v->buf, sizeof(v->buf));
	return rc;
}

int login_open(struct vmctl *v, uint32_t job, struct login *ret, struct err *e)
{
	*ret = (struct login){.job = job, .key_fd = -1};
	if (vm_read(v, ret, e) < 0 || key_read(v, ret, e) < 0 || login_place(ret, e) < 0)
		return -1;
	return 0;
}
