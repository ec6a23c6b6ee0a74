# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For the faults beside it: streams of jobs, VMs that must live through it all, and what must be true
# afterwards. Sourced by tests/faults/run, with the lab of $LAB_DIR up.
[ -z "${faults_lib-}" ] || return 0
faults_lib=1
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"

guests=simulated    # of this lab
short=no            # the short selection: fewer jobs
keepers=()          # job ids of VMs that nothing may touch
declare -A kept     # what was seen of each at first
declare -A pid_of   # of daemons that must not die by themselves
drawn=0
what_was_done=""    # said in the line of a fault
over_seconds=300    # within which a stream is over once its fault has ended

# shellcheck disable=SC2034 # read by run
did() # TEXT
{
	what_was_done=$1
}

say()
{
	echo "$(date +%T) $*"
}

# Sets drawn to a number of the run's seed; a subshell would have a chance of its own.
lot() # BELOW
{
	drawn=$((RANDOM % $1))
}

# Sleeps for a random time below SECONDS.
pause() # SECONDS
{
	lot $(($1 * 10))
	sleep $((drawn / 10)).$((drawn % 10))
}

# How many jobs a stream has: real guests take their time, and the short selection has little.
jobs_of() # N [N WITH REAL GUESTS]
{
	local n=$1

	[ "$guests" = simulated ] || n=${2:-$1}
	[ "$short" = no ] || [ "$n" -lt 3 ] || n=3
	echo "$n"
}

# ---- daemons ----

pid_now() # PART
{
	on_lab cat "/run/pids/$1"
}

start() # PART: by the lab's own functions, and it answers
{
	# shellcheck disable=SC2016 # expanded in the lab
	on_lab bash -c '
		. /run/lab.d/lab.sh
		. /run/lab.d/ceph.sh
		for part in munge slurm kubevirt-lite vmd; do . /run/lab.d/$part.sh; done
		"$1"_up' start "${1//-/_}" || return
	[ -z "${pid_of[$1]-}" ] || pid_of[$1]=$(pid_now "$1")
}

# A killed daemon's pid file stays, and its pid may be a zombie for a moment.
killed() # PART
{
	local pid

	pid=$(pid_now "$1") && on_lab kill -KILL "$pid" || return
	within 10 on_lab sh -c "! kill -0 $pid 2>/dev/null || grep -q '^State:.*Z' /proc/$pid/status"
	on_lab rm -f "/run/pids/$1"
}

daemons_live()
{
	local part now

	for part in "${!pid_of[@]}"; do
		now=$(pid_now "$part")
		if [ "$now" != "${pid_of[$part]}" ] || ! on_lab kill -0 "$now"; then
			echo "$part is not the one that was started: pid ${pid_of[$part]}, then $now"
			return 1
		fi
	done
}

faults_set() # JSON for /debug/faults
{
	on_lab kubectl replace --raw /debug/faults -f - <<<"$1" >/dev/null
}

# ---- jobs ----

options=(--vm=tiny --vm-wait=running -c 1 --mem=512M)

# stream_begin N: submits N jobs in the background; one of five is cancelled while it starts or
# runs, the others end by themselves. $work/stream gets a line each: its id and how it must end.
stream_begin()
{
	: >"$work/stream"
	lot 32768
	# shellcheck disable=SC2016 # expanded in the lab
	as alice bash -c '
		RANDOM=$2
		for ((i = 0; i < $1; i++)); do
			want=COMPLETED seconds=$((1 + RANDOM % 4)) after=$((1 + RANDOM % 6))
			[ $((RANDOM % 5)) != 0 ] || want=CANCELLED seconds=600
			until id=$(sbatch --parsable -o /dev/null "${@:3}" --wrap "sleep $seconds" 2>/dev/null); do
				sleep 0.5
			done
			echo "$id $want"
			[ $want = COMPLETED ] || (
				sleep $after
				for ((k = 0; k < 60; k++)); do
					! scancel "$id" 2>/dev/null || exit
					sleep 0.5
				done
			) &
			sleep 0.$((RANDOM % 8))
		done
		wait' stream "$1" "$drawn" "${options[@]}" >"$work/stream" 2>>"$work/stream.err" &
	stream_pid=$!
}

stream_submits()
{
	[ -n "${stream_pid-}" ] && kill -0 "$stream_pid" 2>/dev/null
}

# Jobs that are not over, but for the keepers.
open_jobs()
{
	on_lab squeue -h -o %i | grep -vxF -e none "${keepers[@]/#/-e}"
	true
}

stream_is_over()
{
	local left

	! stream_submits || { echo "jobs are still being submitted"; return 1; }
	left=$(open_jobs)
	[ -z "$left" ] || { on_lab squeue; return 1; }
}

# stream_end known|vanished: all over, each as it should be. vanished: slurmctld lost its last words. Then
# it may not know a job, or one that had ended may have been cancelled after (see slurm.sh: forgotten),
# or it gave an id twice, and what happened to the first one came to the second.
stream_end()
{
	local id want is all stream bad=0

	within "$over_seconds" stream_is_over || return
	wait "$stream_pid" 2>/dev/null
	all=$(on_lab scontrol -o show job)
	stream=$(cat "$work/stream")
	while read -r id want; do
		is=$(sed -n "s/^JobId=$id .* JobState=\([A-Z_]*\) .*/\1/p" <<<"$all")
		case $is in
		"$want") ;;
		"")
			[ "$1" = vanished ] || { echo "job $id is unknown, not $want"; bad=1; }
			;;
		*)
			[ "$1" = vanished ] && [[ $is =~ ^(COMPLETED|CANCELLED)$ ]] && {
				grep -qx "$id" "$work/forgotten" || [ "$(grep -c "^$id " <<<"$stream")" -gt 1 ]
			} && continue
			echo "job $id is $is, not $want"
			bad=1
			;;
		esac
	done <<<"$stream"
	return $bad
}

# ---- VMs that nothing may touch ----

# What of a keeper must never change: VMI, QEMU process, the guest's boot and its file.
seen_of() # JOB
{
	local address

	on_lab kubectl get vmi -A -l "slurm-vm.io/job=$1" -o 'jsonpath={.items[*].metadata.uid} {.items[*].status.phase}'
	echo
	[ "$guests" = qemu ] || return 0
	on_lab sh -c "pgrep -f '[q]emu-system.*vm-$1-'"
	address=$(on_lab vmctl show --json "$1" | jq -r .address)
	in_guest "$1" "$address" 'cat /proc/sys/kernel/random/boot_id; cat marker'
}

in_guest() # JOB ADDRESS COMMAND
{
	as alice --on "$(on_lab squeue -h -j "$1" -o %N)" ssh -i "/run/slurm-vm/$1/id_ed25519" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		-o ConnectTimeout=20 -o LogLevel=ERROR "root@$2" "$3"
}

keeper_runs() # JOB
{
	if [ "$guests" = qemu ]; then
		in_state "$1" READY
	else
		contains "$(seen_of "$1")" Running
	fi
}

# They name their node: so they stay there when Slurm drains it by itself ("Duplicate jobid"), where
# others move. A slurmctld that forgets in the middle of a move has the guest booted anew (DESIGN.md,
# "The move": its companion is gone).
keepers_begin() # N
{
	local i job address node=worker3node

	for ((i = 0; i < $1; i++)); do
		if [ "$guests" = qemu ]; then
			job=$(submit alice -w $node --vm=tiny -c 1 --mem=512M <<<$'#!/bin/bash\nsleep 6000')
		else
			job=$(submit alice -w $node "${options[@]}" <<<$'#!/bin/bash\nsleep 6000')
		fi
		keepers+=("$job")
	done
	for job in "${keepers[@]}"; do
		within 150 keeper_runs "$job" || return
		if [ "$guests" = qemu ]; then
			address=$(on_lab vmctl show --json "$job" | jq -r .address)
			in_guest "$job" "$address" "echo keeper $job >marker; sync" || return
		fi
		kept[$job]=$(seen_of "$job")
	done
}

keepers_same()
{
	local job

	for job in "${keepers[@]}"; do
		within 60 equals "$(seen_of "$job")" "${kept[$job]}" || return
		equals "$(on_lab squeue -h -j "$job" -o %T)" RUNNING || return
	done
}

keepers_end()
{
	local list=("${keepers[@]}")

	[ ${#list[@]} -gt 0 ] || return 0
	keepers=()
	as alice scancel "${list[@]}"
	within 120 stream_is_over && within 60 nothing_is_left
}

# ---- afterwards ----

# Everything of ours but what belongs to a keeper.
everything()
{
	on_lab kubectl get vm,vmi,pods,pvc,secrets,pv -A -o name -l app.kubernetes.io/managed-by=slurm-vm
	on_lab rbd ls rbd
	on_lab rbd trash ls rbd 2>/dev/null
	on_lab ps -eo args | grep -o '[q]emu-system.*vm-[0-9]*-[0-9a-f]*-r[0-9]*' | grep -o 'vm-[0-9]*-[0-9a-f]*-r[0-9]*'
	on_lab sh -c "find /run/slurm-vm /run/hosts/*/slurm-vm -mindepth 1 -maxdepth 1 -type d -printf 'keys of vm-%f-\n' 2>/dev/null"
}

nothing_is_left()
{
	local mine=(-e '^tiny$') job left

	for job in "${keepers[@]}"; do
		mine+=(-e "vm-$job-")
	done
	left=$(everything | grep -v "${mine[@]}")
	[ -z "$left" ] || { printf 'left:\n%s\n' "$left"; return 1; }
}

no_node_is_drained()
{
	local bad

	bad=$(on_lab sinfo -h -N -o '%N %T %E' | grep -E 'drain|down|fail|unk|\*')
	[ -z "$bad" ] || { echo "$bad"; return 1; }
}

# After every fault: keepers as they were, everything else gone, the nodes at work, nobody crashed.
all_is_well()
{
	within 90 nothing_is_left && within 30 no_node_is_drained && keepers_same && daemons_live
}
