#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A VM for each task of a job array; what has no VM is refused with the reason.
. "$(dirname "$0")/lib.sh"

job=$(as alice sbatch --parsable --vm=tiny -c 1 --mem=512M --array=0-3%2 -o 'task-%a.out' <<'SCRIPT'
#!/bin/bash
echo "job $SLURM_JOB_ID task $SLURM_ARRAY_TASK_ID vm $VM_NAME"
sleep infinity
SCRIPT
)
row() # TASK: id and state of a task
{
	as alice vmctl list --json | jq -r ".[] | select(.task == \"$1\") | \"\(.job) \(.state)\""
}
is_ready()
{
	contains "$(row "$1")" READY
}
ok "the first task has its VM" within 90 is_ready "${job}_0"
ok "and the second" within 90 is_ready "${job}_1"
read -r first _ < <(row "${job}_0")
ok "each a job and a VM of its own" contains "$(as alice cat task-0.out)" "job $first task 0 vm vm-$first-"
ok "vmctl calls them as squeue does" contains "$(as alice vmctl show "${job}_1")" "array task ${job}_1"
waits()
{
	contains "$(as alice vmctl list)" "^${job}_\\[2"
}
ok "the others wait" waits
not_begun()
{
	local out

	! out=$(as alice vmctl show "${job}_2" 2>&1) && contains "$out" "these wait in the queue: ${job}_\\[2"
}
ok "which vmctl says" not_begun
not_for_bob()
{
	! as bob vmctl show "${job}_0"
}
ok "bob sees none of them" not_for_bob
ok "those that wait are cancelled together" as alice vmctl stop "$job"
ok "and no others" is_ready "${job}_0"
ok "a task is stopped alone" as alice vmctl stop "${job}_0"
ok "the other runs on" is_ready "${job}_1"
ok "and is cancelled by its name" as alice vmctl stop --now "${job}_1"
ok "one ended well" within 30 prints COMPLETED recorded "${job}_0"
ok "and one was cancelled" within 30 prints CANCELLED recorded "${job}_1"
ok "and nothing is left" within 180 nothing_left "$first"

small=(--vm=tiny -c 1 --mem=512M)
ok "a number of nodes that is none" refused alice "must be one number, not 1-3" sbatch "${small[@]}" -N 1-3 --wrap=true
ok "tasks for which one node is too small, too" refused alice "not available" sbatch --vm=tiny --mem=512M -n 4 --ntasks-per-node=2 --wrap=true
ok "a heterogeneous job" refused alice "heterogeneous" sbatch "${small[@]}" : -c 1 --mem=64M --wrap=true
ok "a heterogeneous salloc" refused alice "heterogeneous" salloc -c 1 --mem=64M : "${small[@]}" true
ok "an array on one kept disk" refused alice "the kept disk is one" sbatch --vm=@1 -c 1 --mem=512M --array=1-2 --wrap=true
done_testing
