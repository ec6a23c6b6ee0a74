#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Jobs without --vm neither notice the plugin nor need vmd.
. "$(dirname "$0")/lib.sh"

signal KILL vmd
job=$(submit bob --mem=100M <<<$'#!/bin/bash\nenv | grep -c VM_\ntrue')
ok "it runs while vmd is down" within 20 job_in "$job" COMPLETED
ok "no variable of ours" equals "$(output_of bob "$job")" 0
ok "its AdminComment is empty" equals "$(on_lab sacct -X -n -P -j "$job" --format=AdminComment)" ""
ok "srun works, too" equals "$(as bob srun --mem=100M hostname | grep -c 'worker[123]node')" 1
ok "vmd comes back" lab up
done_testing
