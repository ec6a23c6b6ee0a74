#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Disks of a user that live on beyond jobs.
. "$(dirname "$0")/lib.sh"

# images of named disks
images()
{
	on_lab rbd ls rbd | grep -c '^vmdisk-'
}

contains_output() # USER JOB PATTERN
{
	contains "$(output_of "$1" "$2")" "$3"
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
ok "... and what is left of the quota" contains "$(as alice vmctl disk list 2>&1)" "512M of 2G is used, 1 of 4 disks"
ok "everybody's is for root" refused alice "root and SlurmUser" vmctl disk list --all
ok "... who sees both" equals "$(on_lab vmctl disk list --all --json | jq -r '.[].name' | wc -l)" 2
# what a vmd has left that was killed in the middle of making one
half=$(as alice vmctl disk list --json | jq -r '.[].disk | sub("data$"; "half")')
on_lab rbd create "rbd/$half" --size 64M
writer=$(submit alice --vm=tiny --vm-attach=data -t 10 -c 1 --mem=512M <<EOS
#!/bin/bash
$ssh_guest 'for b in /sys/block/*; do echo "\$b \$(cat \$b/size) \$(tr -cd a-z <\$b/device/vpd_pg80 2>/dev/null)"; done'
sleep 600
EOS
)
ok "a job's guest has it from its boot on" within 100 contains_output alice "$writer" "1048576 data"
ok "vmctl show tells of it" contains "$(as alice vmctl show "$writer")" "Attached  *data 512M"
reader=$(submit alice --vm=tiny --vm-attach=data:ro -t 10 -c 1 --mem=512M <<<$'#!/bin/bash\nsleep 600\n')
ok "who wants to read it meanwhile waits, and says for whom" within 60 shows "$reader" "disk data is written by job $writer"
ok "it is not deleted" refused alice "disk data is written by job $writer" vmctl disk delete --yes data
half_is_whole()
{
	equals "$(as alice vmctl disk list --json | jq -r '.[] | select(.name == "half") | "\(.size_bytes) \(.unfinished)"')" "67108864 false"
}
ok "a disk whose making was cut short is finished by itself" within 60 half_is_whole
ok "... and is one like others" as alice vmctl disk delete --yes half
guest() # JOB COMMAND...: in its guest, as alice
{
	as alice vmctl exec "$1" -- /bin/sh -c "$2"
}
# The name of a disk in the guest: by its serial number, the last bytes of a page of SCSI's.
disk_is() # JOB SERIAL: prints sdb, say
{
	guest "$1" "for b in /sys/block/sd*; do [ \"\$(tr -cd a-z <\$b/device/vpd_pg80)\" = $2 ] && echo \${b##*/}; done; true"
}
has() # JOB SERIAL
{
	[ -n "$(disk_is "$1" "$2")" ]
}
has_not() # JOB SERIAL
{
	equals "$(disk_is "$1" "$2")" ""
}
attached() # JOB STATES: of all its disks, in order
{
	equals "$(as alice vmctl disk list "$1" --json | jq -r '[.[] | .name + ":" + .state] | sort | join(" ")')" "$2"
}

equals_images() # JOB N: so many images are its own
{
	equals "$(on_lab rbd ls rbd | grep -c "^vm-$1-")" "$2"
}

as alice vmctl disk create more 256M
ok "a running guest gets a disk" as alice vmctl disk add "$writer" more
ok "... and has it" within 20 has "$writer" more
ok "... as the list says" attached "$writer" "data:attached more:attached"
guest "$writer" "d=\$(for b in /sys/block/sd*; do [ \"\$(tr -cd a-z <\$b/device/vpd_pg80)\" = more ] && echo \${b##*/}; done); echo kept words >/dev/\$d; sync"
ok "it is taken back while the guest runs" as alice vmctl disk remove "$writer" more
ok "... and is gone from it" within 20 has_not "$writer" more
ok "... nobody has it" unused more
ok "it comes again, with what was written" as alice vmctl disk add "$writer" more:ro
ok "... to read" within 20 prints "kept words" guest "$writer" "d=\$(for b in /sys/block/sd*; do [ \"\$(tr -cd a-z <\$b/device/vpd_pg80)\" = more ] && echo \${b##*/}; done); head -c 10 /dev/\$d"
ok "... and not to write" prints 1 guest "$writer" "cat /sys/block/\$(for b in /sys/block/sd*; do [ \"\$(tr -cd a-z <\$b/device/vpd_pg80)\" = more ] && echo \${b##*/}; done)/ro"
ok "it gets a scratch disk of its own" as alice vmctl disk add "$writer" 64M
ok "... and has it" within 20 has "$writer" scratch
ok "... beside the others" attached "$writer" "data:attached more:attached scratch1:attached"
ok "it gives it back" as alice vmctl disk remove "$writer" scratch1
ok "... and it is gone" within 30 equals_images "$writer" 1
as alice vmctl disk add "$writer" 64M
ok "another user gives it nothing" refused bob "belongs to another user" vmctl disk add "$writer" data
ok "the writer ends" as alice vmctl stop --now "$writer"
ok "... and the reader has it" within 100 in_state "$reader" READY
ok "... to read" contains "$(as alice vmctl disk list)" " $reader .read-only"
ok "the reader ends" as alice vmctl stop --now "$reader"
ok "nothing is left of the writer, its scratch disk included" within 60 nothing_left "$writer"
ok "nobody has them any more" within 60 unused data
ok "... neither" unused more
as alice vmctl disk delete --yes more
ok "nobody deletes another user's" refused bob "owner, root and SlurmUser" vmctl disk delete --yes alice/data
ok "its owner does" as alice vmctl disk delete --yes data
ok "... and bob's is there" equals "$(images)" 1
ok "root may" on_lab vmctl disk delete --yes bob/data
ok "none is left" equals "$(images)" 0
done_testing
