#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One of two hosts of a job is lost: Slurm queues the job again as a whole, the lost machine's disk is fenced,
# and both come back on their own disks, on hosts that are there.
# long: a lost host is noticed after a minute
. "$(dirname "$0")/host_loss.sh"

job=$(submit alice --vm=tiny -c 1 --mem=512M --requeue --open-mode=append -N 2 <<'SCRIPT'
#!/bin/bash
echo "run ${SLURM_RESTART_COUNT:-0} on $VM_HOSTS"
sleep infinity
SCRIPT
)
marks() # a word that each guest wrote on its own disk, once, behind its rank
{
	as alice vmctl exec -w 0-1 "$job" -- sh -c '[ -s marker ] || cat /proc/sys/kernel/random/uuid >marker; sync; cat marker' 2>&1 | sort
}
marked()
{
	marks >"$work/marks"
	contains "$(tr '\n' ' ' <"$work/marks")" '^0: [0-9a-f-]{36} 1: [0-9a-f-]{36} $'
}
known() # are the clients of both root disks written down?
{
	for n in 0 1; do
		contains "$(on_lab sh -c "rbd image-meta get rbd/\$(rbd ls rbd | grep ^vm-$job-.*-$n-root) slurm-vm.clients")" ':0/[0-9]+' || return
	done
}
ok "both run" within 150 says "$job" '^run 0 on worker1node worker2node$'
ok "and have written something" within 90 marked
ok "their disks' clients are written down" within 90 known
lab host worker2node cut
ok "Slurm queues the job again" within 90 job_in "$job" PENDING
ok "the node is NotReady" within 60 node_in worker2node NotReady
on_lab scontrol update jobid="$job" StartTime=now # Slurm would wait for two minutes
ok "both come back, elsewhere" within 240 says "$job" '^run 1 on worker1node worker3node$'
marked_as_before()
{
	equals "$(marks)" "$(cat "$work/marks")"
}
ok "each on its own disk" within 90 marked_as_before
fenced=$(log_time "$job" 'action=fence-disk object=.*-1-root result=ok')
ok "the lost one's was fenced before Kubernetes let go of it" precedes "$fenced" "$(log_time "$job" 'action=force-delete-pod object=.*-1-r0 result=ok')"
ok "and before its next VM" precedes "$fenced" "$(log_time "$job" 'action=create-vm object=.*-1-r1 result=ok')"
none_of_the_other()
{
	! on_lab grep -q "job=$job action=fence-disk object=.*-0-root" /var/log/vmd.log
}
ok "the other one's was not" none_of_the_other
lab host worker2node join
ok "the node is back" within 60 node_in worker2node Ready
ok "the old guest is no more" within 60 guests_on worker2node 0
as alice scancel "$job"
ok "the job is over" within 90 job_over "$job"
on_lab scontrol reconfigure # asks the nodes; by itself it would in some minutes
ok "all is gone" within 90 gone_or_asked "$job"
done_testing
