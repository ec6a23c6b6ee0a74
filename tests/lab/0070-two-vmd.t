#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two vmd: one leads, one stands by. The leader is killed, stopped for a while, told to end; jobs are
# submitted meanwhile. Every VM runs on, none is there twice, nothing is left.
. "$(dirname "$0")/lib.sh"

second=192.168.170.191:6830
both=192.168.170.190:6830,$second
on_lab cp /etc/slurm-vm/vmctl.conf /etc/slurm/plugstack.conf /tmp
restore()
{
	signal CONT vmd 2>/dev/null
	second_killed 2>/dev/null
	on_lab sh -c 'cp /tmp/vmctl.conf /etc/slurm-vm; cp /tmp/plugstack.conf /etc/slurm; rm -f /run/pids/vmd2'
	lab up >/dev/null
	rm -rf "$work"
}
trap restore EXIT
on_lab sed -i "s/vmd=[^ ]*/vmd=$both/" /etc/slurm-vm/vmctl.conf /etc/slurm/plugstack.conf

# Another host has other processes: with a PID namespace of its own it cannot see who is gone.
second_vmd()
{
	# shellcheck disable=SC2016 # expanded in the lab
	on_lab bash -c '
		. /run/lab.d/lab.sh
		sed "s/192.168.170.190:6830/'$second'/; s/127.0.0.1:9830/127.0.0.1:9831/
			s#/var/lib/slurm-vm/catalogue#&2#" /etc/slurm-vm/vmd.yaml >/etc/slurm-vm/vmd2.yaml
		daemon vmd2 worker1node unshare --pid --fork --kill-child setpriv --reuid=slurm \
			--regid=slurm --init-groups vmd --config /etc/slurm-vm/vmd2.yaml'
}
second_killed() # the process in the namespace, not the one that made that
{
	# shellcheck disable=SC2016
	on_lab sh -c 'kill -9 $(cat /proc/$(cat /run/pids/vmd2)/task/*/children)'
}
leads() # HOST PORT WORDS
{
	contains "$(lab exec --on "$1" curl -s "http://127.0.0.1:$2/healthz")" "^ok, $3"
}
first_is() { leads masternode 9830 "$@"; }
second_is() { leads worker1node 9831 "$@"; }
work_job() # SECONDS: a job that is in its guest for so long
{
	submit alice --vm=tiny -c 1 --mem=512M <<EOS
#!/bin/bash
$ssh_guest 'cat /proc/sys/kernel/random/boot_id'
sleep $1
$ssh_guest 'cat /proc/sys/kernel/random/boot_id'
EOS
}
there_once() # JOB
{
	equals "$(on_lab kubectl get vm,vmi -n slurm-vm -o name -l "slurm-vm.io/job=$1" | wc -l)" 2 &&
		equals "$(left_of "$1" | grep -c '[q]emu-system')" 1
}
ran_through() # JOB: its guest was the same at the beginning and at the end
{
	job_in "$1" COMPLETED && equals "$(output_of alice "$1" | sort | uniq -c | grep -cE '^ *2 ')" 1
}

ok "the first leads" within 20 first_is leads
second_vmd
ok "the second stands by" within 20 second_is "stands by, masternode leads"
ok "it answers, but the first is asked" contains "$(on_lab vmctl --server $second images 2>&1; on_lab vmctl images)" tiny
a=$(work_job 100000)
ok "a job runs" within 120 in_state "$a" READY

# stopped in the middle of things, and alive again when another one leads
b=$(work_job 12)
signal STOP vmd
ok "the leader is stopped: the second leads" within 20 second_is leads
c=$(work_job 12)
as alice scancel "$a"
signal CONT vmd
ok "the first stands by when it goes on" within 20 first_is "stands by, worker1node leads"
ok "the job that began before is ready" within 120 in_state "$b" READY
ok "the job of meanwhile too" within 120 in_state "$c" READY
ok "each is there once" there_once "$b"
ok "each" there_once "$c"
ok "the job that was cancelled has ended" within 60 job_over "$a"

# killed: its Lease runs out
d=$(work_job 40)
second_killed
ok "the leader is killed: the first leads" within 20 first_is leads
ok "what ran ran on" within 100 ran_through "$b"
ok "and the other" within 100 ran_through "$c"
ok "the job of meanwhile is ready" within 120 in_state "$d" READY
second_vmd
ok "the second stands by again" within 20 second_is "stands by, masternode leads"

# told to end: it lets go
signal TERM vmd
ok "the leader ends: the second leads at once" within 15 second_is leads
ok "the VM is there once" there_once "$d"
ok "what ran ran on" within 100 ran_through "$d"
for job in "$a" "$b" "$c" "$d"; do
	ok "nothing of job $job is left" within 180 nothing_left "$job"
done
done_testing
