/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kubernetes' part of a move: one VM that is pointed, migrated, deleted and made again, on three
 * nodes. Beside it what vmd was stopped with on its way there. For the models of moves
 * (move_world.h) and of heirs (heir_world.h). */
#ifndef TESTS_MODEL_MOVE_KUBE_H
#define TESTS_MODEL_MOVE_KUBE_H

#include "vmd/reconcile/plan.h"

#define MOVE_KEY   "17-9f3c12ab45de6701"
#define MOVE_NONCE "9f3c12ab45de6701"
#define MOVE_FIRST 23 /* the first companion's id */
#define MOVE_NODES 3
/* A VM object that changes so often goes on for ever. */
#define MOVE_VERSION_MAX 40

enum mk_migration { G_NONE, G_PLACING, G_GOING };

/* Nodes are 1 to 3, 0 is none. */
struct mk_kube {
	uint8_t phase, run, node, wanted, given;
	uint8_t version; /* changes with each change of the VM object; of all VMs there were */
	uint8_t migration, target, migrates_for;
	uint8_t last_for, last_attempt, last_failed;
	uint8_t given_up;
	uint8_t uid;         /* of four, one after the other */
	uint8_t turned_down; /* a bit for each companion, from MOVE_FIRST on */
};

const char *mk_node_name(unsigned node); /* "n1"; "" of 0 */
uint8_t mk_node_number(const char *name);
uint8_t mk_vm_number(const char *uid); /* of the VM "vm2": 2 */
void mk_vm_uid(unsigned number, char ret[VM_UID_MAX + 1]);
struct mk_kube mk_begin(void); /* a VM runs on n1 */
bool mk_has_guest(const struct mk_kube *k);

/* What happens without vmd; false: it cannot now. */
bool mk_guest_ends(struct mk_kube *k);
bool mk_vm_starts(struct mk_kube *k);
bool mk_vm_goes(struct mk_kube *k);
bool mk_is_taken_in(struct mk_kube *k); /* the VMI follows its VM */
bool mk_finds_node(struct mk_kube *k);
bool mk_arrives(struct mk_kube *k);
bool mk_fails(struct mk_kube *k);

/* What vmd asks for takes effect, or is refused, as by the API server: by uid, version and name. */
bool mk_deletes(const struct mk_kube *k, const struct action *a); /* would it? */
void mk_delete(struct mk_kube *k);
void mk_create(struct mk_kube *k, const struct action *a);
void mk_point(struct mk_kube *k, const struct action *a);
void mk_migrate(struct mk_kube *k, const struct action *a);
void mk_cancel(struct mk_kube *k);

/* What vmd would see of it, and of what belongs to the job whatever a move does. */
struct mk_sight {
	struct vm_seen vm;
	struct disk_seen disk;
	struct volume_seen pv, pvc, secret;
	struct observed seen;
};
/* incarnation: that of the job; wants: it runs, so that its volumes are there. */
void mk_see(const struct mk_kube *k, unsigned incarnation, bool wants, struct mk_sight *ret);
void mk_print(const struct mk_kube *k);

/* A request to Kubernetes that was stopped on its way. */
struct mk_late {
	uint8_t kind; /* 1 + of the action; 0: none */
	uint8_t version, run, node, companion, attempt, gives_up, turned_down;
};
bool mk_late_make(const struct action *a, struct mk_late *ret); /* false: it is another's */
void mk_late_action(const struct mk_late *l, struct action *ret);
/* Of versions nothing is ever asked but whether they are the same, of attempts which came first:
 * that KubeVirt let a migration fail a hundred times is no other state than that it did so ten
 * times. Without this there are 256 of each, and the search has no end. k: as it is; seen: as it is
 * known. */
void mk_plain(struct mk_kube *k, struct mk_kube *seen, struct mk_late *l);

#endif
