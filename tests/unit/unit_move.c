/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A row for every row of the table in DESIGN.md, "The move", and for every way it can be left: what
 * is read of it, and what is planned. The words are explained in little_world.h. */
#include "tests/unit/little_world.h"
#include "vmd/base/str.h"
#include "vmd/reconcile/limit.h"
#include "vmd/reconcile/move_view.h"
#include "vmd/reconcile/plan_rules.h"
#include "vmd/reconcile/reconciler.h"

#include <check.h>
#include <string.h>

#define HAS "disk pv pvc secret"

/* clang-format off */
static const struct {
	const char *why;
	const char *job, *seen, *flight;
	const char *phase, *plan;
	bool keeps;
} rows[] = {
	/* wanted or not */
	{"nobody wants it to move", "running requeue", "vm0:running " HAS, "", "none", "", false},
	{"its node is drained: room is asked for", "running requeue drained", "vm0:running " HAS, "",
	 "allocate", "allocate", false},
	{"drained in Kubernetes likewise", "running requeue", "vm0:running evacuating " HAS, "",
	 "allocate", "allocate", false},
	{"asked for likewise, and written down", "running requeue migrate:n2", "vm0:running " HAS,
	 "", "allocate", "record allocate:n2", false},
	{"not while the guest starts", "running requeue drained", "vm0:starting " HAS, "", "none", "",
	 false},
	{"nor without a guest", "running requeue drained", "vm0:stopped " HAS, "", "none", "end-job",
	 false},
	{"nor from an unknown view", "running requeue drained", "vm0:running ?vms " HAS, "", "blocked", "",
	 false},
	{"migrations unknown: nothing is begun", "running requeue drained",
	 "vm0:running ?moves " HAS, "", "blocked", "", false},
	{"it cannot migrate", "running requeue drained", "vm0:running blocked " HAS, "", "blocked",
	 "tell-job", false},
	{"its job asks for the node by name", "running requeue drained aimed:n1",
	 "vm0:running " HAS, "", "blocked", "tell-job", false},
	{"... but a name that an earlier move gave is no matter", "running r1 requeue drained moved aimed:n1",
	 "vm0:running " HAS, "", "allocate", "allocate", false},
	{"it was given up a while ago", "running requeue drained pause", "vm0:running " HAS, "",
	 "blocked", "", false},
	{"a companion asked for just now need not be seen yet", "running requeue drained",
	 "vm0:running " HAS, "+allocate", "allocate", "", false},
	{"nor one whose making had no answer", "running requeue drained", "vm0:running " HAS,
	 "!allocate", "allocate", "", false},

	/* what is under way is not asked for twice */
	{"companion being ended", "running requeue companion:running@n2", "vm0:running " HAS,
	 "~end-companion", "drop", "", false},
	{"VM being pointed", "running requeue drained companion:running@n2", "vm0:running " HAS,
	 "~point-vm", "point", "", false},
	{"migration being made", "running requeue drained companion:running@n2",
	 "vm0:running wants:n2 given:n2 " HAS, "~migrate-vm", "send", "", false},
	{"migration being stopped", "running requeue drained", "vm0:running wants:n2 given:n2 sending " HAS,
	 "~cancel-migration", "stuck", "", false},
	{"job being aimed", "pending r1 requeue held moved companion:running@n2", "vm0:running@n2 " HAS,
	 "~aim-job", "aim", "", true},
	{"a VM that nothing names is not pointed", "running requeue drained companion:running@n2",
	 "vm0:running nouid " HAS, "", "point", "", false},

	/* there */
	{"no room: it waits", "running requeue drained companion:pending", "vm0:running " HAS, "",
	 "queued", "", false},
	{"no room, and no need any more", "running requeue companion:pending", "vm0:running " HAS, "",
	 "drop", "end-companion", false},
	{"room: the VM is pointed there", "running requeue drained companion:running@n2",
	 "vm0:running " HAS, "", "point", "point-vm:r0", false},
	{"... which KubeVirt takes in", "running requeue drained companion:running@n2",
	 "vm0:running wants:n2 " HAS, "", "pointed", "", false},
	{"... then it is sent", "running requeue drained companion:running@n2",
	 "vm0:running wants:n2 given:n2 " HAS, "", "send", "migrate-vm:r0-m23-1", false},
	{"... once", "running requeue drained companion:running@n2",
	 "vm0:running wants:n2 given:n2 " HAS, "+migrate-vm", "send", "", false},
	{"it is under way", "running requeue drained companion:running@n2",
	 "vm0:running wants:n2 given:n2 sending " HAS, "", "sending", "", false},
	{"what goes on is not stopped when the node is wanted again",
	 "running requeue companion:running@n2", "vm0:running wants:n2 given:n2 sending " HAS, "",
	 "sending", "", false},
	{"KubeVirt's own migration will do", "running requeue drained companion:running@n2",
	 "vm0:running wants:n2 given:n2 evacuating theirs " HAS, "", "sending", "", false},
	{"but not one that is bound to the old node", "running requeue drained companion:running@n2",
	 "vm0:running wants:n2 given:n2 evacuating stale " HAS, "", "stuck", "cancel-migration",
	 false},
	{"... nor one of the same second that finds no node", "running requeue drained companion:running@n2",
	 "vm0:running wants:n2 given:n2 evacuating bound " HAS, "", "stuck", "cancel-migration",
	 false},
	{"... but one that has found its node goes on", "running requeue drained companion:running@n2",
	 "vm0:running wants:n2 given:n2 evacuating found " HAS, "", "sending", "", false},
	{"... a younger one is given two minutes", "running requeue drained companion:running@n2",
	 "vm0:running wants:n2 given:n2 evacuating theirs placing " HAS, "", "sending", "", false},
	{"... and no longer", "running requeue drained companion:running@n2",
	 "vm0:running wants:n2 given:n2 evacuating unplaced " HAS, "", "stuck", "cancel-migration",
	 false},
	{"KubeVirt's own before there is room: it is asked for", "running requeue",
	 "vm0:running evacuating theirs " HAS, "", "allocate", "allocate", false},
	{"it failed: again", "running requeue drained companion:running@n2",
	 "vm0:running wants:n2 given:n2 failed:1 " HAS, "", "send", "migrate-vm:r0-m23-2", false},
	{"it failed too often: the VM stays", "running requeue drained companion:running@n2",
	 "vm0:running wants:n2 given:n2 failed:3 " HAS, "", "back", "point-vm:r0", false},
	{"... and the room is given back", "running requeue drained pause companion:running@n2",
	 "vm0:running failed:3 " HAS, "", "drop", "end-companion", false},
	{"it succeeded, the VMI does not show it yet", "running requeue drained companion:running@n2",
	 "vm0:running wants:n2 given:n2 succeeded " HAS, "", "sending", "", false},

	{"attempts count for one companion", "running requeue drained companion:ended@n3 companion:running@n2",
	 "vm0:running wants:n2 given:n2 failed:3 " HAS, "", "send", "migrate-vm:r0-m24-1", false},

	{"... and one whose id slurmctld gave again begins behind them: a name is wanted once",
	 "running requeue drained companion:running@n2", "vm0:running wants:n2 given:n2 before:3 " HAS, "", "send",
	 "migrate-vm:r0-m23-4", false},

	/* growing */
	{"to grow it moves: room is asked for, and it is written down", "running requeue grow",
	 "vm0:running sockets:111 " HAS, "", "allocate", "record allocate", false},
	{"not one of which nobody knows how large it is", "running requeue grow", "vm0:running " HAS, "",
	 "none", "record", false},
	{"a drain that its user does not want to move for is no matter", "running requeue drained grow drain:stay",
	 "vm0:running sockets:111 " HAS, "", "allocate", "record allocate", false},
	{"a companion that is too small is given back", "running requeue grow companion:running@n2",
	 "vm0:running sockets:111 " HAS, "", "drop", "record end-companion", false},
	{"... also one that waits", "running requeue grow companion:pending", "vm0:running sockets:111 " HAS, "",
	 "drop", "record end-companion", false},
	{"a large one that waits is waited for", "running requeue grow companion:pending large",
	 "vm0:running sockets:111 " HAS, "", "queued", "record", false},
	{"room: it is told where it goes and how large it is", "running requeue grow companion:running@n2 large",
	 "vm0:running sockets:111 " HAS, "", "point", "record point-vm:r0", false},
	{"... also when it goes there already", "running requeue grow companion:running@n2 large",
	 "vm0:running wants:n2 given:n2 sockets:111 " HAS, "", "point", "record point-vm:r0", false},
	{"... which KubeVirt takes in", "running requeue grow companion:running@n2 large",
	 "vm0:running wants:n2 given:n2 sockets:411 " HAS, "", "pointed", "record", false},
	{"... before it is sent: the pod over there is made for that", "running requeue grow companion:running@n2 large",
	 "vm0:running wants:n2 given:n2 sockets:441 " HAS, "", "send", "record migrate-vm:r0-m23-1", false},
	{"KubeVirt's own migration for it will do", "running requeue grow companion:running@n2 large",
	 "vm0:running wants:n2 given:n2 theirs sockets:441 " HAS, "", "sending", "record", false},
	{"what moves already goes as it is, and grows later", "running requeue grow companion:running@n2 large",
	 "vm0:running wants:n2 given:n2 evacuating theirs sockets:111 " HAS, "", "sending", "record", false},
	{"there its job follows", "running requeue grow companion:running@n2 large",
	 "vm0:running@n2 wants:n2 given:n2 sockets:441 " HAS, "", "mark", "record", true},

	{"told so, though nobody remembers it: it goes on", "running requeue", "vm0:running sockets:411 " HAS, "",
	 "allocate", "allocate", false},
	{"... also when KubeVirt has taken it in", "running requeue", "vm0:running sockets:141 " HAS, "", "allocate",
	 "allocate", false},
	{"at home, and larger than its job: its job needs more room", "running requeue", "vm0:running sockets:444 " HAS, "",
	 "allocate", "allocate", false},
	{"... and where it must go it finds as much room", "running requeue drained companion:running@n2",
	 "vm0:running sockets:444 " HAS, "", "drop", "end-companion", false},
	{"... and stays there: an allocation keeps its companion", "running companion:running@n2 large",
	 "vm0:running@n2 wants:n2 given:n2 sockets:444 " HAS, "", "held", "", true},

	/* undone */
	{"not wanted any more: the VM is pointed back", "running requeue companion:running@n2",
	 "vm0:running wants:n2 " HAS, "", "back", "point-vm:r0", false},
	{"... which KubeVirt takes in: a late migration would still go there", "running requeue companion:running@n2",
	 "vm0:running given:n2 " HAS, "", "pointed", "", false},
	{"... and the room is given back", "running requeue companion:running@n2",
	 "vm0:running " HAS, "", "drop", "end-companion", false},
	{"... also when the VMI is bound to no node", "running requeue companion:running@n2",
	 "vm0:running given: " HAS, "", "drop", "end-companion", false},
	{"the companion is gone: the migration is stopped", "running requeue drained",
	 "vm0:running wants:n2 given:n2 sending " HAS, "", "stuck", "cancel-migration:r0-m23-1", false},
	{"... and the VM is pointed back", "running requeue drained",
	 "vm0:running wants:n2 given:n2 " HAS, "", "back", "point-vm:r0", false},
	{"a companion that has ended is none", "running requeue drained companion:ended@n2",
	 "vm0:running " HAS, "", "allocate", "allocate", false},
	{"the second of two companions is ended",
	 "running requeue drained companion:pending companion:pending", "vm0:running " HAS, "",
	 "queued", "end-companion", false},
	{"... one that was bound to no node is not pointed back", "running requeue companion:running@n2",
	 "vm0:running wants: " HAS, "", "drop", "end-companion", false},
	{"the VM is gone: made anew on its job's node", "running requeue drained companion:running@n2", HAS, "",
	 "drop", "create-vm:r0 end-companion", false},
	{"... and while it starts there nothing is done", "running requeue drained companion:running@n2",
	 "vm0:starting " HAS, "", "none", "", false},
	{"the job ended on the way, its VM is gone", "ending companion:running@n2", HAS, "", "drop",
	 "delete-pvc:r0-root end-companion", false},
	{"the job was queued again on the way, its VM is gone", "pending r1 requeue companion:running@n2", HAS,
	 "", "drop", "delete-pvc:r0-root end-companion", false},
	{"... and is not yet gone", "pending r1 requeue companion:running@n2", "vm0:deleting " HAS, "", "none",
	 "", false},
	{"its job's time is over: nothing is begun any more",
	 "running requeue drained ends:20 companion:running@n2", "vm0:running scratch pv pvc secret disk:kept", "",
	 "none", "delete-vm:r0", false},
	{"... nor is its job queued again", "running requeue drained marked ends:20 companion:running@n2",
	 "vm0:running@n2 scratch pv pvc secret disk:kept", "", "none", "delete-vm:r0", true},
	{"... and its companion is ended when it is off", "running requeue drained ends:20 companion:running@n2",
	 "scratch pv pvc secret disk:kept", "", "drop", "end-companion", false},
	{"the guest ended on the way", "running requeue drained companion:running@n2",
	 "vm0:stopped wants:n2 " HAS, "", "drop", "end-job end-companion", false},

	/* nodes that no VM can get on */
	{"a companion gets no node that is cordoned", "running requeue drained s1 s2",
	 "vm0:running " HAS " n2:cordoned", "", "allocate", "allocate drain-node", false},
	{"one that was granted there all the same is given back",
	 "running requeue drained companion:running@n2", "vm0:running n2:cordoned " HAS, "", "drop",
	 "end-companion", false},
	{"... after the VM was pointed back", "running requeue drained companion:running@n2",
	 "vm0:running wants:n2 given:n2 n2:fromkube " HAS, "", "back", "point-vm:r0", false},
	{"... and its migration stopped that finds no place",
	 "running requeue drained companion:running@n2",
	 "vm0:running wants:n2 given:n2 sending placing n2:cordoned " HAS, "", "stuck",
	 "cancel-migration:r0-m23-1", false},
	{"... but not one that is under way", "running requeue drained companion:running@n2",
	 "vm0:running wants:n2 given:n2 sending n2:cordoned " HAS, "", "sending", "", false},
	{"one drained in Slurm likewise", "running requeue drained companion:running@n2 s2:drained",
	 "vm0:running " HAS, "", "drop", "end-companion", false},
	{"what vmd cordoned for Slurm is open when Slurm has resumed it",
	 "running requeue drained companion:running@n2 s2", "vm0:running n2:fromslurm " HAS, "", "point",
	 "point-vm:r0 mark-node", false},
	{"a job does not follow to a drained node", "running requeue drained drain:stay companion:running@n2 s2:drained",
	 "vm0:running@n2 " HAS, "", "held", "", true},
	{"... nor when it is aimed there already",
	 "pending r1 requeue moved aimed:n2 companion:running@n2 s2:drained", "vm0:running@n2 blocked " HAS, "",
	 "held", "", true},

	/* its companion's node is drained, too: it moves on */
	{"it has come to a node that was drained meanwhile: room is asked for",
	 "running requeue drained companion:running@n2 s2:drained", "vm0:running@n2 " HAS, "", "allocate",
	 "allocate", true},
	{"... also when its job was queued again for it",
	 "pending r1 requeue moved aimed:n2 companion:running@n2 s2:drained", "vm0:running@n2 " HAS, "",
	 "allocate", "allocate", true},
	{"... once", "running requeue drained companion:running@n2 s2:drained", "vm0:running@n2 " HAS, "+allocate",
	 "allocate", "", true},
	{"... or home is open: it goes there", "running requeue companion:running@n2 s2:drained",
	 "vm0:running@n2 succeeded " HAS, "", "point", "point-vm:r0", true},
	{"... live", "running requeue companion:running@n2 s2:drained",
	 "vm0:running@n2 wants:n1 given:n1 succeeded " HAS, "", "send", "migrate-vm:r0-m23-2", true},
	{"... under way", "running requeue companion:running@n2 s2:drained",
	 "vm0:running@n2 wants:n1 given:n1 sending " HAS, "", "sending", "", true},
	{"... when the migration that brought it has ended", "running requeue drained companion:running@n2 s2:drained",
	 "vm0:running@n2 sending " HAS, "", "sending", "", true},
	{"... not when migrating it failed too often", "running requeue drained pause companion:running@n2 s2:drained",
	 "vm0:running@n2 " HAS, "", "held", "", true},
	{"... nor when it cannot move", "running requeue drained companion:running@n2 s2:drained",
	 "vm0:running@n2 blocked " HAS, "", "held", "", true},
	{"... nor while migrations are not known", "running requeue drained companion:running@n2 s2:drained",
	 "vm0:running@n2 ?moves " HAS, "", "sending", "", true},
	{"it waits for room, with both companions", "running requeue drained companion:running@n2 companion:pending s2:drained",
	 "vm0:running@n2 " HAS, "", "queued", "", true},
	{"... but not with a third", "running requeue drained companion:running@n2 companion:pending companion:pending s2:drained",
	 "vm0:running@n2 " HAS, "", "queued", "end-companion", true},
	{"... for as much as it is to have", "running requeue drained grow companion:running@n2 companion:pending s2:drained",
	 "vm0:running@n2 sockets:111 " HAS, "", "drop", "record end-companion", true},
	{"... wherever a VM gets in", "running requeue drained companion:running@n2 companion:pending not:n1,n2,n3 s1 s2:drained s3",
	 "vm0:running@n2 n3:ready " HAS, "", "drop", "end-companion", true},
	{"... but where it is", "running drained grow companion:running@n2 companion:pending large not:n1,n2 s1 s2",
	 "vm0:running@n2 sockets:111 n2:ready " HAS, "", "queued", "record", true},
	{"room: it is pointed there", "running requeue drained companion:running@n2 companion:running@n3 s2:drained",
	 "vm0:running@n2 " HAS, "", "point", "point-vm:r0", true},
	{"... which KubeVirt takes in", "running requeue drained companion:running@n2 companion:running@n3 s2:drained",
	 "vm0:running@n2 wants:n3 " HAS, "", "pointed", "", true},
	{"... and sent", "running requeue drained companion:running@n2 companion:running@n3 s2:drained",
	 "vm0:running@n2 wants:n3 given:n3 succeeded " HAS, "", "send", "migrate-vm:r0-m24-1", true},
	{"... KubeVirt's own that is bound to the old node is stopped",
	 "running requeue drained companion:running@n2 companion:running@n3 s2:drained",
	 "vm0:running@n2 wants:n3 given:n3 evacuating stale " HAS, "", "stuck", "cancel-migration", true},
	{"there: it has one companion, and its job follows",
	 "running requeue drained marked companion:running@n2 companion:running@n3 s2:drained",
	 "vm0:running@n3 " HAS, "", "requeue", "end-companion requeue-job", true},
	{"... or is aimed there instead", "pending r1 requeue moved aimed:n2 companion:running@n2 companion:running@n3 s2:drained",
	 "vm0:running@n3 " HAS, "", "aim", "end-companion aim-job", true},
	{"that node is drained, too: the room is given back",
	 "running requeue drained companion:running@n2 companion:running@n3 s2:drained s3:drained",
	 "vm0:running@n2 " HAS, "", "drop", "end-companion", true},
	{"... after the VM was pointed back",
	 "running requeue drained companion:running@n2 companion:running@n3 s2:drained s3:drained",
	 "vm0:running@n2 wants:n3 given:n3 " HAS, "", "point", "point-vm:r0", true},
	{"... which KubeVirt takes in",
	 "running requeue drained companion:running@n2 companion:running@n3 s2:drained s3:drained",
	 "vm0:running@n2 given:n3 " HAS, "", "pointed", "", true},
	{"its node is open again: it stays, and is pointed back",
	 "running requeue drained companion:running@n2 companion:running@n3", "vm0:running@n2 wants:n3 given:n3 " HAS,
	 "", "point", "point-vm:r0", true},
	{"... before the room is given back: a late migration would still go there",
	 "running requeue drained companion:running@n2 companion:running@n3", "vm0:running@n2 given:n3 " HAS, "",
	 "pointed", "", true},
	{"... then its job follows", "running requeue drained companion:running@n2 companion:running@n3",
	 "vm0:running@n2 " HAS, "", "mark", "end-companion", true},
	{"a VM that stays with its companion moves on in its turn", "running drained companion:running@n2 s2:drained",
	 "vm0:running@n2 " HAS, "", "allocate", "allocate", true},
	{"... also for KubeVirt", "running drained companion:running@n2", "vm0:running@n2 evacuating " HAS, "",
	 "allocate", "allocate", true},
	{"... and to grow", "running drained grow companion:running@n2", "vm0:running@n2 sockets:111 " HAS, "",
	 "allocate", "record allocate", true},
	{"... also from home's side", "running grow companion:running@n2 companion:running@n3 large",
	 "vm0:running@n2 sockets:111 " HAS, "", "point", "record point-vm:r0", true},
	{"what waits and may not get a node that is open again is asked for anew",
	 "running requeue drained companion:pending not:n1,n2 s1 s2", "vm0:running n2:ready " HAS, "",
	 "drop", "end-companion", false},
	{"... but not for a node that its job must not get either",
	 "running requeue drained companion:pending not:n1,n2 excludes:n2 s1 s2", "vm0:running n2:ready " HAS, "",
	 "queued", "", false},
	{"... nor if nobody can tell which those are",
	 "running requeue drained companion:pending not:n1,n2 excludes:* s1 s2", "vm0:running n2:ready " HAS, "",
	 "queued", "", false},
	{"... but its own node does not count", "running requeue drained companion:pending not:n1",
	 "vm0:running n1:ready " HAS, "", "queued", "", false},
	{"... nor one that is closed", "running requeue drained companion:pending not:n1,n2",
	 "vm0:running n2:cordoned " HAS, "", "queued", "", false},
	{"nobody is sent to a closed node", "running requeue migrate:n2", "vm0:running n2:cordoned " HAS,
	 "", "blocked", "record", false},

	/* limits */
	{"a limit leaves no room for two", "running requeue drained companion:pending limit",
	 "vm0:running " HAS, "", "queued", "tell-job", false},
	{"a job that a limit keeps from starting keeps its companion",
	 "pending r1 requeue moved aimed:n2 companion:running@n2 limit", "vm0:running@n2 " HAS, "", "held",
	 "", true},
	{"... but is aimed first", "pending r1 requeue moved held companion:running@n2 limit",
	 "vm0:running@n2 " HAS, "", "aim", "aim-job", true},

	/* the user's choice */
	{"a drain queues it again", "running requeue drained drain:requeue", "vm0:running " HAS, "",
	 "anew", "requeue-job", false},
	{"... one in Kubernetes, too", "running requeue drain:requeue", "vm0:running evacuating " HAS,
	 "", "anew", "requeue-job", false},
	{"... but not what Slurm does not queue again", "running drained drain:requeue",
	 "vm0:running " HAS, "", "stay", "tell-job", false},
	{"... nor for a wish to move it", "running requeue migrate:n2 drain:requeue", "vm0:running " HAS,
	 "", "allocate", "record allocate:n2", false},
	{"... nor without a drain", "running requeue drain:requeue", "vm0:running " HAS, "", "none", "",
	 false},
	{"... its VM goes, its disk stays", "ending r1 requeue drain:requeue", "vm0:running " HAS, "",
	 "none", "delete-vm:r0", false},
	{"it stays", "running requeue drained drain:stay", "vm0:running " HAS, "", "stay", "tell-job", false},
	{"... but moves for who asks for it", "running requeue drained migrate:n2 drain:stay",
	 "vm0:running " HAS, "", "allocate", "record allocate:n2", false},
	{"... a move that had begun is undone first", "running requeue drained drain:stay companion:running@n2",
	 "vm0:running wants:n2 given:n2 " HAS, "", "back", "point-vm:r0", false},
	{"... and its room given back", "running requeue drained drain:stay companion:pending",
	 "vm0:running " HAS, "", "drop", "end-companion", false},
	{"the site's choice counts without one", "running requeue drained site:stay", "vm0:running " HAS,
	 "", "stay", "tell-job", false},
	{"... and no more with one", "running requeue drained site:stay drain:migrate", "vm0:running " HAS,
	 "", "allocate", "allocate", false},

	/* taken back in Kubernetes */
	{"its node is in service again: KubeVirt shall forget it", "running requeue s1",
	 "vm0:running evacuating n1:back " HAS, "", "taken-back", "keep-vm:r0", false},
	{"... and its own migration that has not begun", "running requeue s1",
	 "vm0:running stale n1:back " HAS, "", "stuck", "cancel-migration", false},
	{"... but what is under way goes on", "running requeue companion:running@n2 s1",
	 "vm0:running wants:n2 given:n2 sending n1:back " HAS, "", "sending", "mark-node", false},
	{"its companion is given back", "running requeue companion:pending s1",
	 "vm0:running n1:back " HAS, "", "drop", "end-companion mark-node", false},
	{"drained in Slurm as well it goes", "running requeue drained s1:drained",
	 "vm0:running evacuating n1:back " HAS, "", "allocate", "allocate mark-node", false},
	{"evicted alone it goes", "running requeue s1", "vm0:running evacuating n1:ready " HAS, "",
	 "allocate", "allocate", false},

	/* arrived: a batch job follows */
	{"the migration ends", "running requeue drained companion:running@n2",
	 "vm0:running@n2 sending " HAS, "", "sending", "", true},
	{"it has arrived, and a second one finds no place", "running requeue drained companion:running@n2",
	 "vm0:running@n2 sending placing " HAS, "", "stuck", "cancel-migration:r0-m23-1", true},
	{"migrations unknown: it may still be under way", "running requeue drained companion:running@n2",
	 "vm0:running@n2 ?moves " HAS, "", "sending", "", true},
	{"it came though it was pointed back: it stays", "running requeue drained companion:running@n2",
	 "vm0:running@n2 wants:n1 given:n1 " HAS, "", "point", "point-vm:r0", true},
	{"... which KubeVirt takes in, or a late migration takes it away", "running requeue drained companion:running@n2",
	 "vm0:running@n2 given:n1 " HAS, "", "pointed", "", true},
	{"arrived: the next run shall keep it", "running requeue drained companion:running@n2",
	 "vm0:running@n2 " HAS, "", "mark", "", true},
	{"a short name is the same node", "running requeue drained companion:running@n2",
	 "vm0:running@n2.example.org " HAS, "", "mark", "", true},
	{"written down: queued again", "running requeue drained marked companion:running@n2",
	 "vm0:running@n2 " HAS, "", "requeue", "requeue-job", true},
	{"it leaves the old node, the VM stays", "ending requeue marked companion:running@n2",
	 "vm0:running@n2 " HAS, "", "leaving", "", true},
	{"... also when the run counts already", "ending r1 requeue moved companion:running@n2",
	 "vm0:running@n2 " HAS, "", "leaving", "", true},
	{"without a mark it is an end like others", "ending requeue companion:running@n2",
	 "vm0:running@n2 " HAS, "", "none", "delete-vm:r0", false},
	{"with a mark but without room, too", "ending requeue marked", "vm0:running@n2 " HAS, "",
	 "none", "delete-vm:r0", false},
	{"with a mark but on the old node, too, but first it is bound: the view may be old",
	 "ending requeue marked companion:running@n2", "vm0:running wants:n2 given:n2 " HAS, "", "point", "point-vm:r0", false},
	{"... and noted on it", "ending requeue marked companion:running@n2", "vm0:running " HAS, "", "point", "point-vm:r0",
	 false},
	{"... which KubeVirt takes in", "ending requeue marked companion:running@n2", "vm0:running given-up given:n2 " HAS, "",
	 "pointed", "", false},
	{"... a migration that goes on is waited for", "ending requeue marked companion:running@n2",
	 "vm0:running wants:n2 given:n2 sending " HAS, "", "sending", "", false},
	{"... then it goes", "ending requeue marked companion:running@n2", "vm0:running given-up " HAS, "", "drop",
	 "delete-vm:r0 end-companion", false},
	{"... likewise when its job waits already", "pending r1 requeue held moved companion:running@n2",
	 "vm0:running wants:n2 given:n2 " HAS, "", "point", "point-vm:r0", false},
	{"held: it is aimed at the new node", "pending r1 requeue held moved companion:running@n2",
	 "vm0:running@n2 " HAS, "", "aim", "aim-job", true},
	{"aimed but held: again", "pending r1 requeue held moved aimed:n2 companion:running@n2",
	 "vm0:running@n2 " HAS, "", "aim", "aim-job", true},
	{"released but not aimed: again", "pending r1 requeue moved companion:running@n2",
	 "vm0:running@n2 " HAS, "", "aim", "aim-job", true},
	{"aimed: its place is given up for it", "pending r1 requeue moved aimed:n2 companion:running@n2",
	 "vm0:running@n2 " HAS, "", "release", "end-companion", true},
	{"it starts in a moment", "pending r1 requeue moved aimed:n2", "vm0:running@n2 " HAS, "",
	 "starting", "", true},
	{"... whatever other companion a lost answer made", "pending r1 requeue moved aimed:n2 companion:pending",
	 "vm0:running@n2 " HAS, "", "drop", "end-companion", true},
	{"its node is drained before that: room is asked for elsewhere",
	 "pending r1 requeue moved aimed:n2 s2:drained", "vm0:running@n2 " HAS, "", "allocate", "allocate", true},
	{"... or cordoned", "pending r1 requeue moved aimed:n2 s2", "vm0:running@n2 n2:cordoned " HAS, "", "allocate",
	 "allocate drain-node", true},
	{"... whatever its user wants a drain to mean", "pending r1 requeue moved aimed:n2 s2:drained drain:stay",
	 "vm0:running@n2 " HAS, "", "allocate", "allocate", true},
	{"... but not for one that cannot move", "pending r1 requeue moved aimed:n2 s2:drained",
	 "vm0:running@n2 blocked " HAS, "", "starting", "", true},
	{"... or was tried often enough", "pending r1 requeue moved aimed:n2 s2:drained pause", "vm0:running@n2 " HAS,
	 "", "starting", "", true},
	{"... nor from an unknown view", "pending r1 requeue moved aimed:n2 s2:drained", "vm0:running@n2 ?moves " HAS,
	 "", "starting", "", true},
	{"... it waits for that room", "pending r1 requeue moved aimed:n2 s2:drained companion:pending",
	 "vm0:running@n2 " HAS, "", "queued", "", true},
	{"... unless more nodes take it now", "pending r1 requeue moved aimed:n2 s2:drained companion:pending not:n3",
	 "vm0:running@n2 n3:ready " HAS, "", "drop", "end-companion", true},
	{"... which is given back when the node is open again", "pending r1 requeue moved aimed:n2 s2 companion:pending",
	 "vm0:running@n2 " HAS, "", "drop", "end-companion", true},
	{"... it goes there", "pending r1 requeue moved aimed:n2 s2:drained companion:running@n3", "vm0:running@n2 " HAS,
	 "", "point", "point-vm:r0", true},
	{"... once it is told, also when the node is open again", "pending r1 requeue moved aimed:n2 s2 companion:running@n3",
	 "vm0:running@n2 wants:n3 " HAS, "", "pointed", "", true},
	{"... and sent", "pending r1 requeue moved aimed:n2 s2:drained companion:running@n3",
	 "vm0:running@n2 wants:n3 given:n3 " HAS, "", "send", "migrate-vm:r0-m23-1", true},
	{"... and its job is aimed there", "pending r1 requeue moved aimed:n2 s2:drained companion:running@n3",
	 "vm0:running@n3 " HAS, "", "aim", "aim-job", true},
	{"it finds no room for too long: it is bound to where it is, for an old view may lie",
	 "pending r1 requeue moved aimed:n2 s2:drained companion:running@n3 alone",
	 "vm0:running@n2 wants:n3 given:n3 " HAS, "", "point", "point-vm:r0", true},
	{"... but what is on its way arrives", "pending r1 requeue moved aimed:n2 s2:drained companion:running@n3 alone",
	 "vm0:running@n2 wants:n3 given:n3 sending " HAS, "", "sending", "", true},
	{"... then it goes, and its room", "pending r1 requeue moved aimed:n2 s2:drained companion:running@n3 alone",
	 "vm0:running@n2 given-up " HAS, "", "drop", "delete-vm:r0 end-companion", false},
	{"it did not: the VM is given up, which is noted on it first", "pending r1 requeue moved aimed:n2 alone",
	 "vm0:running@n2 " HAS, "", "point", "point-vm:r0", true},
	{"... then it goes, and the job may start anywhere", "pending r1 requeue moved aimed:n2 alone",
	 "vm0:running@n2 given-up " HAS, "", "unaim", "delete-vm:r0 aim-job", false},
	{"... at once when it only starts", "pending r1 requeue moved aimed:n2 alone", "vm0:starting@n2 " HAS, "", "unaim",
	 "delete-vm:r0 aim-job", false},
	{"given up, but its job has started there: that is taken off it", "running r1 requeue moved aimed:n1",
	 "vm0:running given-up " HAS, "", "point", "point-vm:r0", false},
	{"queued again for another reason: a new VM", "pending r1 requeue moved r2 aimed:n2",
	 "vm0:running@n2 " HAS, "", "unaim", "delete-vm:r0 aim-job", false},
	{"it runs there", "running r1 requeue moved aimed:n1", "vm0:running " HAS, "", "none", "", false},
	{"... beside its companion, which is ended",
	 "running r1 requeue moved aimed:n1 companion:running@n1", "vm0:running " HAS, "", "drop",
	 "end-companion", false},
	{"the next run after it may start anywhere", "pending r1 requeue held aimed:n1 moved r2", HAS,
	 "", "unaim", "delete-pvc:r0-root aim-job", false},

	{"... also when a run between has taken the mark off", "pending r2 requeue nodes:n1@1,n2@2 aimed:n2", HAS,
	 "", "unaim", "delete-pvc:r0-root aim-job", false},
	{"... but not what its user asks for", "pending r2 requeue nodes:n22@1,xn2@2 aimed:n2", HAS, "", "none",
	 "delete-pvc:r0-root", false},
	{"... nor one who never moved", "pending r2 requeue aimed:n2", HAS, "", "none",
	 "delete-pvc:r0-root", false},
	{"... and it may move from there", "running requeue drained nodes:n0@1,n1@2 aimed:n1",
	 "vm0:running " HAS, "", "allocate", "allocate", false},

	{"its VM went before it was aimed: it is not left held", "pending r1 requeue held moved", HAS, "",
	 "unaim", "delete-pvc:r0-root aim-job", false},
	{"... after its companion, if that is there still", "pending r1 requeue held moved companion:running@n2",
	 HAS, "", "drop", "delete-pvc:r0-root end-companion", false},
	{"... but one that somebody else holds is", "pending r2 requeue held", HAS, "", "none",
	 "delete-pvc:r0-root", false},
	{"... also after an earlier move", "pending r1 requeue held moved r2", HAS, "", "none",
	 "delete-pvc:r0-root", false},
	{"the VM is elsewhere than the job is to start", "pending r1 requeue moved aimed:n2",
	 "vm0:running@n3 " HAS, "", "unaim", "delete-vm:r0 aim-job", false},

	/* arrived: a salloc --no-shell goes on as its companion */
	{"its companion is to take its place", "running drained noshell companion:running@n2", "vm0:running@n2 " HAS, "",
	 "bequeath", "bequeath", true},
	{"... which claims it: it names it", "running drained noshell companion:running@n2 claims", "vm0:running@n2 " HAS,
	 "", "mark", "", true},
	{"... also if it names another one", "running drained noshell heir companion:ended@n2 companion:running@n2 claims",
	 "vm0:running@n2 " HAS, "", "mark", "", true},
	{"... and gives way", "running drained noshell heir companion:running@n2 claims", "vm0:running@n2 " HAS, "",
	 "give-way", "give-way", true},
	{"... but not to one that does not claim it", "running drained noshell heir companion:running@n2",
	 "vm0:running@n2 " HAS, "", "bequeath", "bequeath", true},
	{"... nor before the migration has ended", "running drained noshell heir companion:running@n2 claims",
	 "vm0:running@n2 sending " HAS, "", "sending", "", true},
	{"... nor from an unknown view", "running drained noshell heir companion:running@n2 claims",
	 "vm0:running@n2 ?moves " HAS, "", "sending", "", true},
	{"... nor when its VM has gone home", "running noshell heir companion:running@n2 claims", "vm0:running " HAS, "",
	 "drop", "end-companion", false},
	{"a batch job follows all the same", "running requeue drained noshell companion:running@n2",
	 "vm0:running@n2 " HAS, "", "mark", "", true},
	{"from a node that is drained, too, it moves on first", "running drained noshell companion:running@n2 s2:drained",
	 "vm0:running@n2 " HAS, "", "allocate", "allocate", true},
	{"... if it can", "running drained noshell companion:running@n2 s2:drained", "vm0:running@n2 blocked " HAS, "",
	 "bequeath", "bequeath", true},
	{"the heir is a job like others", "running noshell as17", "vm0:running " HAS, "", "none", "", false},
	{"... and moves", "running drained noshell as17", "vm0:running " HAS, "", "allocate", "allocate", false},
	{"... and ends", "ended normal noshell as17", "vm0:running " HAS, "", "none", "delete-vm:r0", false},

	/* arrived: an allocation stays */
	{"so does a batch job that may not be queued again", "running batch drained companion:running@n2",
	 "vm0:running@n2 " HAS, "", "held", "", true},
	{"an allocation keeps its companion", "running drained companion:running@n2",
	 "vm0:running@n2 " HAS, "", "held", "", true},
	{"... to the end", "ending companion:running@n2", "vm0:running@n2 " HAS, "", "none",
	 "delete-vm:r0", false},
	{"... until its VM is gone", "ended normal companion:running@n2", "vm0:deleting@n2 " HAS, "",
	 "none", "", false},
	{"... and no longer", "ended normal companion:running@n2", HAS, "", "drop",
	 "delete-pvc:r0-root end-companion", false},
	{"of a job that nobody knows, too", "absent companion:running@n2", HAS, "", "",
	 "end-companion delete-pvc:r0-root", false},
	{"... but not when nobody knows what is there", "absent companion:running@n2", "?vms " HAS, "", "", "",
	 false},
	{"... nor twice", "absent companion:running@n2", HAS, "~end-companion", "", "delete-pvc:r0-root", false},
	{"... but not under its VM", "absent companion:running@n2", "vm0:deleting@n2 " HAS, "", "", "",
	 false},
	{"... and of one that Slurm still knows it is left", "absent live companion:running@n2", HAS, "",
	 "", "", false},

	/* astray: without any allocation, as when slurmctld forgot its companion */
	{"its job's place is free for it: it goes home", "running requeue", "vm0:running@n2 " HAS, "",
	 "point", "point-vm:r0", true},
	{"... when KubeVirt has taken that in", "running requeue",
	 "vm0:running@n2 wants:n1 given:n2 " HAS, "", "pointed", "", true},
	{"... live", "running requeue", "vm0:running@n2 wants:n1 given:n1 " HAS, "", "send",
	 "migrate-vm:r0-m0-1", true},
	{"... by a name that was not wanted before", "running requeue",
	 "vm0:running@n2 wants:n1 given:n1 succeeded " HAS, "", "send", "migrate-vm:r0-m23-2", true},
	{"... but not behind one that has taken it home: the VM is seen there in a moment", "running requeue",
	 "vm0:running@n2 wants:n1 given:n1 succeeded came:n1 " HAS, "", "sending", "", true},
	{"... when it is not, it has left again", "running requeue late",
	 "vm0:running@n2 wants:n1 given:n1 succeeded came:n1 " HAS, "", "send", "migrate-vm:r0-m23-2", true},
	{"... also when it failed", "running requeue", "vm0:running@n2 wants:n1 given:n1 failed:3 " HAS,
	 "", "send", "migrate-vm:r0-m23-4", true},
	{"... which is waited for, however long", "running requeue alone",
	 "vm0:running@n2 wants:n1 given:n1 sending " HAS, "", "sending", "", true},
	{"... by KubeVirt's own, too", "running requeue", "vm0:running@n2 wants:n1 given:n1 theirs " HAS,
	 "", "sending", "", true},
	{"... but not one that is bound to another node", "running requeue",
	 "vm0:running@n2 wants:n1 given:n1 unplaced " HAS, "", "stuck", "cancel-migration", true},
	{"... whatever room was asked for", "running requeue companion:pending", "vm0:running@n2 " HAS, "",
	 "point", "point-vm:r0", true},
	{"... or given elsewhere", "running requeue companion:running@n3", "vm0:running@n2 " HAS, "",
	 "point", "point-vm:r0", true},
	{"its job's node is drained: room is asked for where it is", "running requeue drained s2",
	 "vm0:running@n2 " HAS, "", "allocate", "allocate:n2", true},
	{"... by the name that Slurm gives it", "running requeue drained s2",
	 "vm0:running@n2.example.org " HAS, "", "allocate", "allocate:n2", true},
	{"... or cordoned", "running requeue s1", "vm0:running@n2 n1:cordoned " HAS, "", "allocate",
	 "allocate:n2 drain-node", true},
	{"... or its user wants it elsewhere", "running requeue migrate:n2", "vm0:running@n2 " HAS, "",
	 "allocate", "record allocate:n2", true},
	{"... not where no job gets in", "running requeue drained s2:drained", "vm0:running@n2 " HAS, "",
	 "allocate", "allocate", true},
	{"... once", "running requeue drained", "vm0:running@n2 " HAS, "+allocate", "allocate", "",
	 true},
	{"... which it waits for", "running requeue drained companion:pending", "vm0:running@n2 " HAS, "",
	 "queued", "", true},
	{"... and goes to, if it is elsewhere", "running drained companion:running@n2",
	 "vm0:running@n3 " HAS, "", "point", "point-vm:r0", true},
	{"... unless no VM gets in there", "running drained companion:running@n2 s2:drained",
	 "vm0:running@n3 " HAS, "", "drop", "end-companion", true},
	{"it finds neither for too long: it is bound to where it is, for an old view may lie",
	 "running requeue alone", "vm0:running@n2 wants:n1 given:n1 " HAS, "", "point", "point-vm:r0",
	 true},
	{"... and that is noted on it", "running requeue alone", "vm0:running@n2 " HAS, "", "point", "point-vm:r0",
	 true},
	{"... whatever else it was told since", "running requeue alone", "vm0:running@n2 given-up wants:n1 " HAS, "",
	 "point", "point-vm:r0", true},
	{"... which KubeVirt takes in", "running requeue alone", "vm0:running@n2 given-up given:n1 " HAS, "",
	 "pointed", "", true},
	{"... a migration that finds no node is stopped", "running requeue alone",
	 "vm0:running@n2 given-up sending placing " HAS, "", "stuck", "cancel-migration:r0-m23-1", true},
	{"... then it is made anew at home", "running requeue alone", "vm0:running@n2 given-up " HAS, "", "none",
	 "delete-vm:r0", false},
	{"... whatever companion there is", "running drained alone companion:running@n2",
	 "vm0:running@n3 given-up " HAS, "", "drop", "delete-vm:r0 end-companion", false},
	{"given up, and there is room for it now: that is taken off it, for a deletion may be on its way",
	 "running requeue drained marked companion:running@n2", "vm0:running@n2 given-up " HAS, "", "point", "point-vm:r0", true},
	{"... then its job follows", "running requeue drained marked companion:running@n2", "vm0:running@n2 " HAS, "",
	 "requeue", "requeue-job", true},
	{"... likewise at home", "running requeue", "vm0:running given-up " HAS, "", "point", "point-vm:r0", false},
	{"... or when a new vmd gives it time again", "running requeue",
	 "vm0:running@n2 wants:n1 given:n1 given-up " HAS, "", "point",
	 "point-vm:r0", true},
	{"... or when its job leaves for it", "ending requeue marked companion:running@n2", "vm0:running@n2 given-up " HAS, "",
	 "point", "point-vm:r0", true},
	{"... or waits", "pending r1 requeue held moved companion:running@n2", "vm0:running@n2 given-up " HAS, "", "point",
	 "point-vm:r0", true},
	{"... or is about to start there", "pending r1 requeue moved aimed:n2", "vm0:running@n2 given-up " HAS, "", "point",
	 "point-vm:r0", true},
	{"a guest that only starts there has nothing to lose", "running requeue drained",
	 "vm0:starting@n2 " HAS, "", "none", "delete-vm:r0", false},
	{"migrations unknown: it may be on its way", "running requeue", "vm0:running@n2 ?moves " HAS, "",
	 "blocked", "", true},
	{"... or it cannot move live", "running requeue", "vm0:running@n2 blocked " HAS, "", "allocate",
	 "allocate:n2", true},
	{"... or it is larger than its job, which has no room for it at home", "running requeue",
	 "vm0:running@n2 sockets:444 " HAS, "", "allocate", "allocate:n2", true},
	{"... or would be, once it moves", "running requeue", "vm0:running@n2 sockets:441 " HAS, "", "allocate",
	 "allocate:n2", true},
	{"... but as large as its job it goes home", "running requeue", "vm0:running@n2 sockets:222 " HAS, "", "point",
	 "point-vm:r0", true},
	{"... too small a companion is no room", "running requeue companion:pending",
	 "vm0:running@n2 sockets:444 " HAS, "", "drop", "end-companion", true},
	{"... nor when it is granted", "running requeue companion:running@n3", "vm0:running@n2 sockets:444 " HAS, "",
	 "drop", "end-companion", true},
	{"... one that is large enough will do", "running requeue companion:running@n3 large",
	 "vm0:running@n2 sockets:444 " HAS, "", "point", "point-vm:r0", true},
	{"with a companion that is smaller than it is, it moves on: its job would be too small", "running requeue companion:running@n2",
	 "vm0:running@n2 wants:n2 given:n2 sockets:444 " HAS, "", "allocate", "allocate", true},
	{"... to one that is large enough, and keeps the other meanwhile",
	 "running requeue companion:running@n2 companion:running@n3 large",
	 "vm0:running@n2 wants:n2 given:n2 sockets:444 " HAS, "", "point", "point-vm:r0", true},
	{"at the end of its job's time it goes like others", "running requeue ends:20",
	 "vm0:running@n2 scratch pv pvc secret disk:kept", "", "none", "delete-vm:r0", false},
};
/* clang-format on */

START_TEST(plan_rows)
{
	struct little_world row;
	struct plan *p = calloc(1, sizeof(*p));
	char text[512];
	struct move m;

	little_world_init(&row, rows[_i].job, rows[_i].seen, rows[_i].flight);
	if (*rows[_i].phase) {
		struct holdings h;

		world_of(&row.seen, LITTLE_KEY, &h);
		move_view_read(&row.seen,
			       &(struct move_source){
				       .job = &row.job,
				       .have = &h,
				       .n_companion = row.want.n_companion,
				       .companion = row.want.companion,
				       .progress = &row.progress,
				       .over = limit_is_near(&row.job, &row.policy, LITTLE_NOW_S),
				       .want = &row.want,
				       .flight = &row.flight,
				       .policy = &row.policy,
				       .mono_us = LITTLE_NOW_US,
				       .wall_s = LITTLE_NOW_S},
			       &m);
		ck_assert_msg(str_eq(move_phase_name(m.phase), rows[_i].phase), "%s: %s",
			      rows[_i].why, move_phase_name(m.phase));
		ck_assert_msg(m.keeps_vm == rows[_i].keeps, "%s: keeps %d", rows[_i].why,
			      m.keeps_vm);
	}
	plan(&row.want, &row.seen, &row.context, p);
	(void)little_plan_text(p, text, sizeof(text));
	ck_assert_msg(str_eq(text, rows[_i].plan), "%s: '%s'", rows[_i].why, text);
	little_world_done(&row);
	free(p);
}
END_TEST

/* ---- companions ---- */

START_TEST(companions_are_marked)
{
	static const char *const bad[] = {"",
					  "slurm-vm-companion{job=",
					  "slurm-vm-companion{job=17",
					  "slurm-vm-companion{job=17}",
					  "slurm-vm-companion{job=17-9F3C12AB45DE6701}",
					  "slurm-vm-companion{job=" LITTLE_KEY LITTLE_KEY "}",
					  "slurm-vm-companion{job=" LITTLE_KEY " size=8}",
					  "slurm-vm-companion{job=" LITTLE_KEY " size=0/1}",
					  "slurm-vm{image=tiny}"};
	const struct job_size large = {.cpus = 8, .memory_bytes = UINT64_C(16) << 30};
	char key[JOB_KEY_MAX + 1] = "", text[128];
	struct job_size size;

	ck_assert_int_eq(companion_mark(LITTLE_KEY, NULL, text, sizeof(text)), 0);
	ck_assert(companion_find(text, key, &size));
	ck_assert_str_eq(key, LITTLE_KEY);
	ck_assert_uint_eq(size.cpus, 0);
	ck_assert_int_eq(companion_mark(LITTLE_KEY, &large, text, sizeof(text)), 0);
	ck_assert_str_eq(text, "slurm-vm-companion{job=" LITTLE_KEY " size=8/17179869184}");
	ck_assert(companion_find(text, key, &size));
	ck_assert_str_eq(key, LITTLE_KEY);
	ck_assert_uint_eq(size.cpus, 8);
	ck_assert_uint_eq(size.memory_bytes, large.memory_bytes);
	ck_assert(companion_find("site's own slurm-vm-companion{job=" LITTLE_OTHER "}, too", key,
				 &size));
	ck_assert_str_eq(key, LITTLE_OTHER);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(!companion_find(bad[i], key, &size), "'%s'", bad[i]);
}
END_TEST

START_TEST(companions_of_others_do_not_count)
{
	const struct companion all[] = {
		{.id = 21, .job_key = LITTLE_KEY,   .phase = JOB_ENDED  },
		{.id = 22, .job_key = LITTLE_OTHER, .phase = JOB_RUNNING},
		{.id = 23, .job_key = LITTLE_KEY,   .phase = JOB_ENDING },
		{.id = 24, .job_key = LITTLE_KEY,   .phase = JOB_PENDING},
	};

	ck_assert_ptr_eq(companion_of(all, ARRAY_LEN(all), LITTLE_KEY), &all[3]);
	ck_assert_ptr_null(companion_of(all, 3, LITTLE_KEY));
}
END_TEST

START_TEST(slurm_says_why_it_waits)
{
	struct job j = {.id = 17,
			.phase = JOB_RUNNING,
			.node = "n1",
			.drained = true,
			.request = {.nonce = "9f3c12ab45de6701"}};
	struct vm_seen vm = {.phase = VM_RUNNING, .node = "n1"};
	struct companion h = {.id = 23, .job_key = LITTLE_KEY, .phase = JOB_PENDING};
	struct move_view v = {.job = &j,
			      .vm = &vm,
			      .n_vm = 1,
			      .known = true,
			      .n_companion = 1,
			      .companion = &h,
			      .asked = ""};
	struct move m;

	move_read(&v, &m);
	ck_assert_ptr_nonnull(strstr(m.reason, "(Slurm: job 23, not looked at yet)"));
	(void)str_copy(h.reason, sizeof(h.reason), "Resources");
	move_read(&v, &m);
	ck_assert_int_eq(m.phase, MOVE_QUEUED);
	ck_assert_ptr_nonnull(strstr(m.reason, "(Slurm: job 23, Resources)"));
}
END_TEST

/* ---- one action on one object ---- */

/* Two rules may want different things of a VM in one round. */
START_TEST(the_first_action_on_an_object_counts)
{
	struct little_world world;
	static struct plan out;
	struct planner p = {.out = &out, .limit = PLAN_ACTIONS};
	struct task t = {.job_id = 17};

	little_world_init(&world, "running", "vm0:running " HAS, "");
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

/* ---- what may be written when ---- */

START_TEST(a_mark_stays_on_a_job_that_is_queued_again)
{
	static const struct {
		enum job_phase phase;
		uint32_t restarts, moved, base, next_moved, next_base;
		bool may;
	} cases[] = {
		{JOB_RUNNING, 5, 0, 0, 0, 0, true },
		{JOB_RUNNING, 5, 0, 0, 6, 5, true }, /* it is about to follow its VM */
		{JOB_RUNNING, 5, 6, 5, 0, 0, true }, /* it stays where it is after all */
		{JOB_RUNNING, 6, 6, 5, 7, 5, true }, /* it moves again */
		{JOB_RUNNING, 6, 7, 5, 6, 5, true },
		{JOB_RUNNING, 6, 6, 5, 0, 0, false}, /* the VM that it has */
		{JOB_RUNNING, 6, 0, 0, 6, 5,
		 false			    }, /* somebody else queued it again: it has its own */
		{JOB_ENDING,  5, 6, 5, 6, 5, true },
		{JOB_ENDING,  5, 6, 5, 0, 0, false},
		{JOB_ENDING,  6, 6, 5, 0, 0, false},
		{JOB_ENDING,  5, 0, 0, 6, 5, false},
		{JOB_PENDING, 6, 6, 5, 0, 0, false},
		{JOB_PENDING, 6, 6, 5, 7, 5, false},
		{JOB_PENDING, 6, 6, 5, 6, 4, false},
		{JOB_PENDING, 7, 6, 5, 0, 0, true }, /* of an earlier run */
		{JOB_PENDING, 6, 0, 0, 0, 0, true },
		{JOB_PENDING, 6, 0, 0, 6, 5, false}, /* somebody else queued it again meanwhile */
		{JOB_ENDED,   6, 6, 5, 0, 0, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct job now = {
			.phase = cases[i].phase,
			.restarts = cases[i].restarts,
			.request = {.moved_run = cases[i].moved, .base_run = cases[i].base}
                };
		struct vm_request next = {.moved_run = cases[i].next_moved,
					  .base_run = cases[i].next_base};

		ck_assert_msg(move_may_record(&now, &next) == cases[i].may, "case %zu", i);
	}
}
END_TEST

START_TEST(an_heir_is_not_taken_back)
{
	static const struct {
		enum job_phase phase;
		uint32_t now, next;
		bool may;
	} cases[] = {
		{JOB_RUNNING, 0,  23, true },
                {JOB_RUNNING, 23, 0,  true },
                {JOB_ENDING,  23, 0,  false},
		{JOB_ENDING,  0,  23, false},
                {JOB_ENDED,   23, 0,  false},
                {JOB_ENDED,   23, 31, false},
		{JOB_ENDED,   23, 23, true },
                {JOB_ENDED,   0,  0,  true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct job now = {.phase = cases[i].phase, .request.heir = cases[i].now};
		struct vm_request next = {.heir = cases[i].next};

		ck_assert_msg(move_may_record(&now, &next) == cases[i].may, "case %zu", i);
	}
}
END_TEST

/* ---- stories: rounds of a reconciler ---- */

#define S   INT64_C(1000000)
#define ALL HAS

static struct little_world w;
static struct reconciler *r;
static int64_t t_us;
static struct {
	unsigned n;
	struct action last[16];
	uint64_t ticket[16];
} asked_for;

static int take(void *self, const struct action *a, uint64_t ticket, struct err *e)
{
	(void)self, (void)e;
	ck_assert_uint_lt(asked_for.n, ARRAY_LEN(asked_for.last));
	asked_for.last[asked_for.n] = *a;
	asked_for.ticket[asked_for.n++] = ticket;
	return 0;
}

START_TEST(closed_nodes_are_named)
{
	static const struct {
		const char *why, *slurm, *kube, *not_on;
	} closed[] = {
		{"cordoned",				 "s2",         "n2:cordoned",        "n2"},
		{"... known to vmd",                         "s2",         "n2:fromkube",        "n2"},
		{"not Ready",				"s2",         "n2:unready",         "n2"},
		{"out of service",                           "s2",         "n2:out",             "n2"},
		{"open",				     "s2",         "n2:ready",           ""  },
		{"Slurm gives none of it",                   "s2:drained", "n2:cordoned",        ""  },
		{"cordoned for a drain that has just ended", "s2",         "n2:fromslurm",       ""  },
		{"no node of Slurm's",                       "s1",         "n2:cordoned",        ""  },
		{"nobody knows",                             "s2",         "n2:cordoned ?nodes", ""  },
	};
	struct little_world row;
	struct plan *p = calloc(1, sizeof(*p));
	char job[64], seen[128];

	ck_assert_ptr_nonnull(p);
	(void)snprintf(job, sizeof(job), "running requeue drained %s", closed[_i].slurm);
	(void)snprintf(seen, sizeof(seen), "vm0:running " HAS " %s", closed[_i].kube);
	little_world_init(&row, job, seen, "");
	plan(&row.want, &row.seen, &row.context, p);
	ck_assert_uint_ge(p->n, 1);
	ck_assert_int_eq(p->act[0].kind, ACT_ALLOCATE);
	ck_assert_msg(str_eq(p->act[0].not_on, closed[_i].not_on), "%s: '%s'", closed[_i].why,
		      p->act[0].not_on);
	little_world_done(&row);
	free(p);
}
END_TEST

static const struct action *asked(enum action_kind k)
{
	for (unsigned i = 0; i < asked_for.n; i++)
		if (asked_for.last[i].kind == k)
			return &asked_for.last[i];
	return NULL;
}

static void begin(void)
{
	struct action_port port = {.apply = take};

	t_us = 0;
	little_world_init(&w, "running", "", "");
	r = reconciler_new(&w.catalogue, &w.policy, &port);
}

static void end(void)
{
	reconciler_free(r);
	little_world_done(&w);
}

/* A round on another world, seconds later, in which all that is asked works. The guest was READY
 * before this vmd began. */
static void look_with(int64_t seconds, const char *job, const char *seen, enum err_kind outcome)
{
	struct now now;
	struct err e = {.kind = ERR_NONE};

	t_us += seconds * S;
	now = (struct now){.mono_us = LITTLE_NOW_US + t_us, .wall_s = LITTLE_NOW_S + t_us / S};
	little_world_init(&w, job, seen, "");
	w.job.request.recorded_ready_s = LITTLE_NOW_S - 500;
	w.job.end_s = LITTLE_NOW_S + 7200;
	w.job.request.moved_until_s = LITTLE_NOW_S + 7000;
	asked_for.n = 0;
	(void)reconciler_round(r, &w.want, &w.seen, now);
	if (outcome != ERR_NONE)
		err_set(&e, outcome, "because of %s", err_kind_name(outcome));
	for (unsigned i = 0; i < asked_for.n; i++)
		reconciler_done(r, asked_for.ticket[i], &e, now);
}

static void look(int64_t seconds, const char *job, const char *seen)
{
	look_with(seconds, job, seen, ERR_NONE);
}

static void ready_and(const char *move)
{
	const struct vm_status *s = reconciler_status(r, 17);

	ck_assert_ptr_nonnull(s);
	ck_assert_str_eq(vm_state_name(s->state), "READY");
	ck_assert_str_eq(s->move, move);
}

START_TEST(a_drain)
{
	begin();
	look(0, "running requeue", "vm0:running " ALL);
	ready_and("");
	look(5, "running requeue drained", "vm0:running " ALL);
	ready_and("allocate");
	ck_assert_str_eq(asked(ACT_ALLOCATE)->node, "");
	look(1, "running requeue drained companion:running@n2", "vm0:running " ALL);
	ck_assert_str_eq(asked(ACT_POINT_VM)->node, "n2");
	ck_assert_str_eq(asked(ACT_POINT_VM)->uid, "u-vm");
	ck_assert_str_eq(asked(ACT_POINT_VM)->version, "7");
	look(1, "running requeue drained companion:running@n2",
	     "vm0:running wants:n2 given:n2 " ALL);
	ck_assert_str_eq(asked(ACT_MIGRATE_VM)->vm.name, "vm-" LITTLE_KEY "-r0");
	ck_assert_str_eq(asked(ACT_MIGRATE_VM)->uid, "u-vm");
	look(1, "running requeue drained companion:running@n2", "vm0:running@n2 " ALL);
	ready_and("mark");
	ck_assert_ptr_nonnull(
		strstr(asked(ACT_RECORD)->reason, " base=0 moved=1 until=1700007200"));
	ck_assert_ptr_nonnull(
		strstr(asked(ACT_RECORD)->reason, " nodes=n1@1699999500,n2@1700000008"));
	ck_assert(asked(ACT_RECORD)->look);
	look(1, "running requeue drained marked companion:running@n2", "vm0:running@n2 " ALL);
	ck_assert_ptr_nonnull(asked(ACT_REQUEUE_JOB));
	look(1, "ending requeue marked companion:running@n2", "vm0:running@n2 " ALL);
	ready_and("leaving");
	ck_assert(reconciler_status(r, 17)->node_clear);
	look(1, "pending r1 requeue held moved companion:running@n2", "vm0:running@n2 " ALL);
	ready_and("aim");
	ck_assert_str_eq(asked(ACT_AIM_JOB)->node, "n2");
	ck_assert_int_eq(asked(ACT_AIM_JOB)->until_s, LITTLE_NOW_S + 7000);
	look(1, "pending r1 requeue moved aimed:n2 companion:running@n2", "vm0:running@n2 " ALL);
	ck_assert_uint_eq(asked(ACT_END_COMPANION)->companion, 23);
	look(1, "pending r1 requeue moved aimed:n2", "vm0:running@n2 " ALL);
	ready_and("starting");
	ck_assert_uint_eq(asked_for.n, 0);
	look(1, "running r1 requeue moved aimed:n1", "vm0:running " ALL); /* n1: it is there */
	ready_and("");
	ck_assert_ptr_nonnull(strstr(asked(ACT_RECORD)->reason, " run=0 "));
	ck_assert_ptr_nonnull(strstr(asked(ACT_RECORD)->reason, " base=0 moved=1 "));
	end();
}
END_TEST

/* slurmctld has forgotten its companion, and that the node was drained. */
START_TEST(it_comes_home)
{
	begin();
	look(0, "running requeue drained companion:running@n2", "vm0:running@n2 " ALL);
	look(5, "running requeue", "vm0:running@n2 " ALL);
	ready_and("point");
	ck_assert_str_eq(asked(ACT_POINT_VM)->node, "n1");
	look(5, "running requeue", "vm0:running@n2 wants:n1 given:n1 succeeded " ALL);
	ready_and("send");
	ck_assert_str_eq(asked(ACT_MIGRATE_VM)->object, "vm-" LITTLE_KEY "-r0-m23-2");
	look(5, "running requeue", "vm0:running@n2 wants:n1 given:n1 sending " ALL);
	look(2 * MOVE_GAP_S, "running requeue", "vm0:running@n2 wants:n1 given:n1 sending " ALL);
	ready_and("sending");
	/* the migration is seen to have succeeded, the VM is seen where it was */
	look(1, "running requeue", "vm0:running@n2 wants:n1 given:n1 succeeded came:n1 " ALL);
	ready_and("sending");
	ck_assert_ptr_null(asked(ACT_MIGRATE_VM));
	look(MOVE_BEHIND_S - 1, "running requeue",
	     "vm0:running@n2 wants:n1 given:n1 succeeded came:n1 " ALL);
	ready_and("sending");
	look(5, "running requeue", "vm0:running " ALL);
	ready_and("");
	ck_assert_ptr_nonnull(strstr(asked(ACT_RECORD)->reason,
				     " nodes=n1@1699999500,n2@1700000000,n1@1700000290"));
	ck_assert_ptr_null(strstr(asked(ACT_RECORD)->reason, "moved="));
	end();
}
END_TEST

/* It cannot go home, and there is no room where it is. */
START_TEST(its_time_without_an_allocation_is_counted)
{
	static const char drained[] = "running requeue drained companion:pending",
			  there[] = "vm0:running@n2 " ALL;

	begin();
	look(0, drained, there);
	look(MOVE_GAP_S - 1, drained, there);
	ready_and("queued");
	look(0, "running requeue drained companion:running@n2", there);
	ready_and("mark");
	look(1, drained, there); /* it counts anew */
	look(MOVE_GAP_S - 1, drained, there);
	ready_and("queued");
	look(1, drained, there);
	ck_assert(asked(ACT_POINT_VM)->gives_up);
	look(10, drained, "vm0:running@n2 given-up " ALL);
	ck_assert_ptr_nonnull(asked(ACT_DELETE_VM));
	ck_assert_ptr_nonnull(strstr(reconciler_status(r, 17)->reason, "made again"));
	end();
}
END_TEST

/* How large the companion, the VM and the job are to be; the wish is over when the VM has come to
 * where there is room, and what its job is to be is in the companion's record from then on. */
START_TEST(a_vm_grows)
{
	begin();
	look(0, "running requeue grows", "vm0:running sockets:111 " ALL);
	ck_assert_uint_eq(asked(ACT_ALLOCATE)->size.cpus, 4);
	ck_assert_uint_eq(asked(ACT_ALLOCATE)->size.memory_bytes, UINT64_C(4) << 30);
	look(1, "running requeue grows companion:running@n2 large", "vm0:running sockets:111 " ALL);
	ready_and("point");
	ck_assert_str_eq(asked(ACT_POINT_VM)->node, "n2");
	ck_assert_uint_eq(asked(ACT_POINT_VM)->target.sockets, 4);
	ck_assert_uint_eq(asked(ACT_POINT_VM)->target.memory_bytes, UINT64_C(128) << 20);
	look(1, "running requeue grows companion:running@n2 large",
	     "vm0:running@n2 wants:n2 given:n2 sockets:441 " ALL);
	ready_and("mark");
	ck_assert_ptr_null(strstr(asked(ACT_RECORD)->reason, "grow="));
	look(1, "pending r1 requeue held moved companion:running@n2 large",
	     "vm0:running@n2 sockets:444 " ALL);
	ready_and("aim");
	ck_assert_uint_eq(asked(ACT_AIM_JOB)->size.cpus, 4);
	ck_assert_uint_eq(reconciler_status(r, 17)->guest_cpus, 4);
	end();
}
END_TEST

/* Slurm gives whole cores: what its job will hold beyond the wish, the guest is given. */
START_TEST(a_vm_gets_all_that_its_job_will_hold)
{
	begin();
	look(0, "running requeue grows:3", "vm0:running sockets:111 " ALL);
	ck_assert_uint_eq(asked(ACT_ALLOCATE)->size.cpus, 3);
	look(1, "running requeue grows:3 companion:running@n2 large holds:3",
	     "vm0:running sockets:111 " ALL);
	ck_assert_uint_eq(asked(ACT_POINT_VM)->target.sockets, 3);
	look(1, "running requeue grows:3 companion:running@n2 large holds:4",
	     "vm0:running sockets:111 " ALL);
	ck_assert_uint_eq(asked(ACT_POINT_VM)->target.sockets, 4);
	end();
}
END_TEST

/* What its VM has is what the next place must have, at least: its job may have asked for less. */
START_TEST(room_is_asked_for_that_holds_it)
{
	begin();
	look(0, "running requeue drained", "vm0:running sockets:222 " ALL);
	ck_assert_uint_eq(asked(ACT_ALLOCATE)->size.cpus, 0);
	ck_assert_uint_eq(asked(ACT_ALLOCATE)->least.cpus, 2);
	ck_assert_uint_eq(asked(ACT_ALLOCATE)->least.memory_bytes,
			  vm_allocation_bytes(UINT64_C(128) << 20, 2, false));
	end();
}
END_TEST

/* A guest that has grown and has lost its room is given as much where it is, and its job follows.
 */
START_TEST(a_grown_vm_finds_room_of_its_size)
{
	begin();
	look(0, "running requeue", "vm0:running@n2 wants:n2 given:n2 sockets:444 " ALL);
	ready_and("allocate");
	ck_assert_str_eq(asked(ACT_ALLOCATE)->node, "n2");
	ck_assert_uint_eq(asked(ACT_ALLOCATE)->size.cpus, 4);
	ck_assert_uint_eq(asked(ACT_ALLOCATE)->size.memory_bytes, UINT64_C(512) << 20);
	ck_assert_ptr_nonnull(strstr(reconciler_status(r, 17)->move_reason, "larger than its job"));
	look(1, "running requeue companion:running@n2 large",
	     "vm0:running@n2 wants:n2 given:n2 sockets:444 " ALL);
	ready_and("mark");
	end();
}
END_TEST

/* Taken back when the VM was just being told: KubeVirt would grow it with whatever migration comes
 * next. So the wish is one again. */
START_TEST(a_wish_that_was_told_is_not_lost)
{
	begin();
	look(0, "running requeue grows companion:running@n2 large", "vm0:running sockets:111 " ALL);
	reconciler_resize(r, 17, &(struct job_size){.cpus = 0});
	look(1, "running requeue companion:running@n2 large",
	     "vm0:running wants:n2 sockets:411 " ALL);
	ck_assert(reconciler_status(r, 17)->growing);
	ready_and("pointed");
	look(2, "running requeue", "vm0:running wants:n1 given:n1 sockets:441 " ALL);
	ready_and("allocate");
	ck_assert_uint_eq(asked(ACT_ALLOCATE)->size.cpus, 4);
	end();
}
END_TEST

/* Not for one that had its id before slurmctld lost its state: what became of that one is nothing
 * that this one is waited for, or given up. */
START_TEST(attempts_are_of_one_companion)
{
	const struct companion h = {.id = 23, .start_s = 1000};
	struct vm_moving k = {.companion = 23, .attempt = 1, .last_s = 1001};

	ck_assert(move_was_for(&k, &h));
	k.last_s = 1000 - MOVE_CLOCKS_S; /* the API server's clock */
	ck_assert(move_was_for(&k, &h));
	k.last_s--;
	ck_assert(!move_was_for(&k, &h));
	k.last_s = 1001;
	k.companion = 22;
	ck_assert(!move_was_for(&k, &h));
	k.companion = 23;
	k.attempt = 0;
	ck_assert(!move_was_for(&k, &h));
}
END_TEST

START_TEST(the_run_that_is_queued_again_is_named)
{
	begin();
	look(0, "running r1 requeue drained drain:requeue", "vm1:running disk pv1 pvc1 secret");
	ck_assert(asked(ACT_REQUEUE_JOB)->anew);
	ck_assert_uint_eq(asked(ACT_REQUEUE_JOB)->run, 1);
	end();
}
END_TEST

/* A wish that failed is over, unless KubeVirt has begun with it: that goes on by itself. */
START_TEST(growing_is_given_up)
{
	static const char job[] = "running requeue grows companion:running@n2 large";

	begin();
	look(0, job, "vm0:running wants:n2 given:n2 failed:3 sockets:111 " ALL);
	ck_assert_ptr_null(strstr(asked(ACT_RECORD)->reason, "grow="));
	end();
	begin();
	look(0, job, "vm0:running wants:n2 given:n2 failed:3 sockets:441 " ALL);
	ck_assert_ptr_nonnull(strstr(asked(ACT_RECORD)->reason, " grow=4/4294967296"));
	ck_assert(reconciler_status(r, 17)->growing);
	end();
	begin(); /* not any more */
	look(0, "running requeue", "vm0:running sockets:111 " ALL);
	reconciler_resize(r, 17, &(struct job_size){.cpus = 2, .memory_bytes = UINT64_C(1) << 30});
	look(1, "running requeue", "vm0:running sockets:111 " ALL);
	ck_assert_uint_eq(asked(ACT_ALLOCATE)->size.cpus, 2);
	reconciler_resize(r, 17, &(struct job_size){.cpus = 0});
	look(100, "running requeue grows", "vm0:running sockets:111 " ALL);
	for (size_t i = 0; i < asked_for.n; i++)
		ck_assert_int_ne(asked_for.last[i].kind, ACT_ALLOCATE);
	end();
}
END_TEST

/* A later move begins, and vmd, started anew, does not see all of it, or it is undone: the run of
 * now keeps the VM. (Without that mark the VM of run 0 was taken for an earlier one's, and
 * removed.) */
START_TEST(the_mark_of_this_run_stays)
{
	static const char moving[] = "running r1 requeue drained marked companion:running@n2";

	begin();
	look(0, moving, "vm0:running@n2 ?moves " ALL);
	ck_assert_ptr_nonnull(strstr(asked(ACT_RECORD)->reason, " base=0 moved=2 "));
	end();
	begin();
	look(0, moving, "?vms " ALL);
	look(11, moving, "?vms " ALL); /* long enough to be worth a record */
	ck_assert_ptr_nonnull(strstr(asked(ACT_RECORD)->reason, " base=0 moved=2 "));
	end();
	begin(); /* it is there, and its job may have left already */
	look(0, moving, "vm0:running@n2 sending " ALL);
	ck_assert_ptr_nonnull(strstr(asked(ACT_RECORD)->reason, " base=0 moved=2 "));
	end();
	begin();
	look(0, moving, "vm0:running sending " ALL);
	ck_assert_ptr_nonnull(strstr(asked(ACT_RECORD)->reason, " base=0 moved=1 "));
	end();
	begin();
	look(0, "running r1 requeue marked", "vm0:running " ALL);
	ck_assert_ptr_nonnull(strstr(asked(ACT_RECORD)->reason, " base=0 moved=1 "));
	end();
	begin(); /* a first move that is undone leaves nothing */
	look(0, "running requeue marked", "vm0:running " ALL);
	ck_assert_ptr_null(strstr(asked(ACT_RECORD)->reason, "moved="));
	end();
}
END_TEST

/* A round of a job whose limit is so long now, and was so long before it moved. */
static void look_limited(const char *job, const char *seen, int64_t limit_s, int64_t moved_limit_s)
{
	begin();
	little_world_init(&w, job, seen, "");
	w.job.request.recorded_run = job_incarnation(&w.job);
	w.job.request.recorded_ready_s = LITTLE_NOW_S - 500;
	w.job.limit_s = limit_s;
	w.job.request.moved_limit_s = moved_limit_s;
	asked_for.n = 0;
	(void)reconciler_round(r, &w.want, &w.seen, (struct now){LITTLE_NOW_US, LITTLE_NOW_S});
}

/* What remained is the limit of the runs that moves begin, and of no other one. */
START_TEST(a_shortened_limit_is_given_back)
{
	static const char there[] = "vm0:running@n2 " ALL;

	look_limited("running requeue drained companion:running@n2", there, 3600, 0);
	ck_assert_ptr_nonnull(strstr(asked(ACT_RECORD)->reason, " limit=3600"));
	end();
	look_limited("running r1 requeue drained moved companion:running@n2", there, 1800, 3600);
	ck_assert_ptr_nonnull(strstr(asked(ACT_RECORD)->reason, " moved=2 "));
	ck_assert_ptr_nonnull(strstr(asked(ACT_RECORD)->reason, " limit=3600"));
	end();
	look_limited("running r1 requeue drained marked companion:running@n2", there, 1800, 3600);
	ck_assert(!asked(ACT_RECORD) || strstr(asked(ACT_RECORD)->reason, " limit=3600"));
	end();
	look_limited("running r1 requeue drained companion:running@n2", "vm1:running@n2 " ALL, 2400,
		     3600);
	ck_assert_ptr_nonnull(strstr(asked(ACT_RECORD)->reason, " limit=2400"));
	end();
	look_limited("pending r1 requeue held moved companion:running@n2", there, 1800, 3600);
	ck_assert_int_eq(asked(ACT_AIM_JOB)->limit_s, 0);
	end();
	look_limited("pending r2 requeue nodes:n1@1,n2@2 aimed:n2", ALL, 1800, 3600);
	ck_assert_int_eq(asked(ACT_AIM_JOB)->limit_s, 3600);
	end();
	look_limited("pending r2 requeue nodes:n1@1,n2@2 aimed:n2", ALL, 7200, 3600);
	ck_assert_int_eq(asked(ACT_AIM_JOB)->limit_s, 0); /* somebody raised it since */
	end();
}
END_TEST

START_TEST(the_list_of_nodes_has_an_end)
{
	char old[JOB_NODES_MAX + 1] = "n0@1699999000";
	const char *text;

	while (strlen(old) < JOB_NODES_MAX - 40)
		strcat(old, ",worker9node@1699999001");
	begin();
	little_world_init(&w, "running requeue drained companion:running@n2", "vm0:running@n2 " ALL,
			  "");
	(void)str_copy(w.job.request.nodes, sizeof(w.job.request.nodes), old);
	w.job.request.recorded_ready_s = LITTLE_NOW_S - 500;
	strcat(old, ",n2@1700000000");
	asked_for.n = 0;
	(void)reconciler_round(r, &w.want, &w.seen, (struct now){LITTLE_NOW_US, LITTLE_NOW_S});
	text = strstr(asked(ACT_RECORD)->reason, " nodes=");
	ck_assert_ptr_nonnull(text);
	ck_assert_str_eq(text + strlen(" nodes="), old);
	for (int i = 0; i < 3; i++) { /* the first go */
		(void)str_copy(w.companion[0].node, sizeof(w.companion[0].node),
			       i % 2 ? "n2" : "worker3node");
		memcpy(w.vm[0].node, w.companion[0].node, sizeof(w.vm[0].node));
		memcpy(w.vm[0].moving.wanted_node, w.vm[0].node, sizeof(w.vm[0].node));
		memcpy(w.vm[0].moving.given_node, w.vm[0].node, sizeof(w.vm[0].node));
		reconciler_done(r, asked_for.ticket[0], &(struct err){.kind = ERR_NONE},
				(struct now){LITTLE_NOW_US, LITTLE_NOW_S});
		asked_for.n = 0;
		(void)reconciler_round(r, &w.want, &w.seen,
				       (struct now){LITTLE_NOW_US, LITTLE_NOW_S});
		ck_assert_uint_eq(asked_for.n, 1);
	}
	text = strstr(asked(ACT_RECORD)->reason, " nodes=") + strlen(" nodes=");
	ck_assert_uint_le(strlen(text), JOB_NODES_MAX);
	ck_assert_ptr_null(strstr(text, "n0@"));
	ck_assert_ptr_nonnull(
		strstr(text, ",worker3node@1700000000,n2@1700000000,worker3node@1700000000"));
	end();
}
END_TEST

START_TEST(node_is_not_clear_under_its_vm)
{
	begin();
	look(0, "ending requeue marked companion:running@n2", "vm0:running wants:n2 " ALL);
	ck_assert(!reconciler_status(r, 17)->node_clear);
	look(1, "ending requeue marked companion:running@n2",
	     "vm0:running@n2 vm1:starting " ALL); /* whatever it is, it is one too many */
	ck_assert(!reconciler_status(r, 17)->node_clear);
	look(1, "ending requeue marked companion:running@n2",
	     "vm0:running@n2 pvc1 " ALL); /* by that another one could come up */
	ck_assert(!reconciler_status(r, 17)->node_clear);
	end();
}
END_TEST

/* What Slurm shows is older than what was asked of it: the job may have left, when KubeVirt wants
 * the VM elsewhere again (seed 37 of the simulation, once). */
START_TEST(the_mark_of_the_next_run_stays)
{
	begin();
	look(0, "running requeue drained marked companion:running@n2", "vm0:running@n2 " ALL);
	ready_and("requeue");
	look(1, "running requeue drained marked companion:running@n2",
	     "vm0:running@n2 evacuating theirs " ALL);
	ready_and("sending");
	ck_assert(!asked(ACT_RECORD) ||
		  strstr(asked(ACT_RECORD)->reason, " base=0 moved=1 ") != NULL);
	look(30, "ending requeue marked companion:running@n2",
	     "vm0:running@n2 evacuating theirs " ALL);
	ready_and("leaving");
	ck_assert_ptr_null(asked(ACT_DELETE_VM));
	end();
}
END_TEST

/* The job did not start where its VM is: some high priority took the room. */
START_TEST(the_gap_has_an_end)
{
	begin();
	look(0, "pending r1 requeue moved aimed:n2", "vm0:running@n2 " ALL);
	look(MOVE_GAP_S - 1, "pending r1 requeue moved aimed:n2", "vm0:running@n2 " ALL);
	ready_and("starting");
	ck_assert_uint_eq(asked_for.n, 0);
	look(1, "pending r1 requeue moved aimed:n2", "vm0:running@n2 " ALL);
	ck_assert_ptr_null(asked(ACT_DELETE_VM));
	ck_assert(asked(ACT_POINT_VM)->gives_up);
	look(10, "pending r1 requeue moved aimed:n2", "vm0:running@n2 given-up " ALL);
	ck_assert_ptr_nonnull(asked(ACT_DELETE_VM));
	ck_assert_str_eq(asked(ACT_AIM_JOB)->node, "");
	ck_assert_str_eq(vm_state_name(reconciler_status(r, 17)->state), "PENDING");
	end();
}
END_TEST

/* Who was stopped in the gap, while the job started, moved on and was queued again, sees only the
 * next gap, and has not seen that the VM had a place in between (sim_seeds 1 8871). */
START_TEST(the_next_gap_is_another_one)
{
	begin();
	look(0, "pending r1 requeue moved aimed:n2", "vm0:running@n2 " ALL);
	look(MOVE_GAP_S, "pending r2 requeue moved aimed:n2", "vm0:running@n2 " ALL);
	ready_and("starting");
	ck_assert_ptr_null(asked(ACT_POINT_VM));
	look(MOVE_GAP_S - 1, "pending r2 requeue moved aimed:n2", "vm0:running@n2 " ALL);
	ck_assert_ptr_null(asked(ACT_POINT_VM));
	look(1, "pending r2 requeue moved aimed:n2", "vm0:running@n2 " ALL);
	ck_assert(asked(ACT_POINT_VM)->gives_up);
	end();
}
END_TEST

/* Nor can it start any more, for the node was drained: other room is waited for, but not for ever.
 */
START_TEST(the_gap_has_an_end_though_it_waits_for_room)
{
	static const char job[] = "pending r1 requeue moved aimed:n2 s2:drained companion:pending";

	begin();
	look(0, job, "vm0:running@n2 " ALL);
	look(MOVE_GAP_S - 1, job, "vm0:running@n2 " ALL);
	ready_and("queued");
	look(1, job, "vm0:running@n2 " ALL);
	ck_assert(asked(ACT_POINT_VM)->gives_up);
	look(10, job, "vm0:running@n2 given-up " ALL);
	ck_assert_ptr_nonnull(asked(ACT_DELETE_VM));
	end();
}
END_TEST

/* A vmd was stopped with the deletion of a VM that had found no place. Meanwhile there is room for
 * it, and another vmd goes on with the move: first it changes the VM, by taking off it that it was
 * given up, so that the deletion misses it (the model of moves found that: question 5). */
START_TEST(who_was_given_up_and_finds_room_is_changed_first)
{
	static const char job[] = "running requeue drained marked companion:running@n2";

	begin();
	look(0, "running requeue drained", "vm0:running@n2 wants:n1 " ALL);
	look(MOVE_GAP_S, "running requeue drained", "vm0:running@n2 wants:n1 " ALL);
	ck_assert_str_eq(asked(ACT_POINT_VM)->node, "n2");
	ck_assert(asked(ACT_POINT_VM)->gives_up);
	ck_assert_ptr_null(asked(ACT_DELETE_VM));
	look(10, "running requeue drained", "vm0:running@n2 given-up " ALL);
	ck_assert_str_eq(asked(ACT_DELETE_VM)->version, "7");
	end();
	begin();
	look(0, job, "vm0:running@n2 given-up " ALL);
	ready_and("point");
	ck_assert_str_eq(asked(ACT_POINT_VM)->node, "n2");
	ck_assert_str_eq(asked(ACT_POINT_VM)->version, "7");
	ck_assert(!asked(ACT_POINT_VM)->gives_up);
	ck_assert_ptr_null(asked(ACT_REQUEUE_JOB));
	look(1, job, "vm0:running@n2 " ALL);
	ck_assert_ptr_nonnull(asked(ACT_REQUEUE_JOB));
	end();
}
END_TEST

START_TEST(somebody_asks)
{
	begin();
	look(0, "running requeue", "vm0:running " ALL);
	reconciler_migrate(r, 17, "n3");
	look(1, "running requeue", "vm0:running " ALL);
	ck_assert_str_eq(asked(ACT_ALLOCATE)->node, "n3");
	ck_assert_ptr_nonnull(strstr(asked(ACT_RECORD)->reason, " migrate=n3"));
	look(1, "running requeue companion:running@n3", "vm0:running@n3 " ALL);
	ready_and("mark");
	ck_assert_ptr_null(strstr(asked(ACT_RECORD)->reason, "migrate="));
	end();
}
END_TEST

START_TEST(what_was_asked_survives_vmd)
{
	begin();
	little_world_init(&w, "running requeue", "vm0:running " ALL, "");
	(void)str_copy(w.job.request.move_to, sizeof(w.job.request.move_to), "*");
	w.job.request.recorded_ready_s = LITTLE_NOW_S - 500;
	asked_for.n = 0;
	(void)reconciler_round(r, &w.want, &w.seen, (struct now){LITTLE_NOW_US, LITTLE_NOW_S});
	ck_assert_str_eq(asked(ACT_ALLOCATE)->node, ""); /* anywhere */
	end();
}
END_TEST

START_TEST(it_is_given_up_and_tried_later)
{
	begin();
	look(0, "running requeue drained companion:running@n2",
	     "vm0:running wants:n2 given:n2 failed:3 " ALL);
	ck_assert_str_eq(asked(ACT_POINT_VM)->node, "n1");
	look(2, "running requeue drained companion:running@n2", "vm0:running failed:3 " ALL);
	ck_assert_ptr_nonnull(asked(ACT_END_COMPANION));
	look(2, "running requeue drained", "vm0:running failed:3 " ALL);
	ready_and("blocked");
	ck_assert_ptr_null(asked(ACT_ALLOCATE));
	look(MOVE_PAUSE_S, "running requeue drained", "vm0:running failed:3 " ALL);
	ck_assert_ptr_nonnull(asked(ACT_ALLOCATE));
	end();
}
END_TEST

/* What its heir has to know is written before it is the job, and it goes on from there. */
START_TEST(an_allocation_without_a_shell)
{
	begin();
	look(0, "running noshell", "vm0:running " ALL);
	look(1, "running drained noshell companion:running@n2", "vm0:running@n2 " ALL);
	ready_and("bequeath");
	ck_assert_uint_eq(asked(ACT_BEQUEATH)->companion, 23);
	ck_assert_ptr_nonnull(strstr(asked(ACT_BEQUEATH)->reason, " state=ready run=0 node=n2 "));
	ck_assert_ptr_nonnull(
		strstr(asked(ACT_BEQUEATH)->reason, " nodes=n1@1699999500,n2@1700000001"));
	ck_assert_ptr_null(strstr(asked(ACT_BEQUEATH)->reason, "heir="));
	look(5, "running drained noshell companion:running@n2 claims", "vm0:running@n2 " ALL);
	ready_and("mark");
	ck_assert_ptr_nonnull(strstr(asked(ACT_RECORD)->reason, " heir=23 "));
	ck_assert_ptr_null(strstr(asked(ACT_RECORD)->reason, " moved="));
	ck_assert(asked(ACT_RECORD)->look);
	look(5, "running drained noshell heir companion:running@n2 claims", "vm0:running@n2 " ALL);
	ready_and("give-way");
	ck_assert_uint_eq(asked(ACT_GIVE_WAY)->companion, 23);
	ck_assert_uint_eq(asked(ACT_GIVE_WAY)->job_id, 17);
	look(5, "running noshell as17", "vm0:running " ALL); /* n1: it is there */
	ck_assert_ptr_null(reconciler_status(r, 17));
	ck_assert_str_eq(vm_state_name(reconciler_status(r, 23)->state), "READY");
	ck_assert_ptr_null(strstr(asked(ACT_RECORD)->reason, "heir="));
	ck_assert_uint_eq(asked(ACT_RECORD)->job_id, 23);
	ck_assert_str_eq(asked(ACT_RECORD)->job_key, LITTLE_KEY);
	end();
}
END_TEST

/* What was seen of the VM is so still: KubeVirt shows no address for a while after a move. */
START_TEST(an_heir_has_the_address)
{
	struct progress p = {.job_id = 17, .key_id = 17, .nonce = "9f3c12ab45de6701"};
	struct little_world row;
	struct progress_view v;

	(void)str_copy(p.status.address, sizeof(p.status.address), "192.168.172.57");
	(void)str_copy(p.recorded, sizeof(p.recorded), " state=ready");
	little_world_init(&row, "running noshell as17", "vm0:running " ALL, "");
	v = (struct progress_view){.want = &row.want,
				   .seen = &row.seen,
				   .flight = &row.flight,
				   .catalogue = &row.catalogue,
				   .policy = &row.policy,
				   .mono_us = LITTLE_NOW_US,
				   .wall_s = LITTLE_NOW_S};
	progress_step(&p, &row.job, &v);
	ck_assert_uint_eq(p.job_id, 23);
	ck_assert_str_eq(p.status.address, "192.168.172.57");
	ck_assert_str_eq(p.recorded, ""); /* its own record is another one */
	row.job.request.as = 0;           /* another job */
	progress_step(&p, &row.job, &v);
	p.job_id = 17;
	progress_step(&p, &row.job, &v);
	ck_assert_str_eq(p.status.address, "");
	little_world_done(&row);
}
END_TEST

/* Its VM goes elsewhere before it gives way: it names nobody any more. */
START_TEST(an_heir_is_taken_back)
{
	begin();
	look(0, "running drained noshell heir companion:running@n2 claims", "vm0:running@n2 " ALL);
	look(5, "running drained noshell heir companion:running@n2 claims",
	     "vm0:running@n2 ?moves " ALL);
	ck_assert_ptr_null(asked(ACT_RECORD)); /* unknown is no reason */
	look(5, "running noshell heir companion:running@n2 claims", "vm0:running " ALL);
	ck_assert_ptr_nonnull(asked(ACT_END_COMPANION));
	ck_assert_ptr_null(strstr(asked(ACT_RECORD)->reason, "heir="));
	end();
}
END_TEST

/* What was asked for is believed in for 30 s, but not longer than until it is listed. */
START_TEST(it_is_asked_for_again_at_once)
{
	begin();
	look(0, "running requeue drained", "vm0:running " ALL);
	ck_assert_ptr_nonnull(asked(ACT_ALLOCATE));
	look(1, "running requeue drained", "vm0:running " ALL); /* not listed yet */
	ck_assert_ptr_null(asked(ACT_ALLOCATE));
	look(1, "running requeue companion:pending", "vm0:running " ALL); /* resumed */
	ck_assert_ptr_nonnull(asked(ACT_END_COMPANION));
	look(1, "running requeue companion:ended", "vm0:running " ALL);
	look(1, "running requeue drained companion:ended", "vm0:running " ALL); /* drained again */
	ck_assert_ptr_nonnull(asked(ACT_ALLOCATE));
	look(1, "running requeue drained companion:ended", "vm0:running " ALL);
	ck_assert_ptr_null(asked(ACT_ALLOCATE)); /* the old one is not what was asked for now */
	look(1, "running requeue drained companion:ended companion:ended", "vm0:running " ALL);
	ck_assert_ptr_nonnull(asked(ACT_ALLOCATE));
	look(1, "running requeue drained companion:ended companion:ended", "vm0:running " ALL);
	ck_assert_ptr_null(asked(ACT_ALLOCATE));
	/* slurmctld lost its state: the one that was asked for has an old id */
	look(1, "running requeue drained companion:ended", "vm0:running " ALL);
	ck_assert_ptr_nonnull(asked(ACT_ALLOCATE));
	end();
}
END_TEST

/* Who sees an older list would end the one that counts now. */
START_TEST(a_second_companion_is_ended_beside_the_first)
{
	begin();
	look(0, "running requeue drained companion:pending companion:pending", "vm0:running " ALL);
	ck_assert_uint_eq(asked(ACT_END_COMPANION)->companion, 24);
	ck_assert_uint_eq(asked(ACT_END_COMPANION)->companion_stays, 23);
	end();
	begin();
	look(0, "running requeue companion:pending", "vm0:running " ALL);
	ck_assert_uint_eq(asked(ACT_END_COMPANION)->companion, 23);
	ck_assert_uint_eq(asked(ACT_END_COMPANION)->companion_stays, 0);
	end();
	begin(); /* it moves on: not where it is */
	look(0, "running requeue drained companion:running@n2 s2:drained", "vm0:running@n2 " ALL);
	ck_assert_str_eq(asked(ACT_ALLOCATE)->not_on, "n2");
	end();
	begin(); /* nor is a job queued again without the one that its VM is with */
	look(0, "running requeue drained marked companion:running@n2", "vm0:running@n2 " ALL);
	ck_assert_uint_eq(asked(ACT_REQUEUE_JOB)->companion, 23);
	ck_assert_str_eq(asked(ACT_REQUEUE_JOB)->vm.name, "vm-" LITTLE_KEY "-r0");
	ck_assert_str_eq(asked(ACT_REQUEUE_JOB)->uid, "u-vm");
	ck_assert_str_eq(asked(ACT_REQUEUE_JOB)->version, "7");
	ck_assert_str_eq(asked(ACT_REQUEUE_JOB)->node, "n2");
	end();
}
END_TEST

/* slurmctld lost its state, and the next companion has the id of the one before: the migration that
 * went there says nothing of this one (found by tests/lab/0021). */
START_TEST(a_companion_has_the_id_of_another)
{
	static const char job[] = "running requeue drained companion:running@n2",
			  seen[] = "vm0:running wants:n2 given:n2 succeeded " ALL;

	begin();
	look(0, job, seen);
	ready_and("sending"); /* it may be a moment behind */
	ck_assert_ptr_null(asked(ACT_MIGRATE_VM));
	look(MOVE_BEHIND_S, job, seen);
	ready_and("send");
	ck_assert_str_eq(asked(ACT_MIGRATE_VM)->object, "vm-" LITTLE_KEY "-r0-m23-2");
	look(1, job, "vm0:running wants:n2 given:n2 sending " ALL);
	look(1, job, seen);
	ready_and("sending");
	ck_assert_ptr_null(asked(ACT_MIGRATE_VM));
	end();
}
END_TEST

static unsigned told(void)
{
	return asked(ACT_TELL_JOB) != NULL;
}

START_TEST(its_user_is_told_once)
{
	begin();
	look(0, "running requeue", "vm0:running blocked " ALL);
	ready_and("");
	ck_assert_str_eq(reconciler_status(r, 17)->pinned, "a GPU");
	look(5, "running requeue drained", "vm0:running blocked " ALL);
	ready_and("blocked");
	ck_assert_uint_eq(told(), 1);
	ck_assert_str_eq(asked(ACT_TELL_JOB)->reason,
			 "it must leave, but it cannot move live: a GPU");
	look(5, "running requeue drained", "vm0:running blocked " ALL);
	ck_assert_uint_eq(told(), 0);
	look(5, "running requeue drained",
	     "vm0:running blocked ?moves " ALL); /* unknown is no end */
	look(5, "running requeue drained", "vm0:running blocked " ALL);
	ck_assert_uint_eq(told(), 0);
	look(5, "running requeue", "vm0:running blocked " ALL);
	look_with(5, "running requeue drained", "vm0:running blocked " ALL, ERR_RETRY);
	ck_assert_uint_eq(told(), 1); /* another drain */
	look(100, "running requeue drained", "vm0:running blocked " ALL);
	ck_assert_uint_eq(told(), 0); /* whatever came of it */
	look(5, "running requeue drained drain:stay", "vm0:running blocked " ALL);
	ck_assert_uint_eq(told(), 1); /* another reason */
	look(5, "running requeue", "vm0:running " ALL);
	ck_assert_str_eq(reconciler_status(r, 17)->pinned, "");
	end();
}
END_TEST

START_TEST(trouble_of_a_move_is_shown_and_not_fatal)
{
	begin();
	look_with(0, "running requeue drained", "vm0:running " ALL, ERR_DENIED);
	look(1, "running requeue drained", "vm0:running " ALL);
	ready_and("allocate");
	ck_assert_ptr_nonnull(strstr(reconciler_status(r, 17)->move_reason, "because of denied"));
	end();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("move");
	TCase *t = tcase_create("rows");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(t, plan_rows, 0, (int)ARRAY_LEN(rows));
	tcase_add_test(t, an_heir_is_not_taken_back);
	tcase_add_test(t, an_allocation_without_a_shell);
	tcase_add_test(t, an_heir_has_the_address);
	tcase_add_test(t, an_heir_is_taken_back);
	tcase_add_test(t, companions_are_marked);
	tcase_add_test(t, companions_of_others_do_not_count);
	tcase_add_test(t, slurm_says_why_it_waits);
	tcase_add_loop_test(t, closed_nodes_are_named, 0, 9);
	tcase_add_test(t, the_first_action_on_an_object_counts);
	tcase_add_test(t, a_mark_stays_on_a_job_that_is_queued_again);
	tcase_add_test(t, a_drain);
	tcase_add_test(t, it_comes_home);
	tcase_add_test(t, its_time_without_an_allocation_is_counted);
	tcase_add_test(t, the_run_that_is_queued_again_is_named);
	tcase_add_test(t, a_vm_grows);
	tcase_add_test(t, a_vm_gets_all_that_its_job_will_hold);
	tcase_add_test(t, room_is_asked_for_that_holds_it);
	tcase_add_test(t, attempts_are_of_one_companion);
	tcase_add_test(t, growing_is_given_up);
	tcase_add_test(t, a_grown_vm_finds_room_of_its_size);
	tcase_add_test(t, a_wish_that_was_told_is_not_lost);
	tcase_add_test(t, the_mark_of_this_run_stays);
	tcase_add_test(t, the_mark_of_the_next_run_stays);
	tcase_add_test(t, a_shortened_limit_is_given_back);
	tcase_add_test(t, the_list_of_nodes_has_an_end);
	tcase_add_test(t, node_is_not_clear_under_its_vm);
	tcase_add_test(t, the_gap_has_an_end);
	tcase_add_test(t, the_next_gap_is_another_one);
	tcase_add_test(t, the_gap_has_an_end_though_it_waits_for_room);
	tcase_add_test(t, who_was_given_up_and_finds_room_is_changed_first);
	tcase_add_test(t, somebody_asks);
	tcase_add_test(t, what_was_asked_survives_vmd);
	tcase_add_test(t, it_is_given_up_and_tried_later);
	tcase_add_test(t, it_is_asked_for_again_at_once);
	tcase_add_test(t, a_second_companion_is_ended_beside_the_first);
	tcase_add_test(t, a_companion_has_the_id_of_another);
	tcase_add_test(t, its_user_is_told_once);
	tcase_add_test(t, trouble_of_a_move_is_shown_and_not_fatal);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
