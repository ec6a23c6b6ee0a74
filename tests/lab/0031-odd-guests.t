#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest built as a Windows machine is, one that does not hear that it shall shut down, and a kept disk
# when its time is over.
# long: EFI firmware takes its time without hardware virtualisation
. "$(dirname "$0")/lib.sh"

on_lab rbd create --no-progress --size 64M rbd/blank
on_lab rbd snap create --no-progress rbd/blank@v1
settings_change 's/^limits:/&\n  keep: 5s/' <<-'EOF'
	  tiny-windows:
	    profile: windows
	    user: root
	    revisions: {v1: rbd/tiny@v1}
	    disk: {default: 1G}
	    networks: [lan]
	  blank:
	    profile: linux
	    grace: 4s
	    revisions: {v1: rbd/blank@v1}
	    networks: [lan]
EOF

windows=$(submit alice --vm=tiny-windows -c 2 --mem=768M <<EOS
#!/bin/bash
$ssh_guest 'dmesg | grep -iE "secure ?boot|TPM|efi: EFI"; blkid; cat /proc/partitions'
EOS
)
deaf=$(submit alice --vm=blank --vm-wait=running -c 1 --mem=512M <<<$'#!/bin/bash\nsleep 600')
kept=$(submit alice --vm=tiny --vm-wait=running --vm-keep=always -c 1 --mem=512M <<<$'#!/bin/bash\ntrue')

ok "a guest without an operating system boots" within 60 in_state "$deaf" BOOTING
as alice scancel "$deaf"
ok "it is killed when its grace is over" within 60 job_over "$deaf"
ok "nothing of it is left" within 180 nothing_left "$deaf"
ok "no node was drained by it" equals "$(on_lab sinfo -h -R)" ""

says_until()
{
	contains "$(as alice vmctl show "$kept")" "is kept until 20..-..-.. ..:..:.. UTC"
}
ok "a job ends whose disk is to be kept" within 60 job_in "$kept" COMPLETED
ok "until when is said" within 20 says_until
ok "then it is removed" within 180 nothing_left "$kept"

ok "a machine as Windows wants it is ready, and its job ends well" within 180 job_in "$windows" COMPLETED
out=$(output_of alice "$windows")
ok "it was started by EFI" contains "$out" "efi: EFI v"
ok "with secure boot" contains "$out" "[Ss]ecure ?boot enabled"
ok "and a TPM" contains "$out" "TPM"
ok "nothing of it is left" within 180 nothing_left "$windows"
ok "vmd takes its settings back" settings_restore
on_lab rbd snap rm --no-progress rbd/blank@v1
on_lab rbd rm --no-progress rbd/blank
done_testing
