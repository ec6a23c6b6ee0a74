#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --vm-disk, --vm-scratch, --vm-keep do what they say.
. "$(dirname "$0")/lib.sh"

job=$(submit alice --vm=tiny@v1 --vm-disk=2G --vm-scratch=1G --vm-keep=always --vm-network=lan -c 1 --mem=512M <<EOS
#!/bin/bash
$ssh_guest lsblk
EOS
)
ok "the job ends well" within 120 job_in "$job" COMPLETED
out=$(output_of alice "$job")
ok "the root disk is of 2 GiB" contains "$out" "^[sv]da +2048M"
ok "its file system grew" contains "$out" "^[sv]da2 +19[0-9][0-9]M"
ok "the scratch disk is of 1 GiB" contains "$out" "^[sv]db +1024M"

only_root_disk_left()
{
	contains "$(left_of "$job")" "^vm-$job-[0-9a-f]{16}-root$" && equals "$(left_of "$job" | wc -l)" 1
}
ok "the root disk is kept, as asked, and nothing else" within 30 only_root_disk_left
image=$(left_of "$job" | head -n 1)
ok "it says until when" contains "$(on_lab rbd image-meta get "rbd/$image" slurm-vm.keep-until)" "^[0-9]+$"
on_lab rbd rm --no-progress "rbd/$image"
done_testing
