/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl password: to a terminal, and elsewhere only for one who asks for that: a password in a
 * job's output file or a pipe's log is read by others. */
#include "vmd/vmctl/vmctl.h"

#include <string.h>

static void print(const struct vmctl *v, const char *user, const char *password)
{
	AUTO(json_object_put) struct json_object *o = json_object_new_object();

	if (!v->json) {
		printf("%s\n", password);
		return;
	}
	json_put_str(o, "user", user ? user : "");
	json_put_str(o, "password", password);
	json_print(o);
}

static int ask(struct vmctl *v, uint32_t job, struct err *e)
{
	const char *password, *user;

	ask_begin(v, "password");
	ask_add_job(v, job);
	if (v->rotate)
		wire_add(&v->out, "rotate", "1");
	if (ask_send(v, e) < 0)
		return -1;
	password = wire_get(&v->in, "password");
	user = wire_get(&v->in, "user");
	if (!password || !*password)
		return err_set(e, ERR_CONFLICT, "vmd's answer holds no password");
	if (v->rotate)
		(void)fprintf(
			stderr,
			"The new password of %s is on its way into the guest: the node hands it "
			"to the guest agent within about two minutes.\n",
			user ? user : "the account");
	print(v, user, password);
	return 0;
}

int cmd_password(struct vmctl *v)
{
	uint32_t job = 0;
	struct err e;
	int rc;

	if (!v->print && !isatty(STDOUT_FILENO)) {
		(void)err_set(&e, ERR_INVALID,
			      "the password is shown on a terminal only; to have it elsewhere: "
			      "vmctl password --print");
		return fail(v, &e);
	}
	if (ask_job(v, &job, &e) < 0)
		return fail(v, &e);
	rc = ask(v, job, &e);
	explicit_bzero(v->buf, sizeof(v->buf));
	return rc < 0 ? fail(v, &e) : EXIT_DONE;
}
