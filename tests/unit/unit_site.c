/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The judgement of a site: a site where all is right, and each thing that can be wrong with it. */
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/site/judge.h"

#include <check.h>
#include <string.h>

struct site {
	struct settings s;
	struct image image[2];
	struct site_facts f;
	struct site_node slurm[3], kube[3];
	struct err vm[2];
	struct err golden[2][IMAGE_REVISIONS];
};

static void text(char *buf, size_t size, const char *s)
{
	ck_assert_int_eq(str_copy(buf, size, s), 0);
}
#define TEXT(member, value) text((member), sizeof(member), (value))

static void image_set(struct image *i, const char *name)
{
	TEXT(i->name, name);
	i->n_revision = 1;
	i->grace_s = 180;
	TEXT(i->revision[0].name, "v1");
	TEXT(i->revision[0].pool, "golden");
	TEXT(i->revision[0].rbd_image, name);
	TEXT(i->revision[0].snapshot, "v1");
}

static void settings_set(struct site *w)
{
	struct settings *s = &w->s;

	image_set(&w->image[0], "tiny");
	image_set(&w->image[1], "win11");
	s->catalogue = (struct catalogue){.n = 2, .image = w->image};
	s->n_network = 1;
	TEXT(s->network[0].name, "lan");
	TEXT(s->network[0].nad, "slurm-vm/lan");
	TEXT(s->kube_server, "https://api:6443");
	TEXT(s->kube_token_file, "/etc/slurm-vm/kube-token");
	TEXT(s->kube_namespace, "slurm-vm");
	TEXT(s->ceph_user, "vmd");
	TEXT(s->ceph_keyring, "/etc/ceph/vmd.keyring");
	TEXT(s->ceph_pool, "rbd");
	TEXT(s->ceph_cluster_id, "fsid");
	TEXT(s->ceph_secret, "slurm-vm/ceph");
	TEXT(s->catalogue_file, "/var/lib/slurm-vm/catalogue");
	s->policy = (struct policy){.fence_after_s = 60,
				    .on_drain = VM_ON_DRAIN_MIGRATE,
				    .n_warn = 2,
				    .drain = {.follow_drain = true}};
}

static void slurm_set(struct site *w)
{
	struct site_slurm *c = &w->f.slurm;

	TEXT(c->version, "22.05.8");
	TEXT(c->cluster, "lab");
	TEXT(c->user, "slurm");
	c->uid = 64030;
	TEXT(c->job_submit, "lua");
	TEXT(c->gres_types, "gpu,vm");
	TEXT(c->tres, "cpu,gres/vm,mem");
	TEXT(c->plugstack, "/etc/slurm/plugstack.conf");
	TEXT(c->plugin_dir, "/usr/lib/slurm");
	c->slurmd_timeout_s = 300;
	c->requeue = c->memory = true;
	c->n_partition = 2;
	TEXT(c->partition[0].name, "main");
	TEXT(c->partition[1].name, "long");
	c->nodes = (struct site_nodes){.n = 3, .node = w->slurm};
}

static void world_set(struct site *w)
{
	struct site_facts *f = &w->f;

	*w = (struct site){.s = {.slurm_poll_s = 10}};
	settings_set(w);
	slurm_set(w);
	f->host = (struct site_host){.uid = 64030,
				     .plugstack_here = true,
				     .plugstack_named = true,
				     .plugin_here = true,
				     .lua_here = true,
				     .lua_named = true};
	TEXT(f->host.user, "slurm");
	for (size_t i = 0; i < 3; i++) {
		(void)str_fmt(w->slurm[i].name, sizeof(w->slurm[i].name), "n%zu", i);
		(void)str_fmt(w->kube[i].name, sizeof(w->kube[i].name), "n%zu.example.org", i);
		w->slurm[i].takes_vms = w->kube[i].takes_vms = true;
		w->kube[i].ready = w->kube[i].kvm = true;
	}
	f->kube = (struct site_kube){.skew_known = true, .secret_whole = true, .vm = w->vm};
	f->kube.nodes = (struct site_nodes){.n = 3, .node = w->kube};
	for (size_t i = 0; i < SITE_RIGHTS; i++)
		for (size_t v = 0; v < SITE_VERBS; v++)
			f->kube.right[i][v] = SITE_YES;
	TEXT(f->ceph.fsid, "fsid");
	f->ceph.n_pool = 2;
	f->ceph.pool[0] = (struct site_pool){.name = "rbd", .makes = true};
	f->ceph.pool[1] =
		(struct site_pool){.name = "golden", .golden = true, .cloned = "golden/tiny@v1"};
	f->ceph.golden = w->golden;
}

static void refuse(struct err *e, enum err_kind kind)
{
	(void)err_set(e, kind, "said so");
}

static void deny(struct site *w, const char *resource, const char *subresource, const char *verb)
{
	char v[16];

	for (size_t i = 0; i < site_rights_n; i++)
		for (size_t k = 0; site_right_verb(&site_rights[i], k, v, sizeof(v)); k++)
			if (str_eq(site_rights[i].resource, resource) &&
			    str_eq(site_rights[i].subresource, subresource) && str_eq(v, verb))
				w->f.kube.right[i][k] = SITE_NO;
}

/* ---- what is wrong in each row ---- */

#define BREAK(name, ...)                                                                           \
	static void name(struct site *w)                                                           \
	{                                                                                          \
		struct site_facts *f = &w->f;                                                      \
                                                                                                   \
		(void)f;                                                                           \
		__VA_ARGS__;                                                                       \
	}
/* clang-format off */
BREAK(nothing, (void)0)
BREAK(other_account, f->host.uid = 1000)
BREAK(as_root, f->host.uid = 0)
BREAK(no_munge, refuse(&f->host.munge, ERR_RETRY))
BREAK(token_open, f->host.token_open = true)
BREAK(keyring_open, f->host.keyring_open = true)
BREAK(no_folder, refuse(&f->host.catalogue, ERR_DENIED))
BREAK(hook, refuse(&f->host.hook, ERR_DENIED); TEXT(w->s.ready_hook, "/etc/hook"))
BREAK(no_slurmctld, refuse(&f->slurm.err, ERR_RETRY))
BREAK(slow_clock, f->slurm.skew_s = -31)
BREAK(api_clock, f->kube.skew_s = 30)
BREAK(clock_near, f->kube.skew_s = 29)
BREAK(other_cluster, TEXT(w->s.cluster, "other"))
BREAK(no_lua, TEXT(f->slurm.job_submit, "all_partitions,luax"))
BREAK(prolog, TEXT(f->slurm.job_submit, ""); f->host.prolog_named = f->slurm.prolog_told = true)
BREAK(prolog_of_srun, TEXT(f->slurm.job_submit, ""); f->host.prolog_named = true)
BREAK(lua_not_ours, f->host.lua_named = false)
BREAK(lua_elsewhere, f->host.lua_named = f->host.lua_here = false)
BREAK(no_plugstack, f->host.plugstack_here = f->host.plugstack_named = false)
BREAK(no_plugin, f->host.plugin_here = false)
BREAK(no_gres, for (size_t i = 0; i < 3; i++) w->slurm[i].takes_vms = false)
BREAK(gres_type, TEXT(f->slurm.gres_types, "gpu"))
BREAK(gres_not_counted, gres_type(w); f->host.lua_no_gres = true)
BREAK(tres, TEXT(f->slurm.tres, "cpu,mem"))
BREAK(epilog_of_slurm, f->slurm.prolog_epilog_timeout_s = 300)
BREAK(epilog_of_slurm_more, f->slurm.prolog_epilog_timeout_s = 301)
BREAK(epilog_of_ours, f->host.epilog_timeout_s = 180)
BREAK(epilog_longer_grace, w->image[1].grace_s = 301)
BREAK(slurmd_timeout, f->slurm.slurmd_timeout_s = 0)
BREAK(no_requeue, f->slurm.requeue = false)
BREAK(no_fence, w->s.policy.fence_after_s = 0)
BREAK(tiers, f->slurm.partition[1].tier = 7)
BREAK(no_memory, f->slurm.memory = false)
BREAK(no_api, refuse(&f->kube.version, ERR_RETRY))
BREAK(bad_token, refuse(&f->kube.kubevirt, ERR_DENIED))
BREAK(bad_token_at_once, refuse(&f->kube.version, ERR_DENIED))
BREAK(no_kubevirt, refuse(&f->kube.kubevirt, ERR_ABSENT))
BREAK(may_not_create, deny(w, "virtualmachines", "", "create"))
BREAK(may_not_vnc, deny(w, "virtualmachineinstances", "vnc", "get"))
BREAK(may_not_warn, deny(w, "pods", "exec", "create"))
BREAK(need_not_warn, may_not_warn(w); w->s.policy.n_warn = 0)
BREAK(may_not_cordon, deny(w, "nodes", "", "patch"))
BREAK(need_not_cordon, may_not_cordon(w); w->s.policy.drain.follow_drain = false)
BREAK(may_not_move, deny(w, "virtualmachineinstancemigrations", "", "create"))
BREAK(need_not_move, may_not_move(w); w->s.policy.on_drain = VM_ON_DRAIN_STAY)
BREAK(may_not_fence, deny(w, "pods", "", "delete"))
BREAK(cannot_ask, f->kube.right[0][0] = SITE_UNKNOWN)
BREAK(no_nad, refuse(&f->kube.nad[0], ERR_ABSENT))
BREAK(nad_hidden, refuse(&f->kube.nad[0], ERR_DENIED))
BREAK(node_absent, TEXT(w->kube[1].name, "n11"))
BREAK(node_not_ours, node_absent(w); w->slurm[1].takes_vms = false)
BREAK(node_not_ready, w->kube[2].ready = false)
BREAK(node_no_kubevirt, w->kube[2].takes_vms = false)
BREAK(node_no_kvm, w->kube[2].kvm = false)
BREAK(one_node, w->kube[1].takes_vms = w->kube[2].takes_vms = false)
BREAK(no_node, one_node(w); w->kube[0].ready = false)
BREAK(no_secret, refuse(&f->kube.secret, ERR_ABSENT))
BREAK(half_secret, f->kube.secret_whole = false)
BREAK(secret_hidden, refuse(&f->kube.secret, ERR_DENIED))
BREAK(vm_refused, refuse(&w->vm[1], ERR_INVALID))
BREAK(vm_no_namespace, refuse(&w->vm[0], ERR_ABSENT))
BREAK(no_ceph, refuse(&f->ceph.connect, ERR_RETRY))
BREAK(other_fsid, TEXT(f->ceph.fsid, "else"))
BREAK(no_pool, refuse(&f->ceph.pool[0].open, ERR_ABSENT))
BREAK(pool_denied, refuse(&f->ceph.pool[0].make, ERR_DENIED))
BREAK(clone_denied, refuse(&f->ceph.pool[1].clone, ERR_DENIED))
BREAK(no_golden, refuse(&w->golden[1][0], ERR_ABSENT))
BREAK(golden_denied, refuse(&w->golden[1][0], ERR_DENIED))
BREAK(no_blocklist, refuse(&f->ceph.blocklist_add, ERR_DENIED))
BREAK(no_blocklist_rm, refuse(&f->ceph.blocklist_rm, ERR_DENIED))
BREAK(no_blocklist_needed, no_blocklist(w); no_fence(w))
BREAK(node_key, refuse(&f->ceph.node_user, ERR_DENIED))
/* clang-format on */

/* clang-format off */
static const struct row {
	const char *why;
	void (*breaks)(struct site *w);
	enum site_verdict verdict; /* SITE_OK: no line but ok */
	const char *says, *todo;   /* parts of its line; NULL nothing */
} rows[] = {
	{"all is right", nothing, SITE_OK, NULL, NULL},
	{"vmd is not SlurmUser", other_account, SITE_WRONG, "SlurmUser is slurm", "User=slurm"},
	{"root sees too much", as_root, SITE_NOTE, "as root", "runuser -u slurm"},
	{"no munge", no_munge, SITE_WRONG, "said so", "munge.key"},
	{"token for all", token_open, SITE_WRONG, "kube-token", "chmod 0600"},
	{"keyring for all", keyring_open, SITE_WRONG, "vmd.keyring", "chmod 0640"},
	{"no folder", no_folder, SITE_WRONG, "said so", "install -d -o slurm"},
	{"hook cannot run", hook, SITE_WRONG, "/etc/hook", "chmod 0755"},
	{"no slurmctld", no_slurmctld, SITE_WRONG, "said so", "scontrol ping"},
	{"slurmctld's clock", slow_clock, SITE_WRONG, "31 s", "NTP"},
	{"the API's clock", api_clock, SITE_WRONG, "30 s", "NTP"},
	{"near enough", clock_near, SITE_OK, NULL, NULL},
	{"cluster's name", other_cluster, SITE_NOTE, "other", "leave slurm: cluster out"},
	{"no lua", no_lua, SITE_WRONG, "no lua", "JobSubmitPlugins=lua"},
	{"prolog instead", prolog, SITE_NOTE, "slurm_vm_prolog.so", "WITHOUT"},
	{"... of what srun says", prolog_of_srun, SITE_WRONG, "without PrologFlags=Alloc", "NoHold"},
	{"lua without ours", lua_not_ours, SITE_WRONG, "does not name", "dofile"},
	{"lua elsewhere", lua_elsewhere, SITE_BLIND, "not on this host", "slurmctld's host"},
	{"no plugstack here", no_plugstack, SITE_BLIND, "not on this host", "sbatch --help"},
	{"plugin not installed", no_plugin, SITE_WRONG, "does not have it", "plugindir"},
	{"no gres", no_gres, SITE_WRONG, "no node has gres/vm", "Gres=vm"},
	{"no gres type", gres_type, SITE_WRONG, "no node has gres/vm", "Gres=vm"},
	{"gres not counted", gres_not_counted, SITE_OK, NULL, NULL},
	{"gres not accounted", tres, SITE_NOTE, "AccountingStorageTRES", "gres/vm"},
	{"Slurm's epilog limit", epilog_of_slurm, SITE_WRONG, "300 s", "=360"},
	{"just long enough", epilog_of_slurm_more, SITE_OK, NULL, NULL},
	{"our epilog limit", epilog_of_ours, SITE_WRONG, "grace, 180 s", "epilog_timeout=300"},
	{"longest grace counts", epilog_longer_grace, SITE_WRONG, "grace, 301 s", "=421"},
	{"SlurmdTimeout=0", slurmd_timeout, SITE_NOTE, "SlurmdTimeout=0", "300"},
	{"JobRequeue=0", no_requeue, SITE_NOTE, "JobRequeue=0", "JobRequeue=1"},
	{"no fence", no_fence, SITE_NOTE, "fence_after is 0", "A HOST IS LOST"},
	{"tiers", tiers, SITE_NOTE, "partition long", "LIMITS"},
	{"memory not counted", no_memory, SITE_NOTE, "no memory", "CR_Core_Memory"},
	{"no API", no_api, SITE_WRONG, "said so", "curl"},
	{"bad token", bad_token, SITE_WRONG, "not taken", "create token"},
	{"bad token, told at once", bad_token_at_once, SITE_WRONG, "not taken", "create token"},
	{"no KubeVirt", no_kubevirt, SITE_WRONG, "not installed", "kubevirt.io"},
	{"no right to create", may_not_create, SITE_WRONG,
	 "may not create virtualmachines.kubevirt.io", "20-rbac"},
	{"no right to vnc", may_not_vnc, SITE_NOTE,
	 "virtualmachineinstances/vnc.subresources.kubevirt.io", "on purpose"},
	{"no right to warn", may_not_warn, SITE_WRONG, "pods/exec", "25-warnings"},
	{"need not warn", need_not_warn, SITE_NOTE, "pods/exec", "25-warnings"},
	{"no right to cordon", may_not_cordon, SITE_WRONG,
	 "may not patch nodes: no cordon", "20-rbac"},
	{"need not cordon", need_not_cordon, SITE_NOTE, "may not patch nodes", "on purpose"},
	{"no right to move", may_not_move, SITE_WRONG, "nothing moves", "20-rbac"},
	{"need not move", need_not_move, SITE_NOTE, "nothing moves", "on purpose"},
	{"no right to fence", may_not_fence, SITE_WRONG, "lost hosts", "20-rbac"},
	{"reviews not served", cannot_ask, SITE_BLIND, "1 of vmd's rights", "can-i"},
	{"no network", no_nad, SITE_WRONG, "slurm-vm/lan is not there", "30-network"},
	{"network hidden", nad_hidden, SITE_BLIND, "said so", "kubectl get"},
	{"node absent", node_absent, SITE_WRONG,
	 "1 of Slurm's nodes are no nodes of Kubernetes by that name: n1", "one name in both"},
	{"node without gres", node_not_ours, SITE_OK, NULL, NULL},
	{"node not ready", node_not_ready, SITE_NOTE, "not Ready: n2", "describe"},
	{"node without KubeVirt", node_no_kubevirt, SITE_NOTE, "schedulable): n2", "virt-handler"},
	{"node without kvm", node_no_kvm, SITE_NOTE, "/dev/kvm", "BIOS"},
	{"one node", one_node, SITE_NOTE, "nothing can move", "kubectl"},
	{"no node", no_node, SITE_WRONG, "no node of Slurm can", "kubectl"},
	{"no Secret", no_secret, SITE_WRONG, "is not there", "40-ceph"},
	{"half a Secret", half_secret, SITE_WRONG, "lacks", "40-ceph"},
	{"Secret hidden", secret_hidden, SITE_BLIND, "said so", "kubectl"},
	{"VM refused", vm_refused, SITE_WRONG, "image win11", "feature gates"},
	{"no namespace", vm_no_namespace, SITE_WRONG, "image tiny", "10-namespace"},
	{"no Ceph", no_ceph, SITE_WRONG, "said so", "client.vmd"},
	{"another fsid", other_fsid, SITE_NOTE, "not its fsid", "clusterID"},
	{"no pool", no_pool, SITE_WRONG, "said so", "pool create rbd"},
	{"pool denied", pool_denied, SITE_WRONG, "pool rbd: said so", "auth caps client.vmd"},
	{"clone denied", clone_denied, SITE_WRONG, "golden/tiny@v1: said so", "auth caps"},
	{"golden image absent", no_golden, SITE_WRONG,
	 "image win11, revision v1", "golden/win11@v1"},
	{"golden image hidden", golden_denied, SITE_WRONG, "image win11, revision v1", "auth caps"},
	{"no right to fence in Ceph", no_blocklist, SITE_WRONG, "said so", "blocklist"},
	{"no right to renew", no_blocklist_rm, SITE_NOTE, "said so", "blocklistop=rm"},
	{"need not fence", no_blocklist_needed, SITE_NOTE, "fence_after is 0", NULL},
	{"nodes' key", node_key, SITE_WRONG, "nodes' user", "get-or-create"},
};
/* clang-format on */

static const struct site_line *find(const struct site_lines *l, const struct row *r)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->line[i].verdict == r->verdict && strstr(l->line[i].text, r->says) &&
		    (!r->todo || strstr(l->line[i].todo, r->todo)))
			return &l->line[i];
	return NULL;
}

START_TEST(site_rows)
{
	const struct row *r = &rows[_i];
	static struct site w;
	struct site_lines l;
	size_t worse = 0;

	world_set(&w);
	r->breaks(&w);
	site_judge(&w.s, &w.f, &l);
	for (enum site_verdict v = SITE_NOTE; v <= SITE_WRONG; v++) {
		worse += site_lines_count(&l, v);
		if (v > r->verdict)
			ck_assert_msg(site_lines_count(&l, v) == 0, "%s: a line that is worse",
				      r->why);
	}
	if (r->says)
		ck_assert_msg(find(&l, r) != NULL, "%s: no such line", r->why);
	else
		ck_assert_msg(worse == 0, "%s: %zu lines", r->why, worse);
	for (size_t i = 0; i < l.n; i++)
		ck_assert_msg(l.line[i].verdict == SITE_OK || l.line[i].todo[0],
			      "%s: says not what to do: %s", r->why, l.line[i].text);
	site_lines_done(&l);
}
END_TEST

/* Many nodes with one fault: some names, and how many. */
START_TEST(site_many)
{
	static struct site w;
	static struct site_node many[40];
	struct site_lines l;
	const struct row wanted = {.verdict = SITE_WRONG,
				   .says = "40 of Slurm's nodes are no nodes of Kubernetes by that "
					   "name: a0, a1, a2, a3, a4, ..."};

	world_set(&w);
	for (size_t i = 0; i < 40; i++) {
		(void)str_fmt(many[i].name, sizeof(many[i].name), "a%zu", i);
		many[i].takes_vms = true;
	}
	w.f.slurm.nodes = (struct site_nodes){.n = 40, .node = many};
	site_judge(&w.s, &w.f, &l);
	ck_assert_ptr_nonnull(find(&l, &wanted));
	site_lines_done(&l);
}
END_TEST

START_TEST(site_verbs)
{
	char v[16];

	for (size_t i = 0; i < site_rights_n; i++) {
		size_t n = 0;

		while (site_right_verb(&site_rights[i], n, v, sizeof(v)))
			n++;
		ck_assert_msg(n > 0 && n <= SITE_VERBS, "%s has %zu verbs", site_rights[i].resource,
			      n);
	}
	ck_assert(site_right_verb(&site_rights[0], 1, v, sizeof(v)));
	ck_assert_str_eq(v, "list");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("site");

	tcase_add_loop_test(t, site_rows, 0, (int)ARRAY_LEN(rows));
	tcase_add_test(t, site_many);
	tcase_add_test(t, site_verbs);
	return CHECK_MAIN(t);
}
