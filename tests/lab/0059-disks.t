#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Disks of a user that live on beyond jobs.
. "$(dirname "$0")/lib.sh"

refused() # USER PATTERN COMMAND...
{
	local user=$1 pattern=$2 out

	shift 2
	if out=$(as "$user" "$@" 2>&1 </dev/null); then
		printf 'accepted: %s\n' "$out"
		return 1
	fi
	contains "$out" "$pattern"
}
# images of named disks
images()
{
	on_lab rbd ls rbd | grep -c '^vmdisk-'
}

contains_output() # USER JOB PATTERN
{
	contains "$(output_of "$1" "$2")" "$3"
}
shows() # JOB PATTERN
{
	contains "$(as alice vmctl show "$1")" "$2"
}
unused() # DISK
{
	equals "$(as alice vmctl disk list --json | jq ".[] | select(.name == \"$1\") | .used_by | length")" 0
}

ok "a user makes a disk" as alice vmctl disk create data 512M
ok "... which is an image" equals "$(images)" 1
ok "... and a second one of that name is refused" refused alice "you have a disk data already" vmctl disk create data 512M
ok "another user's of that name is his own" as bob vmctl disk create data 512M
ok "one above the quota is refused, with the numbers" refused alice "2G, of which 512M" vmctl disk create more 2G
ok "a name that cannot be is refused" refused alice "no name of a disk" vmctl disk create ../x 1G
ok "the list shows whose it is" contains "$(as alice vmctl disk list 2>&1)" "^data  *alice  *512M"
ok "... and what is left of the quota" contains "$(as alice vmctl disk list 2>&1)" "512M of 2G are used, 1 disks of 4"
ok "everybody's is for root" refused alice "root and SlurmUser" vmctl disk list --all
ok "... who sees both" equals "$(on_lab vmctl disk list --all --json | jq -r '.[].name' | wc -l)" 2
writer=$(submit alice --vm=tiny --vm-attach=data -t 10 -c 1 --mem=512M <<EOS
#!/bin/bash
$ssh_guest 'for b in /sys/block/*; do echo "\$b \$(cat \$b/size) \$(tr -cd a-z <\$b/device/vpd_pg80 2>/dev/null)"; done'
sleep 600
EOS
)
reader=$(submit alice --vm=tiny --vm-attach=data:ro -t 10 -c 1 --mem=512M <<<$'#!/bin/bash\nsleep 600\n')
ok "a job's guest has it from its boot on" within 100 contains_output alice "$writer" "1048576 data"
ok "vmctl show tells of it" contains "$(as alice vmctl show "$writer")" "Attached  *data 512M"
ok "who wants to read it meanwhile waits, and says for whom" within 60 shows "$reader" "disk data is written by job $writer"
ok "it is not deleted" refused alice "disk data is written by job $writer" vmctl disk delete --yes data
ok "the writer ends" as alice vmctl stop --now "$writer"
ok "... and the reader has it" within 100 in_state "$reader" READY
ok "... to read" contains "$(as alice vmctl disk list)" " $reader .read-only"
ok "the reader ends" as alice vmctl stop --now "$reader"
ok "nobody has it any more" within 60 unused data
ok "nobody deletes another user's" refused bob "owner, root and SlurmUser" vmctl disk delete --yes alice/data
ok "its owner does" as alice vmctl disk delete --yes data
ok "... and bob's is there" equals "$(images)" 1
ok "root may" on_lab vmctl disk delete --yes bob/data
ok "none is left" equals "$(images)" 0
done_testing
