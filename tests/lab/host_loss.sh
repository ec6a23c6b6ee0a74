# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A host is lost: the job is queued again by Slurm, its disk is fenced, and the VM comes back on it on
# another host. Sourced by the tests of the two ways to lose one.
. "$(dirname "$0")/lib.sh"

# The first run writes a number again and again, past the page cache, to a sector that belongs to
# nobody (before the first partition). The second reads it when it begins and when it ends.
begin() # prints the job
{
	{
		printf '#!/bin/bash\ng() { %s "$@"; }\n' "${ssh_guest/ConnectionAttempts=4/ConnectionAttempts=1}" # it asks again by itself
		cat <<-'EOS'
			look() # again where the guest is too busy to answer
			{
				local n
				until n=$(g 'dd if=/dev/vda bs=512 skip=1024 count=1 iflag=direct 2>/dev/null | tr -dc 0-9') && [ -n "$n" ]; do
					sleep 0.5
				done
				echo "$n"
			}
			echo "run ${SLURM_RESTART_COUNT:-0} on $(hostname -s)"
			if [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ]; then
				until g cat marker 2>/dev/null; do sleep 0.5; done
				echo "found $(look)"
				until [ -e ~/look-again ]; do sleep 0.5; done
				echo "later $(look)"
				exit 0
			fi
			until g 'echo written by the first run >marker; sync'; do sleep 0.5; done
			g 'cat >writer; setsid sh writer >/dev/null 2>&1 </dev/null &' <<-'EOW'
				i=1000
				while i=$((i + 1)); do printf %-512s $i | dd of=/dev/vda bs=512 seek=1024 oflag=direct; done
			EOW
			until n=$(look) && [ "$n" -gt 1001 ]; do sleep 0.5; done
			echo "writing $n"
			sleep 1000
		EOS
	} | submit alice --requeue --vm=tiny --open-mode=append -c 1 --mem=512M
}

says() # JOB PATTERN
{
	contains "$(output_of alice "$1")" "$2"
}

number_of() # JOB WORD: the last one said behind it
{
	output_of alice "$1" | sed -n "s/^$2 //p" | tail -n 1
}

clients_are_known() # JOB
{
	contains "$(on_lab sh -c "rbd image-meta get rbd/\$(rbd ls rbd | grep ^vm-$1-.*root) slurm-vm.clients")" ':0/[0-9]+'
}

log_time() # JOB PATTERN: seconds of the first such line in vmd's log
{
	local at

	at=$(on_lab sh -c "grep -h 'job=$1 .*$2' /var/log/vmd.log" | head -n 1 | cut -d' ' -f1)
	date -u -d "${at}Z" +%s.%N 2>/dev/null
}

node_in() # NODE STATUS, as kubectl says it
{
	contains "$(on_lab kubectl get node "$1" --no-headers)" " $2 "
}

guests_on() # HOST COUNT: QEMU processes in the host's network
{
	equals "$(on_lab sh -c "ip netns pids $1 | xargs -r ps -o comm= -p | grep -c '^qemu-system'")" "$2"
}

rank() # A B: is A a number, and B not less?
{
	if [ "$1" -le 1000 ] || [ "$2" -lt "$1" ]; then
		echo "$1, then $2"
		return 1
	fi
}

lose() # kill|cut
{
	local verb=$1 job host dead ready fenced

	on_lab rm -f /home/alice/look-again
	job=$(begin)
	ok "$verb: the first run writes" within 120 says "$job" '^writing [0-9]+$'
	ok "$verb: the disk's client is written down" within 90 clients_are_known "$job"
	host=$(on_lab squeue -h -j "$job" -o %N)
	lab host "$host" "$verb"
	dead=$(date +%s.%N)
	ok "$verb: Slurm queues the job again" within 90 job_in "$job" PENDING
	ok "$verb: the node is NotReady" within 60 node_in "$host" NotReady
	on_lab scontrol update jobid="$job" StartTime=now # Slurm would wait for two minutes
	ok "$verb: the second run begins" within 150 says "$job" '^found [0-9]+$'
	ready=$(date +%s.%N)
	ok "$verb: on another host" says "$job" "^run 1 on (masternode|worker[123]node)$"
	ok "$verb: not on the lost one" equals "$(output_of alice "$job" | grep -c "^run 1 on $host$")" 0
	ok "$verb: on its own disk" says "$job" '^written by the first run$'
	ok "$verb: with what it had written" rank "$(number_of "$job" writing)" "$(number_of "$job" found)"
	fenced=$(log_time "$job" 'action=fence-disk.*result=ok')
	ok "$verb: fenced before Kubernetes let go of it" precedes "$fenced" "$(log_time "$job" 'action=force-delete-pod.*result=ok')"
	ok "$verb: and before the next VM" precedes "$fenced" "$(log_time "$job" 'action=create-vm object=.*-r1 result=ok')"
	if [ "$verb" = cut ]; then
		ok "cut: the old guest lives on" guests_on "$host" 1
		lab host "$host" join
	else
		lab host "$host" start
	fi
	ok "$verb: the node is back" within 60 node_in "$host" Ready
	ok "$verb: the old guest is no more" within 30 guests_on "$host" 0
	sleep 3 # what it would still write
	as alice touch look-again
	ok "$verb: the job ends" within 90 job_in "$job" COMPLETED || stuck_says "$job"
	ok "$verb: nothing was written after the fence" equals "$(number_of "$job" later)" "$(number_of "$job" found)"
	on_lab scontrol reconfigure # asks the nodes; by itself it would in some minutes
	ok "$verb: Slurm has its node back" within 90 node_idle "$host"
	ok "$verb: all is gone" within 90 gone_or_asked "$job"
	awk -v verb="$verb" -v dead="$dead" -v fenced="$fenced" -v ready="$ready" 'BEGIN {
		printf "# %s: fence confirmed %.1f s after the loss; the script runs again %.1f s after that\n", verb, fenced - dead, ready - fenced }'
}

# Why does the job's guest not answer? As comments of the report.
stuck_says() # JOB
{
	local address

	address=$(on_lab vmctl show --json "$1" | jq -r .address)
	{
		output_of alice "$1"
		on_lab vmctl show "$1"
		on_lab ping -c 2 -W 2 "$address"
		on_lab sh -c "ip neigh; bridge fdb show | grep -v permanent; ceph osd blocklist ls"
		on_lab sh -c "rbd status rbd/\$(rbd ls rbd | grep ^vm-$1-.*root); tail -n 60 /var/log/vmd.log"
	} 2>&1 | sed 's/^/# /'
}

# What the first run left on that node goes with its epilog, when slurmctld hears of its step; but what a
# node says of a job in the first 10 s after its end counts for nothing (MessageTimeout), so it is asked again.
gone_or_asked() # JOB
{
	nothing_left "$1" || {
		on_lab scontrol reconfigure
		sleep 11
		return 1
	}
}

precedes() # TIME TIME
{
	awk -v a="${1:-0}" -v b="${2:-0}" 'BEGIN { exit !(a > 0 && b > a) }' || { echo "'$1', '$2'"; return 1; }
}

node_idle() # HOST
{
	contains "$(on_lab sinfo -h -n "$1" -o %T)" '^idle$'
}

# What the times above are made of.
settings_say()
{
	on_lab scontrol show config | sed -n 's/^\(SlurmdTimeout\) *= */# \1 /p'
	on_lab sed -n 's/^node_timeout:/# kubevirt-lite: node_timeout/p' /etc/kubevirt-lite/kubevirt-lite.yaml
	on_lab sed -n 's/^ *fence_after:/# vmd: fence_after/p' /etc/slurm-vm/vmd.yaml
}
