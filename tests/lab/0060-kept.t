#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A job that ran into its time limit leaves its root disk, and a new job starts from it.
. "$(dirname "$0")/lib.sh"

# state of the disk kept of JOB, as its owner sees it
kept() # USER JOB
{
	as "$1" vmctl list --kept --json | jq -e ".[] | select(.job == $2)"
}
is_kept()
{
	kept "$@" >"$work/kept"
}
not_kept()
{
	! kept "$@"
}
one_left() # JOB: of all that there was
{
	equals "$(left_of "$1" | wc -l)" 1
}
no_vm() # JOB
{
	equals "$(on_lab kubectl get vm,pvc,pv -A -o name -l "slurm-vm.io/job=$1")" ""
}
no_disk() # JOB
{
	equals "$(on_lab rbd ls rbd | grep -c "^vm-$1-")" 0
}

# The time limit is set when the guest has written: on a busy machine its boot alone may take a minute.
job=$(submit alice --vm=tiny --vm-disk=2G -t 10 -c 1 --mem=512M <<EOS
#!/bin/bash
$ssh_guest 'echo of the first job >result; sync'
echo written
sleep 600
EOS
)
ok "the job writes to its disk" within 200 says "$job" "^written$"
limit=$((($(date +%s) - $(date -d "$(on_lab squeue -h -j "$job" -o %S)" +%s) + 30) / 60 + 1))
on_lab scontrol update jobid="$job" timelimit=$limit
other=$(submit alice --vm=@"$job" -t 5 -c 1 --mem=512M <<<$'#!/bin/bash\necho started\n')
ok "a job that wants its disk meanwhile fails" within 60 job_over "$other"
ok "... and says why" says "$other" "job $job has not ended"
ok "it runs into its time limit" within 210 job_in "$job" TIMEOUT
ok "... its guest having been shut down, not killed" contains "$(on_lab cat /var/log/kubevirt-lite.log)" "vm-$job-.*action=forget state=off"
ok "its disk is kept" within 30 is_kept alice "$job"
ok "... and tells what it is" equals "$(jq -r '"\(.image) \(.revision) \(.cpus) \(.memory_bytes) \(.limit_s) \(.size_bytes)"' "$work/kept")" \
	"tiny v1 1 536870912 600 2147483648"
ok "nothing else is left" within 30 one_left "$job"
ok "the owner sees it in the list" contains "$(as alice vmctl list --kept)" "^ *$job +alice +tiny@v1 +2G "
ok "another user does not" not_kept bob "$job"
ok "root sees all" contains "$(on_lab vmctl list --kept --all)" "^ *$job +alice "
ok "everybody's list is not for alice" refused alice "only root" vmctl list --kept --all
ok "another user cannot discard it" refused bob "belongs to another user" vmctl discard --yes "$job"

thief=$(submit bob --vm=@"$job" -t 5 -c 1 --mem=512M <<<$'#!/bin/bash\necho started\n')
ok "another user cannot start from it" within 60 job_over "$thief"
ok "... and reads why" contains "$(output_of bob "$thief")" "is not yours"
ok "what is no job is refused at submit" refused alice "@JOB" sbatch --vm=@x --mem=512M --wrap true
none=$(submit alice --vm=@99999 -t 5 -c 1 --mem=512M <<<$'#!/bin/bash\necho started\n')
ok "a job of which nothing is kept" within 60 job_over "$none"
ok "... is told so" says "$none" "no disk of job 99999 is kept"

again=$(submit alice --vm=@"$job" -t 10 -c 1 --mem=512M <<EOS
#!/bin/bash
$ssh_guest cat result
echo and here it is
sleep 600
EOS
)
ok "the owner can" within 100 says "$again" "^of the first job$"
ok "the record tells what it runs from" contains "$(on_lab scontrol show job "$again")" "image=tiny revision=v1 from=$job "
ok "the disk is not kept of the first job any more" not_kept alice "$job"
second=$(submit alice --vm=@"$job" -t 5 -c 1 --mem=512M <<<$'#!/bin/bash\necho started\n')
ok "no second job gets it" within 60 job_over "$second"
ok "... but reads where it is" says "$second" "the disk of job $job is in use by job $again"
ok "recover refuses while it runs" refused alice "job $again has not ended" vmctl recover "$again"
as alice scancel "$again"
ok "what was recovered is kept again, even after scancel" within 60 is_kept alice "$again"
ok "... and the VM is gone" within 30 no_vm "$again"

signal 9 vmd
ok "vmd comes back" lab up
ok "a new vmd knows the disk from its marks alone" within 30 is_kept alice "$again"
ok "recover starts a VM of its own from it" as alice vmctl recover "$again" -t 5
third=$(as alice squeue -h -n "recovered-$again" -o %i)
ok "... of the size that the first job had" equals "$(on_lab squeue -h -j "$third" -o "%C %m %l")" "1 512M 5:00"
ok "nobody else recovers it" refused bob "not" vmctl recover "$again"
as alice vmctl stop "$third" 2>/dev/null
again=$third
ok "it is kept once more" within 60 is_kept alice "$again"
ok "it can be given up" as alice vmctl discard --yes "$again"
ok "... and is gone" within 60 no_disk "$job"
ok "... twice there is nothing to give up" refused alice "no disk is kept" vmctl discard --yes "$again"
done_testing
