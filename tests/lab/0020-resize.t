#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A running VM gets more CPUs and memory: by a move into a larger allocation, which its job takes over. The
# guest shows them and has not been started anew; what would take a restart is refused with the reason.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/books.sh"

in_guest() # COMMAND...
{
	as alice timeout 60 vmctl exec "$job" -- "$@"
}
guest_cpus()
{
	in_guest grep -c ^processor /proc/cpuinfo
}
guest_has() # CPUS KIB: at least so much memory
{
	local cpus mem

	cpus=$(guest_cpus) && mem=$(in_guest sed -n 's/^MemTotal: *//p' /proc/meminfo) || return 1
	echo "it has $cpus CPUs, $mem"
	[ "$cpus" = "$1" ] && [ "${mem%% *}" -ge "$2" ]
}
memory_is_known() # sets $was, in KiB
{
	was=$(in_guest sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) && [ -n "$was" ]
}
has_left() # NODE
{
	local now

	now=$(node_of "$job")
	[ -n "$now" ] && [ "$now" != "$1" ]
}
refuses() # PATTERN RESIZE-ARGUMENTS...
{
	local pattern=$1 out

	shift
	out=$(as alice timeout 60 vmctl resize "$@" 2>&1) && { echo "it did: $out"; return 1; }
	contains "$out" "$pattern"
}
job_size() # JOB: CPUs and memory that Slurm counts
{
	on_lab scontrol show job "$1" | sed -n 's/^ *\(Alloc\|\)TRES=cpu=\([0-9]*\),mem=\([^,]*\),.*/\2 \3/p'
}

settings_change 's/^\( *\)memory: {min: 128M}/&\n\1grow: {cpus: 4, memory: 3G}/' </dev/null
job=$(submit alice --requeue --vm=tiny -c 1 --mem=1500M --wrap 'sleep 900')
ok "a VM is READY" within 180 in_state "$job" READY
first=$(node_of "$job")
ok "its guest answers" within 60 in_guest touch /tmp/still-me
for _ in 1 2 3 4 5; do
	memory_is_known && break
done

ok "more CPUs than it was made for are refused" refuses "up to 4 CPUs.*new job" "$job" -c 8
ok "less memory is refused" refuses "less than it has" "$job" --mem=1G
ok "more memory than it was made for is refused" refuses "up to .* of memory" "$job" --mem=8G
ok "none of it has asked Slurm for anything" no_companion "$job"

ok "it grows" as alice timeout 150 vmctl resize "$job" -c 2 --mem=2G
ok "... by a move" within 60 has_left "$first"
ok "... its guest has two CPUs and 400 MiB more" within 60 guest_has 2 $((was + 400 * 1024))
ok "... and is the same" within 60 in_guest test -e /tmp/still-me
ok "Slurm counts the job so" within 60 prints "2 2G" job_size "$job"
ok "nothing else is held for it" within 60 no_companion "$job"
ok "vmctl show says so" contains "$(on_lab vmctl show "$job")" "^Guest +2 CPUs, 1\.[0-9]+G memory|^Guest +2 CPUs, 1[0-9]{3}M memory"

ok "it grows again, from there" as alice timeout 150 vmctl resize "$job" -c 4
ok "... to four CPUs" within 60 guest_has 4 $((was + 400 * 1024))
ok "... and is the same" within 60 in_guest test -e /tmp/still-me
on_lab scancel "$job"
ok "it ends" within 60 job_over "$job"
ok "what Slurm counts is what was held, of each size" within 30 books_are_right "$job" "1 2 2 4 4"
ok "all of it is gone" within 180 nothing_left "$job"

settings_restore
done_testing
