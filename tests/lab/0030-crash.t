#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The guest's QEMU dies: KubeVirt starts the guest again, the job goes on, and its owner is told.
. "$(dirname "$0")/lib.sh"

kill_guest() # JOB
{
	on_lab sh -c "kill -9 \$(ps -eo pid,args | awk '/[q]emu-system.*vm-$1-/ { print \$1 }')"
}
tells() # JOB TEXT
{
	contains "$(as alice vmctl show "$1")" "$2"
}
recorded() # JOB TEXT
{
	contains "$(on_lab scontrol show job "$1")" "$2"
}

job=$(submit alice --vm=tiny -c 1 --mem=512M <<<$'#!/bin/bash\nsleep 600')
ok "ready" within 100 in_state "$job" READY
ok "its QEMU is killed" kill_guest "$job"
ok "vmctl show says that the guest crashed" within 30 tells "$job" "the guest crashed at 20..-..-.. ..:..:.. UTC; KubeVirt started it again"
ok "ready again" within 100 in_state "$job" READY
ok "it still says so" tells "$job" "the guest crashed at"
ok "with a number for programs" equals "$(as alice vmctl show --json "$job" | jq -r .crashes)" 1
ok "the job's record has it" within 20 recorded "$job" "crashes=1 crashed=[0-9]+"

signal KILL vmd
ok "a new vmd" lab up
ok "knows it, too" within 20 tells "$job" "the guest crashed at"
ok "the job has not noticed" job_in "$job" RUNNING
as alice scancel "$job"
ok "the job ends" within 60 job_over "$job"
ok "all is gone" within 180 nothing_left "$job"
done_testing
