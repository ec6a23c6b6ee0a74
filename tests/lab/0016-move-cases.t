#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Moves that wait, are taken back, or cannot be; kubectl drain; an allocation without a batch script.
# long: moves that wait for one another
. "$(dirname "$0")/lib.sh"

nodes=(worker1node worker2node worker3node)

drain() # NODE...
{
	on_lab scontrol update "nodename=$(IFS=,; echo "$*")" state=drain reason=test
}
resume() # NODE...
{
	on_lab scontrol update "nodename=$(IFS=,; echo "$*")" state=resume
}
others() # NODE: the other nodes, a word each
{
	printf '%s\n' "${nodes[@]}" | grep -vx "$1"
}
vm_uid() # JOB
{
	on_lab kubectl get vmi -A -l "slurm-vm.io/job=$1" -o jsonpath='{.items[*].metadata.uid}'
}
turned_down() # JOB: companions that its VM goes to no more
{
	on_lab kubectl get vm -A -l "slurm-vm.io/job=$1" -o "jsonpath={.items[*].metadata.annotations['slurm-vm\.io/turned-down']}"
}
no_move() # JOB
{
	! on_lab vmctl show "$1" | grep '^Move ' && equals "$(on_lab squeue -h -n "vm-move-$1" -o %i)" ""
}
vm_at() # JOB NODE
{
	equals "$(vm_node "$1")" "$2"
}
both_at() # JOB NODE: job and VM
{
	equals "$(node_of "$1") $(vm_node "$1")" "$2 $2" && job_in "$1" RUNNING
}
vm_not_at() # JOB NODE
{
	[ -n "$(vm_node "$1")" ] && [ "$(vm_node "$1")" != "$2" ]
}

job=$(submit alice --requeue --vm=tiny -c 1 --mem=512M --wrap 'sleep 900')
ok "a VM is READY" within 180 in_state "$job" READY
first=$(node_of "$job")
mapfile -t rest < <(others "$first")

# no room
drain "${nodes[@]}"
ok "no node has room: it waits, and says so" within 60 move_says "$job" "queued.* job [0-9]+: its node is drained in Slurm.*, it waits for room"
ok "... where it is" both_at "$job" "$first"
waiting=$(on_lab squeue -h -n "vm-move-$job" -o %i)
resume "$first"
ok "its node is resumed: nothing is left of the wish" within 60 no_move "$job"
ok "... the VM has turned the room down before that was given back" equals "$(turned_down "$job")" "$waiting"
drain "$first"
ok "drained again it waits again" within 60 move_says "$job" queued
resume "${rest[0]}"
ok "room appears: it moves there" within 60 both_at "$job" "${rest[0]}"
resume "$first" "${rest[1]}"

# Kubernetes
ok "kubectl drain ends" timeout 90 "$top/scripts/lab" exec kubectl drain "${rest[0]}" --ignore-daemonsets \
	--delete-emptydir-data --force --timeout=80s
ok "... with the VM and its job elsewhere" within 60 vm_not_at "$job" "${rest[0]}"
ok "... in one place" within 60 both_at "$job" "$(vm_node "$job")"
on_lab kubectl uncordon "${rest[0]}" >"$work/uncordon"

# by hand
mapfile -t rest < <(others "$(node_of "$job")")
ok "its owner moves it" as alice timeout 90 vmctl migrate "$job" --to="${rest[0]}"
ok "... and its job" within 30 both_at "$job" "${rest[0]}"

# the node it goes to is drained while it is on its way: it moves on, and its job with it
first=${rest[0]}
mapfile -t rest < <(others "$first")
drain "$first" "${rest[1]}"
ok "its node is drained, another has room: it goes there" within 60 move_says "$job" "(sending|mark|requeue|leaving|aim)"
drain "${rest[0]}"
resume "${rest[1]}"
ok "that is drained, too: it moves on, and its job" within 180 both_at "$job" "${rest[1]}"
ok "... and nothing is left of the move" within 60 no_move "$job"
resume "$first" "${rest[0]}"
on_lab scancel "$job"
ok "it ends" within 60 job_over "$job"
ok "all of it is gone" within 180 nothing_left "$job"

# by name
named=$(submit bob --requeue --vm=tiny -c 1 --mem=512M -w "$first" --wrap 'sleep 900')
ok "another VM is READY" within 180 in_state "$named" READY
drain "$first"
ok "a job that names its node stays, and says so" within 60 move_says "$named" "blocked.*--nodelist"
on_lab scancel "$named"
ok "it ends" within 60 job_over "$named"
resume "$first"

# --exclude
choosy=$(submit bob --requeue --vm=tiny -c 1 --mem=512M --exclude=worker3node --wrap 'sleep 900')
ok "a VM of a job that excludes a node is READY" within 180 in_state "$choosy" READY
first=$(node_of "$choosy")
drain worker1node worker2node
ok "that node alone is free: it waits" within 60 move_says "$choosy" queued
sleep 5
ok "... where it is" both_at "$choosy" "$first"
second=$(others "$first" | grep -vx worker3node)
resume "$second"
ok "another one is free: it moves there" within 60 both_at "$choosy" "$second"
on_lab scancel "$choosy"
ok "it ends" within 60 job_over "$choosy"
none_reserved()
{
	contains "$(on_lab scontrol show reservation)" "No reservations"
}
ok "... and no node is reserved for it" within 30 none_reserved
resume "$first"

# an allocation with a shell, which cannot go elsewhere (one without: 0027-no-shell.t)
as alice salloc --vm=tiny -c 1 --mem=512M sleep 900 2>"$work/salloc" &
granted()
{
	grep -q 'Granted job allocation' "$work/salloc"
}
ok "an allocation is granted" within 60 granted
held=$(sed -n 's/.*Granted job allocation //p' "$work/salloc")
ok "an allocation's VM is READY" within 180 in_state "$held" READY
first=$(node_of "$held")
drain "$first"
ok "its VM moves" within 60 vm_not_at "$held" "$first"
ok "... into a companion that stays" within 30 move_says "$held" "held, to $(vm_node "$held") in job [0-9]+"
ok "... READY all the time" in_state "$held" READY
uid=$(vm_uid "$held")
second=$(vm_node "$held")
drain "$second"
held_elsewhere() # JOB NODE...: with one companion, on neither of the nodes
{
	local job=$1 now

	shift
	now=$(vm_node "$job")
	[ -n "$now" ] && [[ " $* " != *" $now "* ]] && move_says "$job" "held, to $now in job" &&
		equals "$(on_lab squeue -h -n "vm-move-$job" -o %N)" "$now"
}
ok "that node is drained, too: it moves on into another companion" within 120 held_elsewhere "$held" "$first" "$second"
resume "$first"
drain "$(vm_node "$held")"
ok "the next one, too, and home is open: it goes there" within 120 vm_at "$held" "$first"
ok "... and nothing is left of the moves" within 60 no_move "$held"
ok "... READY, the same VM" in_state "$held" READY
ok "... all the time" equals "$(vm_uid "$held")" "$uid"
on_lab scancel "$held"
ok "the allocation ends" within 60 job_over "$held"
ok "... its companion, too" within 30 no_move "$held"
ok "... and all is gone" within 180 nothing_left "$held"
for node in "${nodes[@]}"; do
	resume "$node" # refused where it is not drained
done
done_testing
