# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The guest's QEMU dies or stands still.
# shellcheck source=tests/faults/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

qemu_signal() # SIGNAL JOB
{
	on_lab sh -c "pkill -$1 -f '[q]emu-system.*vm-$2-'"
}

fault_qemu_frozen()
{
	local job=${keepers[0]} seconds=20

	[ "$short" = no ] || seconds=6
	qemu_signal STOP "$job" || return
	sleep $seconds
	in_state "$job" READY || return # an agent that is away for a moment is no end
	qemu_signal CONT "$job" || return
	did "QEMU stopped for $seconds s: its job ran on"
	all_is_well
}

# KubeVirt starts the guest again on its disk, and the job goes on.
fault_qemu_killed()
{
	local job=${keepers[0]} before=${kept[${keepers[0]}]} pid

	pid=$(sed -n 2p <<<"$before")
	qemu_signal KILL "$job" || return
	within 60 runs_anew "$job" "$pid" || return
	within 90 contains_marker "$job" || return
	within 30 in_state "$job" READY || return
	kept[$job]=$(seen_of "$job")
	did "QEMU killed: the guest came back on its disk, its job ran on"
	all_is_well
}

runs_anew() # JOB OLD-PID
{
	local now

	now=$(on_lab sh -c "pgrep -f '[q]emu-system.*vm-$1-'")
	if [ -z "$now" ] || [ "$now" = "$2" ]; then
		echo "QEMU is '$now', was $2"
		return 1
	fi
}

contains_marker() # JOB: the guest that came back may have another address
{
	contains "$(in_guest "$1" "$(on_lab vmctl show --json "$1" | jq -r .address)" 'cat marker' 2>&1)" "keeper $1"
}
