#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A VM that has lost its companion allocation, as when slurmctld forgot it: it goes home live while
# its job's node is open, else room is asked for where it is. It is never made anew.
. "$(dirname "$0")/lib.sh"

vmi() # JOB FIELD
{
	on_lab kubectl get vmi -A -l "slurm-vm.io/job=$1" -o jsonpath="{.items[*].$2}"
}
vm_at() # JOB NODE
{
	equals "$(vmi "$1" status.nodeName)" "$2"
}
companion() # JOB
{
	on_lab squeue -h -t R -n "vm-move-$1" -o %i
}
held() # JOB: in a companion's place that stays
{
	contains "$(on_lab vmctl show "$1")" "^Move +held, to $(vmi "$1" status.nodeName) in job $(companion "$1"):"
}
no_move() # JOB
{
	! on_lab vmctl show "$1" | grep '^Move ' && equals "$(on_lab squeue -h -n "vm-move-$1" -o %i)" ""
}

job=$(submit alice --no-requeue --vm=tiny -c 1 --mem=512M --wrap 'sleep 900')
ok "a VM is READY" within 180 in_state "$job" READY
first=$(on_lab squeue -h -j "$job" -o %N)
uid=$(vmi "$job" metadata.uid)

ok "its owner moves it" as alice timeout 120 vmctl migrate "$job"
ok "it is with its companion" within 60 held "$job"
on_lab scancel "$(companion "$job")"
ok "without that it goes home" within 120 vm_at "$job" "$first"
ok "... and nothing is left of the move" within 60 no_move "$job"

ok "it is moved again" as alice timeout 120 vmctl migrate "$job"
ok "... to its companion" within 60 held "$job"
there=$(vmi "$job" status.nodeName)
old=$(companion "$job")
on_lab scontrol update "nodename=$first" state=drain reason=test
on_lab scancel "$old"
other_companion()
{
	held "$job" && [ "$(companion "$job")" != "$old" ]
}
ok "home is drained: it has another companion" within 120 other_companion
ok "... where it was" vm_at "$job" "$there"
ok "READY" in_state "$job" READY
ok "... the VM that it has been all the time" equals "$(vmi "$job" metadata.uid)" "$uid"
on_lab scontrol update "nodename=$first" state=resume

not_given_up() # JOB
{
	equals "$(on_lab kubectl get vm -A -l "slurm-vm.io/job=$1" -o "jsonpath={.items[*].metadata.annotations['slurm-vm\.io/given-up']}")" ""
}
given_up() # JOB: as whoever was to delete it, and was stopped
{
	on_lab kubectl annotate vm -n slurm-vm -l "slurm-vm.io/job=$1" slurm-vm.io/given-up=true
}
ok "it is marked as given up, and has a place" given_up "$job"
ok "... the mark is taken off it" within 60 not_given_up "$job"
ok "... nothing else is done to it" equals "$(vmi "$job" metadata.uid) $(vmi "$job" status.nodeName)" "$uid $there"
on_lab scancel "$job"
ok "the job ends" within 60 job_over "$job"
ok "all of it is gone" within 180 nothing_left "$job"
done_testing
