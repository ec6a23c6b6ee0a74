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

# Writes wait or fail until there is room again.
fault_ceph_full()
{
	local n

	n=$(jobs_of 8)
	on_lab ceph osd set full || return
	stream_begin "$n"
	sleep 25
	on_lab ceph osd unset full || return
	did "Ceph full for 25 s while $n jobs start"
	stream_end known && all_is_well
}
