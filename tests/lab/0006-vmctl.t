#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmctl: the owner sees the own, root sees all.
. "$(dirname "$0")/lib.sh"

job=$(submit alice --job-name=one-of-a-kind --vm=tiny -c 1 --mem=512M <<<$'#!/bin/bash\nsleep 600')
ok "the owner waits for it" as alice timeout 100 vmctl wait "$job"
ok "and sees it" contains "$(as alice vmctl list)" "^ *$job .*READY"
ok "in full" contains "$(as alice vmctl show "$job")" "192\.168\.172\."
ok "as JSON" equals "$(as alice vmctl show --json "$job" | jq -r '"\(.job) \(.image) \(.state)"')" "$job tiny READY"
ok "by the job's name, too" equals "$(as alice vmctl show --json one-of-a-kind | jq -r .job)" "$job"
ok "which the list shows" contains "$(as alice vmctl list)" "^$job +one-of-a-kind +alice "
ok "another user does not" equals "$(as bob vmctl list | grep -c "^ *$job ")" 0
not_for_bob()
{
	local out

	! out=$(as bob vmctl show "$job" 2>&1) && contains "$out" "belongs to another user"
}
ok "nor by name" not_for_bob
ok "root does" equals "$(on_lab vmctl show --json "$job" | jq -r .user)" alice
ok "images are shown to all" contains "$(as bob vmctl images)" "^tiny "
ok "kubectl sees the VM on its node" contains "$(on_lab kubectl get vmi -n slurm-vm)" "vm-$job-.*Running.*192\.168\.172\..*worker"
as alice scancel "$job"
ok "all is gone" within 180 nothing_left "$job"
done_testing
