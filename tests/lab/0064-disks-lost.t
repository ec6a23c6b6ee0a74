#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A job with disks of every kind loses its host twice. First the host only falls silent: guest and Ceph client live
# on, and write; then its power goes. Each time the disks that it writes are fenced, nothing of the old guest
# reaches them any more, and the next run has them all, with what is on them.
# long: a lost host is noticed after a minute, twice
. "$(dirname "$0")/host_loss.sh"
. "$(dirname "$0")/guest_disks.sh"

written=(data more scratch1)
all="data:attached more:attached ref:attached scratch1:attached"

image_of() # JOB SERIAL
{
	case $2 in
	scratch*) on_lab rbd ls rbd | grep "^vm-$1-.*-$2\$" ;;
	*) named_image 20001 "$2" ;;
	esac
}
client_is_known() # JOB SERIAL
{
	contains "$(on_lab rbd image-meta get "rbd/$(image_of "$1" "$2")" slurm-vm.clients)" ':0/[0-9]+'
}
write_all() # JOB FIRST: a writer for each disk, each begins at a number of its own
{
	local n=$2 serial

	for serial in "${written[@]}"; do
		ok "$serial is written from $n on" within 60 writer_start "$1" "$serial" "$n"
		ok "... and again and again" within 60 writes "$1" "$serial" "$n"
		n=$((n + 100000))
	done
}
is_fenced() # JOB SERIAL RUN: before Kubernetes let go of that run, and before the next one
{
	local fenced at

	at=$(on_lab sh -c "grep -h 'job=$1 action=fence-disk object=$(image_of "$1" "$2") .*result=ok' /var/log/vmd.log" | sed -n "$(($3 + 1))p" | cut -d' ' -f1)
	fenced=$(date -u -d "${at}Z" +%s.%N 2>/dev/null)
	precedes "$fenced" "$(log_time "$1" "action=force-delete-pod object=.*-r$3 result=ok")" &&
		precedes "$fenced" "$(log_time "$1" "action=create-vm object=.*-r$(($3 + 1)) result=ok")"
}
ref_is_not_fenced() # JOB: who only reads destroys nothing
{
	! on_lab grep -q "job=$1 action=fence-disk object=$(named_image 20001 ref)" /var/log/vmd.log
}

# The host of the job's RUN is lost: mute|kill
lose_disks() # JOB RUN VERB
{
	local job=$1 run=$2 verb=$3 host serial
	declare -A before found

	for serial in "${written[@]}"; do
		ok "$verb: the client of $serial is written down" within 90 client_is_known "$job" "$serial"
	done
	host=$(on_lab squeue -h -j "$job" -o %N)
	lab host "$host" "$verb"
	for serial in "${written[@]}"; do
		before[$serial]=$(number_on "$(image_of "$job" "$serial")")
	done
	ok "$verb: Slurm queues the job again" within 90 job_in "$job" PENDING
	start_now "$job"
	ok "$verb: the next run is READY" within 240 is_run "$job" $((run + 1))
	ok "$verb: elsewhere" elsewhere "$job" "$host"
	ok "$verb: it has all its disks" within 60 attached "$job" "$all"
	for serial in "${written[@]}"; do
		found[$serial]=$(number_on "$(image_of "$job" "$serial")")
		ok "$verb: $serial was fenced before anybody else could have it" is_fenced "$job" "$serial" "$run"
		ok "$verb: what was written on $serial is there" at_least "${found[$serial]}" "${before[$serial]}"
		[ "$verb" = kill ] || ok "$verb: and what the silent guest wrote before the fence" at_least "${found[$serial]}" "$((before[$serial] + 5))"
		ok "$verb: and its file" within 60 word_is "$job" "$serial" "on $serial"
	done
	ok "$verb: what is only read was not fenced" ref_is_not_fenced "$job"
	ok "$verb: ... and is read again" within 60 word_is "$job" ref "on ref"
	ok "$verb: ... and not to be written" within 60 prints 1 guest "$job" "cat /sys/block/\$(basename \$(disk ref))/ro"
	if [ "$verb" = mute ]; then
		ok "mute: the old guest lives on" guests_on "$host" 1
		lab host "$host" join
	else
		lab host "$host" start
	fi
	ok "$verb: the node is back" within 60 node_in "$host" Ready
	ok "$verb: the old guest is no more" within 60 guests_on "$host" 0
	sleep 3 # what it would still write
	for serial in "${written[@]}"; do
		ok "$verb: nothing was written on $serial after the fence" equals "$(number_on "$(image_of "$job" "$serial")")" "${found[$serial]}"
	done
	on_lab scontrol reconfigure # asks the nodes; by itself it would in some minutes
	ok "$verb: Slurm has its node back" within 90 node_idle "$host"
	[ "$verb" = kill ] || ok "$verb: the lost run's epilog ends, though its job runs on elsewhere" within 120 run_is_over "$job" "$host"
	ok "$verb: ... as it does" is_run "$job" $((run + 1))
}
is_run() # JOB RUN: with its VM READY where it runs
{
	contains "$(on_lab scontrol show job "$1")" " Restarts=$2 " && job_in "$1" RUNNING && in_state "$1" READY &&
		equals "$(vm_node "$1")" "$(node_of "$1")"
}
run_is_over() # JOB HOST: its files are gone, with the epilog
{
	equals "$(on_lab sh -c "ls -d /run/hosts/$2/slurm-vm/$1 2>/dev/null")" "" || {
		on_lab scontrol reconfigure # asks the node again
		sleep 11
		return 1
	}
}
elsewhere() # JOB HOST
{
	[ "$(node_of "$1")" != "$2" ] && equals "$(vm_node "$1")" "$(node_of "$1")"
}

for name in data more ref; do
	ok "a user makes the disk $name" as alice vmctl disk create "$name" 64M
done
job=$(submit alice --requeue --vm=tiny --vm-attach=data -t 60 -c 1 --mem=512M --wrap 'sleep 3000')
ok "a VM is READY" within 180 in_state "$job" READY
ok "it is given the disk ref" as alice vmctl disk add "$job" ref
ok "... and writes on it" within 60 word_write "$job" ref "on ref"
ok "it gives it back" as alice vmctl disk remove "$job" ref
ok "... has it to read" as alice vmctl disk add "$job" ref:ro
ok "it is given the disk more" as alice vmctl disk add "$job" more
ok "... and a scratch disk" as alice vmctl disk add "$job" 64M
for name in "${written[@]}"; do
	ok "a file is on $name" within 60 word_write "$job" "$name" "on $name"
done
write_all "$job" 1000000
lose_disks "$job" 0 mute
write_all "$job" 2000000
lose_disks "$job" 1 kill
as alice scancel "$job"
ok "the job is over" within 90 job_over "$job"
on_lab scontrol reconfigure
ok "nothing is left of it" within 120 gone_or_asked "$job"
for name in data more ref; do
	ok "nobody has $name any more" within 60 unused "$name"
	ok "... and its owner gives it up" within 60 as alice vmctl disk delete --yes "$name"
done
done_testing
