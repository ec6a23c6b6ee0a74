# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmd dies or stands still.
# shellcheck source=tests/faults/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Between two deaths it lives long enough to get something begun, and often not to end it.
fault_vmd_killed()
{
	local n times=0

	n=$(jobs_of 30 6)
	stream_begin "$n"
	until stream_is_over >/dev/null || [ $times -ge $((n < 25 ? n : 25)) ]; do
		pause 5
		killed vmd && start vmd || return
		times=$((times + 1))
	done
	did "vmd killed $times times in a stream of $n jobs"
	stream_end known && all_is_well
}

fault_vmd_frozen()
{
	local n i

	n=$(jobs_of 10)
	stream_begin "$n"
	for i in 1 2; do
		pause 4
		signal STOP vmd
		sleep 20
		signal CONT vmd
	done
	did "vmd stopped for 20 s, twice, in a stream of $n jobs"
	stream_end known && all_is_well
}
