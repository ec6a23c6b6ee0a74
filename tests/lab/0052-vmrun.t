#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmrun: a batch script that runs in the guest, started once, followed again after its batch script was
# restarted, stopped by scancel.
. "$(dirname "$0")/lib.sh"

ok "an interpreter that is none is told" contains "$(as alice vmrun bash /root/script 2>&1)" "must be powershell, cmd, sh or python"

job=$(submit alice --vm=tiny -c 1 --mem=512M --export=ALL,CASE="a;b c" <<'EOS'
#!/usr/bin/vmrun
#SBATCH --job-name=inside
echo "I am $(id -un) on $(hostname), case $CASE of job $SLURM_JOB_ID"
echo "PATH is $PATH"
echo "to stderr" >&2
grep -c . /proc/cpuinfo >/dev/null
exit 7
EOS
)
ok "it ends" within 120 job_over "$job"
ok "the script ran in the guest" contains "$(output_of alice "$job")" "^I am root on vm-$job-[0-9a-f]+-r0, case a;b c of job $job\$"
ok "with a PATH of there" contains "$(output_of alice "$job")" "^PATH is [^:]*bin"
ok "stderr is in the output, too" contains "$(output_of alice "$job")" "^to stderr"
ok "its exit code is the job's" equals "$(on_lab sacct -nXP -j "$job" -o state,exitcode)" "FAILED|7:0"

# The batch script dies (kill -9 of vmrun, as a lost node would) and is started again.
job=$(submit alice --vm=tiny -c 1 --mem=512M <<'EOS'
#!/bin/bash
cat >inside.sh <<'EOF'
#!/usr/bin/vmrun sh
trap 'echo "told to stop"; exit 3' TERM
echo "started $*" >>/root/starts
echo begin
while [ ! -e /tmp/go ]; do sleep 0.2; done
echo "starts: $(grep -c . /root/starts), $(tail -n 1 /root/starts)"
while [ -e /tmp/go ]; do sleep 0.2; done
echo "by word"
EOF
vmrun sh inside.sh one "two words" >first.out &
echo $! >vmrun.pid
wait $!
echo "vmrun ended with $?"
exec vmrun sh inside.sh one "two words"
EOS
)
said() # FILE PATTERN
{
	contains "$(as alice cat "$1")" "$2"
}
ok "it runs" within 120 said first.out '^begin'
as alice sh -c "kill -9 \$(cat vmrun.pid)"
ok "vmrun is started again" within 20 said "job-$job.out" "vmrun ended with 137"
ok "finds its script started" within 30 said "job-$job.out" "was started before"
ok "and follows it from the beginning" within 30 said "job-$job.out" '^begin'
as alice vmctl exec "$job" -- touch /tmp/go
ok "what it says now arrives" within 20 said "job-$job.out" '^starts: 1, started one two words$'
as alice scancel --batch --signal=TERM "$job"
ok "a signal stops the script" within 40 said "job-$job.out" '^told to stop'
ok "and ends the job" within 60 job_over "$job"
ok "with its exit code" equals "$(on_lab sacct -nXP -j "$job" -o state,exitcode)" "FAILED|3:0"
ok "nothing is left" within 180 nothing_left "$job"

# A signal is passed on; scancel ends all of it: the script, whose last words are heard, then the guest.
job=$(submit alice --vm=tiny -c 1 --mem=512M <<'EOS'
#!/usr/bin/vmrun sh
trap 'echo warned' USR1
trap 'echo stopped; exit 4' TERM
echo begin
while :; do sleep 0.2; done
EOS
)
ok "it runs" within 120 said "job-$job.out" '^begin'
as alice scancel --batch --signal=USR1 "$job"
ok "SIGUSR1 is passed on" within 30 said "job-$job.out" '^warned'
as alice scancel "$job"
ok "scancel ends the job" within 60 job_over "$job"
ok "the script first, and then its guest" said "job-$job.out" '^stopped'
ok "all of it" within 180 nothing_left "$job"

# A step whose command runs in the guest.
job=$(submit alice --vm=tiny -c 1 --mem=512M <<'EOS'
#!/bin/bash
srun vmrun -- sh -c 'cat; echo "in $(hostname)"; exit 5' <<<"from here"
echo "step ended with $?"
EOS
)
ok "it ends" within 120 job_over "$job"
ok "the step's input and output" contains "$(output_of alice "$job")" "^from here"
ok "its place" contains "$(output_of alice "$job")" "^in vm-"
ok "its exit code" contains "$(output_of alice "$job")" "^step ended with 5"
ok "in the books, too" contains "$(on_lab sacct -nP -j "$job" -o jobid,jobname,exitcode)" "^$job\.0[|]vmrun[|]5:0"

refused()
{
	local out

	! out=$(as alice vmrun sh .bash_profile 2>&1) && contains "$out" "VM_NAME is not set: a script of vmrun"
}
ok "without a virtual machine it says what is missing" refused
ok "no node was drained by it" equals "$(on_lab sinfo -h -R)" ""
done_testing
