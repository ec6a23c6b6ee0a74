#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmd is killed in the middle of moves, at a moment that differs from move to move: the next vmd goes on,
# the guest never notices. MOVES: how many (default 4, make check-lab: 10); the seed is printed.
# limit: 1200
. "$(dirname "$0")/lib.sh"

moves=${MOVES:-4}
RANDOM=${SEED:=$RANDOM}
echo "# SEED=$SEED MOVES=$moves"

job=$(submit alice --requeue --vm=tiny --open-mode=append -c 1 --mem=512M <<EOS
#!/bin/bash
echo "boot \$($ssh_guest cat /proc/sys/kernel/random/boot_id)"
sleep 3600
EOS
)
moved_from() # NODE: job and VM are on one other node, READY, and nothing of the move is left
{
	local now

	now=$(node_of "$job")
	[ -n "$now" ] && [ "$now" != "$1" ] && equals "$(vm_node "$job")" "$now" && job_in "$job" RUNNING && in_state "$job" READY &&
		no_companion "$job" && no_reservation "$job" && ! on_lab vmctl show "$job" | grep '^Move '
}
runs() # N: so many runs of the script have spoken with their guest
{
	[ "$(output_of alice "$job" | grep -c '^boot ')" -ge "$1" ]
}

ok "a VM is READY" within 180 in_state "$job" READY
ok "its script runs" within 30 runs 1
for ((n = 1; n <= moves; n++)); do
	from=$(node_of "$job")
	pause=$((RANDOM % 40))
	on_lab scontrol update "nodename=$from" state=drain reason=test
	sleep "$((pause / 10)).$((pause % 10))"
	signal KILL vmd
	lab up >"$work/up" 2>&1
	ok "move $n: vmd killed $pause tenths of a second after the drain" within 120 moved_from "$from"
	ok "... its script runs on" within 60 runs "$((n + 1))"
	on_lab scontrol update "nodename=$from" state=resume
done
# A run that began in the very moment in which vmd was dead has no key for its guest, and tells nothing.
boots=$(output_of alice "$job" | grep '^boot .' | uniq -c | sed 's/^ *//')
ok "it was one guest all the time" equals "$(cut -d' ' -f3 <<<"$boots" | sort -u | wc -l)" 1
echo "# ${boots//$'\n'/, }"
ok "the job is the run of the last move" contains "$(on_lab scontrol show job "$job")" "Restarts=$moves "
on_lab scancel "$job"
ok "it ends" within 60 job_over "$job"
ok "all is gone" within 180 nothing_left "$job"
done_testing
