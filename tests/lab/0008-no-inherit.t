#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A job submitted from inside a VM job is an ordinary one, unless it asks for a VM itself.
. "$(dirname "$0")/lib.sh"

job=$(submit alice --vm=tiny --vm-wait=none -c 1 --mem=512M <<<$'#!/bin/bash\nsbatch --parsable -o inner-%j.out --wrap "env | grep -c ^VM_; true"')
ok "the outer job ends" within 120 job_over "$job"
inner=$(output_of alice "$job" | tail -n 1)
ok "the inner one ran" within 60 job_in "$inner" COMPLETED
ok "without a VM's environment" equals "$(as alice cat "inner-$inner.out")" 0
account=$(on_lab sacct -X -n -P -j "$inner" --format=AllocTRES,AdminComment)
ok "and has no VM" equals "$(grep -c -e gres/vm -e slurm-vm <<<"$account")" 0
ok "all is gone" within 180 nothing_left "$job"
done_testing
