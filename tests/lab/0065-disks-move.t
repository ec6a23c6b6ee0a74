#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest that writes on a named disk, on one that it was given, and on a scratch disk goes live to another host
# with all of them. One more disk that is asked for meanwhile comes when it has arrived. Then its job is queued again:
# the next guest has all four, with what is on them.
# long: a move, and two guests' boots
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest_disks.sh"

written=(data more scratch1)

numbers() # JOB: of all of them, a line each
{
	local serial n

	for serial in "${written[@]}"; do
		until n=$(number_in_guest "$1" "$serial") && [ -n "$n" ]; do # what a busy guest did not answer
			sleep 1
		done
		echo "$n"
	done
}
go_on() # JOB NUMBER...: is each larger than it was?
{
	local job=$1 serial

	shift
	for serial in "${written[@]}"; do
		at_least "$(number_in_guest "$job" "$serial")" $(($1 + 1)) || return
		shift
	done
}
boot_id()
{
	as alice timeout 60 vmctl exec "$job" -- cat /proc/sys/kernel/random/boot_id
}
has_moved()
{
	local now

	now=$(node_of "$job")
	[ -n "$now" ] && [ "$now" != "$from" ] && equals "$(vm_node "$job")" "$now" && in_state "$job" READY && no_companion "$job"
}

for name in data more late; do
	ok "a user makes the disk $name" as alice vmctl disk create "$name" 64M
done
job=$(submit alice --requeue --vm=tiny --vm-attach=data -t 60 -c 1 --mem=512M --wrap 'sleep 3000')
ok "a VM is READY" within 180 in_state "$job" READY
ok "it is given the disk more" as alice vmctl disk add "$job" more
ok "... and a scratch disk" as alice vmctl disk add "$job" 64M
for name in "${written[@]}"; do
	ok "a file is on $name" within 60 word_write "$job" "$name" "on $name"
	ok "it is written again and again" within 60 writer_start "$job" "$name" 1000000
	ok "... from the beginning on" within 60 writes "$job" "$name" 1000000
done
from=$(node_of "$job")
boot=$(boot_id)
mapfile -t before < <(numbers "$job")
as alice timeout 150 vmctl migrate "$job" >"$work/migrate" 2>&1 &
ok "one more disk is asked for meanwhile" as alice timeout 150 vmctl disk add --timeout=140 "$job" late
wait
ok "it moves, and its job with it" within 120 has_moved
ok "it is the guest that it was" within 60 prints "$boot" boot_id
ok "it has all its disks" within 60 attached "$job" "data:attached late:attached more:attached scratch1:attached"
ok "it goes on writing, where it was" within 60 go_on "$job" "${before[@]}"
mapfile -t before < <(numbers "$job")
ok "... and on" within 60 go_on "$job" "${before[@]}"
for name in "${written[@]}"; do
	ok "the file on $name is as it was" within 60 word_is "$job" "$name" "on $name"
done
ok "it writes on what came last" within 60 word_write "$job" late "on late"
ok "it writes on one no more" within 60 writer_stop "$job" more
ok "... and gives it back, where it is now" as alice vmctl disk remove "$job" more
ok "... which nobody has" within 60 unused more
ok "... and has it again" as alice vmctl disk add "$job" more
ok "... in the guest" within 60 guest_has "$job" more

mapfile -t before < <(numbers "$job")
run=$(on_lab scontrol show job "$job" | sed -n 's/.* Restarts=\([0-9]*\).*/\1/p')
on_lab scontrol requeue "$job"
ok "its job is queued again" within 90 job_in "$job" PENDING
start_now "$job"
next_run()
{
	contains "$(on_lab scontrol show job "$job")" " Restarts=$((run + 1)) " && in_state "$job" READY
}
ok "the next run is READY" within 180 next_run
ok "with all its disks" within 60 attached "$job" "data:attached late:attached more:attached scratch1:attached"
ok "... another guest" [ "$(boot_id)" != "$boot" ]
for name in "${written[@]}" late; do
	ok "the file on $name is there" within 60 word_is "$job" "$name" "on $name"
done
for name in "${!written[@]}"; do
	ok "what was written on ${written[name]} is there" at_least "$(number_in_guest "$job" "${written[name]}")" "${before[name]}"
done
as alice scancel "$job"
ok "the job is over" within 90 job_over "$job"
ok "nothing is left of it" within 120 nothing_left "$job"
for name in data more late; do
	ok "nobody has $name any more" within 60 unused "$name"
	ok "... and its owner gives it up" within 60 as alice vmctl disk delete --yes "$name"
done
done_testing
