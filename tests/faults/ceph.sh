# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ceph stands still, or is full.
# shellcheck source=tests/faults/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

fault_osd_stopped()
{
	local n

	n=$(jobs_of 20 3)
	stream_begin "$n"
	pause 4
	signal STOP ceph-osd
	sleep 20
	signal CONT ceph-osd
	did "the OSD stopped for 20 s in a stream of $n jobs"
	stream_end known && all_is_well
}

# From which share of its space on an OSD counts as full; the lab uses some per cent.
ceph_ratios() # RATIO
{
	local limit

	for limit in nearfull backfillfull full; do
		on_lab ceph osd set-$limit-ratio "$1" || return
	done
}

pool_is_full()
{
	contains "$(on_lab ceph osd dump | grep "'rbd'")" "[ ,]full"
}

# Writes wait or fail until there is room again.
fault_ceph_full()
{
	local n

	n=$(jobs_of 8)
	ceph_ratios 0.0001 || return
	within 60 pool_is_full || return
	stream_begin "$n"
	sleep 25
	ceph_ratios 0.9 || return
	did "Ceph full for 25 s while $n jobs start"
	stream_end known && all_is_well
}

# The header of an image is lost while its job waits in the queue. It comes back, as from a backup.
fault_image_damaged()
{
	local n ill back header

	n=$(jobs_of 8 2)
	ill=$(submit alice "${options[@]}" --requeue <<<$'#!/bin/bash\nsleep $((SLURM_RESTART_COUNT ? 3 : 600))') || return
	within 120 job_has_vm "$ill" || return
	on_lab scontrol requeuehold "$ill" || return
	within 120 job_in "$ill" PENDING || return
	back=$(image_of "$ill") && header=$(header_of "$back") || return
	within 60 nobody_watches "$back" || return
	header_away "$header" || return
	within 90 log_says "object=$back event=unreadable" || return
	metric_is vmd_unreadable_disks 1 || return
	on_lab scontrol release "$ill" || return
	on_lab scontrol update jobid="$ill" starttime=now || return # else it waits for two minutes
	stream_begin "$n"
	# shellcheck disable=SC2034 # read by others_are_over
	ill_job=$ill
	within 240 others_are_over || return
	within 60 shown "$ill" "has no header" || return
	equals "$(on_lab squeue -h -j "$ill" -o %T)" RUNNING || return
	contains "$(on_lab rbd ls rbd)" "$back" || return
	header_back "$header" || return
	did "an image without its header: its job waited and said so, $n others ended meanwhile, and it afterwards"
	within 90 metric_is vmd_unreadable_disks 0 || return
	stream_end known && job_in "$ill" COMPLETED && all_is_well
}

shown() # JOB TEXT
{
	contains "$(on_lab vmctl show "$1" 2>&1)" "$2"
}

image_of() # JOB
{
	on_lab rbd ls rbd | grep "^vm-$1-.*-root$"
}

header_of() # IMAGE
{
	on_lab rbd info --format json "rbd/$1" | jq -r '"rbd_header." + .id'
}

nobody_watches() # IMAGE
{
	! contains "$(on_lab rbd status "rbd/$1")" "watcher=" >/dev/null
}

log_says() # TEXT
{
	on_lab grep -q "$1" /var/log/vmd.log || { echo "vmd's log does not say $1"; return 1; }
}

# Moved aside, whole: an object's values are copied with it.
header_away() # HEADER
{
	on_lab sh -c "rados -p rbd cp $1 aside.$1 && rados -p rbd rm $1"
}

header_back() # HEADER
{
	on_lab sh -c "rados -p rbd cp aside.$1 $1 && rados -p rbd rm aside.$1"
}

# Somebody has the lock of an image and does not answer: the call that marks it as kept hangs in librbd
# until Ceph takes the lock from him. Disks of other jobs are made meanwhile.
fault_librbd_stuck()
{
	local n ill image before bench

	n=$(jobs_of 6 2)
	ill=$(submit alice "${options[@]}" --vm-keep=always <<<$'#!/bin/bash\nsleep 600') || return
	within 120 job_has_vm "$ill" || return
	image=$(image_of "$ill")
	# so long Ceph believes in who has stopped, by default 30 s; the VM takes some of them to end
	on_lab ceph tell osd.0 config set osd_client_watch_timeout 75 || return
	on_lab sh -c "rbd bench --io-type write --io-size 4K --io-threads 1 --io-total 4G rbd/$image >/dev/null 2>&1 &
		echo \$! >/run/bench.pid" || return
	bench=$(on_lab cat /run/bench.pid)
	within 30 locked "$image" || return
	on_lab kill -STOP "$bench" || return
	as alice scancel "$ill"
	within 60 librbd_hangs || return
	before=$(disks_made)
	stream_begin "$n"
	within 25 librbd_hangs_and_made_more "$before" || return
	did "a call into librbd hung for one job's disk: disks of other jobs were made meanwhile"
	on_lab kill -KILL "$bench"
	on_lab ceph tell osd.0 config set osd_client_watch_timeout 30
	stream_end known && within 180 job_in "$ill" CANCELLED && forgotten_disks_go && all_is_well
}

locked() # IMAGE
{
	contains "$(on_lab rbd lock ls "rbd/$1" 2>&1)" auto
}

librbd_hangs()
{
	local seconds

	seconds=$(on_lab curl -s http://127.0.0.1:9830/metrics | sed -n 's/^vmd_worker_oldest_job_seconds{worker="rbd"} //p')
	[ "${seconds%.*}" -ge 3 ] || { echo "the oldest call into librbd is $seconds s old"; return 1; }
}

disks_made()
{
	on_lab grep -c 'action=clone-disk .*result=ok' /var/log/vmd.log
}

librbd_hangs_and_made_more() # THAN
{
	librbd_hangs || return
	[ "$(disks_made)" -gt "$1" ] || { echo "no disk was made since"; return 1; }
}
