# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Slurm's daemons die, and slurmctld comes back with an older memory or none.
# shellcheck source=tests/faults/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

slurmctld_starts()
{
	# shellcheck disable=SC2016 # expanded in the lab
	on_lab bash -c '. /run/lab.d/lab.sh; . /run/lab.d/slurm.sh; slurmctld_up' || return
	within 40 no_node_is_drained_by_us
}

no_node_is_drained_by_us()
{
	! no_node_is_drained | grep -v 'Duplicate jobid$'
}

# A slurmctld whose last words are some seconds old launches jobs that run already. slurmd refuses
# ("Duplicate jobid"), and Slurm drains the node and holds the job, with or without VMs; a scancel that
# it took it may have forgotten; and a job that had ended runs again in its books, without a process.
# What an administrator and a user do then is done here.
slurm_is_mended()
{
	local job since

	on_lab squeue -h -t R -o '%i %S' | grep -vE "^($(IFS='|'; echo "${keepers[*]}")) " | while read -r job since; do
		[ $(($(date +%s) - $(date -d "$since" +%s))) -gt 60 ] || continue # none takes 10 s
		echo "$job" >>"$work/forgotten"
		as alice scancel "$job"
	done

	open_jobs | grep -xF -f <(sed -n 's/ CANCELLED$//p' "$work/stream") | while read -r job; do
		as alice scancel "$job"
	done
	# shellcheck disable=SC2016 # expanded in the lab
	on_lab sh -c '
		sinfo -h -N -t drain -o "%N" | sort -u | while read -r node; do
			scontrol -o show node "$node" | grep -q "Reason=Duplicate jobid" && scontrol update nodename="$node" state=resume
		done
		squeue -h -t PD -o "%i %r" | sed -n "s/ .*held.*//p" | while read -r job; do scontrol release "$job"; done'
	stream_is_over
}

fault_slurmctld_killed()
{
	local n i

	n=$(jobs_of 20)
	: >"$work/forgotten"
	stream_begin "$n"
	for i in 1 2 3; do
		pause 6
		killed slurmctld || return
		pause 6
		slurmctld_starts || return
	done
	did "slurmctld killed 3 times in a stream of $n jobs, some right after their submission"
	within "$over_seconds" slurm_is_mended || return
	stream_end vanished && forgotten_disks_go && all_is_well
}

# Of a job that slurmctld forgot nobody knows how it ended: so its root disk is kept (DESIGN.md, rule
# 16), and is to bear the mark of that. Nor did an epilog run for it: the key's file stays on the node, in
# memory, until the id comes there again.
forgotten_disks_go()
{
	local mine=(-e '^tiny$') job disk

	for job in "${keepers[@]}"; do
		mine+=(-e "^vm-$job-")
	done
	within 90 only_kept_disks || return
	for disk in $(on_lab rbd ls rbd | grep -v "${mine[@]}"); do
		on_lab rbd image-meta get "rbd/$disk" slurm-vm.keep-until >/dev/null || { echo "$disk is not kept"; return 1; }
		on_lab rbd rm --no-progress "rbd/$disk" || return
	done
	# shellcheck disable=SC2016 # expanded in the lab
	on_lab sh -c 'for keys in /run/hosts/*/slurm-vm/*; do
			case " $1 " in *" ${keys##*/} "*) ;; *) rm -rf "$keys" ;; esac
		done' forget "${keepers[*]}"
}

# It comes back with a state from before a job: that job's id is given to another one.
fault_job_id_again()
{
	local state=/var/lib/slurm/ctld before again vm

	sleep 6 # slurmctld writes its state every 5 s
	on_lab cp -a $state /run/ctld.old || return
	before=$(submit alice "${options[@]}" <<<$'#!/bin/bash\nsleep 600')
	within 90 job_has_vm "$before" || return
	vm=$(on_lab kubectl get vm -A -o name -l "slurm-vm.io/job=$before")
	killed slurmctld || return
	on_lab sh -c "rm -rf $state && mv /run/ctld.old $state" || return
	slurmctld_starts || return
	sleep 5 # slurmd ends the first one's step, and refuses a second one that begins in the same second
	again=$(submit alice "${options[@]}" <<<$'#!/bin/bash\nsleep 5')
	equals "$again" "$before" || return
	within 150 job_in "$again" COMPLETED || return
	did "slurmctld forgot job $before with its VM, and gave its id to another job"
	say "the first one's VM was $vm"
	! on_lab kubectl get -A "$vm" >/dev/null 2>&1 || { echo "$vm is still there"; return 1; }
	forgotten_disks_go && all_is_well
}

job_has_vm() # JOB
{
	contains "$(on_lab kubectl get vmi -A -l "slurm-vm.io/job=$1" -o 'jsonpath={.items[*].status.phase}')" Running
}

# All of it lost, with more VMs than the brake lets go: they stay until an administrator says so.
fault_slurm_state_lost()
{
	local jobs=() job i

	for ((i = 0; i < 10; i++)); do
		jobs+=("$(submit alice "${options[@]}" <<<$'#!/bin/bash\nsleep 600')")
	done
	for job in "${jobs[@]}"; do
		within 120 job_has_vm "$job" || return
	done
	killed slurmctld || return
	on_lab sh -c 'rm -rf /var/lib/slurm/ctld/*' || return
	slurmctld_starts || return
	within 60 metric_is vmd_approval_wanted 1 || return
	contains "$(on_lab cat /var/log/vmd.log)" 'event=brake' || return
	sleep 10
	equals "$(on_lab kubectl get vmi -A --no-headers | grep -c Running)" "$((10 + ${#keepers[@]}))" || return
	metric_is vmd_held_vms "$((10 + ${#keepers[@]}))" || return
	contains "$(on_lab vmctl admin approve --yes)" Approved || return
	keepers=()
	did "slurmctld's state lost with 10 VMs: all stayed, alarm in log and metrics, gone after vmctl admin approve"
	within 90 metric_is vmd_approval_wanted 0 || return
	forgotten_disks_go && all_is_well
}

metric_is() # NAME VALUE
{
	local is

	is=$(on_lab curl -s http://127.0.0.1:9830/metrics | sed -n "s/^$1 //p")
	equals "$is" "$2"
}

only_kept_disks()
{
	local mine=(-e '^tiny$' -e '^vm-[0-9]*-[0-9a-f]*-root$' -e '^keys of ') left job

	for job in "${keepers[@]}"; do
		mine+=(-e "vm-$job-")
	done
	left=$(everything | grep -v "${mine[@]}")
	[ -z "$left" ] || { printf 'left:\n%s\n' "$left"; return 1; }
}

fault_slurmd_killed()
{
	local n pid

	n=$(jobs_of 8)
	stream_begin "$n"
	pause 4
	pid=$(pid_now slurmd.worker1node) && on_lab kill -KILL "$pid" || return
	on_lab rm -f /run/pids/slurmd.worker1node
	sleep 8
	# shellcheck disable=SC2016 # expanded in the lab
	on_lab bash -c '. /run/lab.d/lab.sh; . /run/lab.d/slurm.sh; slurmd_start worker1node' || return
	did "slurmd of a node killed and 8 s later started, in a stream of $n jobs"
	stream_end known && all_is_well
}

fault_munged_killed()
{
	local n

	n=$(jobs_of 8)
	stream_begin "$n"
	pause 4
	killed munged || return
	sleep 10
	start munge || return
	did "munged away for 10 s in a stream of $n jobs"
	stream_end known && all_is_well
}

idle_node()
{
	on_lab sinfo -h -N -t idle -p main -o %N | tail -n 1
}
node_is_idle()
{
	[ "$(idle_node)" ] || { on_lab sinfo -N; return 1; }
}

# A job of more weight takes its node: Slurm queues it again, the next run has its disk. A job queued
# again waits for two minutes in Slurm; here it need not.
fault_preempted()
{
	local conf=/etc/slurm/slurm.conf node job urgent

	# shellcheck disable=SC2016 # expanded in the lab
	on_lab sh -c 'cp $1 $1.before && sed -i "s/^PartitionName=main .*/& PreemptMode=OFF/" $1 && cat >>$1' preempt $conf <<-EOF || return
		PreemptType=preempt/partition_prio
		PreemptMode=REQUEUE
		PartitionName=cheap Nodes=ALL PriorityTier=1 PreemptMode=REQUEUE
		PartitionName=urgent Nodes=ALL PriorityTier=10
	EOF
	killed slurmctld && slurmctld_starts || return
	within 60 node_is_idle || return # the jobs before it may be leaving theirs
	node=$(idle_node)
	job=$(submit alice -p cheap -w "$node" --requeue --vm=tiny -c 1 --mem=512M <<<$'#!/bin/bash\nsleep 6000') || return
	within 150 in_state "$job" READY || return
	in_guest "$job" "$(address_of "$job")" 'echo computed >marker; sync' || return
	urgent=$(submit alice -p urgent -w "$node" -c 8 <<<$'#!/bin/bash\nsleep 2') || return
	within 300 job_in "$urgent" COMPLETED || return
	job_in "$job" PENDING || return
	on_lab scontrol update jobid="$job" starttime=now || return
	within 150 in_state "$job" READY || return
	contains "$(on_lab scontrol -o show job "$job")" "Restarts=1" || return
	contains "$(in_guest "$job" "$(address_of "$job")" 'cat marker' 2>&1)" computed || return
	did "job $job was preempted: it was queued again, and its next run had its disk"
	as alice scancel "$job"
	# A slurmctld without the partition of a job that has not left its node calls that failed.
	within 240 job_in "$job" CANCELLED && within 60 job_over "$job" && within 90 nothing_is_left || return
	on_lab mv $conf.before $conf || return
	killed slurmctld && slurmctld_starts && all_is_well
}

address_of() # JOB
{
	on_lab vmctl show --json "$1" | jq -r .address
}
