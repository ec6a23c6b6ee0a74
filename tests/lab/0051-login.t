#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Into the guest: exec, ssh, cp, rdp, password; and nothing of it for another user.
. "$(dirname "$0")/lib.sh"

as alice sh -c 'mkdir -p .ssh && ssh-keygen -q -t ed25519 -N "" -f .ssh/mine'
job=$(as alice vmctl start tiny -c 1 --mem=512M --name=desk --no-wait)
ok "not before it is ready" contains "$(as alice vmctl exec "$job" -- true 2>&1)" "try: vmctl wait $job"
as alice vmctl wait "$job"

# exec
code_of()
{
	"$@" >/dev/null 2>&1
	echo $?
}
ok "exec: the command's output" equals "$(as alice vmctl exec -- echo hello 2>/dev/null)" hello
ok "its errors" equals "$(as alice vmctl exec desk -- sh -c 'echo bad >&2' 2>&1 >/dev/null)" bad
ok "its input" equals "$(echo from here | as alice vmctl exec "$job" -- cat)" "from here"
ok "its exit code" equals "$(code_of as alice vmctl exec -- sh -c 'exit 7')" 7
# shellcheck disable=SC2016
ok "its arguments, as they are" equals "$(as alice vmctl exec -- printf '[%s]' 'a b' "it's" '$HOME' '"*"' '')" "[a b][it's][\$HOME][\"*\"][]"
ok "a program that is not there" equals "$(code_of as alice vmctl exec -- no-such-program)" 127
ok "ssh, too" contains "$(as alice vmctl ssh desk -- hostname)" "^vm-"
ok "with a terminal" contains "$(as alice script -qec "vmctl ssh $job -- tty" /dev/null)" "/dev/pts/"

own_ssh="ssh -i .ssh/mine -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
# shellcheck disable=SC2086
ok "the user's own key is let in, too" within 60 as alice $own_ssh "root@$(as alice vmctl show --json | jq -r .address)" true

# cp: 100 MB there and back
as alice sh -c 'head -c 104857600 /dev/urandom >big'
sum=$(as alice sha256sum big | cut -d' ' -f1)
ok "cp into the guest" as alice vmctl cp big :/data/big
ok "what is there is what was here" contains "$(as alice vmctl exec -- sha256sum /data/big)" "^$sum "
ok "and back" as alice vmctl cp "desk:/data/big" back
ok "the same again" contains "$(as alice sha256sum back)" "^$sum "
ok "one of the two is in the guest" equals "$(code_of as alice vmctl cp big back)" 2

# rdp and password
ok "a .rdp file" as alice vmctl rdp desk
ok "with address and account" contains "$(as alice cat "vm-$job.rdp")" "full address:s:192\.168\.172\.[0-9]+:3389"
password=$(as alice vmctl password --print)
ok "a password after Windows' rules" contains "$password" '^[-_.+A-Za-z0-9]{20}$'
ok "which is not in the .rdp file" equals "$(as alice grep -cF "$password" "vm-$job.rdp")" 0
ok "nor shown where no terminal is" contains "$(as alice vmctl password 2>&1)" "on a terminal only"
ok "but on one" equals "$(as alice script -qec "vmctl password $job" /dev/null | tr -d '\r')" "$password"

# What vmctl opens where there is a display: a real client, as far as the login. freerdp's own server stands
# in the guest's place, since the small guest has none, and knows the guest's account and password.
rdp_logins() # PASSWORD...: the exit codes, "0" or "no"
{
	as alice bash -s "$@" <<'LOGIN'
trap 'kill $(jobs -p)' EXIT
mkdir -p bin
printf '%s\n' '#!/bin/sh' 'sed -i "s/^full address:s:[0-9.]*/full address:s:127.0.0.1/" "$1"' \
	'exec /usr/bin/xfreerdp "$@" +auth-only /from-stdin:force' >bin/xfreerdp
chmod +x bin/xfreerdp
hash=$(vmctl password --print desk | tr -d '\n' | iconv -t utf-16le | openssl dgst -provider legacy -md4 -r | cut -c1-32)
(umask 077 && echo "root:::$hash:::" >sam)
# -noreset: the server of freerdp opens the display twice, and the second time meets a server that starts anew
mkfifo -m 600 display
Xvfb -displayfd 3 -noreset -screen 0 640x480x24 3>display >xvfb.log 2>&1 &
read -r number <display
export DISPLAY=:$number
freerdp-shadow-cli /port:3389 /bind-address:127.0.0.1 "/sam-file:$PWD/sam" /sec:nla >shadow.log 2>&1 &
for ((i = 0; i < 150; i++)); do (: </dev/tcp/127.0.0.1/3389) 2>/dev/null && break; sleep 0.2; done
for password; do
	echo "$password" | PATH=$PWD/bin:$PATH vmctl rdp desk >>client.log 2>&1 && echo 0 || echo no
done | xargs
kill -0 $! 2>/dev/null || tail -n 5 xvfb.log shadow.log client.log >&2
LOGIN
}
ok "xfreerdp logs in with the file and the password, and with no other" \
	prints "0 no 0" rdp_logins "$password" wrong "$password"

is_password() # TEXT: is it root's in the guest?
{
	local hash salt

	hash=$(as alice vmctl exec -- sed -n 's/^root:\([^:]*\):.*/\1/p' /etc/passwd)
	salt=$(cut -d'$' -f3 <<<"$hash")
	equals "$(openssl passwd -6 -salt "$salt" "$1")" "$hash"
}
ok "it is the guest's" is_password "$password"
new=$(as alice vmctl password --rotate --print 2>/dev/null)
ok "rotate: another" contains "$new" '^[-_.+A-Za-z0-9]{20}$'
differs()
{
	[ "$new" != "$password" ]
}
ok "than before" differs
ok "the guest gets it" within 60 is_password "$new"
ok "and it is what is told from now on" equals "$(as alice vmctl password --print)" "$new"

# Nothing of it is where others look.
nowhere() # TEXT
{
	! on_lab grep -rlF -- "$1" /var/log /run/slurm /var/spool/slurmd.* /var/lib/slurm-vm 2>/dev/null | grep .
}
ok "no log has a password" nowhere "$new"
ok "no job record has" equals "$(on_lab scontrol show job "$job" | grep -cF "$new")" 0

# bob, who knows job, VM and address.
vm=$(as alice vmctl show --json | jq -r .vm)
address=$(as alice vmctl show --json | jq -r .address)
denied() # COMMAND...: fails, and shows neither name nor address
{
	local out

	! out=$(as bob timeout 60 "$@" </dev/null 2>&1) || { echo "it worked: $out"; return 1; }
	! grep -qF -e "$password" -e "$new" -e PRIVATE <<<"$out" || { echo "it tells: $out"; return 1; }
	[ "$1" = ssh ] || ! grep -qF "$address" <<<"$out" || { echo "it tells: $out"; return 1; }
}
for verb in show wait stop ssh rdp password; do
	ok "bob: vmctl $verb JOB" denied vmctl $verb "$job"
done
ok "bob: vmctl password --rotate" denied vmctl password --rotate --print "$job"
ok "bob: vmctl exec" denied vmctl exec "$job" -- true
ok "bob: vmctl exec by the VM's name" denied vmctl exec "$vm" -- true
ok "bob: vmctl exec by the job's name" denied vmctl exec desk -- true
ok "bob: vmctl exec, as if inside the job" denied env "SLURM_JOB_ID=$job" vmctl exec -- true
ok "bob: vmctl cp into it" denied vmctl cp /etc/passwd "$job:/root/x"
ok "bob: vmctl cp from it" denied vmctl cp "$job:/etc/passwd" x
ok "bob: vmctl list --all" denied vmctl list --all
ok "bob: the list" equals "$(as bob vmctl list --json | jq length)" 0
ok "bob: scancel" denied scancel "$job"
ok "bob: ssh to the address" denied ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "root@$address" true
denied_on_node() # COMMAND...
{
	local node out

	node=$(on_lab squeue -h -j "$job" -o %N)
	on_lab --on "$node" ls "$key" || return # it is there
	! out=$(as bob --on "$node" "$@" 2>&1) || { echo "it worked: $out"; return 1; }
}
key=/run/slurm-vm/$job/id_ed25519
ok "bob: the key's file on the node" denied_on_node cat "$key"
as alice vmctl exec -- sleep 10 &
within 30 on_lab pgrep -u alice -x vmctl >/dev/null
ok "bob: the key of a running vmctl" denied sh -c "cat /proc/$(on_lab pgrep -u alice -x vmctl | head -n 1)/fd/*"
ok "which is on nobody's command line" equals "$(on_lab ps -eo args | grep -c '[P]RIVATE')" 0
ok "bob: the Secret" denied kubectl get secret -n slurm-vm "${vm%-r0}" -o yaml
ok "bob: the file of host keys" denied ls /home/alice/.cache/slurm-vm
ok "it is still there" in_state "$job" READY

as alice vmctl stop "$job"
ok "all is gone" within 180 nothing_left "$job"
done_testing
