#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A node is drained in Slurm: the VM of a batch job on it moves live to another node, and the job with
# it. Same job id, same guest, books right, nothing of the move left.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/books.sh"

# Each run of the script tells where it is and what its guest is; the first starts a clock in it.
job=$(submit alice --requeue --vm=tiny --open-mode=append -c 1 --mem=512M -t 60 <<EOS
#!/bin/bash
boot=\$($ssh_guest cat /proc/sys/kernel/random/boot_id)
echo "run \${SLURM_RESTART_COUNT:-0} on \$SLURMD_NODENAME host \$VM_HOST of \$VM_NAME boot \$boot"
if [ "\${SLURM_RESTART_COUNT:-0}" -eq 0 ]; then
	$ssh_guest '(trap "" HUP; while :; do cut -d. -f1 /proc/uptime >>ticks; sleep 1; done) >/dev/null 2>&1 </dev/null &'
else
	sleep 3
	echo "longest gap \$($ssh_guest cat ticks | awk 'NR > 1 && \$1 - last > gap { gap = \$1 - last } { last = \$1 } END { print gap + 0 }')"
fi
sleep 600
EOS
)
node_is() # NODE STATE
{
	equals "$(on_lab sinfo -h -N -n "$1" -o %T)" "$2"
}
moved_from() # NODE: the job runs on another node, and its VM is there
{
	local now

	now=$(node_of "$job")
	[ -n "$now" ] && [ "$now" != "$1" ] && equals "$(vm_node "$job")" "$now" && job_in "$job" RUNNING
}
names_no_node()
{
	contains "$(on_lab scontrol show job "$job")" "ReqNodeList=.null."
}
in_books() # NODE[|]STATE: the job's time on a node, as sacct has it
{
	contains "$(on_lab sacct -n -P -X -D -j "$job" -o NodeList,State)" "^$1"
}

ok "the first run talks to its guest" within 180 says "^run 0 on "
first=$(node_of "$job")
sleep 3 # some ticks
on_lab scontrol update "nodename=$first" state=drain reason=fan
ok "the job follows its VM to another node" within 120 moved_from "$first"
second=$(node_of "$job")
ok "the script runs again, with the same guest" within 60 says "^run 1 on $second host $second of vm-$job-[0-9a-f]*-r0 boot"
ok "which was not booted in between" \
	equals "$(output_of alice "$job" | sed -n 's/.* boot //p' | sort -u | wc -l)" 1
ok "the old node is drained" within 60 node_is "$first" drained
ok "its VM is READY" within 30 in_state "$job" READY
ok "no companion allocation is left" within 30 no_companion "$job"
ok "no reservation is left" within 60 no_reservation "$job"
ok "the time limit is not longer than it was" \
	contains "$(on_lab squeue -h -j "$job" -o %L)" "^(1:00:00|[0-9]{1,2}:[0-9]{2})$"
ok "sacct tells of the old node" within 30 in_books "${first}[|]REQUEUED"
ok "... and that the job runs on the new one" within 30 in_books "${second}[|]RUNNING"
ok "AdminComment names the new node" contains "$(on_lab scontrol show job "$job")" "AdminComment=.* node=$second .* moved=1 "
live_in_record() # its way to NODE, and how long it took
{
	contains "$(on_lab scontrol show job "$job")" "nodes=${first}@[0-9]+,${1}@[0-9]+\+[0-9]+[ }]"
}
ok "... and both nodes, with times, and how long the migration took" within 30 live_in_record "$second"
ok "... as vmctl show does" contains "$(as alice vmctl show "$job")" "since .* on $second, where it came live within [0-9]+ s"

ok "the guest's clock went on" within 30 says "^longest gap [0-9]"
longest=$(output_of alice "$job" | sed -n 's/^longest gap //p')
ok "... without a gap of 10 s (longest: $longest s)" contains "$longest" "^[1-9]$"

ok "what Slurm counts of its first run, and of its companion, is what they held" within 30 books_are_right "$job" "1 1"
# Queued again for another reason it may start anywhere, and has a VM of its own.
on_lab scontrol update "nodename=$first" state=resume
on_lab scontrol requeue "$job"
ok "queued again it names no node" within 60 names_no_node
ok "... and has its whole time again" prints 1:00:00 on_lab squeue -h -j "$job" -o %l
on_lab scancel "$job"
ok "it ends" within 60 job_over "$job"
ok "all is gone" within 180 nothing_left "$job"
done_testing
