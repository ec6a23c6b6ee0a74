/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl rdp: a file that Windows' own client, Remmina and xfreerdp open by a double click; here it
 * is opened at once where there is a display. Address and account are in it, the password never is.
 */
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/vmctl/vmctl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Microsoft: "Supported RDP properties"; lines end with CR LF. */
static void rdp_text(struct json_object *vm, struct strbuf *b)
{
	strbuf_addf(b, "full address:s:%s:3389\r\n", json_str_at(vm, "address"));
	strbuf_addf(b, "username:s:%s\r\n", json_str_at(vm, "guest_user"));
	strbuf_addf(b, "prompt for credentials:i:1\r\n"
		       "authentication level:i:0\r\n" /* its certificate is its own */
		       "screen mode id:i:1\r\n"
		       "dynamic resolution:i:1\r\n"
		       "redirectclipboard:i:1\r\n"
		       "autoreconnection enabled:i:1\r\n");
}

static int file_write(const char *path, const struct strbuf *b, struct err *e)
{
	AUTO(fd) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, b->s, b->len) != (ssize_t)b->len)
		return err_set(e, ERR_CONFLICT, "%.150s: %s", path, strerror(errno));
	return 0;
}

/* A line break in it would be a line of the file. */
static bool is_line(const char *text)
{
	return text && *text && !strpbrk(text, "\r\n");
}

/* "vm-17.rdp", of one of several machines "vm-17-2.rdp". */
static int path_of(const struct vmctl *v, struct json_object *vm, char *path, size_t size)
{
	long long job = int_of(vm, "job");

	if (v->file)
		return str_copy(path, size, v->file);
	return json_at(vm, "machines")
		       ? str_fmt(path, size, "vm-%lld-%lld.rdp", job, (long long)int_of(vm, "rank"))
		       : str_fmt(path, size, "vm-%lld.rdp", job);
}

static int rdp(struct vmctl *v, struct json_object *vm, char *path, size_t size, struct err *e)
{
	AUTO(strbuf_done) struct strbuf text = {.s = NULL};

	if (!is_line(json_str_at(vm, "address")) || !is_line(json_str_at(vm, "guest_user")))
		return err_set(e, ERR_CONFLICT,
			       "the VM of job %lld has no address or account to connect to",
			       (long long)int_of(vm, "job"));
	if (path_of(v, vm, path, size) < 0)
		return err_set(e, ERR_INVALID, "--file: the path is too long");
	rdp_text(vm, &text);
	return file_write(path, &text, e);
}

/* What is good to know before it is opened. */
static void say(struct json_object *vm)
{
	char machine[16] = "";
	long long job = int_of(vm, "job");

	if (json_at(vm, "machines"))
		(void)str_fmt(machine, sizeof(machine), "-w %lld ", (long long)int_of(vm, "rank"));
	(void)fprintf(stderr, "The password: vmctl password %s%lld\n", machine, job);
	if (!str_eq(text_of(vm, "profile"), "windows"))
		(void)fprintf(stderr,
			      "Its guest is no Windows: it needs an RDP server, such as xrdp. The "
			      "screen without one: vmctl vnc %s%lld\n",
			      machine, job);
}

/* Returns only if there is no display, or no client. The client asks for the password before it
 * connects, if somebody is at a terminal to be asked: else it asks where the server demands that
 * (NLA, as Windows does), and xrdp, which does not, would show a login window of its own.
 */
static void client_exec(const char *path)
{
	static const char *const clients[] = {"xfreerdp3", "xfreerdp"};
	const char *asks = isatty(STDIN_FILENO) ? "/from-stdin:force" : NULL;

	if (!getenv("DISPLAY") && !getenv("WAYLAND_DISPLAY"))
		return;
	(void)fflush(NULL);
	for (size_t i = 0; i < ARRAY_LEN(clients); i++)
		(void)execlp(clients[i], clients[i], path, "/cert:tofu", asks, (char *)NULL);
	(void)fprintf(stderr, "vmctl: no xfreerdp here to open it with\n");
}

static void print_json(uint32_t job, const char *path)
{
	AUTO(json_object_put) struct json_object *o = json_object_new_object();

	json_put_int(o, "job", job);
	json_put_str(o, "file", path);
	json_print(o);
}

int cmd_rdp(struct vmctl *v)
{
	AUTO(json_object_put) struct json_object *vm = NULL;
	uint32_t job = 0;
	char path[1024];
	struct err e;

	if (ask_job(v, &job, &e) < 0 || ask_ready(v, job, &vm, &e) < 0 ||
	    rdp(v, vm, path, sizeof(path), &e) < 0)
		return fail(v, &e);
	if (v->json)
		print_json(job, path);
	else
		printf("%s\n", path);
	say(vm);
	if (!v->json && !v->file)
		client_exec(path);
	return EXIT_DONE;
}
