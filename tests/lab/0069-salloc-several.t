#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `salloc -N 2` on a terminal: a prompt, from which both machines are waited for, seen and used; its end ends them. And
# the same without a shell.
# long: 0063 has two machines of a batch job, 0002 one of an allocation
. "$(dirname "$0")/lib.sh"

small=(--vm=tiny -N 2 -c 1 --mem=512M)
typed()
{
	cat <<-'SHELL'
		vmctl list
		vmctl wait
		vmctl list
		vmctl exec -w 0-1 -- sh -c 'echo guest of $(hostname)'
		srun --input=none --vm=tiny sh -c 'echo step of machine $VM_RANK at $VM_ADDRESS'
		vmctl exec duo-1 -- echo one </dev/null
		echo "job $SLURM_JOB_ID"
		exit
	SHELL
}
typed | as alice timeout 300 script -qec "salloc ${small[*]} -J duo" /dev/null |
	sed 's/\x1b\[[?0-9;]*[a-zA-Z]//g' | tr '\r' '\n' >"$work/terminal"
seen() # PATTERN
{
	contains "$(cat "$work/terminal")" "$1"
}
job=$(sed -n 's/^job \([0-9]*\)$/\1/p' "$work/terminal")
ip='192\.168\.172\.[0-9]+'
ok "the allocation is granted" seen 'Granted job allocation [0-9]+'
ok "its machines are listed at once" seen "^$job +duo-1 +alice +tiny +(PENDING|PROVISIONING|BOOTING) "
ok "vmctl wait waits for both" seen "job $job +READY"
ok "both are listed with their addresses" seen "^$job +duo-0 +alice +tiny +READY .* $ip "
ok "... each" seen "^$job +duo-1 +alice +tiny +READY .* $ip "
for n in 0 1; do
	ok "a command in machine $n" seen "^$n: guest of vm-"
	ok "a step beside machine $n" seen "^step of machine $n at $ip$"
done
ok "one is called by its name" seen '^one$'
ok "the shell's end ends the job" within 60 job_over "$job"
ok "and nothing is left" within 60 nothing_left "$job"
sed 's/^/# /' "$work/terminal"

# What has its name already is over: the new one is meant.
out=$(as alice bash -c "salloc ${small[*]} -J duo --no-shell; vmctl wait --timeout=5m duo; vmctl show --json duo | jq -r .job" 2>&1 </dev/null)
job=$(tail -n 1 <<<"$out")
ok "without a shell vmctl finds the new one by its name" contains "$out" "Granted job allocation $job\$"
ok "and waits for it" contains "$out" "job $job +READY"
answers()
{
	contains "$(as alice vmctl exec -w 0-1 duo -- echo here 2>&1 | sort | tr '\n' ' ')" '^0: here 1: here $'
}
ok "both answer" within 60 answers
ok "vmctl stop" as alice vmctl stop --timeout=2m duo
ok "ends it" within 60 job_over "$job"
ok "well" within 30 prints COMPLETED recorded
ok "and nothing is left" within 60 nothing_left "$job"
done_testing
