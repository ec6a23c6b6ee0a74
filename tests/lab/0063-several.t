#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A job on two nodes has a VM on each, with disks of their own, and all of them are ready before its script
# begins; they end together.
. "$(dirname "$0")/lib.sh"

refused() # TEXT COMMAND...
{
	local text=$1 out

	shift
	! out=$(as alice "$@" 2>&1) && contains "$out" "$text"
}
small=(--vm=tiny -c 1 --mem=512M)
ok "tasks that cannot be spread evenly, too" refused "cannot be spread evenly" sbatch "${small[@]}" -N 2 -n 3 --wrap=true

job=$(submit alice "${small[@]}" --job-name=duo --requeue --open-mode=append -N 2 <<'SCRIPT'
#!/bin/bash
echo "run ${SLURM_RESTART_COUNT:-0} begins with $VM_ADDRESSES"
srun --vm=tiny sh -c 'echo "step on $SLURMD_NODENAME: machine $VM_RANK on $VM_HOST at $VM_ADDRESS"'
echo "stepped"
sleep infinity
SCRIPT
)
says() # PATTERN
{
	contains "$(output_of alice "$job")" "$1"
}
ip='192\.168\.172\.[0-9]+'
ok "all are ready before the script begins" within 120 says "^run 0 begins with $ip $ip$"
ok "each step has its node's" within 60 says '^stepped$'
for n in 0 1; do
	ok "machine $n is on node $n" says "^step on worker$((n + 1))node: machine $n on worker$((n + 1))node at $ip$"
done
marks() # a word that each guest wrote on its own disk, once, behind its rank
{
	as alice vmctl exec -w 0-1 "$job" -- sh -c '[ -s marker ] || cat /proc/sys/kernel/random/uuid >marker; sync; cat marker' 2>&1 | sort
}
# What is lost on a busy guest's way is asked again.
marked()
{
	marks >"$work/marks"
	contains "$(tr '\n' ' ' <"$work/marks")" '^0: [0-9a-f-]{36} 1: [0-9a-f-]{36} $'
}
ok "a command runs in both" within 60 marked
ok "on disks of their own" equals "$(sed 's/^.: //' "$work/marks" | sort -u | wc -l)" 2
ok "one is called by its name" within 30 prints "$(sed -n 's/^1: //p' "$work/marks")" as alice vmctl exec duo-1 -- cat marker
ok "both are listed" contains "$(as alice vmctl list)" "^$job +duo-1 "
ok "and shown as one" contains "$(as alice vmctl show "$job")" "^2 machines: The guest answers. To get in: vmctl ssh -w RANK "
shows() # PATTERN
{
	contains "$(as alice vmctl show "$job")" "$1"
}
desktop_of() # RANK: what its .rdp file is for
{
	as alice vmctl rdp -w "$1" "$job" 2>/dev/null
	as alice sed -n 's/^full address:s:\(.*\):3389\r$/\1/p' "vm-$job-$1.rdp"
}
for n in 0 1; do
	ok "a .rdp file for machine $n" contains "$(desktop_of $n | xargs)" "^vm-$job-$n\.rdp $(as alice vmctl show --json -w $n "$job" | jq -r .address)\$"
done
ok "a picture of one" as alice vmctl screenshot -w 1 second.png "$job"
ok "none is stopped alone" refused "which end together: vmctl stop $job" vmctl stop duo-1
not_for_bob()
{
	! as bob vmctl exec -w 0-1 "$job" -- true && ! as bob vmctl show -w 1 "$job" && ! as bob vmctl password --print -w 1 "$job"
}
ok "bob reaches none of them" not_for_bob
ok "none can move alone" refused "cannot exchange one of several nodes" vmctl migrate "$job"
on_lab scontrol update nodename=worker2node state=drain reason=fan
ok "a drain waits for the job's end, and says so" within 60 shows "machine 1 must leave worker2node"
on_lab scontrol update nodename=worker2node state=resume

ok "the job is queued again" on_lab scontrol requeue "$job"
ok "when both nodes are clear" within 60 job_in "$job" PENDING
start_now "$job"
ok "both come back" within 150 says "^run 1 begins with $ip $ip$"
marked_as_before()
{
	equals "$(marks)" "$(cat "$work/marks")"
}
ok "each on its own disk" within 60 marked_as_before

as alice vmctl exec -w 0 "$job" -- poweroff
off()
{
	contains "$(as alice vmctl show -w 0 "$job")" '^State +STOPPING'
}
ok "one shuts down" within 60 off
ok "and the job goes on" job_in "$job" RUNNING
as alice vmctl exec -w 1 "$job" -- poweroff
recorded()
{
	on_lab sacct -nXP -j "$job" -o state
}
ok "the other, too: the job ends well" within 60 prints COMPLETED recorded
ok "and nothing is left" within 60 nothing_left "$job"
done_testing
