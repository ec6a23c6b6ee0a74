#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmctl start and stop: a job that only keeps a VM; and the mail that it is ready.
. "$(dirname "$0")/lib.sh"

# The site's program for READY writes down what it is told, and is then the one that comes along, which writes
# to a mail server.
on_lab sh -c 'install -d -o slurm /var/log/hook; cat >/etc/slurm-vm/ready-hook; chmod 755 /etc/slurm-vm/ready-hook' <<'HOOK'
#!/bin/sh
env >"/var/log/hook/$SLURM_JOB_ID"
exec sh /usr/share/doc/slurm-vm/ready-mail.example
HOOK
ok "a program to be told of READY" settings_change '1i ready_hook: /etc/slurm-vm/ready-hook' </dev/null
box=/var/mail/site
on_lab sh -c "install -d -o nobody $box $box/new $box/cur $box/tmp
	setsid -f sh -c 'echo \$\$ >/run/pids/mail; exec setpriv --reuid=nobody --clear-groups \\
		--inh-caps=+net_bind_service --ambient-caps=+net_bind_service \\
		aiosmtpd -n -l 127.0.0.1:25 -c aiosmtpd.handlers.Mailbox $box' >/var/log/mail.log 2>&1"
ok "a mail server" within 30 on_lab nc -z 127.0.0.1 25
mails()
{
	on_lab sh -c "ls $box/new | wc -l"
}
contains_record() # TEXT
{
	contains "$(on_lab scontrol show job "$job")" "AdminComment=.*$1"
}
told()
{
	on_lab cat "/var/log/hook/$job"
}
is_told() # LINE
{
	contains "$(told)" "^$1\$"
}

# On a pipe: what happens as lines with the seconds, then what to do next.
as alice vmctl start tiny -c 1 --mem=512M --name=desk --mail-type=BEGIN >"$work/next" 2>"$work/told"
code=$?
job=$(as alice squeue -h -n desk -o %i)
ok "start ends when it is ready" equals $code 0
ok "what happened is told with its seconds" contains "$(cat "$work/told")" "^ +[0-9]+:[0-9]{2}  job $job  BOOTING"
ok "up to the end" contains "$(tail -n 1 "$work/told")" "^ +[0-9]+:[0-9]{2}  job $job  READY"
ok "then what to do next" contains "$(cat "$work/next")" "shell +vmctl ssh $job"
ok "and where it is" contains "$(cat "$work/next")" "at 192\.168\.172\."
ok "the site's program is told" within 20 is_told "VM_NAME=vm-$job-[0-9a-f]*-r0"
ok "where it is, and who asked for mail" is_told "VM_MAIL=alice"
ok "what it is told once is in the record" within 20 contains_record " told="
ok "alice gets a mail" within 20 prints 1 mails
mail=$(on_lab sh -c "cat $box/new/*")
ok "and nobody else" contains "$mail" "^X-RcptTo: alice@masternode$"
ok "what it is about" contains "$mail" "^Subject: lab job $job: your tiny machine is ready$"
ok "where it is" contains "$mail" "^Address +$(as alice vmctl show --json "$job" | jq -r .address)$"
ok "how to get in" contains "$mail" "^Shell +vmctl ssh $job$"
ok "how to get the password" contains "$mail" "^Password +vmctl password $job$"
ok "and not the password" equals "$(grep -cF "$(as alice vmctl password --print "$job")" <<<"$mail")" 0
signal KILL vmd
ok "vmd starts anew" lab up
ok "the job is a batch job that Slurm may requeue" contains "$(on_lab scontrol show job "$job")" "Requeue=1 .*BatchFlag=1"
ok "nothing is written into the user's directory" equals "$(as alice ls | grep -c "slurm-$job")" 0
not_for_bob()
{
	local out

	! out=$(as bob vmctl stop "$job" 2>&1) && contains "$out" "belongs to another user"
}
ok "another user cannot stop it" not_for_bob
ok "it runs on" in_state "$job" READY
ok "stop, by the job's name" as alice vmctl stop desk
ok "the job is COMPLETED" within 20 prints COMPLETED recorded "$job"
ok "and all is gone" within 20 nothing_left "$job"
ok "nobody was told twice" equals "$(mails)" 1
ok "the guest was shut down, not killed" contains "$(on_lab cat /var/log/kubevirt-lite.log)" "vm-$job-.*action=forget state=off"

# Ctrl-C ends the wait and nothing else. Without a mail server the machine is ready all the same.
signal TERM mail
interrupt() # PROGRAM...: its exit code, after a SIGINT when it has told its job
{
	"$@" >"$work/out" 2>"$work/err" &
	within 30 grep -q "is submitted" "$work/err"
	on_lab sh -c "kill -INT \$(pgrep -u alice -x vmctl)"
	wait $!
}
interrupt as alice vmctl start tiny -c 1 --mem=512M --name=left --mail-type=BEGIN --mail-user=al@example.org
ok "Ctrl-C is told by the exit code" equals $? 130
job=$(as alice squeue -h -n left -o %i)
ok "and in words" contains "$(cat "$work/err")" "vmctl wait $job"
ok "on a terminal the line counts on" contains "$(as alice script -qec "vmctl wait $job" /dev/null)" $'\r.*READY'
logged() # PATTERN
{
	contains "$(on_lab cat /var/log/vmd.log)" "$1"
}
ok "a mail that cannot be sent is told in the log" within 60 logged "job=$job action=tell-ready .*ended with exit code 7"
ok "with the reason" logged "^curl: .*localhost"
ok "it would have been for" is_told "VM_MAIL=al@example.org"
ok "stop at once" as alice vmctl stop --now "$job"
ok "is a cancelled job" within 20 prints CANCELLED recorded "$job"

# A job without a node has nothing to shut down.
job=$(as alice vmctl start tiny -c 1 --mem=512M --hold --no-wait)
ok "no wait: the job's id alone" contains "$job" '^[0-9]+$'
ok "it can be stopped, too" as alice vmctl stop "$job"
refused()
{
	local out

	! out=$(as alice vmctl start nix -c 1 --mem=512M 2>&1) && contains "$out" "sbatch refused the job"
}
ok "what sbatch refuses is its word" refused
settings_restore
done_testing
