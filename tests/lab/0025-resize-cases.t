#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmctl resize of what is not the plain case: an allocation, which goes on as its companion and may grow again from
# there, a job of several tasks (-n), and one in the middle of which vmd is killed. SEED is printed.
# long: four migrations of three guests
. "$(dirname "$0")/lib.sh"

RANDOM=${SEED:=$RANDOM}
echo "# SEED=$SEED"

guest_cpus() # JOB
{
	as alice timeout 60 vmctl exec "$1" -- grep -c ^processor /proc/cpuinfo
}
job_cpus() # JOB: that Slurm counts
{
	on_lab scontrol show job "$1" | sed -n 's/^ *NumNodes=.* NumCPUs=\([0-9]*\) .*/\1/p'
}
vm_uid() # JOB
{
	on_lab kubectl get vmi -A -l "slurm-vm.io/job=$1" -o jsonpath='{.items[*].metadata.uid}'
}
job_of() # JOB: which has its VM now
{
	on_lab vmctl show --json "$1" 2>/dev/null | jq -r .job
}
in_room_of() # JOB CPUS: as another job, that has so many, with the VM and no companion
{
	local now

	now=$(job_of "$1")
	[ "$now" != "$1" ] && equals "$(job_cpus "$now")" "$2" && equals "$(node_of "$now")" "$(vm_node "$1")" &&
		equals "$(on_lab squeue -h -t R,PD -u alice -o %j | grep -c "^vm-move-")" 0
}

settings_change 's/^\( *\)memory: {min: 128M}/&\n\1grow: {cpus: 4, memory: 3G}/' </dev/null

# an allocation
as alice salloc --no-shell --vm=tiny -c 1 --mem=1500M 2>"$work/salloc"
held=$(sed -n 's/.*Granted job allocation //p' "$work/salloc")
tasks=$(submit alice --requeue --vm=tiny -n 2 --mem=1500M --wrap 'sleep 900')
ok "an allocation's VM is READY" within 180 in_state "$held" READY
uid=$(vm_uid "$held")
ok "it grows" as alice timeout 150 vmctl resize "$held" -c 2
ok "... its guest has two CPUs" within 60 prints 2 guest_cpus "$held"
ok "... as a job of that size" within 60 in_room_of "$held" 2
ok "it grows again, from there" as alice timeout 150 vmctl resize "$held" -c 4
ok "... its guest has four CPUs" within 90 prints 4 guest_cpus "$held"
ok "... as yet another one" within 60 in_room_of "$held" 4
ok "... the same VM" equals "$(vm_uid "$held")" "$uid"
grown=$(job_of "$held")
on_lab scancel "$grown"
ok "it ends" within 120 job_over "$grown"
ok "all of it is gone" within 180 nothing_left "$held"

# several tasks, and vmd is killed in the middle
ok "the VM of a job of two tasks is READY" within 180 in_state "$tasks" READY
ok "its guest has two CPUs" within 60 prints 2 guest_cpus "$tasks"
uid=$(vm_uid "$tasks")
as alice timeout 20 vmctl resize --timeout=1 "$tasks" -c 4 >"$work/resize" 2>&1
pause=$((RANDOM % 40))
sleep "$((pause / 10)).$((pause % 10))"
signal KILL vmd
lab up >"$work/up" 2>&1
ok "it grows, though vmd was killed $pause tenths of a second later" within 180 prints 4 guest_cpus "$tasks"
ok "... Slurm counts it so" within 60 prints 4 job_cpus "$tasks"
ok "... nothing else is held for it" within 60 no_companion "$tasks"
ok "... the same VM" equals "$(vm_uid "$tasks")" "$uid"
on_lab scancel "$tasks"
ok "it ends" within 120 job_over "$tasks"
ok "all of it is gone" within 180 nothing_left "$tasks"
settings_restore
done_testing
