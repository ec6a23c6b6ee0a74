#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# long: two minutes of waiting are what is tested.
# A VM that has lost its companion allocation and finds no place for 120 s: it is marked as given up,
# removed, and made again where its job is, with its disk.
. "$(dirname "$0")/lib.sh"

vmi() # JOB FIELD
{
	on_lab kubectl get vmi -A -l "slurm-vm.io/job=$1" -o jsonpath="{.items[*].$2}"
}
companion() # JOB
{
	on_lab squeue -h -t R -n "vm-move-$1" -o %i
}
held() # JOB: in a companion's place that stays
{
	contains "$(on_lab vmctl show "$1")" "^Move +held, to $(vmi "$1" status.nodeName) in job $(companion "$1"):"
}
is_another() # JOB UID
{
	[ "$(vmi "$1" metadata.uid)" != "$2" ]
}
at_home() # JOB NODE
{
	equals "$(vmi "$1" status.nodeName)" "$2" && in_state "$1" READY
}
given_up() # JOB
{
	equals "$(on_lab kubectl get vm -A -l "slurm-vm.io/job=$1" -o "jsonpath={.items[*].metadata.annotations['slurm-vm\.io/given-up']}")" true
}

job=$(submit alice --no-requeue --vm=tiny -c 1 --mem=512M --wrap 'sleep 900')
ok "a VM is READY" within 180 in_state "$job" READY
first=$(on_lab squeue -h -j "$job" -o %N)
uid=$(vmi "$job" metadata.uid)
ok "a file is written to its disk" as alice timeout 60 vmctl exec "$job" -- sh -c 'echo kept >marker && sync'

ok "its owner moves it" as alice timeout 120 vmctl migrate "$job"
ok "it is with its companion" within 60 held "$job"
on_lab scontrol update nodename=ALL state=drain reason=test
on_lab scancel "$(companion "$job")"
ok "without that, and with all nodes drained, it is READY for a while" in_state "$job" READY
ok "then that is noted on it" within 300 given_up "$job"
ok "... and it is removed" within 120 is_another "$job" "$uid"
on_lab scontrol update nodename=ALL state=resume
ok "it is made again where its job is" within 240 at_home "$job" "$first"
ok "... with its disk" equals "$(as alice timeout 60 vmctl exec "$job" -- cat marker)" kept
on_lab scancel "$job"
ok "the job ends" within 60 job_over "$job"
ok "all of it is gone" within 180 nothing_left "$job"
done_testing
