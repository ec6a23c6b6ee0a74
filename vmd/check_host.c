/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmd's own host, for check_site.c: the account, munge, files and their rights. Slurm's files are
 * those that slurmctld names; on another host than its own they may be others, or none. Reads only.
 */
#include "vmd/api/peer.h"
#include "vmd/base/str.h"
#include "vmd/check_site.h"

#include <errno.h>
#include <glob.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX (1U << 20)

static void look_account(struct site_host *h)
{
	char buf[4096];
	struct passwd pw, *found = NULL;

	h->uid = geteuid();
	if (getpwuid_r(h->uid, &pw, buf, sizeof(buf), &found) == 0 && found)
		str_cut(h->user, sizeof(h->user), pw.pw_name);
	else
		(void)str_fmt(h->user, sizeof(h->user), "%u", h->uid);
	if (gethostname(h->name, sizeof(h->name)) < 0)
		h->name[0] = '\0';
	h->name[sizeof(h->name) - 1] = '\0';
	h->name[strcspn(h->name, ".")] = '\0';
}

/* Sealed for ourselves, and opened; and that we cannot open what is for others. */
static int look_munge(const char *socket, struct err *e)
{
	AUTO(peer_text_done) struct peer_text t = {.text = NULL};
	AUTO(free) char *cred = NULL;

	if (peer_seal(socket, geteuid(), "x", 1, &cred, e) < 0 ||
	    peer_open(socket, cred, &t, e) < 0)
		return -1;
	return geteuid() == 0 ? 0 : peer_self_test(socket, e); /* root may open all */
}

static bool is_open(const char *path)
{
	struct stat st;

	return path[0] && stat(path, &st) == 0 && (st.st_mode & (S_IROTH | S_IWOTH));
}

static int look_folder(const char *path, struct err *e)
{
	char folder[256];

	(void)str_copy(folder, sizeof(folder), path);
	folder[strrchr(folder, '/') - folder] = '\0';
	if (access(folder[0] ? folder : "/", W_OK | X_OK) < 0)
		return err_set(e, ERR_DENIED, "%s: %m", folder);
	return 0;
}

/* NULL: it cannot be read. */
static char *file_read(const char *path)
{
	AUTO(fclose) FILE *f = fopen(path, "re");
	AUTO(free) char *text = calloc(1, FILE_MAX + 1);

	if (!text)
		abort();
	if (!f || fread(text, 1, FILE_MAX, f) == 0)
		return NULL;
	return STEAL(text);
}

/* ---- plugstack.conf ---- */

static void plugin_line(char *words, struct site_host *h)
{
	static const char timeout[] = "epilog_timeout=";
	char *rest, *kind = strtok_r(words, " \t", &rest);
	char *plugin = kind ? strtok_r(NULL, " \t", &rest) : NULL;
	const char *slash = plugin ? strrchr(plugin, '/') : NULL;
	const char *name = slash ? slash + 1 : plugin;
	uint64_t seconds;

	if (!name || kind[0] == '#')
		return;
	h->prolog_named = h->prolog_named || str_eq(name, "slurm_vm_prolog.so");
	if (!str_eq(name, "slurm_vm.so"))
		return;
	h->plugstack_named = true;
	for (const char *w; (w = strtok_r(NULL, " \t", &rest));)
		if (str_starts(w, timeout) &&
		    str_to_u64(w + sizeof(timeout) - 1, INT32_MAX, &seconds) == 0)
			h->epilog_timeout_s = (int64_t)seconds;
}

static void plugstack_read(const char *path, struct site_host *h, unsigned depth);

/* "include /etc/slurm/plugstack.conf.d/ *.conf", relative to the file that says so. */
static void include_line(const char *path, const char *pattern, struct site_host *h, unsigned depth)
{
	char whole[512];
	glob_t found;

	if (depth == 0 || str_fmt(whole, sizeof(whole), "%.*s%s",
				  pattern[0] == '/' ? 0 : (int)(strrchr(path, '/') - path + 1),
				  path, pattern) < 0)
		return;
	if (glob(whole, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		plugstack_read(found.gl_pathv[i], h, depth - 1);
	globfree(&found);
}

static void plugstack_read(const char *path, struct site_host *h, unsigned depth)
{
	AUTO(free) char *text = file_read(path);
	char *rest, *line;

	for (line = text ? strtok_r(text, "\r\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\r\n", &rest)) {
		line += strspn(line, " \t");
		if (str_starts(line, "include") && strchr(" \t", line[7]) && line[7]) {
			line += 7 + strspn(line + 7, " \t");
			line[strcspn(line, " \t")] = '\0';
			include_line(path, line, h, depth);
		} else {
			plugin_line(line, h);
		}
	}
}

/* ---- what slurmctld names ---- */

static void look_lua(const char *slurm_conf, struct site_host *h)
{
	char path[300];
	AUTO(free) char *text = NULL;

	if (slurm_conf[0] != '/' ||
	    str_fmt(path, sizeof(path), "%.*s/job_submit.lua",
		    (int)(strrchr(slurm_conf, '/') - slurm_conf), slurm_conf) < 0)
		return;
	text = file_read(path);
	h->lua_here = text != NULL;
	h->lua_named = text && (strstr(text, "slurm-vm/job_submit.lua") ||
				strstr(text, "slurm-vm{")); /* a link to ours, or a copy */
	h->lua_no_gres = text && strstr(text, "add_gres = false");
}

static void look_slurm_files(const struct site_slurm *c, struct site_host *h)
{
	char path[300];

	h->plugstack_here = c->plugstack[0] == '/' && access(c->plugstack, R_OK) == 0;
	if (h->plugstack_here)
		plugstack_read(c->plugstack, h, 4);
	h->plugin_here = str_fmt(path, sizeof(path), "%s/slurm_vm.so", c->plugin_dir) == 0 &&
			 access(path, R_OK) == 0;
	look_lua(c->conf, h);
}

void check_host(const struct settings *s, struct site_facts *f)
{
	struct site_host *h = &f->host;

	*h = (struct site_host){.uid = 0};
	look_account(h);
	(void)look_munge(s->munge_socket, &h->munge);
	(void)look_folder(s->catalogue_file, &h->catalogue);
	h->token_open = is_open(s->kube_token_file);
	h->keyring_open = is_open(s->ceph_keyring);
	if (s->ready_hook[0] && access(s->ready_hook, X_OK) < 0)
		(void)err_set(&h->hook, ERR_DENIED, "%m");
	if (f->slurm.err.kind == ERR_NONE)
		look_slurm_files(&f->slurm, h);
}
