/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmd's own host: the account, munge, its files. Pure. */
#include "vmd/base/str.h"
#include "vmd/site/judge_parts.h"

static const char part[] = "vmd";

static void judge_account(const struct site_facts *f, struct site_lines *l)
{
	const struct site_host *h = &f->host;

	if (f->slurm.err.kind != ERR_NONE)
		return; /* nobody knows who SlurmUser is */
	if (h->uid == f->slurm.uid) {
		site_say(l, SITE_OK, part, "runs as %s, which is SlurmUser", h->user);
		return;
	}
	if (h->uid == 0) {
		site_say(l, SITE_NOTE, part,
			 "this check runs as root: files that only root may read look readable");
		site_todo(l, "runuser -u %s -- vmd --check FILE --site", f->slurm.user);
		return;
	}
	site_say(l, SITE_WRONG, part, "runs as %s (%u), but SlurmUser is %s (%u)", h->user, h->uid,
		 f->slurm.user, f->slurm.uid);
	site_todo(l, "vmd.service: User=%s; slurmctld lets nobody else write AdminComment",
		  f->slurm.user);
}

static void judge_files(const struct settings *s, const struct site_host *h, struct site_lines *l)
{
	if (h->token_open) {
		site_say(l, SITE_WRONG, part, "everybody on this host may read %s",
			 s->kube_token_file);
		site_todo(l, "chmod 0600 %s; then a new token, if others have accounts here",
			  s->kube_token_file);
	}
	if (h->keyring_open) {
		site_say(l, SITE_WRONG, part, "everybody on this host may read %s",
			 s->ceph_keyring);
		site_todo(l, "chgrp %s %s; chmod 0640 %s", h->user, s->ceph_keyring,
			  s->ceph_keyring);
	}
	site_say(l, h->catalogue.kind == ERR_NONE ? SITE_OK : SITE_WRONG, part,
		 h->catalogue.kind == ERR_NONE ? "may write %s" : "cannot write %s: %s",
		 s->catalogue_file, h->catalogue.msg);
	if (h->catalogue.kind != ERR_NONE)
		site_todo(l,
			  "install -d -o %s -m 0755 on its folder (vmd.service: "
			  "StateDirectory=slurm-vm makes /var/lib/slurm-vm)",
			  h->user);
	if (s->ready_hook[0] && h->hook.kind != ERR_NONE) {
		site_say(l, SITE_WRONG, part, "ready_hook %s cannot be run: %s", s->ready_hook,
			 h->hook.msg);
		site_todo(l, "chmod 0755 %s, or take it out of the settings", s->ready_hook);
	}
}

void site_judge_host(const struct settings *s, const struct site_facts *f, struct site_lines *l)
{
	const struct site_host *h = &f->host;

	judge_account(f, l);
	if (h->munge.kind == ERR_NONE) {
		site_say(l, SITE_OK, part, "munge seals and opens");
	} else {
		site_say(l, SITE_WRONG, part, "%s", h->munge.msg);
		site_todo(l, "systemctl status munge; all hosts have the same "
			     "/etc/munge/munge.key (munge -n | ssh NODE unmunge)");
	}
	judge_files(s, h, l);
}
