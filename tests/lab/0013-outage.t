#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Kubernetes API or Ceph do not answer for a while: the reason is shown, nothing is lost or left.
# long: what does not answer is waited for (tests/faults has more of it)
. "$(dirname "$0")/lib.sh"

shows() # JOB PATTERN
{
	contains "$(on_lab vmctl show "$1" 2>&1)" "$2"
}
script=$'#!/bin/bash\necho ready at last'

signal KILL kubevirt-lite
job=$(submit alice --vm=tiny -c 1 --mem=512M <<<"$script")
ok "API down: vmctl show tells" within 40 shows "$job" "Kubernetes|kubernetes"
ok "the API comes back" lab up
ok "the job goes on" within 120 job_in "$job" COMPLETED
ok "all is gone" within 180 nothing_left "$job"

signal STOP ceph-osd
job=$(submit alice --vm=tiny -c 1 --mem=512M <<<"$script")
ok "Ceph stuck: vmctl show tells" within 60 shows "$job" "Ceph|ceph|rbd|disk"
signal CONT ceph-osd
ok "the job goes on" within 120 job_in "$job" COMPLETED
ok "all is gone" within 180 nothing_left "$job"
done_testing
