#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Drain in Slurm and cordon in Kubernetes go together, and each is taken back with the other; a VM leaves
# a node that is cordoned, and stays on one that is uncordoned in time.
# long: three nodes, each taken out on either side, one after the other
. "$(dirname "$0")/lib.sh"

nodes=worker1node,worker2node,worker3node

kube_node() # NODE: "cordoned mark", either empty
{
	on_lab kubectl get node "$1" -o jsonpath='{.spec.unschedulable} {.metadata.annotations.slurm-vm\.io/drain}'
}
slurm_reason() # NODE: of its drain, "none" if there is none
{
	on_lab sinfo -h -N -n "$1" -o %E | sort -u
}
kube_is() # NODE TEXT
{
	equals "$(kube_node "$1")" "$2"
}
slurm_is() # NODE REASON
{
	equals "$(slurm_reason "$1")" "$2"
}
both_at() # JOB NODE
{
	equals "$(on_lab squeue -h -j "$1" -o %N) $(vm_node "$1")" "$2 $2" && job_in "$1" RUNNING
}
no_move() # JOB
{
	! on_lab vmctl show "$1" | grep '^Move ' && equals "$(on_lab squeue -h -n "vm-move-$1" -o %i)" ""
}

on_lab scontrol update nodename=worker3node state=drain reason=fan
ok "drained in Slurm: cordoned in Kubernetes" within 30 kube_is worker3node "true slurm"
on_lab kubectl uncordon worker3node
sleep 5 # two looks
ok "what an admin uncordons stays so" within 30 kube_is worker3node " overruled"
on_lab kubectl cordon worker3node
on_lab scontrol update nodename=worker3node state=resume
ok "... and what he cordons again, when Slurm resumes it" within 30 kube_is worker3node "true kubernetes"
on_lab kubectl uncordon worker3node
ok "... until he takes it back" within 30 kube_is worker3node " "

job=$(submit alice --requeue --vm=tiny -c 1 --mem=512M --wrap 'sleep 900')
ok "a VM is READY" within 180 in_state "$job" READY
first=$(on_lab squeue -h -j "$job" -o %N)
on_lab scontrol update "nodename=$nodes" state=drain reason=full
ok "no node has room" within 30 kube_is "$first" "true slurm"
on_lab scontrol update "nodename=$first" state=resume
ok "its node is in service" within 30 kube_is "$first" " "

on_lab kubectl cordon "$first"
ok "cordoned in Kubernetes: drained in Slurm" within 30 slurm_is "$first" "slurm-vm: cordoned in Kubernetes"
ok "... which is written down" within 30 kube_is "$first" "true kubernetes"
ok "... its VM is to leave, and waits for room" within 30 move_says "$job" "queued.*cordoned in Kubernetes"
timeout 10 "$top/scripts/lab" exec kubectl drain "$first" --ignore-daemonsets --delete-emptydir-data --force \
	--timeout=5s >"$work/drain" 2>&1
on_lab kubectl uncordon "$first"
ok "uncordoned: resumed in Slurm" within 60 slurm_is "$first" none
ok "... the move is over, though kubectl drain had begun" within 60 no_move "$job"
ok "... and so is the mark" within 60 kube_is "$first" " "
sleep 5
ok "... and the VM is where it was" both_at "$job" "$first"

second=$(tr , '\n' <<<"$nodes" | grep -vx "$first" | head -n 1)
on_lab scontrol update "nodename=$second" state=resume
ok "room on another one" within 30 kube_is "$second" " "
on_lab kubectl cordon "$first"
ok "cordoned with room elsewhere it moves, its job too" within 120 both_at "$job" "$second"
on_lab scontrol update "nodename=$first" state=drain reason=mine
on_lab kubectl uncordon "$first"
sleep 5
ok "an admin's own drain stays" slurm_is "$first" mine
for node in ${nodes//,/ }; do
	on_lab scontrol update "nodename=$node" state=resume # refused where it is not drained
done
ok "in the end all are in service" within 30 kube_is "$first" " "
on_lab scancel "$job"
ok "the job ends" within 60 job_over "$job"
ok "all is gone" within 180 nothing_left "$job"
done_testing
