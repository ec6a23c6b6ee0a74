/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person sees of a guest in QEMU: its screen (VNC), its serial console, a picture of the
 * screen. The sockets are QEMU's own, in the guest's directory (0700). Loop thread only. */
#include "kubevirt-lite/guest/qemu.h"

#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PNG_MAX (64U << 20)

int qemu_connect(struct guest *g, enum guest_port port, int *ret_fd, struct err *e)
{
	const struct qemu *q = (const struct qemu *)g;
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	AUTO(fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_set(e, ERR_RETRY, "socket: %s", strerror(errno));
	qemu_path(q, port == GUEST_SCREEN ? "vnc" : "console", at.sun_path, sizeof(at.sun_path));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return err_set(e, errno == ENOENT ? ERR_ABSENT : ERR_RETRY, "%s", strerror(errno));
	*ret_fd = fd_steal(&fd);
	return 0;
}

struct picture {
	guest_screenshot_fn done;
	void *self;
	struct qemu *q;
	struct picture *next;
	char path[160];
};

static int picture_read(const char *path, char **ret, size_t *ret_len, struct err *e)
{
	AUTO(fclose) FILE *f = fopen(path, "re");
	AUTO(free) char *data = NULL;
	long len;

	if (!f || fseek(f, 0, SEEK_END) < 0 || (len = ftell(f)) < 0)
		return err_set(e, ERR_RETRY, "%s: %s", path, strerror(errno));
	rewind(f);
	if (len == 0 || (unsigned long)len > PNG_MAX)
		return err_set(e, ERR_INVALID, "a picture of %ld bytes", len);
	data = malloc((size_t)len);
	if (!data)
		abort();
	if (fread(data, 1, (size_t)len, f) != (size_t)len)
		return err_set(e, ERR_RETRY, "%s: is cut", path);
	*ret = STEAL(data);
	*ret_len = (size_t)len;
	return 0;
}

static void on_dumped(void *self, struct json_object *value, const struct err *dump)
{
	AUTO(free) struct picture *p = self;
	AUTO(free) char *png = NULL;
	struct err e = {.kind = ERR_NONE};
	struct picture **at = &p->q->picture;
	size_t len = 0;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	if (!value)
		e = *dump;
	else
		(void)picture_read(p->path, &png, &len, &e);
	(void)unlink(p->path);
	p->done(p->self, png, len, &e);
}

void qemu_pictures_end(struct qemu *q)
{
	struct err e;

	(void)err_set(&e, ERR_RETRY, "the guest is over");
	while (q->picture)
		on_dumped(q->picture, NULL, &e);
}

void qemu_screenshot(struct guest *g, guest_screenshot_fn done, void *self)
{
	struct qemu *q = (struct qemu *)g;
	struct json_object *args;
	struct picture *p;
	char name[32];

	if (!q->ready) {
		struct err e;

		(void)err_set(&e, ERR_RETRY, "QEMU is not there yet");
		done(self, NULL, 0, &e);
		return;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		abort();
	p->q = q;
	p->next = q->picture;
	q->picture = p;
	p->done = done;
	p->self = self;
	/* Two may be taken at once. */
	(void)str_fmt(name, sizeof(name), "screen%u.png", ++q->pictures);
	qemu_path(q, name, p->path, sizeof(p->path));
	args = json_object_new_object();
	json_put_str(args, "filename", p->path);
	json_put_str(args, "format", "png"); /* QEMU 7.1 and later */
	qmp_send(q->qmp, "screendump", args, on_dumped, p);
}
