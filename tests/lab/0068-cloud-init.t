#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest as a site gets it from a vendor of cloud images, and not made for this project: a plain Debian with
# cloud-init, systemd and OpenSSH. It has no account and no host keys before it knows, by its medium, who it is.
# long: such a guest boots for a minute without hardware virtualisation, thrice here; its image is built first
# limit: 1500
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/home_server.sh"

image=$("$top/scripts/guest-debian") || exit
ok "a golden image" golden_image debian "$image"
# shellcheck disable=SC2154 # home_server.sh
ok "in the catalogue, with its own account and with another" settings_change <<EOF
  debian:
    profile: linux
    user: debian
    revisions: {v1: rbd/debian@v1}
    disk: {default: 2G}
    scratch: {max: 2G}
    memory: {min: 512M}
    networks: [lan]
    shares: {H: '\\\\$server\\home\\%USER%'}
  debian-hpc:
    profile: linux
    user: hpc
    revisions: {v1: rbd/debian@v1}
    memory: {min: 512M}
    networks: [lan]
EOF
as alice vmctl disk create data 64M
job=$(as alice vmctl start debian -c 1 --mem=1G --scratch=1G --attach=data --no-wait)
script=$(submit alice --vm=debian-hpc -c 1 --mem=1G <<'EOF'
#!/usr/bin/vmrun python
import os, pwd, sys
print("in", os.uname().nodename, "as", pwd.getpwuid(os.getuid()).pw_name, "of job", os.environ["SLURM_JOB_ID"])
sys.exit(7)
EOF
)
guest() # COMMAND...
{
	as alice timeout 120 vmctl exec "$job" -- "$@"
}
guest_says() # PATTERN COMMAND...
{
	local pattern=$1

	shift
	contains "$(guest "$@")" "$pattern"
}
ready()
{
	as alice timeout 600 vmctl wait "$job" >"$work/wait" 2>&1 || { cat "$work/wait"; as alice vmctl show "$job"; return 1; }
}
ok "it becomes READY" ready

# --- what cloud-init made of it ---
ok "one logs in as its account" within 60 prints debian guest id -un
ok "cloud-init has no complaint" within 300 guest_says "^status: done" cloud-init status
vm=$(as alice vmctl show --json "$job" | jq -r .vm)
ok "it is called as its machine" prints "$vm" guest hostname
root_mib()
{
	[ "$(guest df --output=size -B1M / | tail -n 1)" -gt "$1" ]
}
ok "its root takes all the room there is" root_mib 1700
ok "scratch and a named disk are there" guest_says "^data scratch$" sh -c 'lsblk -dno SERIAL | grep -x -e scratch -e data | sort | xargs'
hostkey=$(guest cat /etc/ssh/ssh_host_ed25519_key.pub)
ok "it has a key of its own" contains "$hostkey" "^ssh-ed25519 .* root@$vm$"
ok "files go in and out" as alice sh -c "echo hello >a && vmctl cp a $job:b && vmctl cp $job:b c && cmp a c"

# --- its password: on the console, as where ssh does not help ---
tmux()
{
	as alice tmux -L cloud "$@"
}
screen_has() # PATTERN
{
	contains "$(tmux capture-pane -p)" "$1"
}
log_in() # PASSWORD; what is typed before login asks for it would be lost
{
	tmux send-keys Enter
	within 20 screen_has "login: *$" && tmux send-keys debian Enter &&
		within 20 screen_has "^Password: *$" && tmux send-keys -l "$1" && tmux send-keys Enter &&
		within 30 screen_has "^debian@$vm:"
}
tmux new-session -d -x 100 -y 30 "vmctl console $job; sleep 60"
ok "the console knows its password" within 120 log_in "$(as alice vmctl password --print "$job")"
tmux kill-server
knows() # PASSWORD
{
	guest su debian -c true <<<"$1"
}
not()
{
	! "$@"
}
old=$(as alice vmctl password --print "$job")
ok "a new one" as alice vmctl password --rotate --print "$job"
ok "reaches it" within 120 knows "$(as alice vmctl password --print "$job")"
ok "and the old one is none" not knows "$old"

# --- the home ---
ok "a file server" home_server_start alice
as alice sh -c 'echo from the cluster >greeting'
connect()
{
	# shellcheck disable=SC2154 # home_server.sh
	guest grep -q " /mnt/h cifs " /proc/mounts || guest mount /mnt/h <<<"${password[alice]}"
}
ok "the account connects the home, without being root" within 60 connect
ok "the home is in it" guest_says "^from the cluster$" cat /mnt/h/greeting
ok "a file is written there" guest sh -c 'echo from the guest >/mnt/h/result'
# shellcheck disable=SC2016 # by alice's shell
ok "and is the user's at home" prints "alice:alice from the guest" as alice sh -c 'echo "$(stat -c %U:%G result) $(cat result)"'

# --- a move ---
before=$(vm_node "$job")
elsewhere()
{
	[ "$(vm_node "$job")" != "$before" ]
}
boot=$(guest cat /proc/sys/kernel/random/boot_id)
as alice vmctl migrate "$job"
ok "it moves" within 180 elsewhere
ok "and does not boot for it" within 120 prints "$boot" guest cat /proc/sys/kernel/random/boot_id
ok "the home is still connected" within 120 guest_says "^from the guest$" cat /mnt/h/result

# --- the next run: the same disk, another machine around it ---
mac() # of its card, as the guest sees it
{
	guest sh -c 'cat /sys/class/net/e*/address'
}
card=$(mac)
guest sh -c 'echo of the first run >marker; sync'
on_lab scontrol requeue "$job"
ok "it is queued again" within 120 job_in "$job" PENDING
start_now "$job"
ok "and runs" within 120 job_in "$job" RUNNING
ok "it becomes READY again" ready
ok "on its disk" within 60 prints "of the first run" guest cat marker
ok "with another card" not equals "$(mac)" "$card"
ok "with its host key" equals "$(guest cat /etc/ssh/ssh_host_ed25519_key.pub)" "$hostkey"
ok "cloud-init did not begin anew" guest_says "^1$" sh -c 'ls -d /var/lib/cloud/instances/* | wc -l'
ok "its password is still its own" within 60 knows "$(as alice vmctl password --print "$job")"
ok "the drive stands there once" guest_says "^1$" grep -c " /mnt/h cifs " /etc/fstab
as alice vmctl stop "$job"
ok "all of it goes with the job" within 180 nothing_left "$job"

# --- the other one: an account that the image does not bring, and a script in it ---
ok "a script ran in the other guest" within 600 prints FAILED recorded "$script"
ok "as the account that was made for it" says "$script" "^in vm-$script-[0-9a-f]*-r0 as hpc of job $script$"
ok "and its exit code is the job's" equals "$(on_lab sacct -nXP -j "$script" -o exitcode)" "7:0"
as alice vmctl disk delete --yes data
home_server_stop
settings_restore
done_testing
