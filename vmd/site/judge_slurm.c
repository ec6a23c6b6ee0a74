/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurm.conf and what hangs on it, as slurm-vm(8) asks for. Pure. */
#include "vmd/base/str.h"
#include "vmd/site/judge_parts.h"

#include <string.h>

static const char part[] = "slurm";

/* Is word in a list that has commas between? */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += len)
		if ((at == list || at[-1] == ',') && (!at[len] || at[len] == ','))
			return true;
	return false;
}

static bool by_lua(const struct site_slurm *c)
{
	return has_word(c->job_submit, "lua") || has_word(c->job_submit, "job_submit/lua");
}

/* Who writes a request into AdminComment: the module, or the second plugin. */
static void judge_module(const struct site_facts *f, struct site_lines *l)
{
	const struct site_host *h = &f->host;

	if (by_lua(&f->slurm)) {
		bool named = !h->lua_here || h->lua_named;

		site_say(l,
			 !named        ? SITE_WRONG
			 : h->lua_here ? SITE_OK
				       : SITE_BLIND,
			 part,
			 !named ? "JobSubmitPlugins=lua, but job_submit.lua does not name "
				  "slurm-vm's"
			 : h->lua_here
				 ? "JobSubmitPlugins=lua, with slurm-vm's module"
				 : "JobSubmitPlugins=lua; job_submit.lua is not on this host");
		if (!h->lua_here)
			site_todo(l, "see beside slurm.conf on slurmctld's host: slurm-vm(8), "
				     "JOB_SUBMIT.LUA");
		else if (!named)
			site_todo(l, "local vm = dofile(\"/usr/share/slurm-vm/job_submit.lua\"): "
				     "slurm-vm(8), JOB_SUBMIT.LUA");
		return;
	}
	if (h->prolog_named && !f->slurm.prolog_told) {
		site_say(l, SITE_WRONG, part,
			 "slurm_vm_prolog.so without PrologFlags=Alloc: every job with --vm fails");
		site_todo(l, "PrologFlags=Alloc in slurm.conf, without NoHold, and restart "
			     "slurmctld and the slurmds: slurm-vm(8), WITHOUT JOB_SUBMIT.LUA");
		return;
	}
	if (h->prolog_named) {
		site_say(l, SITE_NOTE, part,
			 "slurm_vm_prolog.so instead of JobSubmitPlugins=lua: requests are checked "
			 "on the node only");
		site_todo(l, "slurm-vm(8), WITHOUT JOB_SUBMIT.LUA, says what differs");
		return;
	}
	site_say(l, SITE_WRONG, part, "JobSubmitPlugins has no lua: every job with --vm fails");
	site_todo(l, "JobSubmitPlugins=lua in slurm.conf with slurm-vm's module, or "
		     "slurm_vm_prolog.so: slurm-vm(8)");
}

static void judge_plugstack(const struct site_facts *f, struct site_lines *l)
{
	const struct site_host *h = &f->host;
	const struct site_slurm *c = &f->slurm;

	if (!h->plugstack_named) {
		site_say(l, SITE_BLIND, part,
			 h->plugstack_here ? "%s has no slurm_vm.so on this host"
					   : "%s is not on this host",
			 c->plugstack);
		site_todo(l, "login and compute nodes need: required slurm_vm.so vmd=HOST:PORT; "
			     "try there: sbatch --help | grep -- --vm");
		return;
	}
	if (!h->plugin_here) {
		site_say(l, SITE_WRONG, part, "%s names slurm_vm.so, but %s does not have it",
			 c->plugstack, c->plugin_dir);
		site_todo(l,
			  "make install on this host, or ./configure "
			  "--with-slurm-plugindir=%s",
			  c->plugin_dir);
		return;
	}
	site_say(l, SITE_OK, part,
		 "%s has slurm_vm.so (of this host; login and compute nodes need "
		 "it, too)",
		 c->plugstack);
}

static void judge_gres(const struct site_facts *f, struct site_lines *l)
{
	const struct site_slurm *c = &f->slurm;
	size_t n = 0;

	for (size_t i = 0; i < c->nodes.n; i++)
		n += c->nodes.node[i].takes_vms;
	if (!by_lua(c))
		return; /* nobody asks for it */
	if (has_word(c->gres_types, "vm") && n > 0) {
		site_say(l, SITE_OK, part, "%zu of %zu nodes have gres/vm", n, c->nodes.n);
		if (!has_word(c->tres, "gres/vm")) {
			site_say(l, SITE_NOTE, part,
				 "AccountingStorageTRES has no gres/vm: sacct does not count VMs");
			site_todo(l, "AccountingStorageTRES=gres/vm in slurm.conf");
		}
		return;
	}
	if (f->host.lua_no_gres) {
		site_say(l, SITE_OK, part, "virtual machines are not counted (vm.add_gres)");
		return;
	}
	site_say(l, SITE_WRONG, part,
		 "no node has gres/vm: jobs with --vm wait for ever or are "
		 "refused");
	site_todo(l, "GresTypes=vm and NodeName=... Gres=vm:16 in slurm.conf, Name=vm Count=16 in "
		     "gres.conf, or vm.add_gres = false in job_submit.lua");
}

static void judge_epilog(const struct settings *s, const struct site_facts *f, struct site_lines *l)
{
	int64_t mine_s = f->host.epilog_timeout_s ? f->host.epilog_timeout_s : SITE_EPILOG_S;
	int64_t slurm_s = f->slurm.prolog_epilog_timeout_s;

	if (slurm_s && slurm_s <= mine_s) {
		site_say(l, SITE_WRONG, part,
			 "PrologEpilogTimeout is %lld s, not more than epilog_timeout= of "
			 "slurm_vm.so, %lld s: nodes of slow guests are drained",
			 (long long)slurm_s, (long long)mine_s);
		site_todo(l, "PrologEpilogTimeout=%lld in slurm.conf, or leave it out",
			  (long long)mine_s + 60);
	}
	if (mine_s <= site_grace_s(s)) {
		site_say(l, SITE_WRONG, part,
			 "epilog_timeout= of slurm_vm.so, %lld s, is not more than an image's "
			 "grace, %lld s: nodes of slow guests are drained",
			 (long long)mine_s, (long long)site_grace_s(s));
		site_todo(l, "epilog_timeout=%lld in the line of plugstack.conf",
			  (long long)site_grace_s(s) + 120);
	}
	if ((!slurm_s || slurm_s > mine_s) && mine_s > site_grace_s(s))
		site_say(l, SITE_OK, part, "epilogs may wait %lld s for a guest's end",
			 (long long)mine_s);
}

static void judge_lost_hosts(const struct settings *s, const struct site_slurm *c,
			     struct site_lines *l)
{
	if (c->slurmd_timeout_s == 0) {
		site_say(l, SITE_NOTE, part,
			 "SlurmdTimeout=0: jobs of a lost host are never queued again");
		site_todo(l, "SlurmdTimeout=300 in slurm.conf");
	} else if (!c->requeue) {
		site_say(l, SITE_NOTE, part,
			 "JobRequeue=0: a job of a lost host ends, unless it was "
			 "submitted with --requeue");
		site_todo(l, "JobRequeue=1 in slurm.conf");
	} else {
		site_say(l, SITE_OK, part,
			 "jobs of a lost host are queued again after %lld s (SlurmdTimeout)",
			 (long long)c->slurmd_timeout_s);
	}
	if (s->policy.fence_after_s == 0) {
		site_say(l, SITE_NOTE, part,
			 "limits: fence_after is 0: their VMs wait until you say "
			 "that the host is off");
		site_todo(l, "slurm-vm(8), A HOST IS LOST");
	}
}

/* Which partition the VMs are to use, only the site knows. */
static void judge_tiers(const struct site_slurm *c, struct site_lines *l)
{
	const struct site_partition *high = c->partition;
	bool same = true;

	for (size_t i = 1; i < c->n_partition; i++) {
		same = same && c->partition[i].tier == high->tier;
		if (c->partition[i].tier > high->tier)
			high = &c->partition[i];
	}
	if (same)
		return;
	site_say(l, SITE_NOTE, part,
		 "partition %s has the highest PriorityTier: its jobs may take the place of a VM "
		 "of another partition while it moves",
		 high->name);
	site_todo(l, "fine if VMs use that partition, or no node of it: slurm-vm(8), LIMITS");
}

void site_judge_slurm(const struct settings *s, const struct site_facts *f, struct site_lines *l)
{
	const struct site_slurm *c = &f->slurm;

	if (c->err.kind != ERR_NONE) {
		site_say(l, SITE_WRONG, part, "%s", c->err.msg);
		site_todo(l, "scontrol ping; slurm.conf on this host (SLURM_CONF names another)");
		return;
	}
	site_say(l, SITE_OK, part, "slurmctld %s of cluster %s answers", c->version, c->cluster);
	if (s->cluster[0] && !str_eq(s->cluster, c->cluster)) {
		site_say(l, SITE_NOTE, part, "slurm: cluster is %s, but ClusterName is %s",
			 s->cluster, c->cluster);
		site_todo(l, "leave slurm: cluster out, while there are no virtual machines");
	}
	site_judge_clock(part, "slurmctld's", c->skew_s, l);
	judge_module(f, l);
	judge_plugstack(f, l);
	judge_gres(f, l);
	judge_epilog(s, f, l);
	judge_lost_hosts(s, c, l);
	judge_tiers(c, l);
	if (!c->memory) {
		site_say(l, SITE_NOTE, part,
			 "SelectTypeParameters counts no memory: two VMs may be "
			 "promised the same");
		site_todo(l, "SelectType=select/cons_tres, SelectTypeParameters=CR_Core_Memory");
	}
}
