#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmd is killed in the middle of everything that is done with disks, at a moment that differs from time to time. What
# was asked for is there afterwards, or can be asked for again; nothing is there twice, nothing stays behind.
# ROUNDS: how many of each (default 3); the seed is printed.
# long: vmd is started anew fifteen times
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest_disks.sh"

rounds=${ROUNDS:-3}
RANDOM=${SEED:=$RANDOM}
echo "# SEED=$SEED ROUNDS=$rounds"

# vmd dies a moment after that has begun.
killed() # COMMAND...: alice's
{
	local pause=$((RANDOM % 12))

	as alice timeout 30 vmctl "$@" >"$work/killed" 2>&1 &
	sleep "$((pause / 10)).$((pause % 10))"
	signal KILL vmd
	wait
	lab up >"$work/up" 2>&1
	echo "# vmctl $*, vmd killed after $pause tenths of a second: $(tail -n 1 "$work/killed")"
}
# Asks again, as its user would.
comes_to() # JOB ADD|REMOVE NAME STATES
{
	attached "$1" "$4" >/dev/null || as alice vmctl disk "$2" --timeout=20 "$1" "$3"
	attached "$1" "$4"
}
made() # DISK
{
	as alice vmctl disk create "$1" 64M || contains "$(as alice vmctl disk list)" "^$1 "
}
deleted() # DISK: is it?
{
	as alice vmctl disk delete --yes "$1" || equals "$(as alice vmctl disk list --json | jq "[.[] | select(.name == \"$1\")] | length")" 0
}
count_of() # PATTERN
{
	on_lab rbd ls rbd | grep -cE "$1"
}
# Images of scratch disks that the job's guest has not: one that vmd died over is finished by the next `add`.
scratches_settle() # JOB N
{
	[ "$(count_of "^vm-$1-.*-scratch")" = "$2" ] || as alice vmctl disk add --timeout=20 "$1" 64M
	equals "$(count_of "^vm-$1-.*-scratch")" "$2"
	contains "$(as alice vmctl disk list "$1" --json | jq -r '[.[] | select(.state == "attached") | .name] | join(" ")')" 'scratch1'
}

for ((n = 1; n <= rounds; n++)); do
	killed disk create fresh 64M
	ok "round $n: a disk is made" within 60 made fresh
	ok "... once" equals "$(count_of '^vmdisk-.*-fresh$')" 1
	killed disk delete --yes fresh
	ok "... and deleted" within 60 deleted fresh
	ok "... as a whole" equals "$(count_of '^vmdisk-.*-fresh$')" 0
done
ok "a disk" within 60 made data
ok "another one" within 60 made more
job=$(submit alice --requeue --vm=tiny --vm-attach=data -t 60 -c 1 --mem=512M --wrap 'sleep 3000')
killed wait --timeout=2 "$job"
killed wait --timeout=2 "$job"
ok "a VM is READY, though vmd was killed twice meanwhile" within 180 in_state "$job" READY
ok "it has its disk" within 60 attached "$job" "data:attached"
ok "a file is on it" within 60 word_write "$job" data "on data"
uid=$(on_lab kubectl get vmi -A -l "slurm-vm.io/job=$job" -o jsonpath='{.items[*].metadata.uid}')
for ((n = 1; n <= rounds; n++)); do
	killed disk add --timeout=2 "$job" more
	ok "round $n: a running guest gets a disk" within 120 comes_to "$job" add more "data:attached more:attached"
	ok "... the guest has it" within 60 guest_has "$job" more
	[ "$n" -gt 1 ] || ok "... a file is on it" within 60 word_write "$job" more "on more"
	ok "... with its file" within 60 word_is "$job" more "on more"
	killed disk remove --timeout=2 "$job" more
	ok "... and gives it back" within 120 comes_to "$job" remove more "data:attached"
	ok "... the guest has it no more" within 60 guest_has_not "$job" more
	ok "... nor does anybody" within 60 unused more
done
killed disk add --timeout=2 "$job" 64M
ok "a running guest gets a scratch disk" within 120 scratches_settle "$job" 1
ok "... the guest has it" within 60 guest_has "$job" scratch1
killed disk remove --timeout=2 "$job" scratch1
ok "... and gives it back" within 120 comes_to "$job" remove scratch1 "data:attached"
ok "... it is gone" within 60 prints 0 count_of "^vm-$job-.*-scratch"
ok "it was one guest all the time" equals "$(on_lab kubectl get vmi -A -l "slurm-vm.io/job=$job" -o jsonpath='{.items[*].metadata.uid}')" "$uid"
ok "... with its disk" within 60 word_is "$job" data "on data"
as alice scancel "$job"
signal KILL vmd
lab up >"$work/up" 2>&1
ok "the job is over" within 90 job_over "$job"
ok "nothing is left of it" within 120 nothing_left "$job"
for name in data more; do
	ok "nobody has $name any more" within 60 unused "$name"
	ok "... and its owner gives it up" within 60 deleted "$name"
done
ok "no image is left" equals "$(count_of '^vmdisk-')" 0
done_testing
