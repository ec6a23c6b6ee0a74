#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A job that has its node for itself (--exclusive): its VM has what the node has, not what was asked for. Nodes of
# three sizes: it moves to one that holds it, never to a smaller one, and has that one for itself, too. With -N 2
# each machine has its node whole, and nodes of two sizes are refused.
# long: slurmctld is started three times with other nodes
. "$(dirname "$0")/lib.sh"

sized() # HOST=CPUS...: so large are the nodes from now on
{
	local one

	on_lab sh -c '[ -e /etc/slurm/slurm.conf.before ] || cp -p /etc/slurm/slurm.conf /etc/slurm/slurm.conf.before'
	for one; do
		on_lab sed -i "s/^\(NodeName=${one%=*} NodeAddr=[^ ]*\).*/\1 CPUs=${one#*=} CoresPerSocket=${one#*=} RealMemory=$((1500 * ${one#*=}))/" \
			/etc/slurm/slurm.conf
	done
	slurm_restart
}
# shellcheck disable=SC2016 # in the lab
slurm_restart()
{
	local host

	signal TERM slurmctld
	for host in worker1node worker2node worker3node; do
		signal TERM "slurmd.$host"
	done
	within 30 slurm_is_down
	# not by `lab up`, which writes the configuration anew
	on_lab bash -c '. /run/lab.d/slurm.sh; slurmctld_up; for h in "${workers[@]}"; do slurmd_start $h; done' >"$work/up" 2>&1
	within 60 nodes_are_up
}
slurm_is_down()
{
	# shellcheck disable=SC2016 # in the lab
	! on_lab sh -c 'for p in slurmctld slurmd.worker1node slurmd.worker2node slurmd.worker3node; do kill -0 $(cat /run/pids/$p) 2>/dev/null && exit; done; false'
}
nodes_are_up()
{
	equals "$(on_lab sinfo -h -N -o %t | sort -u)" idle
}
guest_cpus() # JOB
{
	as alice timeout 60 vmctl exec "$1" -- grep -c ^processor /proc/cpuinfo
}
boot_id()
{
	as alice timeout 60 vmctl exec "$job" -- cat /proc/sys/kernel/random/boot_id
}
is_at() # NODE: job and VM, and nothing of a move is left
{
	equals "$(node_of "$job")" "$1" && equals "$(vm_node "$job")" "$1" && in_state "$job" READY && no_companion "$job"
}
both_cpus()
{
	as alice timeout 60 vmctl exec -w 0-1 "$two" -- grep -c ^processor /proc/cpuinfo 2>&1 | sort | tr '\n' ' '
}
tres() # JOB
{
	on_lab squeue -h -j "$1" -O tres-alloc:80
}

sized worker1node=2 worker2node=1 worker3node=3
ok "nodes of 2, 1 and 3 CPUs" equals "$(on_lab sinfo -h -N -o '%N %c' | sort | tr '\n' ' ')" "worker1node 2 worker2node 1 worker3node 3 "
on_lab scontrol update nodename=worker2node,worker3node state=drain reason=test
job=$(submit alice --exclusive --requeue --vm=tiny -c 1 --mem=0 -t 60 --wrap 'sleep 3000')
ok "a VM is READY" within 240 in_state "$job" READY
ok "its job has the whole node" contains "$(tres "$job")" 'cpu=2,mem=3000M'
ok "so has the guest, its CPUs" within 60 prints 2 guest_cpus "$job"
ok "... and its memory" contains "$(as alice vmctl show --json "$job" | jq -r .guest_memory_bytes)" '^2[89][0-9]{8}$|^3[0-9]{9}$'
boot=$(boot_id)
on_lab scontrol update nodename=worker2node state=resume
on_lab scontrol update nodename=worker1node state=drain reason=test
ok "the node is drained, a smaller one is free: it waits" within 60 move_says "$job" "queued"
sleep 5
ok "... and stays where it is" equals "$(vm_node "$job")" worker1node
on_lab scontrol update nodename=worker3node state=resume
ok "one that holds it is free: it moves there" within 150 is_at worker3node
ok "... the guest that it was" within 60 prints "$boot" boot_id
ok "... with the CPUs that it had" within 60 prints 2 guest_cpus "$job"
ok "its job has that node whole" contains "$(tres "$job")" 'cpu=3,mem=4500M'
other=$(submit alice -w worker3node -c 1 --mem=100M --wrap 'sleep 1')
ok "... and nobody else gets in" within 30 prints Resources on_lab squeue -h -j "$other" -o %r
on_lab scancel "$other"
on_lab scontrol update nodename=worker1node state=resume
on_lab scontrol update nodename=worker3node state=drain reason=test
ok "it moves on, to the one that is as large as its guest" within 150 is_at worker1node
ok "... the guest that it was" within 60 prints "$boot" boot_id
on_lab scontrol update nodename=worker3node state=resume
on_lab scancel "$job"
ok "it ends" within 120 job_over "$job"
ok "all of it is gone" within 180 nothing_left "$job"

two=$(submit alice --exclusive -N 2 -w worker1node,worker3node --vm=tiny -c 1 --mem=512M -t 60 --wrap 'sleep 3000')
ok "two machines on nodes of two sizes: it fails" within 120 job_in "$two" FAILED
ok "... with the reason" contains "$(on_lab scontrol show job "$two")" 'Comment=.*different numbers of CPUs'
sized worker3node=2
two=$(submit alice --exclusive -N 2 -w worker1node,worker3node --vm=tiny -c 1 --mem=512M -t 60 --wrap 'sleep 3000')
ok "on nodes of one size they are READY" within 300 in_state "$two" READY
ok "their job has both nodes" contains "$(tres "$two")" 'cpu=4,'
ok "each guest has its node's CPUs" within 60 prints "0: 2 1: 2 " both_cpus
as alice scancel "$two"
ok "it ends" within 120 job_over "$two"
ok "all of it is gone" within 180 nothing_left "$two"
on_lab mv /etc/slurm/slurm.conf.before /etc/slurm/slurm.conf
slurm_restart
ok "the nodes are as they were" equals "$(on_lab sinfo -h -N -o %c | sort -u | wc -l)" 1
done_testing
