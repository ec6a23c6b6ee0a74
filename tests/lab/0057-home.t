#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A user's home in the guest: the drive of its image, on a real smbd, with a password that nobody but the user
# and the server knows.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/home_server.sh"

ok "an image with a drive" settings_change <<EOF
  tiny-home:
    profile: linux
    user: root
    revisions: {v1: rbd/tiny@v1}
    memory: {min: 128M}
    networks: [lan]
    shares: {H: '\\\\$server\\home\\%USER%'}
EOF
# vmd dies when the job's Secret is there, and not yet what tells the guest of the drive: the next one makes that
# of the job's record alone.
kubernetes_fails_for() # TEXT
{
	jq -n --arg text "$1" '{failFor: $text}' | on_lab kubectl replace --raw /debug/faults -f - >/dev/null
}
kubernetes_fails_for '-init"'
job=$(as alice vmctl start tiny-home -c 1 --mem=512M --name=home --no-wait)
half_made()
{
	local made

	made=$(on_lab kubectl get secrets -n slurm-vm -o name -l "slurm-vm.io/job=$job")
	contains "$made" '-login$' && ! contains "$made" '-init$'
}
ok "what the guest is told of it is not made at once" within 60 half_made
signal KILL vmd
kubernetes_fails_for ''
ok "another vmd begins" lab up

ok "a file server" home_server_start alice bob
as alice sh -c 'echo from the cluster >greeting'

# For whom it is shown, and what.
shows() # USER JOB PATTERN
{
	contains "$(as "$1" vmctl show "$2")" "$3"
}
other=$(as bob vmctl start tiny-home -c 1 --mem=512M --hold --no-wait)
ok "the owner sees the drive" within 20 shows alice "$job" "^Drive +/mnt/h //$server/home/alice$"
ok "another owner his own" within 20 shows bob "$other" "^Drive +/mnt/h //$server/home/bob$"
as bob scancel "$other"
ok "the guest is ready" as alice vmctl wait "$job"

guest() # COMMAND...
{
	as alice vmctl exec "$job" -- "$@"
}
guest_says() # PATTERN COMMAND...
{
	local pattern=$1

	shift
	contains "$(guest "$@")" "$pattern"
}
not() # COMMAND...
{
	! "$@"
}
denied() # COMMAND...: by the file server, and not because the guest was out of reach
{
	local out

	! out=$("$@" 2>&1) || { echo "it worked: $out"; return 1; }
	contains "$out" "Permission denied"
}
ok "it has the drive, not connected" within 60 guest_says "^//$server/home/alice /mnt/h cifs noauto,user,username=alice 0 0$" cat /etc/fstab
ok "with an empty place for it" not guest_says . ls -A /mnt/h
# As a person does in a shell, who is asked for it. An answer that was lost leaves it connected.
connect() # PASSWORD
{
	guest grep -q " /mnt/h cifs " /proc/mounts || guest mount /mnt/h <<<"$1"
}
ok "not without the password" denied connect wrong
ok "connected with it" within 60 connect "${password[alice]}"
ok "the home is in the guest" guest_says "^from the cluster$" cat /mnt/h/greeting
ok "a file is written there" within 60 guest sh -c 'echo from the guest >/mnt/h/result'
ok "it is in the user's home" within 20 prints "from the guest" as alice cat result
ok "and is the user's" prints alice:alice on_lab stat -c %U:%G /home/alice/result

# A machine that moves takes its drive along.
before=$(vm_node "$job")
elsewhere()
{
	[ "$(vm_node "$job")" != "$before" ]
}
as alice vmctl migrate "$job"
ok "it moves to another node" within 120 elsewhere
ok "the home is still in it" within 60 guest_says "^from the guest$" cat /mnt/h/result
ok "and is written to" within 60 guest sh -c 'echo after the move >/mnt/h/moved'
ok "what was written is there" within 20 prints "after the move" as alice cat moved

# bob, at the same server, from the same guest, with his own password
as bob sh -c 'echo of bob >greeting'
as_bob() # OWNER COMMAND: in the home of
{
	guest sh -c "mkdir -p /tmp/$1 && { grep -q ' /tmp/$1 cifs ' /proc/mounts ||
		mount.cifs //$server/home/$1 /tmp/$1 -o username=bob; } && cd /tmp/$1 && $2" <<<"${password[bob]}"
}
ok "bob reads his own home" within 60 as_bob bob 'grep -q "of bob" greeting'
ok "and not alice's" denied as_bob alice 'cat greeting'
ok "nor what alice wrote from the guest" denied as_bob alice 'cat result'
ok "nor does he write there" denied as_bob alice 'echo of bob >result'
ok "no log and no record has the password" not on_lab grep -rlF -e "${password[alice]}" /var/log /var/spool /run/slurm-vm /etc
secrets()
{
	on_lab kubectl get secrets -n slurm-vm -o json | jq -r '.items[].data[]? | @base64d'
}
ok "the guest's Secrets have the drive" contains "$(secrets)" "//$server/home/alice"
ok "and not the password" not contains "$(secrets)" "${password[alice]}"
as alice vmctl stop --now "$job"
ok "all of it goes with the job" within 60 nothing_left "$job"
home_server_stop
settings_restore
done_testing
