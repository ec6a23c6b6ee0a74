#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The guest powers itself off: that ends the job.
. "$(dirname "$0")/lib.sh"

job=$(submit alice --vm=tiny -c 1 --mem=512M <<EOS
#!/bin/bash
$ssh_guest poweroff
sleep 600
EOS
)
ok "the job ends" within 120 job_over "$job"
ok "all is gone" within 180 nothing_left "$job"
ok "no node was drained by it" equals "$(on_lab sinfo -h -R)" ""
done_testing
