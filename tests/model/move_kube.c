/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See move_kube.h. Left out: disks and volumes, which a move does not touch (many_vmd.c), and
 * KubeVirt's own migrations (tests/sim). */
#include "tests/model/move_kube.h"

#include "vmd/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const node_names[] = {"", "n1", "n2", "n3"};

const char *mk_node_name(unsigned node)
{
	return node_names[node];
}

uint8_t mk_node_number(const char *name)
{
	for (uint8_t n = 1; n < ARRAY_LEN(node_names); n++)
		if (str_eq(name, node_names[n]))
			return n;
	return 0;
}

void mk_vm_uid(unsigned number, char ret[VM_UID_MAX + 1])
{
	(void)str_fmt(ret, VM_UID_MAX + 1, "vm%u", number);
}

uint8_t mk_vm_number(const char *uid)
{
	return (uint8_t)(uid[2] - '0');
}

struct mk_kube mk_begin(void)
{
	return (struct mk_kube){.phase = VM_RUNNING, .node = 1, .wanted = 1, .given = 1};
}

bool mk_has_guest(const struct mk_kube *k)
{
	return k->phase == VM_RUNNING;
}

/* ---- what happens by itself ---- */

static void migration_ends(struct mk_kube *k, bool failed)
{
	k->last_for = k->migrates_for;
	k->last_attempt++;
	k->last_failed = failed;
	k->migration = G_NONE;
	k->target = k->migrates_for = 0;
}

bool mk_guest_ends(struct mk_kube *k)
{
	if (!mk_has_guest(k))
		return false;
	if (k->migration)
		migration_ends(k, true);
	k->phase = VM_STOPPED;
	k->version++;
	return true;
}

bool mk_vm_starts(struct mk_kube *k)
{
	if (k->phase != VM_STARTING)
		return false;
	k->phase = VM_RUNNING;
	k->version++;
	return true;
}

bool mk_vm_goes(struct mk_kube *k)
{
	if (k->phase != VM_DELETING)
		return false;
	*k = (struct mk_kube){.version = k->version, .uid = k->uid};
	return true;
}

bool mk_is_taken_in(struct mk_kube *k)
{
	if (k->phase == VM_ABSENT || k->given == k->wanted)
		return false;
	k->given = k->wanted;
	return true;
}

bool mk_finds_node(struct mk_kube *k)
{
	if (k->migration != G_PLACING || k->target == k->node)
		return false;
	k->migration = G_GOING;
	return true;
}

bool mk_arrives(struct mk_kube *k)
{
	if (k->migration != G_GOING)
		return false;
	k->node = k->target;
	migration_ends(k, false);
	return true;
}

bool mk_fails(struct mk_kube *k)
{
	if (k->migration == G_NONE)
		return false;
	migration_ends(k, true);
	return true;
}

/* ---- what vmd asks for ---- */

static bool is_there(const struct mk_kube *k)
{
	return k->phase != VM_ABSENT && k->phase != VM_DELETING;
}

static bool is_version(const struct mk_kube *k, const struct action *a)
{
	char version[8];

	(void)str_fmt(version, sizeof(version), "%u", k->version);
	return str_eq(a->version, version);
}

bool mk_deletes(const struct mk_kube *k, const struct action *a)
{
	uint32_t run;

	return is_there(k) && is_version(k, a) && vm_incarnation(a->object, MOVE_KEY, &run) == 0 &&
	       run == k->run;
}

void mk_delete(struct mk_kube *k)
{
	if (k->migration)
		migration_ends(k, true);
	k->phase = VM_DELETING;
	k->version++;
}

void mk_create(struct mk_kube *k, const struct action *a)
{
	if (k->phase != VM_ABSENT) /* another one's guest would not start: many_vmd.c */
		return;
	*k = (struct mk_kube){.phase = VM_STARTING,
			      .version = (uint8_t)(k->version + 1),
			      .run = (uint8_t)a->vm.incarnation,
			      .uid = (k->uid + 1) & 3,
			      .node = mk_node_number(a->vm.node)};
	k->wanted = k->given = k->node;
}

static uint8_t bits_of(const uint32_t *list)
{
	uint8_t bits = 0;

	for (size_t i = 0; i < TURNED_DOWN_MAX && list[i]; i++)
		bits |= (uint8_t)(1U << (list[i] - MOVE_FIRST));
	return bits;
}

static void list_of(uint8_t bits, uint32_t *list)
{
	for (uint32_t id = MOVE_FIRST; bits; id++, bits >>= 1)
		if (bits & 1)
			turned_down_add(list, id);
}

void mk_point(struct mk_kube *k, const struct action *a)
{
	if (!is_there(k) || !is_version(k, a))
		return;
	k->given_up = a->point_vm.gives_up;
	if (*a->point_vm.turned_down)
		k->turned_down = bits_of(a->point_vm.turned_down);
	k->wanted = mk_node_number(a->node);
	k->version++;
}

void mk_migrate(struct mk_kube *k, const struct action *a)
{
	const char *m = strstr(a->object, "-m");
	unsigned companion, attempt;
	uint32_t run;

	if (!m || sscanf(m, "-m%u-%u", &companion, &attempt) != 2 || k->phase != VM_RUNNING ||
	    k->migration || vm_incarnation(a->vm.name, MOVE_KEY, &run) < 0 || run != k->run)
		return;
	if (k->last_for == companion && k->last_attempt >= attempt)
		return; /* exists */
	if (k->last_for != companion)
		k->last_attempt = 0;
	k->migration = G_PLACING;
	k->target = k->given;
	k->migrates_for = (uint8_t)companion;
}

void mk_cancel(struct mk_kube *k)
{
	if (k->migration)
		migration_ends(k, true);
}

/* ---- what vmd sees ---- */

static void volume_see(struct volume_seen *v, const char *name, const char *uid)
{
	*v = (struct volume_seen){.version = "1", .job_key = MOVE_KEY};
	(void)str_copy(v->name, sizeof(v->name), name);
	(void)str_copy(v->uid, sizeof(v->uid), uid);
}

static void vm_see(const struct mk_kube *k, struct vm_seen *vm)
{
	struct vm_moving *m = &vm->moving;

	*vm = (struct vm_seen){.job_key = MOVE_KEY,
			       .phase = (enum vm_phase)k->phase,
			       .has_vmi = true,
			       .agent = k->phase == VM_RUNNING,
			       .reachable = k->phase == VM_RUNNING,
			       .address = "192.168.172.57"};
	(void)str_fmt(vm->name, sizeof(vm->name), "vm-" MOVE_KEY "-r%u", k->run);
	(void)str_fmt(vm->version, sizeof(vm->version), "%u", k->version);
	mk_vm_uid(k->uid, vm->uid);
	(void)str_copy(vm->node, sizeof(vm->node), node_names[k->node]);
	(void)str_copy(m->wanted_node, sizeof(m->wanted_node), node_names[k->wanted]);
	(void)str_copy(m->given_node, sizeof(m->given_node), node_names[k->given]);
	m->given_up = k->given_up;
	list_of(k->turned_down, m->turned_down);
	m->companion = k->last_for;
	m->attempt = k->last_for ? k->last_attempt : 0;
	m->failed = k->last_failed;
	m->companion_most = k->last_for > k->migrates_for ? k->last_for : k->migrates_for;
	m->attempt_most = k->last_attempt;
	if (!k->migration)
		return;
	(void)str_fmt(m->name, sizeof(m->name), "%s-m%u-1", vm->name, k->migrates_for);
	(void)str_copy(m->uid, sizeof(m->uid), "migration");
	m->ours = true;
	m->scheduling = k->migration == G_PLACING;
}

void mk_see(const struct mk_kube *k, unsigned incarnation, bool wants, struct mk_sight *ret)
{
	char claim[VM_NAME_MAX + 8];
	bool has_volumes = k->phase != VM_ABSENT || wants;

	*ret = (struct mk_sight){.disk = {.name = "vm-" MOVE_KEY "-root", .job_key = MOVE_KEY}};
	/* The volumes come and go with the VM; many_vmd.c has them alone. */
	(void)str_fmt(claim, sizeof(claim), "vm-" MOVE_KEY "-r%u-root",
		      k->phase != VM_ABSENT ? k->run : incarnation);
	volume_see(&ret->pvc, claim, "claim");
	volume_see(&ret->pv, ret->disk.name, "pv");
	(void)str_copy(ret->pv.claim, sizeof(ret->pv.claim), claim);
	(void)str_copy(ret->pv.claim_uid, sizeof(ret->pv.claim_uid), "claim");
	volume_see(&ret->secret, "vm-" MOVE_KEY, "secret");
	vm_see(k, &ret->vm);
	ret->seen = (struct observed){.vms_known = true,
				      .n_vm = k->phase != VM_ABSENT,
				      .vm = &ret->vm,
				      .disks_known = true,
				      .named_known = true,
				      .n_disk = 1,
				      .disk = &ret->disk,
				      .pvs_known = true,
				      .n_pv = has_volumes,
				      .pv = &ret->pv,
				      .pvcs_known = true,
				      .n_pvc = has_volumes,
				      .pvc = &ret->pvc,
				      .secrets_known = true,
				      .n_secret = 1,
				      .secret = &ret->secret,
				      .moves_known = true};
}

void mk_print(const struct mk_kube *k)
{
	printf("VM r%u %s on %s, wanted %s, given %s, v%u, migration %u to %s%s", k->run,
	       vm_phase_name((enum vm_phase)k->phase), node_names[k->node], node_names[k->wanted],
	       node_names[k->given], k->version, k->migration, node_names[k->target],
	       k->given_up ? ", given up" : "");
	if (k->turned_down)
		printf(", turned down %u", k->turned_down);
}

/* ---- what is late ---- */

bool mk_late_make(const struct action *a, struct mk_late *ret)
{
	const char *m = strstr(a->object, "-m");
	unsigned companion = 0, attempt = 0;
	uint32_t run = 0;

	if (a->kind != ACT_DELETE_VM && a->kind != ACT_POINT_VM && a->kind != ACT_MIGRATE_VM)
		return false;
	(void)vm_incarnation(a->object, MOVE_KEY, &run);
	if (m)
		(void)sscanf(m, "-m%u-%u", &companion, &attempt);
	*ret = (struct mk_late){.kind = (uint8_t)(a->kind + 1),
				.version = (uint8_t)strtoul(a->version, NULL, 10),
				.run = (uint8_t)run,
				.node = (uint8_t)(*a->node ? a->node[1] - '0' : 1),
				.companion = (uint8_t)companion,
				.attempt = (uint8_t)attempt,
				.gives_up = a->point_vm.gives_up,
				.turned_down = bits_of(a->point_vm.turned_down)};
	return true;
}

void mk_late_action(const struct mk_late *l, struct action *ret)
{
	*ret = (struct action){.kind = (enum action_kind)(l->kind - 1),
			       .point_vm = {.gives_up = l->gives_up}};
	list_of(l->turned_down, ret->point_vm.turned_down);
	(void)str_fmt(ret->vm.name, sizeof(ret->vm.name), "vm-" MOVE_KEY "-r%u", l->run);
	if (l->companion)
		(void)vm_migration_name(ret->vm.name, l->companion, l->attempt, ret->object,
					sizeof(ret->object));
	else
		memcpy(ret->object, ret->vm.name, sizeof(ret->object));
	(void)str_fmt(ret->version, sizeof(ret->version), "%u", l->version);
	(void)str_fmt(ret->node, sizeof(ret->node), "n%u", l->node);
}

/* So many attempts are told apart: one more than there are for one companion (MOVE_ATTEMPTS). */
#define ATTEMPTS_MAX (MOVE_ATTEMPTS + 1)

void mk_plain(struct mk_kube *k, struct mk_kube *seen, struct mk_late *l)
{
	if (l->kind && !l->companion && l->version != k->version)
		*l = (struct mk_late){.kind = 0}; /* its precondition never holds again */
	seen->version = seen->version == k->version;
	k->version = l->version = 1;
	if (!l->kind || l->companion)
		l->version = 0;
	if (k->last_attempt <= ATTEMPTS_MAX)
		return;
	k->last_attempt = ATTEMPTS_MAX;
	if (seen->last_for == k->last_for && seen->last_attempt >= ATTEMPTS_MAX)
		seen->last_attempt = ATTEMPTS_MAX - 1;
	if (l->companion == k->last_for && l->attempt > ATTEMPTS_MAX)
		l->attempt = ATTEMPTS_MAX;
}
