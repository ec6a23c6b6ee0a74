# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a job's guest has on its disks, each found by its serial number: a file system with a file, and beside
# it a number that is written again and again, past the guest's cache, to a sector that belongs to nobody.
# Sourced behind lib.sh.

guest() # JOB SCRIPT: in it `disk SERIAL` prints the device
{
	# shellcheck disable=SC2016 # in the guest
	as alice timeout 60 vmctl exec "$1" -- /bin/sh -c '
		disk() { for b in /sys/block/sd*; do [ "$(tr -cd a-z0-9- <$b/device/vpd_pg80)" != "$1" ] || echo /dev/${b##*/}; done; }
		'"$2"
}
guest_has() # JOB SERIAL
{
	contains "$(guest "$1" "disk $2")" '^/dev/sd'
}
guest_has_not() # JOB SERIAL
{
	equals "$(guest "$1" "disk $2; echo asked")" asked
}

# A word on the disk, in a file. Ready for a second try.
word_write() # JOB SERIAL WORD
{
	guest "$1" "mkdir -p /mnt/$2 && d=\$(disk $2) && [ -n \"\$d\" ] || exit 1
		grep -q ' /mnt/$2 ' /proc/mounts || { mke2fs -F \$d >/dev/null && mount -t ext4 \$d /mnt/$2; } || exit 1
		echo '$3' >/mnt/$2/word && sync && umount /mnt/$2"
}
word_on() # JOB SERIAL
{
	guest "$1" "mkdir -p /mnt/$2; grep -q ' /mnt/$2 ' /proc/mounts || mount -t ext4 -o ro,noload \$(disk $2) /mnt/$2 || exit 1
		cat /mnt/$2/word; umount /mnt/$2"
}
word_is() # JOB SERIAL WORD
{
	equals "$(word_on "$1" "$2")" "$3"
}

# In the midst of a disk of 64 MiB, where ext2 puts a file last.
spare_sector=120000

# Numbers from FIRST on, one after the other, until the guest ends or the disk takes no more.
writer_start() # JOB SERIAL FIRST
{
	guest "$1" "[ ! -e /tmp/writer-$2 ] || exit 0
		echo \"echo \\\$\\\$ >/tmp/writer-$2.pid; i=$3; while i=\\\$((i + 1)); do printf %-512s \\\$i | dd of=\$(disk $2) bs=512 seek=$spare_sector oflag=direct 2>/dev/null || sleep 0.2; done\" >/tmp/writer-$2
		setsid sh /tmp/writer-$2 >/dev/null 2>&1 </dev/null &"
}
# Before the disk is taken away: the writer would go on in a file that has the device's name.
writer_stop() # JOB SERIAL
{
	guest "$1" "[ ! -e /tmp/writer-$2.pid ] || kill \$(cat /tmp/writer-$2.pid) && rm -f /tmp/writer-$2 /tmp/writer-$2.pid && sleep 1"
}
number_in_guest() # JOB SERIAL
{
	guest "$1" "dd if=\$(disk $2) bs=512 skip=$spare_sector count=1 iflag=direct 2>/dev/null | tr -dc 0-9; echo"
}
writes() # JOB SERIAL FIRST: has it begun?
{
	at_least "$(number_in_guest "$1" "$2")" $(($3 + 1))
}
at_least() # A B: is A a number, and B not more?
{
	[ "${1:-0}" -ge "$2" ] || {
		echo "is '$1', less than $2"
		return 1
	}
}

# An image's number, as Ceph has it.
number_on() # IMAGE
{
	on_lab sh -c "rbd export --no-progress rbd/$1 - 2>/dev/null | dd bs=512 skip=$spare_sector count=1 iflag=fullblock 2>/dev/null | tr -dc 0-9"
}
named_image() # USER'S-UID NAME
{
	on_lab rbd ls rbd | grep "^vmdisk-[0-9a-f]*-$1-$2\$"
}

attached() # JOB STATES: of all its disks, in order
{
	equals "$(as alice vmctl disk list "$1" --json | jq -r '[.[] | .name + ":" + .state] | sort | join(" ")')" "$2"
}
unused() # DISK
{
	equals "$(as alice vmctl disk list --json | jq ".[] | select(.name == \"$1\") | .used_by | length")" 0
}
