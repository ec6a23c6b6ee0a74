#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmd is down when a VM job starts: the job waits and says so, and goes on when vmd is back.
. "$(dirname "$0")/lib.sh"

signal KILL vmd
job=$(submit alice --vm=tiny -c 1 --mem=512M <<EOS
#!/bin/bash
$ssh_guest echo in the guest
EOS
)
ok "the job starts" within 20 job_in "$job" RUNNING
ok "its output says what it waits for" within 20 says "vmd"
ok "vmd comes back" lab up
ok "the job goes on and ends well" within 120 job_in "$job" COMPLETED
ok "in the guest" says "in the guest"
ok "all is gone" within 180 nothing_left "$job"

# and with a VM there: killed while it runs, vmd finds everything again
job=$(submit alice --vm=tiny -c 1 --mem=512M <<<$'#!/bin/bash\nsleep 600')
ok "ready" within 100 in_state "$job" READY
signal KILL vmd
as alice scancel "$job"
ok "vmd comes back" lab up
ok "the cancelled job ends" within 60 job_over "$job"
ok "all is gone" within 180 nothing_left "$job"
done_testing
