#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A requeued job gets a new VM on its own disk.
. "$(dirname "$0")/lib.sh"

job=$(submit alice --requeue --vm=tiny --open-mode=append -c 1 --mem=512M <<EOS
#!/bin/bash
echo "run \$SLURM_RESTART_COUNT of \$VM_NAME"
if $ssh_guest cat marker; then exit 0; fi
$ssh_guest 'echo written by the first run >marker; sync'
echo written
sleep 600
EOS
)
ok "the first run writes to its disk" within 100 says "^written$"
on_lab scontrol requeue "$job"
ok "it is pending again" within 60 job_in "$job" PENDING
start_now "$job"
ok "the second run starts and ends" within 100 job_in "$job" COMPLETED
ok "on the same disk" says "^written by the first run$"
ok "as the next incarnation" says "run 1 of vm-$job-[0-9a-f]*-r1"
ok "all is gone" within 180 nothing_left "$job"
done_testing
