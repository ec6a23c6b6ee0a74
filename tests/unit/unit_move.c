/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A row for every row of the table in DESIGN.md, "The move", and for every way it can be left: what
 * is read of it, and what is planned. The words are explained in little_world.h. */
#include "tests/unit/check_main.h"
#include "tests/unit/little_world.h"
#include "vmd/base/str.h"
#include "vmd/reconcile/limit.h"
#include "vmd/reconcile/move_view.h"

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

/* "" that of its job. */
START_TEST(a_move_has_its_qos)
{
	static const struct {
		const char *slurm, *qos;
	} cases[] = {
		{"running requeue drained", "moves"},
		{"running drained",         "moves"},
		{"running drained noshell", ""     },
	};
	struct plan *p = calloc(1, sizeof(*p));
	struct little_world row;

	ck_assert_ptr_nonnull(p);
	little_world_init(&row, cases[_i].slurm, "vm0:running " HAS, "");
	(void)str_copy(row.policy.move_qos, sizeof(row.policy.move_qos), "moves");
	plan(&row.want, &row.seen, &row.context, p);
	ck_assert_int_eq(p->act[0].kind, ACT_ALLOCATE);
	ck_assert_str_eq(p->act[0].qos, cases[_i].qos);
	little_world_done(&row);
	free(p);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("rows");

	tcase_add_loop_test(t, plan_rows, 0, (int)ARRAY_LEN(rows));
	tcase_add_test(t, slurm_says_why_it_waits);
	tcase_add_loop_test(t, closed_nodes_are_named, 0, 9);
	tcase_add_loop_test(t, a_move_has_its_qos, 0, 3);
	return CHECK_MAIN(t);
}
