# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The API server dies, stands still, is slow, errs, throttles, loses its watches.
# shellcheck source=tests/faults/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

fault_api_killed()
{
	local n times=0

	n=$(jobs_of 30 5)
	stream_begin "$n"
	until stream_is_over >/dev/null || [ $times -ge 8 ]; do
		pause 6
		killed kubevirt-lite || return
		pause 4
		start kubevirt-lite || return
		times=$((times + 1))
	done
	did "kubevirt-lite killed $times times in a stream of $n jobs"
	stream_end known && all_is_well
}

fault_api_frozen()
{
	local n

	n=$(jobs_of 10)
	stream_begin "$n"
	pause 4
	signal STOP kubevirt-lite
	sleep 25
	signal CONT kubevirt-lite
	did "kubevirt-lite stopped for 25 s in a stream of $n jobs"
	stream_end known && all_is_well
}

# A Lease of 10 s is answered after 5: a vmd leads for half of the time, and all goes on, slowly.
fault_api_slow()
{
	local n over_seconds=420

	n=$(jobs_of 10)
	faults_set '{"latencyMilliseconds": 5000}' || return
	stream_begin "$n"
	within "$over_seconds" stream_is_over || return
	did "every request to the API 5 s late in a stream of $n jobs"
	stream_end known && within 120 nothing_is_left && faults_set '{}' && all_is_well
}

fault_api_errors()
{
	local n

	n=$(jobs_of 20 5)
	faults_set '{"errorPercent": 30}' || return
	stream_begin "$n"
	within 300 stream_is_over || return
	did "30 % of the requests to the API answered by 500 in a stream of $n jobs, half of them carried out"
	stream_end known && within 120 nothing_is_left && faults_set '{}' && all_is_well
}

# One job's objects fail all the time: that job waits and says why, the others do not notice.
fault_one_job_fails()
{
	local n ill

	n=$(jobs_of 10 3)
	ill=$(submit alice "${options[@]}" --hold <<<$'#!/bin/bash\nsleep 2') || return
	faults_set "{\"failFor\": \"vm-$ill-\"}" || return
	on_lab scontrol release "$ill"
	ill_job=$ill
	stream_begin "$n"
	within 120 others_are_over || return
	contains "$(on_lab vmctl show "$ill" 2>&1)" "fault on purpose" || return
	equals "$(on_lab squeue -h -j "$ill" -o %T)" RUNNING || return
	faults_set '{}' || return
	did "every request for one job's objects answered by 500: $n others ended meanwhile, and it afterwards"
	stream_end known && job_in "$ill" COMPLETED && all_is_well
}

others_are_over()
{
	local left

	! stream_submits || return 1
	left=$(open_jobs | grep -vx "$ill_job")
	[ -z "$left" ] || { on_lab squeue; return 1; }
}

fault_api_throttles()
{
	local n i

	n=$(jobs_of 15)
	stream_begin "$n"
	for i in 1 2 3; do
		sleep 2
		faults_set '{"throttleSeconds": 2}' || return
		sleep 4
		faults_set '{}' || return
	done
	did "429 with Retry-After to every request, three times for 4 s, in a stream of $n jobs"
	stream_end known && all_is_well
}

# Watches break and lose events all the time.
fault_watches_broken()
{
	local n cuts=0 gone=0

	n=$(jobs_of 30 3)
	stream_begin "$n"
	until stream_is_over >/dev/null || [ $((cuts + gone)) -ge 100 ]; do
		if lot 2 && [ "$drawn" = 0 ]; then
			faults_set '{"cutWatches": true}' && cuts=$((cuts + 1))
		else
			faults_set '{"expireWatches": true}' && gone=$((gone + 1))
		fi
		pause 1
	done
	did "all watches cut $cuts times and answered 410 $gone times in a stream of $n jobs"
	stream_end known && all_is_well
}

# The disk of kubevirt-lite's objects is full: it ends rather than promise what it cannot keep.
fault_api_disk_full()
{
	local n

	n=$(jobs_of 8)
	stream_begin "$n"
	pause 4
	# shellcheck disable=SC2016 # expanded in the lab
	on_lab sh -c 'cd /var/lib/kubevirt-lite && kill -STOP $(cat /run/pids/kubevirt-lite) &&
		mkdir /run/aside && cp -a . /run/aside/ &&
		mount -t tmpfs -o size=$(($(du -sk . | cut -f1) + 2048))k full . &&
		cp -a /run/aside/. /var/lib/kubevirt-lite/ && rm -rf /run/aside' || return
	killed kubevirt-lite || return
	start kubevirt-lite || return
	on_lab sh -c 'cat /dev/zero >/var/lib/kubevirt-lite/filler 2>/dev/null'
	sleep 15
	on_lab rm /var/lib/kubevirt-lite/filler
	start kubevirt-lite || return
	did "the disk of kubevirt-lite's objects full for 15 s in a stream of $n jobs"
	stream_end known && all_is_well
}
