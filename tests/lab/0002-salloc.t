#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# salloc: the step waits for the VM; without a shell vmctl does, and the epilog holds the node though there was no
# step and no prolog.
. "$(dirname "$0")/lib.sh"

out=$(as alice salloc --vm=tiny -c 1 --mem=512M srun bash -c "$ssh_guest uname -s; echo job \$SLURM_JOB_ID" 2>&1)
ok "a command in the guest answered" contains "$out" "^Linux"
job=$(sed -n 's/^job //p' <<<"$out")
ok "all is gone" within 180 nothing_left "$job"

out=$(as alice sh -c 'salloc --vm=tiny -c 1 --mem=512M --no-shell; vmctl list' 2>&1)
job=$(grep -oE 'allocation [0-9]+' <<<"$out" | grep -oE '[0-9]+' | head -n 1)
# ... but for a slurmctld that is slow to answer on a busy machine, which is told.
ok "vmctl list has it in the same moment" contains "$out" "^$job +[^ ]+ +alice +tiny |^vmd asked Slurm [0-9]+ s ago"
ok "vmctl wait sees it ready" as alice timeout 100 vmctl wait "$job"
ok "READY it is" in_state "$job" READY
as alice scancel "$job"
over_and_off()
{
	job_over "$job" && equals "$(left_of "$job" | grep -c qemu)" 0
}
ok "the allocation ends, its guest is off the node by then" within 60 over_and_off
ok "all is gone" within 180 nothing_left "$job"
done_testing
