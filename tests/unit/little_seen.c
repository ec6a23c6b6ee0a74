/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of what Kubernetes and Ceph show: VMs and their moves, disks, volumes, nodes. Pure. */
#include "tests/unit/little_seen.h"

#include "vmd/base/str.h"

#include <string.h>

static bool vm_word(struct little_world *w, const char *s)
{
	struct vm_seen *vm = &w->vm[w->seen.n_vm++];
	char phase[32];
	const char *at = strchr(s, '@');

	*vm = (struct vm_seen){.uid = "u-vm", .version = "7", .has_vmi = true};
	(void)str_fmt(vm->name, sizeof(vm->name), "vm-" LITTLE_KEY "-r%c", s[2]);
	(void)str_copy(vm->job_key, sizeof(vm->job_key), LITTLE_KEY);
	(void)str_copy(vm->node, sizeof(vm->node), at ? at + 1 : "n1");
	memcpy(vm->moving.wanted_node, vm->node, sizeof(vm->node));
	memcpy(vm->moving.given_node, vm->node, sizeof(vm->node));
	if (s[3] != ':' || str_fmt(phase, sizeof(phase), "%.*s",
				   (int)(at ? at - s - 4 : (long)strlen(s) - 4), s + 4) < 0)
		return false;
	for (int p = VM_STARTING; p <= VM_DELETING; p++)
		if (str_eq(phase, vm_phase_name((enum vm_phase)p)))
			vm->phase = (enum vm_phase)p;
	return vm->phase != VM_ABSENT;
}

static bool disk_word(struct little_world *w, const char *role, const char *mark)
{
	struct disk_seen *d = &w->disk[w->seen.n_disk++];

	*d = (struct disk_seen){.pool = "rbd"};
	(void)str_fmt(d->name, sizeof(d->name), "vm-" LITTLE_KEY "-%s", role);
	(void)str_copy(d->job_key, sizeof(d->job_key), LITTLE_KEY);
	if (str_eq(mark, ":kept"))
		d->kept_until_s = LITTLE_NOW_S + 60;
	else if (str_eq(mark, ":old"))
		d->kept_until_s = LITTLE_NOW_S - 60;
	else if (str_eq(mark, ":open"))
		d->watchers = 1;
	else if (str_eq(mark, ":unreadable"))
		(void)str_copy(d->unreadable, sizeof(d->unreadable), "Ceph: it hangs");
	else if (str_eq(mark, ":removing"))
		d->removing = true;
	else if (str_eq(mark, ":fenced"))
		(void)str_copy(d->fenced, sizeof(d->fenced), "u-vm");
	else if (str_eq(mark, ":refenced"))
		(void)str_copy(d->fenced, sizeof(d->fenced), "u-other");
	else
		return !*mark;
	return true;
}

/* The root disk kept of job 16. */
static bool other_word(struct little_world *w, const char *key, const char *mark)
{
	struct disk_seen *d = &w->disk[w->seen.n_disk++];

	*d = (struct disk_seen){
		.pool = "rbd",
		.size_bytes = UINT64_C(3) << 30,
		.kept_until_s = LITTLE_NOW_S + 60,
		.origin = {.known = true, .uid = 1000, .image = "tiny", .revision = "v0"}};
	(void)str_fmt(d->name, sizeof(d->name), "vm-%s-root", key);
	(void)str_copy(d->job_key, sizeof(d->job_key), key);
	if (str_eq(mark, ":old"))
		d->kept_until_s = LITTLE_NOW_S - 60;
	else if (str_eq(mark, ":removing"))
		d->removing = true;
	else if (str_eq(mark, ":unreadable")) {
		d->kept_until_s = 0;
		d->origin = (struct disk_origin){.known = false};
		(void)str_copy(d->unreadable, sizeof(d->unreadable), "Ceph: it hangs");
	} else if (str_eq(mark, ":bobs"))
		d->origin.uid = 1001;
	else if (str_eq(mark, ":bare"))
		d->origin = (struct disk_origin){.known = false};
	else if (str_eq(mark, ":plain"))
		d->kept_until_s = 0;
	else if (str_eq(mark, ":taken") || str_eq(mark, ":takenkept")) {
		(void)str_copy(d->from, sizeof(d->from), key);
		(void)str_copy(d->job_key, sizeof(d->job_key), LITTLE_KEY);
		d->kept_until_s = str_eq(mark, ":taken") ? 0 : LITTLE_NOW_S + 60;
	} else
		return str_eq(mark, ":kept");
	return true;
}

static bool volume_word(struct volume_seen *v, size_t *n, const char *name, const char *mark)
{
	v += (*n)++;
	*v = (struct volume_seen){.uid = "u-volume", .version = "3"};
	(void)str_copy(v->name, sizeof(v->name), name);
	(void)str_copy(v->job_key, sizeof(v->job_key), LITTLE_KEY);
	v->deleting = str_eq(mark, ":deleting");
	v->incomplete = str_eq(mark, ":incomplete");
	if (strstr(name, "-r1-"))
		(void)str_copy(v->uid, sizeof(v->uid), "u-claim1");
	if (str_eq(mark, ":nouid"))
		v->uid[0] = '\0';
	return v->deleting || !*v->uid || !*mark || str_eq(mark, ":other") || v->incomplete;
}

static bool pv_word(struct little_world *w, const char *name, const char *claim, const char *mark)
{
	struct volume_seen *v = &w->pv[w->seen.n_pv];

	if (!volume_word(w->pv, &w->seen.n_pv, name, mark))
		return false;
	(void)str_copy(v->claim, sizeof(v->claim), claim);
	(void)str_copy(v->claim_uid, sizeof(v->claim_uid),
		       str_eq(mark, ":other")  ? "u-other"
		       : strstr(claim, "-r1-") ? "u-claim1"
					       : "u-volume");
	return true;
}

static bool named_word(struct little_world *w, const char *mark)
{
	static const struct {
		const char *mark, *claims, *fenced;
	} marks[] = {
		{"", "", ""},
		{":claimed", LITTLE_KEY, ""},
		{":reads", LITTLE_KEY ":ro", ""},
		{":leaving", LITTLE_KEY ":off", ""},
		{":claimed1", LITTLE_KEY ":r1", ""}, /* by the job's second run */
		{":others", "18-9f3c12ab45de6701", ""},
		{":othersread", "18-9f3c12ab45de6701:ro", ""},
		{":both", LITTLE_KEY ":ro 18-9f3c12ab45de6701:ro", ""},
		{":unreadable", "", ""},
		{":fenced", LITTLE_KEY, "u-vm"},
		{":refenced", LITTLE_KEY, "u-x"},
	};
	struct named_disk *d = &w->named[w->seen.n_named++];
	struct err e;

	*d = (struct named_disk){.image = LITTLE_DATA,
				 .pool = "disks",
				 .uid = 1000,
				 .name = "data",
				 .size_bytes = UINT64_C(1) << 30};
	if (str_eq(mark, ":unreadable"))
		(void)str_copy(d->unreadable, sizeof(d->unreadable), "it hangs");
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		if (!str_eq(marks[i].mark, mark))
			continue;
		(void)str_copy(d->fenced, sizeof(d->fenced), marks[i].fenced);
		if (strstr(marks[i].claims, "18-") && !w->want.n_live) {
			w->want.live = &w->live[1];
			w->want.n_live = 1;
		}
		return disk_claims_decode(marks[i].claims, &d->claims, &e) == 0;
	}
	return false;
}

/* What Kubernetes shows of the VM's move; false: no such word. */
static bool moving_word(struct little_world *w, const char *s)
{
	/* the companion began 300 s ago */
	static const struct {
		const char *word;
		int64_t age_s;
		bool scheduling;
	} migrations[] = {
		{"sending", 50, false}, {"theirs", 50, false}, {"stale", 350, true},
		{"bound", 300, true},   {"found", 300, false}, {"unplaced", 120, true},
	};
	struct vm_moving *k = &w->vm[w->seen.n_vm - 1].moving;
	size_t i;

	if (str_starts(s, "wants:"))
		return str_copy(k->wanted_node, sizeof(k->wanted_node), s + 6) == 0;
	if (str_starts(s, "given:"))
		return str_copy(k->given_node, sizeof(k->given_node), s + 6) == 0;
	if (str_starts(s, "came:")) {
		k->came_took_s = 4;
		return str_copy(k->came_to, sizeof(k->came_to), s + 5) == 0;
	}
	if (str_starts(s, "sockets:")) {
		w->vm[w->seen.n_vm - 1].size = (struct vm_size){
			.cores = 1,
			.sockets_max = 4,
			.sockets_wanted = (uint32_t)(s[8] - '0'),
			.sockets_given = (uint32_t)(s[9] - '0'),
			.sockets = (uint32_t)(s[10] - '0'),
			.memory_wanted_bytes = UINT64_C(128) << 20,
			.memory_given_bytes = UINT64_C(128) << 20,
			.memory_bytes = UINT64_C(128) << 20,
		};
		return true;
	}
	if (str_starts(s, "failed:") || str_eq(s, "succeeded") || str_starts(s, "before:")) {
		k->companion = *s == 'b' ? 30 : 23;
		k->failed = *s != 's';
		k->attempt = k->failed ? (uint32_t)(s[7] - '0') : 1;
		k->companion_most = k->companion;
		k->attempt_most = k->attempt;
		return true;
	}
	if (str_eq(s, "given-up"))
		return k->given_up = true;
	if (str_starts(s, "turned-down:")) {
		turned_down_parse(s + strlen("turned-down:"), k->turned_down);
		return true;
	}
	if (str_eq(s, "evacuating"))
		return k->evacuating = true;
	if (str_eq(s, "blocked"))
		return str_copy(k->blocked, sizeof(k->blocked), "a GPU") == 0;
	if (str_eq(s, "placing"))
		return k->scheduling = true;
	for (i = 0; i < ARRAY_LEN(migrations) && !str_eq(s, migrations[i].word); i++)
		;
	if (i == ARRAY_LEN(migrations))
		return false;
	k->ours = str_eq(s, "sending");
	k->scheduling = migrations[i].scheduling;
	k->begun_s = LITTLE_NOW_S - migrations[i].age_s;
	(void)str_copy(k->uid, sizeof(k->uid), "u-migration");
	return str_copy(k->name, sizeof(k->name),
			k->ours ? "vm-" LITTLE_KEY "-r0-m23-1" : "kubevirt-evacuation-x") == 0;
}

static bool node_word(struct little_world *w, const char *name, const char *mark)
{
	struct node_seen *n = &w->node[w->seen.n_node++];

	*n = (struct node_seen){.version = "5", .out_of_service = str_eq(mark, ":out")};
	n->cordoned = str_eq(mark, ":cordoned") || str_eq(mark, ":fromslurm") ||
		      str_eq(mark, ":fromkube") || str_eq(mark, ":again");
	if (str_eq(mark, ":fromslurm") || str_eq(mark, ":uncordoned"))
		n->mark = NODE_FROM_SLURM;
	else if (str_eq(mark, ":overruled") || str_eq(mark, ":again"))
		n->mark = NODE_OVERRULED;
	else if (str_eq(mark, ":fromkube") || str_eq(mark, ":back"))
		n->mark = NODE_FROM_KUBE;
	else if (str_eq(mark, ":foreign"))
		n->mark = NODE_FOREIGN;
	(void)str_copy(n->name, sizeof(n->name), name);
	if (str_eq(mark, ":lost"))
		n->lost_us = LITTLE_NOW_US - w->policy.fence_after_s * 1000000;
	else if (str_eq(mark, ":unready") || n->out_of_service)
		n->lost_us = LITTLE_NOW_US - w->policy.fence_after_s * 1000000 + 1;
	return n->lost_us || n->cordoned || n->mark || str_eq(mark, ":ready");
}

bool little_seen_word(struct little_world *w, const char *s)
{
	static const char root[] = "vm-" LITTLE_KEY "-root",
			  scratch[] = "vm-" LITTLE_KEY "-scratch",
			  claim[] = "vm-" LITTLE_KEY "-r0-root",
			  claim1[] = "vm-" LITTLE_KEY "-r1-root",
			  claim2[] = "vm-" LITTLE_KEY "-r0-scratch";
	struct observed *o = &w->seen;
	size_t len = strcspn(s, ":");
	const char *mark = s + len;
	char word[16];

	if (str_starts(s, "vm"))
		return vm_word(w, s);
	if (o->n_vm && moving_word(w, s))
		return true;
	if (str_fmt(word, sizeof(word), "%.*s", (int)len, s) < 0)
		return false;
	if (word[0] == 'n' && word[1] >= '1' && word[1] <= '3' && !word[2])
		return node_word(w, word, mark);
	if (str_eq(word, "disk"))
		return disk_word(w, "root", mark);
	if (str_eq(word, "other"))
		return other_word(w, LITTLE_OTHER, mark);
	if (str_eq(word, "other2"))
		return other_word(w, "16-00000000000000bb", mark);
	if (str_eq(word, "scratch"))
		return disk_word(w, "scratch", mark);
	if (str_eq(word, "pv"))
		return pv_word(w, root, claim, mark);
	if (str_eq(word, "pvo"))
		return pv_word(w, "vm-" LITTLE_OTHER "-root", claim, mark);
	if (str_eq(word, "pv1"))
		return pv_word(w, root, claim1, mark);
	if (str_eq(word, "pv2"))
		return pv_word(w, scratch, claim2, mark);
	if (str_eq(word, "pvc"))
		return volume_word(w->pvc, &o->n_pvc, claim, mark);
	if (str_eq(word, "pvc1"))
		return volume_word(w->pvc, &o->n_pvc, claim1, mark);
	if (str_eq(word, "pvc2"))
		return volume_word(w->pvc, &o->n_pvc, claim2, mark);
	if (str_eq(word, "named"))
		return named_word(w, mark);
	if (str_eq(word, "pvd"))
		return pv_word(w, LITTLE_DATA, "vm-" LITTLE_KEY "-r0-d-data", mark);
	if (str_eq(word, "pvro"))
		return pv_word(w, "vm-" LITTLE_KEY "-ro-data", "vm-" LITTLE_KEY "-r0-d-data", mark);
	if (str_eq(word, "pvcd"))
		return volume_word(w->pvc, &o->n_pvc, "vm-" LITTLE_KEY "-r0-d-data", mark);
	if (str_eq(word, "pvcx")) /* our mark, a name of another form */
		return volume_word(w->pvc, &o->n_pvc, root, mark);
	if (str_eq(word, "secret"))
		return volume_word(w->secret, &o->n_secret, "vm-" LITTLE_KEY, mark);
	if (str_eq(s, "foreign")) { /* the same names without our mark */
		vm_word(w, "vm0:running");
		w->vm[o->n_vm - 1].job_key[0] = '\0';
		disk_word(w, "root", "");
		w->disk[o->n_disk - 1].job_key[0] = '\0';
		return true;
	}
	if (str_eq(s, "oddkey")) { /* a mark that is no job's key */
		vm_word(w, "vm0:running");
		(void)str_copy(w->vm[o->n_vm - 1].job_key, sizeof(w->vm[0].job_key), "17-9F3C");
		return true;
	}
	if (str_eq(word, "extra"))
		return disk_word(w, "scratch1", mark);
	if (str_eq(word, "pve"))
		return pv_word(w, "vm-" LITTLE_KEY "-scratch1", "vm-" LITTLE_KEY "-r0-d-scratch1",
			       mark);
	if (str_eq(word, "pvce"))
		return volume_word(w->pvc, &o->n_pvc, "vm-" LITTLE_KEY "-r0-d-scratch1", mark);
	if (str_eq(s, "volx")) {
		struct vm_seen *vm = &w->vm[o->n_vm - 1];

		vm->volume[vm->n_volume++] = (struct vm_volume){
			.name = "disk-scratch1", .wanted = true, .given = true, .ready = true};
		return true;
	}
	if (str_eq(word, "vol")) {
		struct vm_seen *vm = &w->vm[o->n_vm - 1];

		vm->volume[vm->n_volume++] = (struct vm_volume){.name = "disk-data",
								.wanted = !str_eq(mark, ":given"),
								.given = !str_eq(mark, ":wanted"),
								.ready = !*mark};
		return !*mark || str_eq(mark, ":given") || str_eq(mark, ":wanted");
	}
	if (str_eq(s, "agent")) {
		w->vm[o->n_vm - 1].agent = true;
		return true;
	}
	if (str_eq(s, "nouid")) {
		w->vm[o->n_vm - 1].uid[0] = '\0';
		return true;
	}
	if (*s != '?')
		return false;
	o->vms_known &= !str_eq(s, "?vms");
	o->moves_known &= !str_eq(s, "?moves");
	o->disks_known &= !str_eq(s, "?disks");
	o->named_known &= !str_eq(s, "?named");
	o->pvs_known &= !str_eq(s, "?pvs");
	o->pvcs_known &= !str_eq(s, "?pvcs");
	o->secrets_known &= !str_eq(s, "?secrets");
	o->nodes_known &= !str_eq(s, "?nodes");
	return true;
}
