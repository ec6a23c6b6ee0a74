/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A world of one job, written as words, for tests of the rules: a row of a table is a sentence.
 *
 * JOB, what Slurm and vmd's own progress have
 *   phase:        pending running ending ended absent unknown (no list) live (known by id only)
 *                 r1 r2 (restarts) normal abnormal (how it ended)
 *   request:      batch scratch badimage bob slurm (owner) never always (keep)
 *                 from16 fromkey (starts from the disk kept of job 16, by key)
 *                 attach attach:ro (asks for alice's named disk "data")
 *   time:         ends:N (the limit of 10000 s is over in N s) short:N (one of 600 s)
 *                 warned:N (N s ago) told:N (told to end, N s ago)
 *   progress:     failed lately ready unrecorded recording
 *                 hook (the site's, for READY) answers:N (READY since N s) told (the hook was)
 *   nodes:        s1 s2 s3 (Slurm's n1 to n3, with :drained or :ours, by vmd for Kubernetes)
 *   move:         drained fan:USER requeue held aimed:NODE (asked_node) migrate:NODE pause late
 *                 moved (this run is a move's) marked (the next will be) alone waits noted heard
 *                 drain:CHOICE site:CHOICE (--vm-on-drain, vmd.yaml)
 *                 nodes:LIST (where its VM has been, by its record)
 *   companions:   companion:PHASE@NODE, up to two, job ids 23 and 24; of the last one:
 *                 not:n2 (must not get n2) limit (waits for one; or the job that waits does)
 *                 for:UID (of that VM) large (has 4 CPUs) holds:N (so many)
 *                 claims (has the job's record)
 *                 excludes:n2 (of the job)
 *   heirs:        noshell heir (it names companion 23) as17 (it is job 23, the heir of 17)
 *   growth:       grow grows (it is to have 4 CPUs: progress, record) grows:N (by the record)
 *   reservations: reserves (the site's choice) reserves-own (the job's)
 *                 reserved:ID (it waits in that for companion ID) reservation:NAME (is listed)
 *
 * SEEN, what Kubernetes and Ceph show (little_seen.c)
 *   VMs:          vm0:PHASE vm1:PHASE, with @NODE behind
 *                 (PHASE: starting running stopped failed deleting)
 *                 foreign oddkey (not ours) nouid (the VM has none) agent (it has one)
 *   disks:        disk scratch, with :kept :old :open :removing :unreadable
 *                 :fenced :refenced (for another VM); extra: a scratch disk that came since
 *                 other (the root disk of job 16, alice's) other2 (of another job 16), with :kept
 *                 :old :removing :unreadable :bobs :bare (no origin) :plain (not kept)
 *                 :taken :takenkept (over by job 17)
 *   named disk:   named, with :claimed :reads :leaving (by the job) :others :othersread (by job 18)
 *                 :both (it and 18 read) :unreadable :fenced :refenced (claimed and so)
 *   volumes:      pv pvc secret, with :deleting :nouid, of the Secret :incomplete, of the PV :other
 *                 (for another PVC of the same name); pv1 pvc1 of run 1; pv2 pvc2 of the scratch
 *                 disk; pvo of other; pve pvce of extra; pvcx (its name has no run)
 *                 pvd pvcd pvro of the named disk in run 0, and a reader's PV
 *   hotplug:      vol: the VM before has the named disk, vol:wanted: its template alone,
 *                 vol:given: its instance still; volx of extra
 *   nodes:        n1 n2 n3, with :ready :unready (lately) :lost :out (of service, lately) :cordoned
 *                 :fromslurm :fromkube (cordoned, and marked so) :uncordoned (from Slurm,
 *                 schedulable) :overruled (marked so) :again (the same, cordoned) :back (from
 *                 Kubernetes, schedulable) :foreign
 *   lists:        ?vms ?disks ?named ?pvs ?pvcs ?secrets ?moves ?nodes: not known
 *   move of the VM before:
 *                 wants:NODE given:NODE (else where it is) came:NODE (by the last migration)
 *                 sending (our migration) theirs (KubeVirt's own, new) stale (the same, older than
 *                 the companion) bound (as old as it) found (as old, and it has found its node)
 *                 unplaced (for two minutes) placing (theirs has found no node yet)
 *                 failed:N succeeded (our last, attempt N) before:N (the same, of companion 30)
 *                 given-up turned-down:ID,ID evacuating blocked
 *                 sockets:WGH (told, taken over, had by the guest; one CPU each, 4 at most)
 *
 * FLIGHT: ~KIND (in flight) +KIND (succeeded, not seen yet) !KIND (no answer) -KIND (refused); KIND
 * as in action_name, on the object of that kind: vm0 by create-vm, scratch by create-disk.
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
