#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a user chose for a drain (--vm-on-drain=requeue, =stay), and a limit that leaves no room for a move: its user is told, with
# Slurm's name of it, and slurm: move_qos gets past it.
# long: a move that waits, and slurmctld started anew
# limit: 900
. "$(dirname "$0")/lib.sh"

both_left() # JOB NODE: job and VM are together, elsewhere
{
	local now

	now=$(node_of "$1")
	[ -n "$now" ] && [ "$now" != "$2" ] && equals "$(vm_node "$1")" "$now"
}
was_told() # JOB PATTERN
{
	contains "$(output_of alice "$1")" "$2"
}
has_ended() # PID on masternode
{
	! on_lab sh -c "kill -0 $1" 2>/dev/null
}
set_limit() # MAX-JOBS of alice, -1: none
{
	on_lab sacctmgr -i modify user alice set "MaxJobs=$1"
}

# Limits count only where a site enforces them, which slurmctld reads when it starts.
on_lab sed -i 's/^\(\s*AccountingStorageEnforce\)=.*/\1=associations,limits,qos/' /etc/slurm/slurm.conf
pid=$(on_lab cat /run/pids/slurmctld)
signal TERM slurmctld
ok "slurmctld ends" within 30 has_ended "$pid"
on_lab setpriv --reuid=slurm --regid=slurm --init-groups slurmctld # not by `lab up`, which writes its settings anew
ok "... and comes back" within 30 on_lab scontrol ping

# requeue: its guest goes, and comes back on another node with its disk. Slurm lets a job that is queued again wait for
# two minutes; this one need not.
job=$(submit bob --requeue --open-mode=append --comment=mine --vm=tiny --vm-on-drain=requeue -c 1 --mem=512M --wrap 'sleep 900')
ok "a VM is READY" within 180 in_state "$job" READY
first=$(node_of "$job")
ok "its guest has a file" within 60 as bob timeout 30 vmctl exec "$job" -- sh -c 'echo computed >kept && sync'
on_lab scontrol update "nodename=$first" state=drain reason=fan
runs_again() # JOB NODE: as its second run, elsewhere
{
	on_lab scontrol update "jobid=$1" starttime=now 2>/dev/null
	job_in "$1" RUNNING && contains "$(on_lab scontrol show job "$1")" "Restarts=1 " && [ "$(node_of "$1")" != "$2" ]
}
ok "its node is drained: it runs again elsewhere" within 120 runs_again "$job" "$first"
ok "... READY" within 180 in_state "$job" READY
ok "... with its disk" within 60 prints computed as bob timeout 30 vmctl exec "$job" -- cat kept
bob_was_told()
{
	contains "$(output_of bob "$1")" "slurm-vm: its node is drained in Slurm by root \(fan\); it is queued again"
}
ok "... and its user was told why" within 30 bob_was_told "$job"
ok "... also in the job's Comment, behind his own" contains "$(on_lab scontrol show job "$job")" "Comment=mine; slurm-vm: its node is drained in Slurm by root \(fan\)"
on_lab scontrol update "nodename=$first" state=resume
on_lab scancel "$job"
ok "it ends" within 60 job_over "$job"
ok "all of it is gone" within 60 nothing_left "$job"

job=$(submit alice --requeue --vm=tiny --vm-on-drain=stay -c 1 --mem=512M --wrap 'sleep 900')
ok "a VM is READY" within 180 in_state "$job" READY
first=$(node_of "$job")
on_lab scontrol update "nodename=$first" state=drain reason=test
ok "its node is drained: it stays, as its user chose" within 60 move_says "$job" "stay.*--vm-on-drain=stay"
ok "... and its user is told" within 60 was_told "$job" "it stays to its end"
ok "... and nothing else is asked of Slurm" no_companion "$job"
on_lab scontrol update "nodename=$first" state=resume

ok "its user may have one job at a time" set_limit 1
as alice vmctl migrate --timeout=1 "$job" >"$work/migrate" 2>&1
ok "a move of his VM waits, and names the limit" within 60 move_says "$job" "queued.*a limit leaves no room.*AssocMaxJobsLimit"
ok "... which he is told" within 60 was_told "$job" "a limit leaves no room"
ok "he takes it back" as alice vmctl migrate --cancel "$job"
ok "... and nothing waits any more" within 60 no_companion "$job"

# other limits: of the sum of all jobs, and of jobs that may be submitted
set_limit -1 >"$work/limit"
on_lab sacctmgr -i modify user alice set GrpTRES=cpu=1 >"$work/limit"
as alice vmctl migrate --timeout=1 "$job" >"$work/migrate" 2>&1
ok "a limit of all his CPUs is named, too" within 60 move_says "$job" "queued.*a limit leaves no room.*AssocGrpCpuLimit"
ok "he takes it back" as alice vmctl migrate --cancel "$job"
ok "... and nothing waits" within 60 no_companion "$job"
on_lab sacctmgr -i modify user alice set GrpTRES=cpu=-1 MaxSubmitJobs=1 >"$work/limit"
as alice vmctl migrate --timeout=1 "$job" >"$work/migrate" 2>&1
ok "one that refuses the companion at once is told in slurmctld's words" within 60 move_says "$job" "allocate.*([Ll]imit|policy)"
ok "... and nothing is asked for but once a minute" test "$(on_lab grep -c "action=allocate .*job=$job \|job=$job .*action=allocate" /var/log/vmd.log)" -le 6
ok "he takes it back" as alice vmctl migrate --cancel "$job"
on_lab sacctmgr -i modify user alice set MaxSubmitJobs=-1 >"$work/limit"
set_limit 1 >"$work/limit"

on_lab sh -c "sacctmgr -i add qos moves MaxJobsPerUser=10; sacctmgr -i modify user alice set qos+=moves" >"$work/qos" 2>&1
settings_change 's/^slurm:/&\n  move_qos: moves/' </dev/null
ok "with a QOS for moves it goes" as alice timeout 120 vmctl migrate "$job"
ok "... with its job" within 60 both_left "$job" "$first"
ok "... and its companion is gone" within 60 no_companion "$job"
set_limit -1 >"$work/limit"
on_lab scancel "$job"
ok "it ends" within 60 job_over "$job"
ok "all of it is gone" within 180 nothing_left "$job"
settings_restore
done_testing
