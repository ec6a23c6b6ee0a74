#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The guest is off before the job's time is over, and comes back when the limit is raised.
# long: Slurm counts time limits in minutes
. "$(dirname "$0")/lib.sh"

guest_is_off() # while Slurm still counts the job as running
{
	equals "$(on_lab kubectl get vm,vmi,pods -A -o name -l "slurm-vm.io/job=$job")" "" && job_in "$job" RUNNING
}
is_recorded()
{
	contains "$(on_lab scontrol show job "$job")" "state=stopping .*kept=1"
}
reason_is() # PATTERN
{
	contains "$(on_lab vmctl show --json "$job" | jq -r .reason)" "$1"
}

job=$(submit alice --vm=tiny -t 2 -c 1 --mem=512M <<EOS
#!/bin/bash
$ssh_guest 'echo of the first boot >result; sync'
echo written
sleep 900
EOS
)
ok "the job writes to its disk" within 100 says "^written$"
ok "the guest is off while the job still runs" within 150 guest_is_off
ok "... and the reason is told" reason_is "time is nearly over: the guest was shut down; its root disk is kept until 20"
ok "... in the record, too" within 20 is_recorded
ok "it was shut down, not killed" contains "$(on_lab cat /var/log/kubevirt-lite.log)" "vm-$job-.*action=forget state=off"
ok "an administrator raises the limit" on_lab scontrol update jobid="$job" TimeLimit=15
ok "the guest comes back" within 100 in_state "$job" READY
guest() # COMMAND: in the guest, from the node
{
	as alice srun --overlap --jobid="$job" --vm=tiny bash -c "$ssh_guest '$1'"
}
ok "... on its disk" contains "$(guest "cat result" 2>&1)" "of the first boot"
ok "which is not kept any more" equals "$(as alice vmctl list --kept --json | jq length)" 0
as alice scancel "$job"
ok "all is gone" within 180 nothing_left "$job"
done_testing
