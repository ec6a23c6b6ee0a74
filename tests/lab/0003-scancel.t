#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scancel in every state of the VM: nothing is left.
. "$(dirname "$0")/lib.sh"

script=$'#!/bin/bash\nsleep 600'
declare -A jobs
# Where Ceph does not write, PROVISIONING lasts until it is looked at.
on_lab timeout 10 ceph osd pause 2>/dev/null
jobs[PROVISIONING]=$(submit alice --vm=tiny -c 1 --mem=512M <<<"$script")
ok "provisioning" within 30 in_state "${jobs[PROVISIONING]}" PROVISIONING
as alice scancel "${jobs[PROVISIONING]}"
on_lab timeout 10 ceph osd unpause 2>/dev/null
for state in PENDING BOOTING READY; do
	hold=()
	[ $state != PENDING ] || hold=(--hold)
	jobs[$state]=$(submit alice "${hold[@]}" --vm=tiny -c 1 --mem=512M <<<"$script")
done
for state in PENDING BOOTING READY; do
	job=${jobs[$state]}
	case $state in
	PENDING) ok "held: pending" within 30 job_in "$job" PENDING ;;
	*) ok "${state,,}" within 100 in_state "$job" $state ;;
	esac
	as alice scancel "$job"
done
for state in PENDING PROVISIONING BOOTING READY; do
	ok "cancelled while $state: the job ends" within 60 job_over "${jobs[$state]}"
	ok "cancelled while $state: nothing is left" within 180 nothing_left "${jobs[$state]}"
done
ok "no node was drained by it" equals "$(on_lab sinfo -h -R)" ""
done_testing
