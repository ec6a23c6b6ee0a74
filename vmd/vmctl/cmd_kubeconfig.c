/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl kubeconfig: settings for virtctl and kubectl with a token for one VM. Written as JSON,
 * which is YAML, so that nothing in it has to be quoted by us. It holds a secret: to a terminal, or
 * to a file that others may read, it is not printed. */
#include "vmd/vmctl/access.h"
#include "vmd/vmctl/file.h"

#include "vmd/base/str.h"

#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int check_output(struct err *e)
{
	struct stat st;

	if (isatty(STDOUT_FILENO))
		return err_set(e, ERR_INVALID,
			       "it holds a token, which is nothing for a screen. Say "
			       "--file=FILE");
	if (fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077))
		return err_set(e, ERR_INVALID,
			       "it holds a token, and others may read the file it would go to "
			       "(mode %03o). Say --file=FILE, or umask 077",
			       (unsigned)st.st_mode & 0777);
	return 0;
}

static void put_ca(struct json_object *cluster, const char *ca)
{
	size_t len = strlen(ca);
	AUTO(free) char *text = malloc((len + 2) / 3 * 4 + 1);

	if (!text)
		abort();
	(void)EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)ca, (int)len);
	json_put_str(cluster, "cluster/certificate-authority-data", text);
}

static struct json_object *named(struct json_object *doc, const char *list, const char *name)
{
	struct json_object *one = json_object_new_object(), *array = json_object_new_array();

	json_put_str(one, "name", name);
	json_object_array_add(array, one);
	json_object_object_add(doc, list, array);
	return one;
}

static struct json_object *kubeconfig(const struct access *a)
{
	struct json_object *doc = json_object_new_object(), *one;

	json_put_str(doc, "apiVersion", "v1");
	json_put_str(doc, "kind", "Config");
	json_put_str(doc, "current-context", a->vm);
	one = named(doc, "clusters", "slurm-vm");
	json_put_str(one, "cluster/server", a->server);
	if (*a->ca)
		put_ca(one, a->ca);
	one = named(doc, "users", a->vm);
	json_put_str(one, "user/token", a->token);
	one = named(doc, "contexts", a->vm);
	json_put_str(one, "context/cluster", "slurm-vm");
	json_put_str(one, "context/user", a->vm);
	json_put_str(one, "context/namespace", a->name_space);
	return doc;
}

static void say(const struct access *a, const char *path)
{
	time_t until = (time_t)a->until_s;
	char when[32] = "?";
	struct tm tm;

	if (a->until_s > 0 && localtime_r(&until, &tm))
		(void)strftime(when, sizeof(when), "%H:%M", &tm);
	(void)fprintf(stderr,
		      "vmctl: good until %s, for the screen, console and ports of %s. Use it as "
		      "in:\n"
		      "  KUBECONFIG=%s virtctl vnc %s\n",
		      when, a->vm, str_eq(path, "-") ? "FILE" : path, a->vm);
}

int cmd_kubeconfig(struct vmctl *v)
{
	AUTO(access_done) struct access a = {.server = NULL};
	AUTO(json_object_put) struct json_object *doc = NULL;
	const char *path = v->file ? v->file : "-", *text;
	AUTO(free) char *line = NULL;
	struct err e = {.kind = ERR_NONE};
	int len;

	if ((str_eq(path, "-") && check_output(&e) < 0) || access_ask(v, v->job, &a, &e) < 0)
		return fail(v, &e);
	doc = kubeconfig(&a);
	text = json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PRETTY |
							   JSON_C_TO_STRING_NOSLASHESCAPE);
	len = asprintf(&line, "%s\n", text);
	if (len < 0)
		abort();
	if (file_write(path, line, (size_t)len, &e) < 0)
		return fail(v, &e);
	say(&a, path);
	explicit_bzero(line, (size_t)len);
	return EXIT_DONE;
}
