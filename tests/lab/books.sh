# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Does Slurm count for a job that has moved what was held for it, and nothing else? Sourced behind lib.sh.

# What was held, by slurmctld's own log: a line for each allocation of the job, and of its companions, that has ended, in
# order: "JOB FROM TO", seconds since 1970. (A run that a person queues again ends there when its epilog has, and for sacct
# when he says so.)
held_by_log() # JOB [COMPANION...]
{
	# shellcheck disable=SC2016 # awk's own
	on_lab awk -v ids=" $* " '
		function at(text) {
			split(substr(text, 2, 19), t, "[-T:]")
			return mktime(t[1] " " t[2] " " t[3] " " t[4] " " t[5] " " t[6])
		}
		!match($0, /JobId=[0-9]+/) { next }
		{ id = substr($0, RSTART + 6, RLENGTH - 6) }
		!index(ids, " " id " ") { next }
		/(Allocate|Started) JobId=/ || /_slurm_rpc_allocate_resources JobId=[0-9]+ NodeList=[a-z]/ { from[id] = at($1) }
		/Requeuing JobId=/ || /_job_complete: JobId=[0-9]+ done/ || /REQUEST_KILL_JOB JobId=/ {
			if (id in from) { print id, from[id], at($1); delete from[id] }
		}' /var/log/slurm/slurmctld.log | sort -k 2n
}
# The same by sacct, with the CPUs of each and the CPU seconds that it counts.
counted() # JOB [COMPANION...]
{
	on_lab env SLURM_TIME_FORMAT=%s sacct -n -P -X -D -j "$(tr ' ' , <<<"$*")" -o JobIDRaw,Start,End,AllocCPUS,CPUTimeRAW |
		awk -F '|' '$2 ~ /^[0-9]+$/ && $3 ~ /^[0-9]+$/ && $4 > 0 { print $1, $2, $3, $4, $5 }' | sort -k 2n
}
companions_of() # JOB
{
	on_lab sacct -n -P -X -S now-1hour -a --name "vm-move-$1" -o JobIDRaw
}
# CPUS: of each allocation, in order, as in "1 2 2". Both lists are the same, to the second that each rounds by; the sums are
# what the rows say; and from one to the next no time is without an allocation but the hand-over.
books_are_right() # JOB CPUS
{
	local ids log sacct

	mapfile -t ids < <(echo "$1" && companions_of "$1")
	log=$(held_by_log "${ids[@]}") sacct=$(counted "${ids[@]}")
	printf 'held by the log:\n%s\ncounted by sacct:\n%s\n' "$log" "$sacct"
	equals "$(cut -d' ' -f4 <<<"$sacct" | xargs)" "$2" || return 1
	paste -d' ' <(cat <<<"$log") <(cat <<<"$sacct") | awk '
		function far(a, b) { return a - b > 1 || b - a > 1 }
		NF != 8 || $1 != $4 || far($2, $5) || far($3, $6) { print "not held so: " $0; wrong = 1 }
		$8 != ($6 - $5) * $7 { print "no sum: " $0; wrong = 1 }
		NR > 1 && $2 > last + 60 { print "without an allocation before: " $0; wrong = 1 }
		{ last = $3; held += ($3 - $2) * $7; counted += $8 }
		END { print held " CPU seconds were held, " counted " are counted"; exit wrong || far(held / (NR * 8), counted / (NR * 8)) }'
}
