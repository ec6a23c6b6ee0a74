#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A site without job_submit.lua, where slurm_vm_prolog.so brings the requests: what slurm-vm(8) promises of it. A VM
# that moves and its job with it, several machines, a named disk, an allocation without a shell and its heir; what the
# module would refuse fails with the reason. And without PrologFlags=Alloc nothing that srun says is believed.
# long: seven guests, two moves, slurmctld started anew twice
. "$(dirname "$0")/lib.sh"

workers=(worker1node worker2node worker3node)

ended() # PART
{
	! on_lab sh -c "kill -0 \$(cat /run/pids/$1)" 2>/dev/null
}
slurm_anew() # the daemons, by the settings that there are now, not by `lab up`, which writes its own
{
	local host

	for host in "${workers[@]}"; do
		signal TERM "slurmd.$host"
		within 30 ended "slurmd.$host"
	done
	signal TERM slurmctld
	within 30 ended slurmctld
	on_lab setpriv --reuid=slurm --regid=slurm --init-groups slurmctld
	within 30 on_lab scontrol ping
	for host in "${workers[@]}"; do
		lab host "$host" start
	done
	within 60 all_idle
}
all_idle()
{
	equals "$(on_lab sinfo -h -N -o %t | sort -u)" idle
}
no_vm_of() # JOB
{
	equals "$(on_lab kubectl get vm -A -o name | grep -c "vm-$1-")" 0
}
log_says() # PATTERN
{
	on_lab grep -qE "$1" /var/log/vmd.log
}

restore() # the lab as other tests want it
{
	on_lab sh -c 'cp /etc/slurm/slurm.conf.before /etc/slurm/slurm.conf
		echo "required slurm_vm.so vmd=192.168.170.190:6830" >/etc/slurm/plugstack.conf
		ln -sfn /usr/share/slurm-vm/job_submit.lua /etc/slurm/job_submit.lua'
	slurm_anew
}
on_lab cp -p /etc/slurm/slurm.conf /etc/slurm/slurm.conf.before
trap 'restore >/dev/null 2>&1; rm -rf "$work"' EXIT
on_lab sed -i '/^JobSubmitPlugins=/d' /etc/slurm/slurm.conf
on_lab rm -f /etc/slurm/job_submit.lua
on_lab tee /etc/slurm/plugstack.conf >/dev/null <<-'EOF'
	required slurm_vm.so vmd=192.168.170.190:6830
	required slurm_vm_prolog.so vmd=192.168.170.190:6830
EOF
ok "Slurm begins without job_submit.lua" slurm_anew

# Its first step is the first that a prolog on the node hears of, and what that is told is srun's.
as alice salloc --no-shell --vm=tiny -c 1 --mem=512M 2>"$work/salloc"
early=$(sed -n 's/.*Granted job allocation //p' "$work/salloc")
as alice timeout 60 srun "--jobid=$early" --vm=tiny --vm-wait=none true >"$work/srun" 2>&1
ok "without PrologFlags=Alloc nobody is believed, and vmd says what is missing" within 30 log_says "job=$early .*PrologFlags=Alloc"
ok "... and what srun says makes no VM" no_vm_of "$early"
ok "... which its owner is told, with the reason" contains "$(as alice vmctl password --print "$early" 2>&1)" "not taken the request of job $early: .*PrologFlags=Alloc"
on_lab scancel "$early"
ok "the allocation ends" within 60 job_over "$early"

on_lab sed -i '$ a PrologFlags=Alloc' /etc/slurm/slurm.conf
ok "Slurm begins with PrologFlags=Alloc" slurm_anew

as alice vmctl disk create data 64M
job=$(submit alice --requeue --open-mode=append --vm=tiny --vm-attach=data -c 1 --mem=512M -t 60 <<<$'#!/bin/bash\necho "run ${SLURM_RESTART_COUNT:-0} with $VM_NAME on $VM_HOST"\nsleep 900')
as bob salloc --no-shell --vm=tiny -J desktop -c 1 --mem=512M -t 60 2>"$work/salloc"
desk=$(sed -n 's/.*Granted job allocation //p' "$work/salloc")
small=$(submit alice --vm=tiny -c 1 --mem=100M --wrap true)
kept=$(submit alice --vm=@4242 -c 1 --mem=512M --wrap true)
ok "a machine that is too small fails its job" within 120 job_in "$small" FAILED
ok "... with the reason" contains "$(output_of alice "$small")" "memory of 100M is too small"
ok "a disk that nobody has, too" within 120 job_in "$kept" FAILED
ok "... with the reason" contains "$(output_of alice "$kept")" "no disk of job 4242 is kept"

has_disk() { contains "$(as alice vmctl disk list "$job")" "^data .*attached"; }

# drained: the batch job follows its VM, the allocation's companion becomes it
ok "a job's VM is READY" within 240 in_state "$job" READY
ok "... its script knows it" within 60 says "^run 0 with vm-$job-[0-9a-f]{16}-r0 on "
ok "... with its disk" within 60 has_disk
ok "an allocation's VM is READY, without a step" within 240 in_state "$desk" READY
first=$(node_of "$job")
on_lab scontrol update "nodename=$first" state=drain reason=fan
followed()
{
	local now

	now=$(node_of "$job")
	[ -n "$now" ] && [ "$now" != "$first" ] && equals "$(vm_node "$job")" "$now" && job_in "$job" RUNNING
}
ok "its node is drained: the job follows its VM" within 180 followed
ok "... with the disk" within 60 has_disk
ok "... and the script has the same VM again" within 120 says "^run 1 with vm-$job-[0-9a-f]{16}-r0 on "
on_lab scontrol update "nodename=$first" state=resume
on_lab scontrol update "nodename=$(node_of "$desk")" state=drain reason=fan
has_heir()
{
	[ "$(on_lab vmctl show --json "$desk" | jq -r .job)" -gt "$desk" ]
}
ok "the allocation's node is drained: its companion becomes the job" within 180 has_heir
for host in "${workers[@]}"; do
	on_lab scontrol update "nodename=$host" state=resume # refused where it is not drained
done

heir=$(on_lab vmctl show --json "$desk" | jq -r .job)
on_lab scancel "$job" "$heir"
ok "the job ends" within 60 job_over "$job"
ok "the heir ends" within 120 job_over "$heir"

several=$(submit alice -N 2 --vm=tiny -c 1 --mem=512M <<<$'#!/bin/bash\necho "machines $VM_NAMES"\nsleep 900')
ok "a job of two nodes has a machine on each" within 240 says "$several" "^machines vm-$several-[^ ]*-0 vm-$several-[^ ]*-1|^machines [^ ]+[ ,][^ ]+"
on_lab scancel "$several"
ok "it ends" within 60 job_over "$several"
ok "nothing is left of the first job" within 180 nothing_left "$job"
ok "... nor of the allocation" within 60 nothing_left "$desk"
ok "... nor of the two machines" within 180 nothing_left "$several"
ok "its disk is free" as alice vmctl disk delete --yes data
ok "no node was drained by any of it" equals "$(on_lab sinfo -h -R)" ""
done_testing
