/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A world of one job, written as words, for tests of the rules: a row of a table is a sentence.
 *
 * job:  pending running ending ended absent unknown(no list) ; r1 r2 (restarts) batch scratch
 *       s1 s2 s3 (Slurm's nodes n1 to n3; :drained :ours (by vmd, for Kubernetes) behind)
 *       drain:CHOICE site:CHOICE (--vm-on-drain, vmd.yaml)
 *       nodes:LIST (where its VM has been, by its record)
 *       drained requeue held aimed:NODE (asked_node) moved (this run is a move's) marked (the next
 *       will be) migrate:NODE pause alone waits late ; companion:PHASE@NODE, up to two, job ids 23,
 * 24 noshell heir (it names companion 23) claims (the last companion has its record) as17 (it is
 *       job 23, the heir of 17)
 *       grow grows (it is to have 4 CPUs: progress, record) large (the last companion is of that
 * size) holds:N (so many CPUs) grows:N (by the record, N CPUs) (not:n2: the last one must not get
 *       n2; excludes:n2: nor the job; limit: it, or the job that waits, waits for a limit)
 *       reserves (the site's choice) reserves-own (the job's) reserved:ID (it waits in that for
 *       companion ID) reservation:NAME (is listed)
 *       from16 fromkey (starts from the disk kept of job 16, by key) bob slurm (owner)
 *       hook (the site's, for READY) answers:N (READY since N s) told (the hook was)
 *       warned:N (N s ago) ends:N (the limit of 10000 s is over in N s) short:N (one of 600 s)
 *       normal abnormal never always(keep) ; failed ready(progress) live(known by id only)
 * seen: vm0:PHASE vm1:PHASE (PHASE: starting running stopped failed deleting, with @NODE behind)
 *       disk scratch pv pvc secret, each with :kept :old :open :removing :unreadable, or :deleting
 *       :nouid, of the Secret :incomplete
 * :fenced :refenced (for another VM) behind; n1 n2 n3 (nodes) with :ready :unready (lately) :lost
 * :out (of service, lately) :cordoned :fromslurm :fromkube (cordoned, and marked so) :uncordoned
 * (from Slurm, schedulable) :overruled (marked so) :again (the same, cordoned) :back (from
 * Kubernetes, schedulable) :foreign, ?nodes; other: the root
 * disk of job 16, alice's (other2: of another job 16), with :kept :old :removing :unreadable :bobs
 * :bare (no origin) :plain (not kept) :taken :takenkept (over by job 17), pvo its PV then; pv1 pvc1
 * of run 1; pv2 pvc2 of the scratch disk; pv:other (for another PVC of the same name); pvcx (its
 * name has no run); foreign oddkey (not ours); nouid (the VM has none) agent (it has one); ?vms
 * ?disks ?pvs ?pvcs ?secrets ?moves (unknown); of the VM before: wants:NODE given:NODE (else where
 * it is) evacuating blocked sending (our migration) theirs (KubeVirt's own, new) stale (the same,
 * older than the companion) bound (as old as it) found (as old, and it has found its node) unplaced
 * (for two minutes) placing (theirs has found no node yet) failed:N succeeded (our last migration,
 * attempt N) before:N (the same, of companion 30) came:NODE (by the last one) sockets:WGH (told,
 * taken over, had by the guest; one CPU each, 4 at most);
 * attach attach:ro: the job asks for alice's named disk "data"; named: it is there, with :claimed
 * :reads :leaving (by the job) :others :othersread (by job 18) :both (it and 18 read) :unreadable
 * :fenced :refenced (claimed and so); pvd pvcd pvro its PV and PVC of run 0, a reader's PV; ?named;
 * extra: a scratch disk that came since, with :removing; pve pvce volx as pvd pvcd vol
 * vol: the VM before has it, vol:wanted: its template alone, vol:given: its instance still
 * flight: ~KIND (in flight), +KIND (succeeded, not seen yet), !KIND (no answer), -KIND (refused);
 * KIND as in action_name, on the object of that kind; vm0 is meant by create-vm, scratch by
 * create-disk
 */
#ifndef TESTS_UNIT_LITTLE_WORLD_H
#define TESTS_UNIT_LITTLE_WORLD_H

#include "vmd/reconcile/plan.h"

#define LITTLE_KEY    "17-9f3c12ab45de6701"
#define LITTLE_OTHER  "16-00000000000000aa"
#define LITTLE_NOW_US INT64_C(1000000000)
#define LITTLE_NOW_S  INT64_C(1700000000)

struct little_world {
	struct image image;
	struct catalogue catalogue;
	struct policy policy;
	struct job job;
	uint32_t live[2]; /* 17, 18 */
	struct companion companion[3];
	struct reservation reservation[3];
	struct desired want;
	struct vm_seen vm[4];
	struct disk_seen disk[4];
	struct named_disk named[2];
	struct attachment attachment[4];
	struct volume_seen pv[4], pvc[4], secret[2];
	struct node_seen node[3];
	struct slurm_node slurm_node[3];
	struct observed seen;
	struct inflight flight;
	struct progress progress;
	struct plan_context context;
};

/* Ends the test program when a word is not understood. Freed by little_world_done. */
void little_world_init(struct little_world *w, const char *job, const char *seen,
		       const char *flight);
void little_world_done(struct little_world *w);
/* "clone-disk:root create-secret", in the order of the plan. */
const char *little_plan_text(const struct plan *p, char *buf, size_t size);

#endif
