#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A script of vmrun while its node is drained: the VM moves live, the batch script is started anew on the
# other node, and the script in the guest is the same one, started once.
. "$(dirname "$0")/lib.sh"

job=$(submit alice --requeue --vm=tiny -c 1 --mem=512M -t 60 <<'EOS'
#!/usr/bin/vmrun sh
echo started >>/root/starts
echo "run by $$"
while [ ! -e /root/go ]; do sleep 0.2; done
echo "starts: $(grep -c . /root/starts), still $$"
exit 9
EOS
)
moved()
{
	local now

	now=$(node_of "$job")
	[ -n "$now" ] && [ "$now" != "$first" ] && job_in "$job" RUNNING
}
ok "it runs in the guest" within 120 says "^run by "
pid=$(output_of alice "$job" | sed -n 's/^run by //p')
first=$(node_of "$job")
on_lab scontrol update "nodename=$first" state=drain reason=fan
ok "the job moves" within 200 moved
ok "vmrun finds its script" within 60 says "was started before"
ok "and shows its output again" within 30 says "^run by $pid\$"
as alice vmctl exec "$job" -- touch /root/go
ok "the job ends" within 60 job_over "$job"
ok "it was started once" says "^starts: 1, still $pid\$"
ok "its exit code is the job's" equals "$(on_lab sacct -nXP -j "$job" -o state,exitcode)" "FAILED|9:0"
on_lab scontrol update "nodename=$first" state=resume
ok "nothing is left" within 180 nothing_left "$job"
done_testing
