#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The node of a `salloc --no-shell` is drained: its VM moves live, and its companion allocation takes its place. The old
# node is DRAINED, the books show the new one alone, and vmctl finds it by either id. What its user asked for goes with it:
# the nodes that he excluded, QOS, licence.
# long: 0015 has a move already, and scripts/check is to stay short
. "$(dirname "$0")/lib.sh"

node_is() # NODE STATE
{
	equals "$(on_lab sinfo -h -N -n "$1" -o %T)" "$2"
}
vm_uid() # JOB
{
	on_lab kubectl get vmi -A -l "slurm-vm.io/job=$1" -o jsonpath='{.items[*].metadata.uid}'
}
heir_of() # JOB: the id of the job that has its VM now
{
	on_lab vmctl show --json "$1" 2>/dev/null | jq -r .job
}
has_heir() # JOB
{
	[ "$(heir_of "$1")" -gt "$1" ]
}

on_lab sh -c "sacctmgr -i add qos moves; sacctmgr -i modify user alice set qos+=moves" >"$work/qos" 2>&1
settings_change 's/^slurm:/&\n  move_qos: moves/' </dev/null
as alice salloc --no-shell --exclude=worker3node -L tool:1 --vm=tiny -J desktop -c 1 --mem=512M -t 60 2>"$work/salloc"
job=$(sed -n 's/.*Granted job allocation //p' "$work/salloc")
ok "its VM is READY" within 180 in_state "$job" READY
first=$(node_of "$job")
uid=$(vm_uid "$job")
boot_id() # JOB: of its guest
{
	as alice timeout 30 vmctl exec "$1" -- cat /proc/sys/kernel/random/boot_id
}
answers() # JOB
{
	contains "$(boot_id "$1")" "^[0-9a-f-]{36}$"
}
ok "its guest answers" within 60 answers "$job"
boot=$(boot_id "$job")
on_lab scontrol update "nodename=$first" state=drain reason=fan
ok "its node is drained: another job has its VM" within 120 has_heir "$job"
heir=$(heir_of "$job")
second=$(node_of "$heir")
ok "... on another node" test "$second" != "$first"
ok "... where the VM is" equals "$(vm_node "$job")" "$second"
ok "... the same VM" equals "$(vm_uid "$job")" "$uid"
ok "... of the same boot, by the former id" within 60 prints "$boot" boot_id "$job"
ok "... and by the new one" within 60 prints "$boot" boot_id "$heir"
ok "... READY" within 30 in_state "$heir" READY
ok "the first one is over" within 60 job_over "$job"
ok "... COMPLETED" equals "$(job_state "$job")" COMPLETED
ok "... and says where it went on" contains "$(on_lab scontrol show job "$job")" "Comment=slurm-vm: .* goes on as job $heir"
ok "the old node is drained" within 60 node_is "$first" drained
ok "the heir has the name of the first one" equals "$(on_lab squeue -h -j "$heir" -o %j)" desktop
ok "... and its time" contains "$(on_lab squeue -h -j "$heir" -o %L)" "^(1:00:00|[0-9]{1,2}:[0-9]{2})$"
ok "... and its QOS, not that of moves" equals "$(on_lab squeue -h -j "$heir" -o %q)" "$(on_lab sacct -n -P -X -j "$job" -o QOS)"
licences() # "USED FREE"
{
	on_lab scontrol -o show lic tool | sed 's/.*Used=\([0-9]*\) Free=\([0-9]*\).*/\1 \2/'
}
ok "... and its licence, which nobody else has" equals "$(on_lab squeue -h -j "$heir" -o %W) $(licences)" "tool:1 1 0"
ok "vmctl show says what it was" contains "$(as alice vmctl show "$job")" "^Was +job $job"
ok "vmctl list has the job that Slurm has" contains "$(as alice vmctl list)" "^$heir +desktop "
# shellcheck disable=SC2016 # expanded in the step
ok "a step in it finds the VM" contains "$(as alice timeout 60 srun "--jobid=$heir" --vm=tiny sh -c 'echo $VM_NAME' 2>&1)" "^vm-$job-"

# vmd has nothing of it but what Slurm and Kubernetes show
signal KILL vmd
on_lab vmctl show "$heir" >"$work/show" 2>&1
lab up >"$work/up" 2>&1
ok "a new vmd knows as much" within 60 in_state "$job" READY
ok "... the same VM" equals "$(vm_uid "$job")" "$uid"

# the heir moves on, too
on_lab scontrol update "nodename=$second" state=drain reason=fan
ok "its node is drained, too: it waits, though a node is free that its user excluded" within 60 move_says "$heir" queued
sleep 5
ok "... where it is" equals "$(vm_node "$job")" "$second"
on_lab scontrol update "nodename=$first" state=resume
ok "another one is free: yet another job has its VM" within 120 has_heir "$heir"
last=$(heir_of "$heir")
ok "... found by the first id" equals "$(heir_of "$job")" "$last"
ok "... the same VM" equals "$(vm_uid "$job")" "$uid"
ok "that node is drained" within 60 node_is "$second" drained
on_lab scontrol update "nodename=$second" state=resume

third=$(node_of "$last")
on_lab scancel "$last"
ok "its user cancels the job that vmctl names: it is over" within 60 job_over "$last"
off() # its epilog has waited for the guest
{
	equals "$(left_of "$job" | grep -c qemu)" 0
}
ok "... with its guest off the node" off
ok "... which takes jobs" within 30 node_is "$third" idle
ok "all is gone" within 60 nothing_left "$job"
# Each begins before the one before ends, and not long before: the VM is never without an allocation, and two are held
# for as long as the move takes.
books_are_right()
{
	local start end before=0

	while IFS='|' read -r start end; do
		[[ $start =~ ^[0-9]+$ && $end =~ ^[0-9]+$ ]] || return 1
		echo "from $start to $end"
		[ "$before" = 0 ] || { [ "$start" -le "$before" ] && [ $((before - start)) -lt 120 ]; } || return 1
		before=$end
	done < <(on_lab env SLURM_TIME_FORMAT=%s sacct -n -P -X -j "$job,$heir,$last" -o Start,End)
	[ "$before" != 0 ]
}
ok "its licence is free" equals "$(licences)" "0 1"
ok "sacct has all three, one after the other" within 60 books_are_right
ok "... each on its node" equals "$(on_lab sacct -n -P -X -j "$job,$heir,$last" -o NodeList | tr '\n' ' ')" "$first $second $third "
on_lab sacct -X -j "$job,$heir,$last" --format=JobID,JobName%10,State,Elapsed,NodeList%12,AllocTRES%44 | sed 's/^/# /'
settings_restore
done_testing
