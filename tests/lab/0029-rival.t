#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A job of a partition with a higher PriorityTier waits for the very place that a job is to follow its
# VM to: the reservation keeps it from the rival. Without reservations the rival gets it, and the VM
# goes on to another node, with its job behind it.
# long: the second move waits a minute for a job that does not start
. "$(dirname "$0")/lib.sh"

blocker() # NODE CPUS: prints the job
{
	submit bob -w "$1" -c "$2" --mem=100M --wrap 'sleep 1d'
}
migrations() # fail|go: can one be made?
{
	local text=

	[ "$1" = go ] || text=virtualmachineinstancemigrations
	jq -n --arg text "$text" '{failFor: $text}' | on_lab kubectl replace --raw /debug/faults -f - >/dev/null
}
companion_on() # NODE
{
	prints "R $1" on_lab squeue -h -n "vm-move-$job" -o '%t %N'
}
# The companion gets its room on NODE; the rival for that comes while no migration can be made.
move_beside_rival() # NODE
{
	migrations fail
	as alice vmctl migrate --timeout=1 "$job" >"$work/migrate" 2>&1
	ok "its companion has room on $1" within 60 companion_on "$1"
	rival=$(submit bob -p front -w "$1" -c 1 --mem=100M --wrap 'sleep 1d')
	ok "the rival waits for that" within 20 job_in "$rival" PENDING
}
arrived_on() # NODE: the job is there, with its VM, and nothing of the move is left
{
	equals "$(node_of "$job") $(vm_node "$job")" "$1 $1" && job_in "$job" RUNNING && in_state "$job" READY &&
		no_companion "$job" && no_reservation "$job"
}
is_the_same()
{
	equals "$(on_lab kubectl get vmi -A -l "slurm-vm.io/job=$job" -o jsonpath='{.items[*].metadata.uid}')" "$uid"
}

on_lab scontrol create partition=front nodes=ALL prioritytier=10 state=up defmempercpu=512
full2=$(blocker worker2node 8) full3=$(blocker worker3node 8)
ok "two nodes are full" within 30 job_in "$full3" RUNNING
job=$(submit alice --requeue --vm=tiny -c 1 --mem=512M --wrap 'sleep infinity')
ok "a VM is READY on the third" within 180 in_state "$job" READY
uid=$(on_lab kubectl get vmi -A -l "slurm-vm.io/job=$job" -o jsonpath='{.items[*].metadata.uid}')

on_lab scancel "$full2"
ok "one node is empty" within 30 job_over "$full2"
ok "but for one CPU it is full" within 30 job_in "$(blocker worker2node 7)" RUNNING
move_beside_rival worker2node
migrations go
ok "the job follows to the place that the rival wants" within 120 arrived_on worker2node
ok "... where that waits still" job_in "$rival" PENDING
ok "it is the same VM" is_the_same
on_lab scancel "$rival"

settings_change 's/^slurm:/&\n  move_reservation: false/' </dev/null
ok "of the first node but one CPU is full" within 30 job_in "$(blocker worker1node 7)" RUNNING
move_beside_rival worker1node
migrations go
ok "without a reservation the rival gets the place" within 120 job_in "$rival" RUNNING
ok "... and the job says that it waits" within 30 move_says "$job" starting
ok "the VM goes on to where there is room, and the job with it" within 240 arrived_on worker2node
ok "it is still the same VM" is_the_same
settings_restore
on_lab scancel "$job"
on_lab scancel -u bob
ok "it ends" within 60 job_over "$job"
ok "all is gone" within 180 nothing_left "$job"
ok "the rival is gone" within 60 job_over "$rival"
on_lab scontrol delete partitionname=front
done_testing
