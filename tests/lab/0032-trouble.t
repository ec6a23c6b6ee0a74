#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# API or Ceph down when jobs end, a pool that is really full, munge down during jobs: the reason is
# shown, nothing is lost or left, no node is drained. One guest lives through all of it.
# long: every outage lasts until it is told
. "$(dirname "$0")/lib.sh"

brief() # SCRIPT: a job that does not wait for its guest, which has 4 s to go
{
	submit alice --vm=brisk --vm-wait=running -c 1 --mem=512M <<<$'#!/bin/bash\n'"$1"
}
ceph()
{
	on_lab timeout 10 ceph "$@" 2>/dev/null
}
no_drain()
{
	equals "$(on_lab sinfo -h -R)" ""
}

settings_change 's/trouble_timeout: .*/trouble_timeout: 15s/' <<-'EOF'
	  brisk:
	    profile: linux
	    grace: 4s
	    revisions: {v1: rbd/tiny@v1}
	    disk: {default: 1G}
	    networks: [lan]
EOF
on_lab rm -f /home/alice/full
survivor=$(submit alice --vm=brisk -c 1 --mem=512M <<EOS
#!/bin/bash
echo ready
until [ -e full ]; do sleep 0.2; done
$ssh_guest 'dd if=/dev/zero of=/root/file bs=1M count=8 2>/dev/null; sync; echo written'
sleep 600
EOS
)
a=$(brief 'sleep 600')
b=$(brief 'sleep 600')
ok "a guest runs" within 60 in_state "$a" BOOTING
ok "another" within 60 in_state "$b" BOOTING

signal KILL kubevirt-lite
as alice scancel "$a"
ok "API down at a job's end: the reason is shown" within 30 shows "$a" "being removed: Kubernetes"
ok "the epilog holds the node" job_in "$a" COMPLETING
ok "the API comes back" lab up
ok "the job ends" within 60 job_over "$a"
ok "nothing of it is left" within 180 nothing_left "$a"

ceph osd pause
as alice scancel "$b"
ok "Ceph down at a job's end: the guest goes, and the job" within 60 job_over "$b"
ok "what is waited for is shown" within 60 shows "$b" "being removed: Ceph"
ceph osd unpause
ok "Ceph goes on: nothing of it is left" within 180 nothing_left "$b"

ratios() # RATIO: from which on an OSD is full
{
	local limit

	for limit in nearfull backfillfull full; do
		ceph osd set-$limit-ratio "$1"
	done
}
pool_is_full()
{
	contains "$(ceph osd dump | grep "'rbd'")" "[ ,]full"
}
ok "the guest has lived through that" within 100 says "$survivor" "^ready"
ratios 0.0001
ok "the pool is full" within 30 pool_is_full
on_lab touch /home/alice/full
a=$(brief true)
ok "a clone does not fit: the reason is shown" within 30 shows "$a" "No space left"
ok "the job fails after the time that is set for it" within 60 job_in "$a" FAILED
ok "with the reason" says "$a" "FAILED .*No space left"
ok "nothing of it is left, though the pool is full" within 180 nothing_left "$a"
b=$(brief true)
ok "the next one waits" within 30 shows "$b" "No space left"
ok "what a guest writes has to wait, too" equals "$(output_of alice "$survivor" | grep -c written)" 0
ratios 0.9
ok "there is room again: the job goes on" within 60 job_in "$b" COMPLETED
ok "and the guest" within 60 says "$survivor" "^written"
ok "nothing is left" within 180 nothing_left "$b"

a=$(submit alice --vm=brisk -c 1 --mem=512M <<<$'#!/bin/bash\necho ready')
ok "a guest boots" within 60 in_state "$a" BOOTING
signal KILL munged
ok "munge down: vmctl says so" shows "$a" "munge"
ok "the waiting job says so" within 20 says "$a" "vmd does not answer.*munge"
ok "munge comes back" lab up
ok "the job goes on" within 120 job_in "$a" COMPLETED
ok "nothing of it is left" within 180 nothing_left "$a"

ok "the guest that saw it all still runs" in_state "$survivor" READY
as alice scancel "$survivor"
ok "its job ends" within 60 job_over "$survivor"
ok "nothing of it is left" within 180 nothing_left "$survivor"
ok "no node was drained by any of it" no_drain
ok "vmd takes its settings back" settings_restore
done_testing
