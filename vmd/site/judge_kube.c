/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Kubernetes API: reached, entered, allowed, prepared. Pure. */
#include "vmd/base/str.h"
#include "vmd/site/judge_parts.h"

#include <string.h>

#define NAMES_SHOWN 5

static const char part[] = "kubernetes";

/* Verbs of a right with that answer, "get, list"; how many. */
static size_t verbs_with(const struct site_kube *k, size_t right, enum site_answer a, char *buf,
			 size_t size)
{
	size_t n = 0;
	char verb[16];

	buf[0] = '\0';
	for (size_t i = 0; i < SITE_VERBS && site_right_verb(&site_rights[right], i, verb, 16);
	     i++) {
		if (k->right[right][i] != a)
			continue;
		(void)str_fmt(buf + strlen(buf), size - strlen(buf), "%s%s", n ? ", " : "", verb);
		n++;
	}
	return n;
}

static void judge_right(const struct settings *s, const struct site_kube *k, size_t i,
			struct site_lines *l)
{
	const struct site_right *r = &site_rights[i];
	bool wanted = site_use_wanted(r->use, s);
	char verbs[80];

	if (verbs_with(k, i, SITE_NO, verbs, sizeof(verbs)) == 0)
		return;
	site_say(l, wanted ? SITE_WRONG : SITE_NOTE, part, "vmd may not %s %s%s%s%s%s%s: %s", verbs,
		 r->resource, r->subresource[0] ? "/" : "", r->subresource, r->group[0] ? "." : "",
		 r->group, r->cluster ? "" : " in its namespace", site_use_text(r->use));
	if (r->use == USE_WARN)
		site_todo(l, "kubectl apply -f kubernetes/25-warnings.yaml, or limits: warn: []");
	else
		site_todo(l, "kubectl apply -f kubernetes/20-rbac.yaml%s",
			  wanted ? "" : ", unless you have left it out on purpose");
}

static void judge_rights(const struct settings *s, const struct site_kube *k, struct site_lines *l)
{
	size_t answers[3] = {0};
	char verb[16];

	for (size_t i = 0; i < site_rights_n; i++) {
		for (size_t v = 0; v < SITE_VERBS; v++)
			if (site_right_verb(&site_rights[i], v, verb, sizeof(verb)))
				answers[k->right[i][v]]++;
		judge_right(s, k, i, l);
	}
	if (answers[SITE_UNKNOWN] > 0) {
		site_say(l, SITE_BLIND, part, "%zu of vmd's rights could not be asked for",
			 answers[SITE_UNKNOWN]);
		site_todo(l,
			  "kubectl auth can-i --list -n %s "
			  "--as=system:serviceaccount:%s:vmd",
			  s->kube_namespace, s->kube_namespace);
	} else if (answers[SITE_NO] == 0) {
		site_say(l, SITE_OK, part, "vmd has all its %zu rights", answers[SITE_YES]);
	}
}

static void judge_networks(const struct settings *s, const struct site_kube *k,
			   struct site_lines *l)
{
	for (size_t i = 0; i < s->n_network; i++) {
		const struct settings_network *n = &s->network[i];
		const struct err *e = &k->nad[i];

		if (e->kind == ERR_NONE) {
			site_say(l, SITE_OK, part, "network %s: NetworkAttachmentDefinition %s",
				 n->name, n->nad);
			continue;
		}
		site_say(l, e->kind == ERR_ABSENT ? SITE_WRONG : SITE_BLIND, part,
			 "network %s: %s%s: %s", n->name, n->nad,
			 e->kind == ERR_ABSENT ? " is not there" : "", e->msg);
		if (e->kind == ERR_ABSENT)
			site_todo(l,
				  "kubernetes/30-network.yaml (Multus must be installed), or "
				  "networks: %s: nad in the settings",
				  n->name);
		else
			site_todo(l, "kubectl get network-attachment-definitions -A");
	}
}

static const struct site_node *node_find(const struct site_nodes *l, const char *name)
{
	size_t len = strcspn(name, ".");

	for (size_t i = 0; i < l->n; i++) /* a short host name equals the full one */
		if (strcspn(l->node[i].name, ".") == len &&
		    strncmp(l->node[i].name, name, len) == 0)
			return &l->node[i];
	return NULL;
}

/* Of Slurm's nodes with gres/vm (of all, where none has it), those that are wrong in one way. */
enum node_fault { NODE_GOOD, NODE_ABSENT, NODE_NOT_READY, NODE_NO_KUBEVIRT, NODE_NO_KVM };

static enum node_fault node_fault(const struct site_nodes *kube, const char *name)
{
	const struct site_node *n = node_find(kube, name);

	if (!n)
		return NODE_ABSENT;
	if (!n->ready)
		return NODE_NOT_READY;
	if (!n->takes_vms)
		return NODE_NO_KUBEVIRT;
	return n->kvm ? NODE_GOOD : NODE_NO_KVM;
}

/* How many, and the first of their names. */
static size_t nodes_with(const struct site_facts *f, enum node_fault fault, bool all, char *names,
			 size_t size)
{
	const struct site_nodes *slurm = &f->slurm.nodes;
	size_t n = 0;

	names[0] = '\0';
	for (size_t i = 0; i < slurm->n; i++) {
		const struct site_node *node = &slurm->node[i];

		if ((!all && !node->takes_vms) || node_fault(&f->kube.nodes, node->name) != fault)
			continue;
		if (n++ < NAMES_SHOWN)
			(void)str_fmt(names + strlen(names), size - strlen(names), "%s%s",
				      names[0] ? ", " : "", node->name);
		else if (n == NAMES_SHOWN + 1)
			(void)str_fmt(names + strlen(names), size - strlen(names), ", ...");
	}
	return n;
}

/* clang-format off */
static const struct {
	enum node_fault fault;
	enum site_verdict verdict;
	const char *text, *todo;
} faults[] = {
	{NODE_ABSENT, SITE_WRONG, "are no nodes of Kubernetes by that name",
	 "a node has one name in both (a short one equals the full one); "
	 "take gres/vm from those that are none"},
	{NODE_NOT_READY, SITE_NOTE, "are not Ready", "kubectl describe node NAME"},
	{NODE_NO_KUBEVIRT, SITE_NOTE,
	 "are not schedulable for KubeVirt (label kubevirt.io/schedulable)",
	 "kubectl -n kubevirt get pods -o wide: is virt-handler there?"},
	{NODE_NO_KVM, SITE_NOTE, "offer no /dev/kvm: guests would be emulated",
	 "virtualization in the BIOS; lsmod | grep kvm"},
};
/* clang-format on */

static void judge_nodes(const struct site_facts *f, struct site_lines *l)
{
	bool all = true;
	char names[NAMES_SHOWN * (JOB_NODE_MAX + 3)];
	size_t good;

	for (size_t i = 0; i < f->slurm.nodes.n; i++)
		all = all && !f->slurm.nodes.node[i].takes_vms;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		size_t n = nodes_with(f, faults[i].fault, all, names, sizeof(names));

		if (n == 0)
			continue;
		site_say(l, faults[i].verdict, part, "%zu of Slurm's nodes %s: %s", n,
			 faults[i].text, names);
		site_todo(l, "%s", faults[i].todo);
	}
	good = nodes_with(f, NODE_GOOD, all, names, sizeof(names)) +
	       nodes_with(f, NODE_NO_KVM, all, names, sizeof(names));
	if (good < 2) {
		site_say(l, good ? SITE_NOTE : SITE_WRONG, part,
			 good ? "one node can run virtual machines: nothing can move"
			      : "no node of Slurm can run virtual machines");
		site_todo(l, "kubectl get nodes -L kubevirt.io/schedulable");
	} else {
		site_say(l, SITE_OK, part, "%zu nodes of Slurm can run virtual machines", good);
	}
}

static void judge_secret(const struct settings *s, const struct site_kube *k, struct site_lines *l)
{
	const struct err *e = &k->secret;

	if (e->kind == ERR_NONE && k->secret_whole) {
		site_say(l, SITE_OK, part, "Secret %s has userID and userKey", s->ceph_secret);
	} else if (e->kind == ERR_NONE || e->kind == ERR_ABSENT) {
		site_say(l, SITE_WRONG, part, "Secret %s %s", s->ceph_secret,
			 e->kind == ERR_NONE ? "lacks userID or userKey" : "is not there");
		site_todo(l, "kubernetes/40-ceph-secret.example.yaml, or ceph: secret in the "
			     "settings");
	} else {
		site_say(l, SITE_BLIND, part, "Secret %s: %s", s->ceph_secret, e->msg);
		site_todo(l, "kubectl get secret -A | grep ceph");
	}
}

static void judge_images(const struct settings *s, const struct site_kube *k, struct site_lines *l)
{
	size_t good = 0;

	for (size_t i = 0; k->vm && i < s->catalogue.n; i++) {
		const struct err *e = &k->vm[i];

		good += e->kind == ERR_NONE;
		if (e->kind == ERR_NONE)
			continue;
		site_say(l,
			 e->kind == ERR_INVALID || e->kind == ERR_ABSENT ? SITE_WRONG : SITE_BLIND,
			 part, "image %s: a virtual machine of it would be refused: %s",
			 s->catalogue.image[i].name, e->msg);
		if (e->kind == ERR_ABSENT)
			site_todo(l, "is there a namespace %s? kubernetes/10-namespace.yaml",
				  s->kube_namespace);
		else
			site_todo(l, "its firmware, tpm, cpus and memory in the settings; "
				     "KubeVirt's feature gates (kubectl -n kubevirt get kubevirt "
				     "-o yaml)");
	}
	if (good)
		site_say(l, SITE_OK, part,
			 "KubeVirt would take a virtual machine of %zu of %zu images (not made)",
			 good, s->catalogue.n);
}

static void judge_entry(const struct settings *s, const struct site_kube *k, struct site_lines *l)
{
	const struct err *e = k->version.kind ? &k->version : &k->kubevirt;

	if (e->kind == ERR_NONE) {
		site_say(l, SITE_OK, part, "KubeVirt %s", k->release[0] ? k->release : "is there");
	} else if (e->kind == ERR_DENIED) {
		site_say(l, SITE_WRONG, part, "the token of %s is not taken: %s",
			 s->kube_token_file, e->msg);
		site_todo(l,
			  "kubectl -n %s create token vmd --duration=8760h, or the Secret "
			  "vmd-token: kubernetes/20-rbac.yaml",
			  s->kube_namespace);
	} else if (e->kind == ERR_ABSENT) {
		site_say(l, SITE_WRONG, part, "KubeVirt is not installed: %s", e->msg);
		site_todo(l, "https://kubevirt.io/user-guide: operator, then the KubeVirt object");
	} else {
		site_say(l, SITE_WRONG, part, "%s", e->msg);
	}
}

void site_judge_kube(const struct settings *s, const struct site_facts *f, struct site_lines *l)
{
	const struct site_kube *k = &f->kube;

	if (k->version.kind == ERR_DENIED) { /* with a token that is none not even that is told */
		judge_entry(s, k, l);
		return;
	}
	if (k->version.kind != ERR_NONE) {
		site_say(l, SITE_WRONG, part, "%s", k->version.msg);
		site_todo(l,
			  "kubernetes: server, ca_file and token_file in the settings; curl "
			  "--cacert %s %s/version",
			  s->kube_ca_file[0] ? s->kube_ca_file : "FILE", s->kube_server);
		return;
	}
	site_say(l, SITE_OK, part, "%s answers: %s", s->kube_server, k->kubernetes);
	if (k->skew_known)
		site_judge_clock(part, "the API server's", k->skew_s, l);
	judge_entry(s, k, l);
	if (k->kubevirt.kind != ERR_NONE)
		return;
	judge_rights(s, k, l);
	judge_networks(s, k, l);
	judge_secret(s, k, l);
	if (k->nodes_err.kind == ERR_NONE && f->slurm.err.kind == ERR_NONE)
		judge_nodes(f, l);
	else if (k->nodes_err.kind != ERR_NONE)
		site_say(l, SITE_BLIND, part, "nodes: %s", k->nodes_err.msg);
	judge_images(s, k, l);
}
