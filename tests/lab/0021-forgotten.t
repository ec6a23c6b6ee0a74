#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slurmctld dies in the middle of a move and comes back with a state from before it: without the drain, the
# companion, the mark, and without the run that the job is in. The guest lives on as long as its job does,
# and its disk in any case.
# long: slurmctld is started anew three times
. "$(dirname "$0")/lib.sh"

state=/var/lib/slurm/ctld

remember() # slurmctld writes its state every 5 s
{
	sleep 7
	on_lab sh -c "rm -rf /run/ctld.old && cp -a $state /run/ctld.old"
}
forget() # what has been since remember
{
	signal KILL slurmctld
	on_lab sh -c "rm -rf $state && cp -a /run/ctld.old $state"
	# shellcheck disable=SC2016 # expanded in the lab
	within 30 on_lab bash -c '. /run/lab.d/lab.sh; . /run/lab.d/slurm.sh; slurmctld_up'
}
vm_at() # JOB NODE
{
	equals "$(vm_node "$1")" "$2"
}
vm_uid() # JOB
{
	on_lab kubectl get vmi -A -l "slurm-vm.io/job=$1" -o jsonpath='{.items[*].metadata.uid}'
}
no_move() # JOB
{
	! on_lab vmctl show "$1" | grep '^Move ' && no_companion "$1"
}
at_home() # JOB: job and VM are where they began, and nothing is left of a move
{
	equals "$(node_of "$1") $(vm_node "$1")" "$first $first" && job_in "$1" RUNNING && in_state "$1" READY && no_move "$1"
}
moved_from() # NODE: the job runs its second run elsewhere, with its VM
{
	local now

	now=$(node_of "$job")
	[ -n "$now" ] && [ "$now" != "$1" ] && vm_at "$job" "$now" && job_in "$job" RUNNING && no_move "$job"
}
marked_in_guest()
{
	as alice timeout 60 vmctl exec "$job" -- sh -c 'echo computed >marker && sync'
}

job=$(submit alice --requeue --open-mode=append --vm=tiny -c 1 --mem=512M --wrap 'sleep 900')
ok "a VM is READY" within 180 in_state "$job" READY
ok "its guest has a file" within 60 marked_in_guest
first=$(node_of "$job")
uid=$(vm_uid "$job")
ok "slurmctld's state is copied" remember

# while it migrates
on_lab scontrol update "nodename=$first" state=drain reason=test
ok "its node is drained: it migrates" within 60 move_says "$job" "(sending|mark|requeue)"
ok "slurmctld dies and has forgotten that" forget
ok "it is at home in the end" within 180 at_home "$job"
ok "... the VM that it has been all the time" equals "$(vm_uid "$job")" "$uid"

# after its job has followed: in slurmctld's books it runs where it is not, until a slurmd says so
uid=$(vm_uid "$job")
run=$(on_lab scontrol show job "$job" | grep -o 'Restarts=[0-9]*')
ok "slurmctld's state is copied again" remember
on_lab scontrol update "nodename=$first" state=drain reason=test
ok "the job follows its VM" within 120 moved_from "$first"
ok "slurmctld dies and has forgotten that" forget
sleep 45
lives_again() # as whatever run, with its disk
{
	# shellcheck disable=SC2016 # expanded in the lab
	on_lab sh -c 'sinfo -h -N -t drain -o "%N" | sort -u | while read -r node; do scontrol update nodename="$node" state=resume; done
		squeue -h -t PD -o "%i %r" | sed -n "s/ .*held.*//p" | while read -r job; do scontrol release "$job"; done
		scontrol update "jobid=$1" starttime=now 2>/dev/null' forget "$job"
	job_in "$job" RUNNING && in_state "$job" READY && vm_at "$job" "$(node_of "$job")" && no_move "$job" &&
		contains "$(as alice timeout 60 vmctl exec "$job" -- cat marker)" computed
}
ok "it lives again, with its disk" within 330 lives_again
echo "# before $run, now $(on_lab scontrol show job "$job" | grep -o 'Restarts=[0-9]*'), the VM $([ "$(vm_uid "$job")" = "$uid" ] && echo 'has been the same' || echo 'was booted anew')"
on_lab scancel "$job"
ok "it ends" within 120 job_over "$job"
ok "all is gone" within 180 nothing_left "$job"

# one that stays with its companion
job=$(submit alice --no-requeue --vm=tiny -c 1 --mem=512M --wrap 'sleep 900')
ok "another VM is READY" within 180 in_state "$job" READY
first=$(node_of "$job")
uid=$(vm_uid "$job")
ok "slurmctld's state is copied" remember
ok "its owner moves it" as alice timeout 120 vmctl migrate "$job"
ok "it is with its companion" within 60 move_says "$job" held
ok "slurmctld dies and has forgotten that" forget
ok "it is at home in the end" within 180 at_home "$job"
ok "... the VM that it has been all the time" equals "$(vm_uid "$job")" "$uid"
on_lab scancel "$job"
ok "it ends" within 120 job_over "$job"
ok "all is gone" within 180 nothing_left "$job"
done_testing
