/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A row for every rule of plan(). The words are explained in little_world.h. */
#include "tests/unit/check_main.h"
#include "tests/unit/little_row.h"
#include "vmd/base/str.h"
#include "vmd/reconcile/plan_rules.h"

#include <check.h>
#include <string.h>

#define ALL  "disk pv pvc secret"
#define RUN1 "disk pv1 pvc1 secret" /* the same of run 1 */

/* clang-format off */
static const struct little_row rows[] = {
	/* unknown is not empty */
	{"no list of jobs: nothing at all", "unknown", "vm0:running " ALL, "", ""},
	{"no list of VMs: nothing is removed", "ended normal", ALL " ?vms", "", ""},
	{"part of a list of VMs: none of it goes", "pending r1", "vm0:running " ALL " ?vms", "",
	 ""},
	{"... nor while the job ends", "ending", "vm0:running " ALL " ?vms", "", ""},
	{"no list of VMs: nothing is made", "running", ALL " ?vms", "", ""},
	{"no list of disks: none is made", "running", "?disks", "",
	 "create-pvc:r0-root create-secret"},
	{"no list of PVs: none is made", "running", "disk pvc secret ?pvs", "", ""},
	{"no list of PVCs: none is made", "running", "disk pv secret ?pvcs", "", ""},
	{"no list of Secrets: none is made, no VM", "running", "disk pv pvc ?secrets", "", ""},
	{"no list of PVCs: neither PV nor disk goes", "ended normal", "disk pv secret ?pvcs", "",
	 ""},
	{"no list of PVs: no disk goes", "ended normal", "disk secret ?pvs", "", ""},
	{"no list of disks: the Secret stays", "ended normal", "secret ?disks", "", ""},
	{"no list of Secrets: none goes", "ended normal", "secret ?secrets", "", ""},

	/* made in order */
	{"pending: nothing is made", "pending", "", "", ""},
	{"running: disk, PVC and Secret first", "running", "", "",
	 "clone-disk:root create-pvc:r0-root create-secret"},
	{"then the PV", "running", "disk pvc secret", "", "create-pv:root"},
	{"no PV before the disk", "running", "pvc secret", "", "clone-disk:root"},
	{"no PV before the PVC", "running", "disk secret", "", "create-pvc:r0-root"},
	{"no PV for a PVC whose uid is not known", "running", "disk pvc:nouid secret", "", ""},
	{"no PV for a PVC that goes", "running", "disk pvc:deleting secret", "", ""},
	{"the VM last", "running", ALL, "", "create-vm:r0"},
	{"and then nothing", "running", "vm0:running " ALL, "", ""},
	{"no VM without Secret", "running", "disk pv pvc", "", "create-secret"},
	{"scratch disk likewise", "running scratch", ALL, "",
	 "create-disk:scratch create-pvc:r0-scratch"},
	{"both disks side by side", "running scratch", "scratch secret", "",
	 "clone-disk:root create-pvc:r0-root create-pvc:r0-scratch"},
	{"scratch disk's PVC", "running scratch", ALL " scratch", "", "create-pvc:r0-scratch"},
	{"scratch disk's PV", "running scratch", ALL " scratch pvc2", "", "create-pv:scratch"},
	{"all of both disks: VM", "running scratch", ALL " scratch pv2 pvc2", "", "create-vm:r0"},
	{"a VM that is there is enough", "running", "vm0:starting", "", ""},
	{"a deleted VM is waited for", "running", "vm0:deleting " ALL, "", ""},
	{"a PV that goes is waited for", "running", "disk pv:deleting pvc secret", "", ""},
	{"a PVC that goes is waited for", "running", "disk pv pvc:deleting secret", "", ""},
	{"a Secret that goes is waited for", "running", "disk pv pvc secret:deleting", "", ""},
	{"the rest of a removed disk is no disk", "running", "disk:removing pvc secret", "",
	 "remove-disk:root"},
	{"an image that is not in the catalogue: nothing is made", "running badimage", "", "", ""},
	{"... but a VM that runs is left alone", "running badimage", "vm0:running " ALL, "", ""},

	/* in flight */
	{"one action per object", "running", "", "~clone-disk ~create-pvc ~create-secret", ""},
	{"a Secret without its parts is made whole first", "running", "disk pv pvc secret:incomplete",
	 "", "create-secret"},
	{"... one attempt at a time", "running", "disk pv pvc secret:incomplete", "~create-secret",
	 ""},
	{"... when that was done just now its parts are believed", "running",
	 "disk pv pvc secret:incomplete", "+create-secret", "create-vm:r0"},
	{"... one that goes is waited for", "running", "disk pv pvc secret:deleting", "", ""},
	{"a disk that was made just now is believed", "running", "pvc", "+clone-disk +create-secret",
	 "create-pv:root"},
	{"a PVC that was made just now is not made again, but its uid is not known", "running",
	 "disk secret", "+create-pvc", ""},
	{"a PV that was made just now is not made again, but who has it must be seen", "running",
	 "disk pvc secret", "+create-pv", ""},
	{"a Secret too", "running", "disk pv pvc", "+create-secret", "create-vm:r0"},
	{"a VM that was made just now is not made again", "running", ALL, "+create-vm", ""},
	{"a VM whose making had no answer is made again", "running", ALL, "!create-vm",
	 "create-vm:r0"},
	{"a disk removed just now is not there, whatever the list says", "running", "disk pvc secret",
	 "+remove-disk", ""},
	{"nor one whose removal is under way", "running", "disk pvc secret", "~remove-disk", ""},
	{"nor one whose removal had no answer", "running", "disk pvc secret",
	 "!remove-disk", ""},
	{"a PVC deleted just now likewise", "running", ALL, "+delete-pvc", ""},
	{"a Secret deleted just now likewise", "running", ALL, "+delete-secret", ""},

	/* incarnations */
	{"requeued: the old VM goes, the rest stays", "pending r1", "vm0:running " ALL, "",
	 "delete-vm:r0"},
	{"runs again: the old VM goes first", "running r1", "vm0:running " ALL, "",
	 "delete-vm:r0"},
	{"... and is waited for", "running r1", "vm0:deleting " ALL, "", ""},
	{"... then its PVC goes, and the new one's comes", "running r1", ALL, "",
	 "delete-pvc:r0-root create-pvc:r1-root"},
	{"... then the PV, which is for the old one", "running r1", "disk pv pvc1 secret", "",
	 "delete-pv:root"},
	{"... even if it is being bound", "running r1", "disk pv pvc pvc1 secret", "",
	 "delete-pvc:r0-root delete-pv:root"},
	{"... and is waited for", "running r1", "disk pv:deleting pvc1 secret", "", ""},
	{"... then it is made for the new one", "running r1", "disk pvc1 secret", "",
	 "create-pv:root"},
	{"... then the new VM comes, with the old disk", "running r1", RUN1, "", "create-vm:r1"},
	{"requeued: when the VM is gone its PVC goes", "pending r1", ALL, "",
	 "delete-pvc:r0-root"},
	{"... then the PV", "pending r1", "disk pv secret", "", "delete-pv:root"},
	{"... disk and Secret stay", "pending r1", "disk secret", "", ""},
	{"an old VM that may come up does no harm", "running r1", RUN1, "!create-vm",
	 "create-vm:r1"},
	{"... and goes when it has", "running r1", "vm0:starting vm1:running " RUN1, "",
	 "delete-vm:r0"},
	{"an old PVC that came up late goes", "running r1", "vm1:running pvc " RUN1, "",
	 "delete-pvc:r0-root"},
	{"a PVC of ours whose name has no run goes", "running r1", "vm1:running pvcx " RUN1, "",
	 "delete-pvc:root"},
	{"a PV for an earlier PVC of the same name goes", "running", "disk pv:other pvc secret", "",
	 "delete-pv:root"},
	{"both there: the old one goes", "running r1", "vm0:running vm1:starting " ALL, "",
	 "delete-vm:r0"},
	{"of a later run than Slurm told: the VM is left alone", "running", "vm1:running " RUN1, "",
	 ""},
	{"... its PVC and PV too", "running", "disk pv1 pvc pvc1 secret", "", ""},
	{"... though the job has ended", "ended normal", "vm1:running " RUN1, "", ""},
	{"... or is ending", "ending", RUN1, "", ""},
	{"a job that waits is not known to run: what is there of that run is left alone",
	 "pending", "vm0:running " ALL, "", ""},
	{"... its PVC and PV too", "pending", ALL, "", ""},
	{"... but not when Slurm does not know the job", "absent", "vm1:running " RUN1, "",
	 "delete-vm:r1"},
	{"... nor its PVC", "absent", RUN1, "", "delete-pvc:r1-root"},

	/* wrong node */
	{"on another node than allocated: it goes", "running", "vm0:starting@n2 " ALL, "",
	 "delete-vm:r0"},
	{"... and is made again", "running", ALL, "", "create-vm:r0"},
	{"the same node with its domain is no other node", "running",
	 "vm0:running@n1.example.org " ALL, "", ""},
	{"n10 is not n1", "running", "vm0:starting@n10 " ALL, "", "delete-vm:r0"},
	{"a stopped guest is nowhere", "running", "vm0:stopped@n2 " ALL, "", "end-job"},

	/* removed in order */
	{"ending: the VM goes", "ending", "vm0:running " ALL, "", "delete-vm:r0"},
	{"ending: its PVC goes", "ending", ALL, "", "delete-pvc:r0-root"},
	{"ending: disk and Secret stay, it may be a requeue", "ending", "disk secret", "", ""},
	{"ended: the VM first", "ended normal", "vm0:running " ALL, "", "delete-vm:r0"},
	{"a VM being deleted is waited for", "ended normal", "vm0:deleting " ALL, "", ""},
	{"a VMI without VM is waited for", "ended normal", "vm0:running nouid " ALL, "", ""},
	{"a VM that may come up could not start: nothing waits for it", "ended normal", ALL,
	 "!create-vm", "delete-pvc:r0-root"},
	{"... nor for one under way", "ended normal", "disk secret", "~create-vm",
	 "remove-disk:root"},
	{"then the PVC", "ended normal", ALL, "", "delete-pvc:r0-root"},
	{"which is waited for", "ended normal", "disk pv pvc:deleting secret", "", ""},
	{"then the PV", "ended normal", "disk pv secret", "", "delete-pv:root"},
	{"then the disk", "ended normal", "disk secret", "", "remove-disk:root"},
	{"unless somebody has it open", "ended normal", "disk:open secret", "", ""},
	{"the Secret last", "ended normal", "secret", "", "delete-secret"},
	{"all disks", "ended normal", "disk scratch secret", "",
	 "remove-disk:root remove-disk:scratch"},
	{"a PVC that may come up is waited for", "ended normal", "disk pv secret", "!create-pvc",
	 ""},
	{"a disk that may come up is waited for", "ended normal", "secret", "!clone-disk", ""},
	{"nothing left, nothing to do", "ended normal", "", "", ""},
	{"a PVC that no precondition can name is waited for", "ended normal",
	 "disk pv pvc:nouid secret", "", ""},
	{"a PV likewise", "ended normal", "disk pv:nouid secret", "", ""},
	{"a Secret likewise", "ended normal", "secret:nouid", "", ""},
	{"a PV that goes is waited for", "ended normal", "disk pv:deleting secret", "", ""},
	{"a Secret that goes is not deleted again", "ended normal", "secret:deleting", "", ""},
	{"one deletion of a PVC at a time", "ended normal", ALL, "~delete-pvc", ""},
	{"an incomplete Secret goes as a whole one", "ended normal", "secret:incomplete", "",
	 "delete-secret"},
	{"one deletion of a Secret at a time", "ended normal", "secret", "~delete-secret", ""},

	/* a disk that cannot be read */
	{"nothing is made of it", "running", "disk:unreadable pvc secret", "", ""},
	{"... of the other one everything but the VM", "running scratch",
	 "disk:unreadable scratch pvc pvc2 secret", "", "create-pv:scratch"},
	{"its guest runs on", "running", "vm0:running disk:unreadable pv pvc secret", "", ""},
	{"ended: what leads to it goes", "ended normal", "disk:unreadable pv secret", "",
	 "delete-pv:root"},
	{"... it stays, and all that is behind it", "ended normal", "disk:unreadable secret", "",
	 ""},
	{"... nor is it said to be kept", "ended abnormal", "disk:unreadable secret", "", ""},
	{"... nor for a job that nobody knows", "absent", "disk:unreadable", "", ""},
	{"... beside one that goes", "ended normal", "disk:unreadable scratch secret", "",
	 "remove-disk:scratch"},
	{"failed: it is not marked", "running failed ready", "vm0:failed disk:unreadable pv pvc secret",
	 "", "record"},
	{"near the limit: it is not marked", "running ends:110",
	 "vm0:running disk:unreadable pv pvc secret", "", ""},
	{"another job's is no reason to wait", "running", "other:unreadable pvc secret", "",
	 "clone-disk:root"},
	{"... but for the one that is to start from it", "running from16",
	 "other:unreadable pvc secret", "", ""},

	/* kept disks */
	{"abnormal end: the root disk is marked", "ended abnormal", "disk scratch secret", "",
	 "keep-disk:root remove-disk:scratch"},
	{"a marked one stays, the Secret goes", "ended abnormal", "disk:kept secret", "",
	 "delete-secret"},
	{"until its time is over", "ended abnormal", "disk:old secret", "", "remove-disk:root"},
	{"keep=never", "ended abnormal never", "disk secret", "", "remove-disk:root"},
	{"keep=never, though marked", "ended normal never", "disk:kept", "", "remove-disk:root"},
	{"keep=always", "ended normal always", "disk secret", "", "keep-disk:root"},
	{"marked before vmd ended the job", "ended normal", "disk:kept secret", "",
	 "delete-secret"},
	{"the rest of a removed disk is not kept", "ended abnormal", "disk:removing", "",
	 "remove-disk:root"},
	{"one mark at a time", "ended abnormal", "disk secret", "~keep-disk", ""},
	{"one mark at a time, when it is taken off", "running r1", "vm1:running disk:kept pv1 pvc1 secret",
	 "~keep-disk", ""},
	{"a kept disk does not hide another one", "ended abnormal", "disk:kept scratch:open secret",
	 "", ""},
	{"a job that runs again loses the mark", "running r1",
	 "vm1:running disk:kept pv1 pvc1 secret", "", "keep-disk:root"},

	/* from the kept disk of another job */
	{"the kept disk is taken over", "running from16", "other:kept secret", "",
	 "take-disk:other create-pvc:r0-root"},
	{"... by its job's key, too", "running fromkey", "other:kept secret", "",
	 "take-disk:other create-pvc:r0-root"},
	{"... when its time is over, too: it is there", "running from16", "other:old secret", "",
	 "take-disk:other create-pvc:r0-root"},
	{"a job that waits for a node holds it beyond its time", "pending from16", "other:old",
	 "", ""},
	{"... which one that may not have it does not", "pending from16 bob", "other:old", "",
	 "remove-disk:other"},
	{"... nor one that has ended", "ended from16", "other:old", "", "remove-disk:other"},
	{"what was taken just now is believed", "running from16", "other:kept secret pvc",
	 "+take-disk", "create-pv:other"},
	{"it gets a PV of its own name", "running from16", "other:taken secret pvc", "",
	 "create-pv:other"},
	{"... and a VM", "running from16", "other:taken secret pvo pvc", "", "create-vm:r0"},
	{"with a scratch disk of its own", "running from16 scratch", "other:kept secret pvc pvc2",
	 "", "take-disk:other create-disk:scratch"},
	{"the mark of its old job goes", "running from16", "vm0:running other:takenkept pvo pvc secret",
	 "", "keep-disk:other"},
	{"what is not there is not made of the image", "running from16", "secret", "", ""},
	{"... nor for another user", "running from16 bob", "other:kept secret", "", ""},
	{"what was recovered is kept again, whatever the end", "ended normal from16",
	 "other:taken secret", "", "keep-disk:other"},
	{"... unless that is not wanted", "ended normal from16 never", "other:taken secret", "",
	 "remove-disk:other"},

	/* its users are warned, 600 and 60 s before the guest is shut down (120 s before the end) */
	{"too early", "running ends:721", "vm0:running agent " ALL, "", ""},
	{"the first warning", "running ends:720", "vm0:running agent " ALL, "", "warn-guest:r0"},
	{"... once", "running ends:715 warned:3", "vm0:running agent " ALL, "", ""},
	{"... or late, after vmd was away", "running ends:300", "vm0:running agent " ALL, "",
	 "warn-guest:r0"},
	{"... one at a time", "running ends:720", "vm0:running agent " ALL, "~warn-guest", ""},
	{"the second", "running ends:180 warned:400", "vm0:running agent " ALL, "",
	 "warn-guest:r0"},
	{"only the last that is due", "running ends:150", "vm0:running agent " ALL, "",
	 "warn-guest:r0"},
	{"... and then none more", "running ends:150 warned:10", "vm0:running agent " ALL, "", ""},
	{"a guest without an agent is not told", "running ends:720", "vm0:running " ALL, "", ""},
	{"nor one that starts", "running ends:720", "vm0:starting agent " ALL, "", ""},
	{"a limit that was raised: again", "running ends:720 warned:9000",
	 "vm0:running agent " ALL, "", "warn-guest:r0"},
	{"a short job is not warned of what was so when it began", "running short:590",
	 "vm0:running agent " ALL, "", ""},
	{"... but of the rest", "running short:110", "vm0:running agent " ALL, "", "warn-guest:r0"},

	/* the site's program is told of READY */
	{"told when it is READY", "running hook answers:0", "vm0:running agent " ALL, "",
	 "tell-ready:r0"},
	{"... once", "running hook answers:3 told", "vm0:running agent " ALL, "", ""},
	{"... one at a time", "running hook answers:0", "vm0:running agent " ALL, "~tell-ready", ""},
	{"... also late", "running hook answers:600", "vm0:running agent " ALL, "", "tell-ready:r0"},
	{"... but then it is no news", "running hook answers:601", "vm0:running agent " ALL, "", ""},
	{"no program, nothing told", "running answers:0", "vm0:running agent " ALL, "", ""},
	{"not before it is READY", "running hook", "vm0:running agent " ALL, "", ""},
	{"READY in the run before: that VM goes first", "running r1 hook answers:0",
	 "vm0:running " ALL, "", "delete-vm:r0"},

	/* the job's time is nearly over: 120 s before, and no more than a tenth of it */
	{"not yet", "running ends:121", "vm0:running " ALL, "", ""},
	{"then the disk is marked first", "running ends:120", "vm0:running " ALL, "",
	 "keep-disk:root"},
	{"... and the guest shut down", "running ends:120", "vm0:running disk:kept pv pvc secret", "",
	 "delete-vm:r0"},
	{"... and waited for", "running ends:60", "vm0:deleting disk:kept pv pvc secret", "", ""},
	{"... and not made again", "running ends:1", "disk:kept pv pvc secret", "", ""},
	{"nor made at all so late", "running ends:1", "", "", ""},
	{"what cannot be marked in half of the time goes without", "running ends:61",
	 "vm0:running " ALL, "~keep-disk", ""},
	{"... that is, in the second half", "running ends:60", "vm0:running " ALL, "~keep-disk",
	 "delete-vm:r0"},
	{"nobody knows the disks: the same", "running ends:60",
	 "vm0:running pv pvc secret ?disks", "", "delete-vm:r0"},
	{"nothing is to be kept: at once", "running ends:120 never", "vm0:running " ALL, "",
	 "delete-vm:r0"},
	{"a short job has a tenth of its limit", "running short:61", "vm0:running " ALL, "", ""},
	{"... for its farewell", "running short:60", "vm0:running disk:kept pv pvc secret", "",
	 "delete-vm:r0"},
	{"a guest that went by itself ended the job", "running ends:100",
	 "vm0:stopped disk:kept pv pvc secret", "", "end-job"},
	{"a raised limit: it is wanted again", "running ends:500", "disk:kept pv pvc secret", "",
	 "keep-disk:root create-vm:r0"},
	{"nobody knows the VMs: none goes", "running ends:100", ALL " ?vms", "", ""},
	{"a job that waits has no end yet", "pending ends:100", "disk secret", "", ""},
	{"the time-out itself: it is kept, the mark stays", "ended abnormal ends:0",
	 "disk:kept secret", "", "delete-secret"},

	/* of jobs that Slurm does not know */
	{"unknown job: the VM goes", "absent", "vm0:running " ALL, "", "delete-vm:r0"},
	{"then the PVC", "absent", ALL, "", "delete-pvc:r0-root"},
	{"nobody knows how it ended: the root disk is kept for a time", "absent",
	 "disk scratch secret", "", "keep-disk:root remove-disk:scratch"},
	{"... which ends", "absent", "disk:old secret", "", "remove-disk:root"},
	{"the Secret", "absent", "disk:kept secret", "", "delete-secret"},
	{"a job that lives but whose request is not readable: left alone", "absent live",
	 "vm0:running " ALL, "", ""},
	{"nothing without our mark is touched", "absent", "foreign", "", ""},
	{"nor what has a mark that is no job's key", "absent", "oddkey", "", ""},
	{"nor taken for ours", "running", "foreign", "",
	 "clone-disk:root create-pvc:r0-root create-secret"},

	/* ends */
	{"the guest shut down: the job is done", "running", "vm0:stopped " ALL, "", "end-job"},
	{"that is said once in a while only", "running", "vm0:stopped " ALL, "+end-job", ""},
	{"failed: the job is ended", "running failed", "vm0:failed " ALL, "", "end-job"},
	{"failed: nothing more is made", "running failed", "", "", "end-job"},
	{"failed batch job: its script may say why first", "running lately batch",
	 "vm0:failed " ALL, "", ""},
	{"... but not for ever", "running failed batch", "vm0:failed " ALL, "", "end-job"},
	{"nobody waits in an allocation: at once", "running lately", "vm0:failed " ALL, "",
	 "end-job"},
	{"was ready: what was computed is kept first", "running failed ready", "vm0:failed " ALL,
	 "", "record keep-disk:root"},
	{"... then the job is ended", "running failed ready",
	 "vm0:failed disk:kept pv pvc secret", "", "record end-job"},
	{"... unless nothing is to be kept", "running failed ready never", "vm0:failed " ALL, "",
	 "record end-job"},
	{"... not twice", "running failed ready", "vm0:failed " ALL, "~keep-disk", "record"},
	{"... nor ended while nobody knows the disks", "running failed ready",
	 "vm0:failed pv pvc secret ?disks", "", "record"},
	{"... nor kept when its removal began", "running failed ready",
	 "vm0:failed disk:removing secret", "", "record end-job"},
	{"... nor is scratch kept", "running failed ready", "vm0:failed disk:kept scratch secret",
	 "", "record end-job"},

	/* the job's record */
	{"a new state is recorded", "running unrecorded", "vm0:running " ALL, "", "record"},
	{"one record at a time", "running unrecorded recording", "vm0:running " ALL, "", ""},
	{"also when the views are unknown", "running unrecorded", "?vms", "", "record"},
	{"not for a job that has ended: Slurm refuses it", "ended normal unrecorded", "", "", ""},
};
/* clang-format on */

START_TEST(plan_rows)
{
	static struct plan out;

	little_row_check(&rows[_i], &out);
}
END_TEST

/* What an action carries: preconditions, specification, texts. */
START_TEST(delete_has_precondition)
{
	static struct plan out;
	struct little_world w;

	little_plan(&w, "ending", "vm0:running " ALL, &out);
	ck_assert_uint_eq(out.n, 1);
	ck_assert_str_eq(out.act[0].uid, "u-vm");
	ck_assert_str_eq(out.act[0].version, "7");
	ck_assert_str_eq(out.act[0].job_key, LITTLE_KEY);
	ck_assert_uint_eq(out.act[0].job_id, 17);
	little_world_done(&w);

	/* Of a volume or a Secret the state is no reason: that its binding moved on says nothing.
	 */
	little_plan(&w, "ended", "pvc", &out);
	ck_assert_str_eq(out.act[0].uid, "u-volume");
	ck_assert_str_eq(out.act[0].version, "");
	little_world_done(&w);
	little_plan(&w, "ended", "secret", &out);
	ck_assert_str_eq(out.act[0].uid, "u-volume");
	ck_assert_str_eq(out.act[0].version, "");
	little_world_done(&w);
}
END_TEST

START_TEST(volumes_are_deleted_by_uid)
{
	static const char *const worlds[] = {ALL, "disk pv secret", "secret"};
	static struct plan out;
	struct little_world w;

	for (size_t i = 0; i < ARRAY_LEN(worlds); i++) {
		little_world_init(&w, "ended normal", worlds[i], "");
		plan(&w.want, &w.seen, &w.context, &out);
		ck_assert_uint_eq(out.n, 1);
		ck_assert_str_eq(out.act[0].uid, "u-volume");
		ck_assert_str_eq(out.act[0].version, "");
		little_world_done(&w);
	}
}
END_TEST

/* An image without a user of its own makes an account of the job's. */
START_TEST(user_of_the_job)
{
	static struct plan out;
	struct little_world w;

	little_world_init(&w, "running", ALL, "");
	w.image.user[0] = '\0';
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_str_eq(out.act[0].user, "alice");
	ck_assert_str_eq(out.act[0].vm.user, "alice");
	little_world_done(&w);
	little_world_init(&w, "running", "disk pv pvc", "");
	w.image.user[0] = '\0';
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_int_eq(out.act[0].kind, ACT_CREATE_SECRET);
	ck_assert_str_eq(out.act[0].user, "alice");
	little_world_done(&w);
}
END_TEST

/* A Secret's parts tell the guest its drives: they need its owner and its image, whoever makes
 * them. A script goes with the VM where there is one to be run. */
START_TEST(drives_of_the_job)
{
	static struct plan out;
	struct little_world w;

	little_plan(&w, "running", "disk pv pvc", &out);
	ck_assert_int_eq(out.act[0].kind, ACT_CREATE_SECRET);
	ck_assert_str_eq(out.act[0].vm.owner, "alice");
	ck_assert_str_eq(out.act[0].vm.image, w.image.name);
	little_world_done(&w);
	for (int windows = 0; windows <= 1; windows++) {
		for (size_t n = 0; n <= 1; n++) {
			little_world_init(&w, "running", ALL, "");
			w.image.profile = windows ? VM_PROFILE_WINDOWS : VM_PROFILE_LINUX;
			w.image.n_share = n;
			plan(&w.want, &w.seen, &w.context, &out);
			ck_assert_int_eq(out.act[0].kind, ACT_CREATE_VM);
			ck_assert_str_eq(out.act[0].vm.owner, "alice");
			ck_assert_int_eq(out.act[0].vm.user_data, !windows);
			little_world_done(&w);
		}
	}
}
END_TEST

/* A disk that cannot be kept does not hold a failed job for ever; a site may keep nothing. */
START_TEST(keeping_has_an_end)
{
	static struct plan out;
	struct little_world w;
	char text[256];

	little_world_init(&w, "running failed ready", "vm0:failed " ALL, "~keep-disk");
	w.progress.failed_us = LITTLE_NOW_US - w.policy.trouble_timeout_s * 1000000;
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_str_eq(little_plan_text(&out, text, sizeof(text)), "record end-job");
	w.progress.failed_us++;
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_str_eq(little_plan_text(&out, text, sizeof(text)), "record");
	little_world_done(&w);
	little_world_init(&w, "running failed ready", "vm0:failed " ALL, "");
	w.policy.keep_s = 0;
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_str_eq(little_plan_text(&out, text, sizeof(text)), "record end-job");
	little_world_done(&w);
	little_world_init(&w, "ended abnormal", "disk", "");
	w.policy.keep_s = 0;
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_str_eq(little_plan_text(&out, text, sizeof(text)), "remove-disk:root");
	little_world_done(&w);
}
END_TEST

/* The PV says by uid which PVC may have the disk. */
START_TEST(volumes_have_spec)
{
	static struct plan out;
	struct little_world w;
	const struct disk_spec *d = &out.act[0].disk;

	little_plan(&w, "running", "disk pvc secret", &out);
	ck_assert_int_eq(out.act[0].kind, ACT_CREATE_PV);
	ck_assert_str_eq(d->name, "vm-" LITTLE_KEY "-root");
	ck_assert_str_eq(d->claim, "vm-" LITTLE_KEY "-r0-root");
	ck_assert_str_eq(d->claim_uid, "u-volume");
	little_world_done(&w);

	little_plan(&w, "running r1", "disk secret", &out);
	ck_assert_int_eq(out.act[0].kind, ACT_CREATE_PVC);
	ck_assert_str_eq(out.act[0].object, "vm-" LITTLE_KEY "-r1-root");
	ck_assert_str_eq(d->name, "vm-" LITTLE_KEY "-root");
	ck_assert_str_eq(d->claim, "vm-" LITTLE_KEY "-r1-root");
	ck_assert_str_eq(d->claim_uid, "");
	little_world_done(&w);
}
END_TEST

START_TEST(create_has_spec)
{
	static struct plan out;
	struct little_world w;
	const struct vm_spec *vm = &out.act[0].vm;
	const struct disk_spec *d = &out.act[0].disk;

	little_plan(&w, "running scratch", ALL " scratch pv2 pvc2", &out);
	ck_assert_uint_eq(out.n, 1);
	ck_assert_str_eq(vm->name, "vm-" LITTLE_KEY "-r0");
	ck_assert_str_eq(vm->secret, "vm-" LITTLE_KEY);
	ck_assert_str_eq(vm->node, "n1");
	ck_assert_str_eq(vm->network, "lan");
	ck_assert_str_eq(vm->user, "user");
	ck_assert_uint_eq(vm->cpus, 2);
	ck_assert_uint_eq(vm->memory_bytes, UINT64_C(234) << 20);
	ck_assert_uint_eq(vm->n_disk, 2);
	ck_assert_str_eq(vm->disk[0].claim, "vm-" LITTLE_KEY "-r0-root");
	ck_assert_str_eq(vm->disk[1].claim, "vm-" LITTLE_KEY "-r0-scratch");
	ck_assert_str_eq(vm->disk[1].name, "scratch");
	little_world_done(&w);

	little_plan(&w, "running", "pvc secret", &out);
	ck_assert_uint_eq(out.n, 1);
	ck_assert_str_eq(d->golden.snapshot, "v1");
	ck_assert_str_eq(d->pool, "rbd");
	ck_assert_uint_eq(d->size_bytes, 0);
	ck_assert_str_eq(d->job_key, LITTLE_KEY);
	little_world_done(&w);

	ck_assert(d->origin.known);
	ck_assert_uint_eq(d->origin.uid, 1000);
	ck_assert_str_eq(d->origin.image, "tiny");
	ck_assert_str_eq(d->origin.revision, "v1");
	ck_assert_uint_eq(d->origin.cpus, 2);
	ck_assert_uint_eq(d->origin.memory_bytes, UINT64_C(512) << 20);
	ck_assert_int_eq(d->origin.limit_s, 0);

	little_plan(&w, "running from16", "other:kept secret", &out);
	ck_assert_int_eq(out.act[0].kind, ACT_TAKE_DISK);
	ck_assert_str_eq(d->name, "vm-" LITTLE_OTHER "-root");
	ck_assert_str_eq(d->from, LITTLE_OTHER);
	ck_assert_str_eq(d->job_key, LITTLE_KEY);
	ck_assert_str_eq(out.act[0].pool, "rbd");
	ck_assert_uint_eq(d->size_bytes, UINT64_C(3) << 30);
	little_world_done(&w);
	/* one disk, one name, one PV: also when another job has it */
	little_plan(&w, "running from16", "other:taken secret pvc", &out);
	ck_assert_int_eq(out.act[0].kind, ACT_CREATE_PV);
	ck_assert_str_eq(out.act[0].object, "vm-" LITTLE_OTHER "-root");
	ck_assert_str_eq(d->name, "vm-" LITTLE_OTHER "-root");
	ck_assert_str_eq(d->claim, "vm-" LITTLE_KEY "-r0-root");
	little_world_done(&w);

	little_plan(&w, "ended abnormal", "disk", &out);
	ck_assert_int_eq(out.act[0].keep_until_s, LITTLE_NOW_S + 3600);
	ck_assert_str_eq(out.act[0].pool, "rbd");
	little_world_done(&w);

	little_plan(&w, "running", "vm0:running disk:kept", &out);
	ck_assert_int_eq(out.act[0].keep_until_s, 0);
	little_world_done(&w);
}
END_TEST

/* Of each kind: a name of its own, a class, and a text that says what it is about. */
START_TEST(actions_have_words)
{
	char text[512];

	for (int k = ACT_CLONE_DISK; k <= ACT_AIM_JOB; k++) {
		struct action a = {.kind = (enum action_kind)k,
				   .job_id = 17,
				   .companion = 23,
				   .object = "thing",
				   .node = "n7",
				   .until_s = k == ACT_AIM_JOB ? 1700000000 : 0,
				   .reason = "because"};
		const char *name = action_name(a.kind);

		ck_assert_str_ne(name, "?");
		for (int other = ACT_CLONE_DISK; other < k; other++)
			ck_assert_str_ne(name, action_name((enum action_kind)other));
		ck_assert_int_le(action_class(a.kind), CLASS_HOOK);
		ck_assert(!(action_creates(a.kind) && action_removes(a.kind)));
		(void)action_text(&a, text, sizeof(text));
		ck_assert(str_starts(text, name));
		ck_assert_ptr_nonnull(strstr(text, " job=17"));
		ck_assert_msg(strstr(text, "thing") || strstr(text, "23") || strstr(text, "n7") ||
				      strstr(text, "because") || k == ACT_REQUEUE_JOB,
			      "%s", text);
		(void)action_text(&a, text, 10); /* cut, not refused */
		ck_assert_uint_eq(strlen(text), 9);
	}
}
END_TEST

START_TEST(warning_says_when)
{
	static const struct {
		const char *job, *text;
	} texts[] = {
		{"running ends:720", "This machine will be shut down in 10 minutes: the time of "
				     "job 17 is over then. Save your work."},
		{"running ends:180", "This machine will be shut down in 60 seconds: the time of "
				     "job 17 is over then. Save your work."},
		{"running ends:209", "This machine will be shut down in 89 seconds: the time of "
				     "job 17 is over then. Save your work."},
		{"running ends:210", "This machine will be shut down in 2 minutes: the time of "
				     "job 17 is over then. Save your work."},
		{"running ends:121", "This machine will be shut down in 1 second: the time of "
				     "job 17 is over then. Save your work."},
	};
	static struct plan out;
	struct little_world w;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		little_world_init(&w, texts[i].job, "vm0:running agent " ALL, "");
		plan(&w.want, &w.seen, &w.context, &out);
		ck_assert_int_eq(out.act[0].kind, ACT_WARN_GUEST);
		ck_assert_str_eq(out.act[0].reason, texts[i].text);
		little_world_done(&w);
	}
	/* a site that does not shut down warns of the end itself */
	little_world_init(&w, "running ends:60", "vm0:running agent " ALL, "");
	w.policy.shutdown_s = 0;
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_int_eq(out.act[0].kind, ACT_WARN_GUEST);
	little_world_done(&w);
}
END_TEST

START_TEST(end_says_how)
{
	static struct plan out;
	struct little_world w;

	little_plan(&w, "running", "vm0:stopped " ALL, &out);
	ck_assert(!out.act[0].job_failed);
	little_world_done(&w);
	little_world_init(&w, "running failed", ALL, "");
	(void)str_copy(w.progress.status.reason, sizeof(w.progress.status.reason),
		       "no such golden");
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert(out.act[0].job_failed);
	ck_assert_str_eq(out.act[0].reason, "no such golden");
	little_world_done(&w);
}
END_TEST

/* n VMs of jobs that Slurm does not know, beside known VMs of jobs that run. */
#define HERD 40
static struct vm_seen herd[2 * HERD];
static struct job herd_job[HERD];

static void herd_make(struct little_world *w, size_t unknown, size_t known)
{
	little_world_init(w, "absent", "", "");
	memset(herd, 0, sizeof(herd));
	for (size_t i = 0; i < unknown + known; i++) {
		struct job j = {
			.id = 100 + (uint32_t)i,
			.phase = JOB_RUNNING,
			.request = {.image = "tiny", .nonce = "00000000000000aa"}
                };

		herd[i] = (struct vm_seen){.uid = "u", .version = "1", .phase = VM_RUNNING};
		(void)vm_name(&j, herd[i].name, sizeof(herd[i].name));
		(void)job_key(&j, herd[i].job_key, sizeof(herd[i].job_key));
		if (i >= unknown)
			herd_job[i - unknown] = j;
	}
	w->want.n = known;
	w->want.job = herd_job;
	w->seen.n_vm = unknown + known;
	w->seen.vm = herd;
	w->context.progress = NULL;
	world_sort(&w->want, &w->seen);
}

static const struct {
	const char *why;
	size_t unknown, known;
	bool approved;
	size_t deletes;
	bool approval;
} brakes[] = {
	{"few are deleted, even if they are all",       8,  0,  false, 8,  false},
	{"more than few and more than half: stop",      9,  8,  false, 0,  true },
	{"more than few but not more than half",        9,  9,  false, 9,  false},
	{"all of many: stop",                           40, 0,  false, 0,  true },
	{"approved",				    40, 0,  true,  40, false},
	{"jobs whose end Slurm tells of are no danger", 0,  40, false, 40, false},
};

START_TEST(brake_rows)
{
	static struct plan out;
	struct little_world w;
	size_t deletes = 0;

	herd_make(&w, brakes[_i].unknown, brakes[_i].known);
	if (brakes[_i].unknown == 0)
		for (size_t i = 0; i < HERD; i++) {
			herd_job[i].phase = JOB_ENDED;
			herd_job[i].end = JOB_END_NORMAL;
		}
	w.context.approved = brakes[_i].approved;
	plan(&w.want, &w.seen, &w.context, &out);
	for (size_t i = 0; i < out.n; i++)
		deletes += out.act[i].kind == ACT_DELETE_VM;
	ck_assert_msg(deletes == brakes[_i].deletes, "%s: %zu deletes", brakes[_i].why, deletes);
	ck_assert_msg(out.approval == brakes[_i].approval, "%s: approval", brakes[_i].why);
	ck_assert_uint_eq(out.held, out.approval ? brakes[_i].unknown : 0);
	for (size_t i = 0; i < out.held && i < PLAN_HELD; i++)
		ck_assert_msg(str_starts(out.held_vm[i], "vm-"), "%s: %s", brakes[_i].why,
			      out.held_vm[i]);
	little_world_done(&w);
}
END_TEST

/* What is on its way out already is neither a danger nor a measure of what runs. */
START_TEST(brake_counts_what_runs)
{
	static struct plan out;
	struct little_world w;

	herd_make(&w, 9, 0);
	herd[0].phase = VM_DELETING;
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert(!out.approval);
	ck_assert_uint_eq(out.n, 8);
	little_world_done(&w);
}
END_TEST

START_TEST(round_is_limited)
{
	static struct plan out;
	struct little_world w;

	herd_make(&w, 5, 0);
	w.policy.actions_per_round = 3;
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_uint_eq(out.n, 3);
	ck_assert(out.cut);
	w.policy.actions_per_round = 5;
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_uint_eq(out.n, 5);
	ck_assert(!out.cut);
	w.policy.actions_per_round = PLAN_ACTIONS + 1; /* the table is the limit, as with none */
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_uint_eq(out.n, 5);
	w.policy.actions_per_round = 0;
	plan(&w.want, &w.seen, &w.context, &out);
	ck_assert_uint_eq(out.n, 5);
	little_world_done(&w);
}
END_TEST

/* Two rules may want different things of a VM in one round. */
START_TEST(the_first_action_on_an_object_counts)
{
	struct little_world world;
	static struct plan out;
	struct planner p = {.out = &out, .limit = PLAN_ACTIONS};
	struct turn t = {.job_id = 17};

	little_world_init(&world, "running", "vm0:running " ALL, "");
	p.want = &world.want;
	p.seen = &world.seen;
	p.c = &world.context;
	world_of(&world.seen, LITTLE_KEY, &t.have);
	out.n = 0;
	ck_assert_ptr_nonnull(plan_add(&p, &t, ACT_DELETE_VM, world.vm[0].name));
	ck_assert_ptr_nonnull(plan_add(&p, &t, ACT_DELETE_PVC, world.pvc[0].name));
	ck_assert_ptr_null(plan_add(&p, &t, ACT_POINT_VM, world.vm[0].name));
	ck_assert_ptr_nonnull(plan_add(&p, &t, ACT_WARN_GUEST, world.vm[0].name));
	ck_assert_uint_eq(out.n, 3);
	little_world_done(&world);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("plan");

	tcase_add_loop_test(t, plan_rows, 0, ARRAY_LEN(rows));
	tcase_add_test(t, delete_has_precondition);
	tcase_add_test(t, volumes_are_deleted_by_uid);
	tcase_add_test(t, user_of_the_job);
	tcase_add_test(t, drives_of_the_job);
	tcase_add_test(t, keeping_has_an_end);
	tcase_add_test(t, volumes_have_spec);
	tcase_add_test(t, create_has_spec);
	tcase_add_test(t, brake_counts_what_runs);
	tcase_add_test(t, actions_have_words);
	tcase_add_test(t, end_says_how);
	tcase_add_test(t, warning_says_when);
	tcase_add_loop_test(t, brake_rows, 0, ARRAY_LEN(brakes));
	tcase_add_test(t, round_is_limited);
	tcase_add_test(t, the_first_action_on_an_object_counts);
	return CHECK_MAIN(t);
}
