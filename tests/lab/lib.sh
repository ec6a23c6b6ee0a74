# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For the tests of the lab: run things in it, wait, and report as TAP. Sourced by each NNNN-topic.t,
# which ends with `done_testing`. The lab is the one of $LAB_DIR (tests/lab/run makes it).
set -uo pipefail

top=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../..")
count=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

lab()
{
	"$top/scripts/lab" "$@"
}

on_lab() # COMMAND...: root on masternode
{
	lab exec "$@"
}

as() # USER COMMAND...
{
	lab exec --as "$@"
}

signal() # SIGNAL PART: to a daemon of masternode; `lab up` starts again what died
{
	on_lab sh -c "kill -$1 \$(cat /run/pids/$2)"
}

# ok TEXT COMMAND...: one test; what a failing command said is shown. Fails with it.
ok()
{
	local text=$1

	shift
	count=$((count + 1))
	if "$@" >"$work/out" 2>&1; then
		echo "ok $count - $text"
	else
		echo "not ok $count - $text"
		sed 's/^/#   /' "$work/out"
		failed=$((failed + 1))
		return 1
	fi
}

done_testing()
{
	echo "1..$count"
	[ $failed -eq 0 ]
	exit
}

# within SECONDS COMMAND...: tries until it succeeds; its last output on failure. What takes longer is
# asked for less often: three labs' questions would else take half a processor.
within()
{
	local end=$((SECONDS + $1)) often=$((SECONDS + 3)) out

	shift
	until out=$("$@" 2>&1); do
		if [ $SECONDS -ge $end ]; then
			printf '%s\n' "not within the time: $*" "$out"
			return 1
		fi
		if [ $SECONDS -lt $often ]; then sleep 0.2; else sleep 0.6; fi
	done
}

# contains TEXT PATTERN (extended regular expression)
contains()
{
	grep -qE -e "$2" <<<"$1" || {
		printf 'no /%s/ in:\n%s\n' "$2" "$1"
		return 1
	}
}

equals()
{
	[ "$1" = "$2" ] || {
		printf 'is "%s", not "%s"\n' "$1" "$2"
		return 1
	}
}

# prints TEXT COMMAND...: does it print just that? For `within`, which would ask $(COMMAND) only once.
prints()
{
	local text=$1

	shift
	equals "$("$@")" "$text"
}

# submit USER SBATCH-ARGUMENTS... <SCRIPT: prints the job id
submit()
{
	local user=$1

	shift
	as "$user" sbatch --parsable -o 'job-%j.out' "$@"
}

vm_state() # JOB
{
	on_lab vmctl show --json "$1" 2>/dev/null | jq -r .state
}

in_state() # JOB STATE...: is the VM in one of the states?
{
	local job=$1 now

	shift
	now=$(vm_state "$job")
	[[ " $* " == *" $now "* ]] || {
		echo "state of $job is $now"
		return 1
	}
}

job_state() # JOB
{
	on_lab squeue -h -t all -j "$1" -o %T
}

job_in() # JOB STATE
{
	equals "$(job_state "$1")" "$2"
}

job_over() # JOB: no longer in the queue, COMPLETING included
{
	local now

	now=$(job_state "$1")
	case $now in
	COMPLETED | FAILED | CANCELLED | TIMEOUT | NODE_FAIL) ;;
	*) echo "job $1 is $now"; return 1 ;;
	esac
}

start_now() # JOB: queued again; Slurm would wait for two minutes. slurmd takes no job that it has ended in the same
# second ("already killed, do not launch batch job"), and Slurm then fails it.
{
	sleep 2
	on_lab scontrol update jobid="$1" StartTime=now
}

node_of() # JOB
{
	on_lab squeue -h -j "$1" -o %N
}

vm_node() # JOB: where its VM is
{
	on_lab kubectl get vmi -A -l "slurm-vm.io/job=$1" -o jsonpath='{.items[*].status.nodeName}'
}

move_says() # JOB PATTERN
{
	contains "$(on_lab vmctl show "$1")" "^Move +$2"
}

no_companion() # JOB: no second allocation is held for a move of its
{
	equals "$(on_lab squeue -h -n "vm-move-$1" -o %i)" ""
}

no_reservation() # JOB: no node is kept for it
{
	! on_lab scontrol show reservation | grep -q "^ReservationName=vm-move-$1-"
}

left_of() # JOB: everything that is there of it, a line each
{
	on_lab kubectl get vm,vmi,pods,pvc,secrets,pv,serviceaccounts,roles,rolebindings -A -o name -l "slurm-vm.io/job=$1"
	on_lab rbd ls rbd | grep "^vm-$1-"
	on_lab rbd trash ls rbd 2>/dev/null | grep " vm-$1-"
	on_lab ps -eo pid,args | grep "[q]emu-system.*vm-$1-" | cut -c1-120
	on_lab sh -c "ls -d /run/slurm-vm/$1 /run/hosts/*/slurm-vm/$1 2>/dev/null"
	true
}

nothing_left() # JOB
{
	equals "$(left_of "$1")" ""
}

output_of() # USER JOB
{
	as "$1" cat "job-$2.out"
}

# Of $job where no JOB is given:

recorded() # [JOB]: its state in the accounting
{
	on_lab sacct -nXP -j "${1-$job}" -o state | cut -d' ' -f1
}

says() # [JOB] PATTERN: does the output of alice's job?
{
	[ $# -eq 2 ] || set -- "$job" "$1"
	contains "$(output_of alice "$1")" "$2"
}

shows() # [JOB] PATTERN: does vmctl, of alice's job?
{
	[ $# -eq 2 ] || set -- "$job" "$1"
	contains "$(as alice vmctl show "$1" 2>&1)" "$2"
}

refused() # USER PATTERN COMMAND...: it fails, and says why
{
	local user=$1 pattern=$2 out

	shift 2
	if out=$(as "$user" "$@" 2>&1 </dev/null); then
		printf 'accepted: %s\n' "$out"
		return 1
	fi
	contains "$out" "$pattern"
}

# golden_image NAME FILE: FILE becomes rbd/NAME@v1, for the catalogue.
golden_image()
{
	# shellcheck disable=SC2016 # expanded in the lab
	on_lab sh -c 'rbd import --no-progress - "rbd/$1" && rbd snap create --no-progress "rbd/$1@v1"' golden "$1" <"$2"
}

# settings_change [SED-SCRIPT] <LINES: changes vmd.yaml and adds lines at its end, which is in its section
# images; settings_restore puts the first one back. Both wait until vmd has it.
settings_change()
{
	local old=/etc/slurm-vm/vmd.yaml

	on_lab sh -c "[ -e $old.before ] || cp -p $old $old.before; sed -i '${1-}' $old; cat >>$old"
	settings_reread
}

settings_restore()
{
	on_lab mv /etc/slurm-vm/vmd.yaml.before /etc/slurm-vm/vmd.yaml
	settings_reread
}

settings_reread()
{
	rereads=$(($(settings_reads) + 1))
	signal HUP vmd
	within 30 settings_are_read
}

settings_reads()
{
	on_lab grep -c 'event=reload result=ok' /var/log/vmd.log
}

settings_are_read()
{
	[ "$(settings_reads)" -ge "$rereads" ]
}

# How a script of the tests speaks with its guest; expanded in the job. It is patient with a guest that is
# slow to answer; a connection that is lost half-way fails, so that who asks again can.
# shellcheck disable=SC2016,SC2034
ssh_guest='ssh -i $VM_SSH_KEY -o ConnectTimeout=30 -o ConnectionAttempts=4 -o ServerAliveInterval=5 -o ServerAliveCountMax=6 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR $VM_USER@$VM_ADDRESS'
