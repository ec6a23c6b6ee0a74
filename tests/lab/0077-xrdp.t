#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A desktop in a Linux guest by Remote Desktop, as a person opens it: alice types `vmctl rdp` at a terminal of a
# machine with a display, and the job's password when she is asked for it. The server is the guest's own, xrdp.
# long: such a guest boots for a minute without hardware virtualisation; its image is built first
# limit: 1500
#
# What `xfreerdp +auth-only` shows, and what it cannot: xrdp has no NLA, so it is told the password over a connection
# that stands already (Client Info PDU with INFO_AUTOLOGON), and hands it to PAM when the picture begins. xfreerdp 2.11
# counts the connection as made when it is active, ends with 0 and is mostly gone by then (freerdp_connect() in
# libfreerdp/core/freerdp.c; xrdp_wm_init() in xrdp/xrdp_wm.c). So its 0 says that the guest's server is reached and
# speaks TLS with it, and nothing of the password. Who is let in stands in the guest's log and its list of processes,
# and on alice's display, in a colour that only that session paints.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/terminal.sh"

# As slurm-vm(8), GOLDEN IMAGES, says. The session is what Debian's /etc/X11/Xsession finds: xterm.
image=$("$top/scripts/guest-debian" --run 'adduser --quiet xrdp ssl-cert' \
	--run 'printf "runcmd:\n- make-ssl-cert generate-default-snakeoil --force-overwrite\n" >/etc/cloud/cloud.cfg.d/50-xrdp.cfg' \
	xrdp xorgxrdp xterm x11-xserver-utils) || exit
ok "a golden image with xrdp" golden_image desk "$image"
ok "in the catalogue" settings_change <<END
  desk:
    profile: linux
    user: debian
    revisions: {v1: rbd/desk@v1}
    memory: {min: 512M}
    networks: [lan]
END
job=$(as alice vmctl start desk -c 2 --mem=1G --no-wait)
ready()
{
	as alice timeout 600 vmctl wait "$job" >"$work/wait" 2>&1 || { cat "$work/wait"; as alice vmctl show "$job"; return 1; }
}
ok "the guest is ready" ready
address=$(as alice vmctl show --json "$job" | jq -r .address)
vm=$(as alice vmctl show --json "$job" | jq -r .vm)
guest() # COMMAND...
{
	as alice timeout 120 vmctl exec "$job" -- "$@"
}
ok "its first boot is over" within 300 prints "status: done" guest cloud-init status
ok "its key for TLS is not the image's" within 60 prints "subject=CN = $vm" \
	guest openssl x509 -noout -subject -in /etc/xrdp/cert.pem
ok "its xrdp answers" within 300 on_lab nc -z "$address" 3389
# shellcheck disable=SC2016 # in the guest
ok "alice chooses her session" guest sh -c 'echo "xsetroot -solid \"#2e8b57\"; exec xterm" >.xsession'

# --- who was let in ---
log_count() # PATTERN: of those who asked
{
	guest sudo cat /var/log/xrdp-sesman.log >"$work/sesman" && grep -cE "$1" "$work/sesman"
}
granted="access granted.* username debian" denied="AUTHFAIL: user=debian "
turned_away() # COUNT
{
	prints "$1" log_count "$denied" || { cat "$work/sesman"; return 1; }
}
let_in()
{
	prints 1 log_count "$granted" || { cat "$work/sesman"; return 1; }
}
processes() # of desktops: "in: USER PROGRAM ..."
{
	guest sh -c 'ps -C Xorg,xterm -o user=,comm= | sort | xargs echo in:'
}
painted() # of alice's display, is more than half of it the session's colour? It is a file of Xvfb's.
{
	local n

	n=$(as alice sh -c 'od -An -v -tx4 -w4 fb/Xvfb_screen0 | grep -c 2e8b57')
	[ "$n" -gt 393216 ] || { echo "$n of 786432 pixels"; return 1; }
}
not()
{
	! "$@"
}
nobody_is_in()
{
	prints 0 log_count "$granted" && prints "in:" processes && not painted
}

# --- alice's desk, and bob's ---
display() # USER: until its Xvfb is ended
{
	as "$1" bash -s <<'DISPLAY' &
mkdir -p bin fb
printf '%s\n' '#!/bin/sh' 'exec /usr/bin/xfreerdp "$@" $MORE' >bin/xfreerdp
chmod +x bin/xfreerdp
mkfifo -m 600 display
Xvfb -displayfd 3 -noreset -fbdir fb -screen 0 1024x768x24 3>display >xvfb.log 2>&1 &
echo $! >xvfb.pid
read -r number <display
echo "export DISPLAY=:$number PATH=$PWD/bin:$PATH" >desktop
wait
DISPLAY
	within 60 as "$1" test -e desktop
}
display_end() # USER
{
	# shellcheck disable=SC2016 # in the user's shell
	as "$1" sh -c 'kill $(cat xvfb.pid)'
}
ok "a display" display alice
terminal_start alice
rdp() # PASSWORD [OPTIONS]: it is typed when it is asked for
{
	begins alice "(. ./desktop; MORE='${2-}' vmctl rdp $job)"
	within 90 on_screen alice "^Password:" && types alice "$1"
}
client_ends()
{
	ends alice 120
}
has_password() # TEXT
{
	grep -qF -e "$password" <<<"$1"
}
password=$(as alice vmctl password --print "$job")

ok "alice: vmctl rdp, and another password" rdp not-this-one
ok "and is turned away" within 180 turned_away 1
ok "without a desktop" within 60 nobody_is_in
terminal alice send-keys C-c
ok "Ctrl-C closes that window" within 60 not as alice pgrep -x xfreerdp

# bob, who knows account and address: vmctl tells him nothing of it, and what he guesses is not enough.
ok "bob: no password" refused bob "belongs to another user" vmctl password --print "$job"
ok "bob: no file" refused bob "belongs to another user" vmctl rdp "$job"
ok "bob: a display" display bob
# shellcheck disable=SC2016 # in bob's shell
as bob sh -c '. ./desktop && exec timeout 120 xfreerdp "/v:$1" /u:debian /p:guessed /cert:ignore' rdp "$address" >/dev/null 2>&1 &
ok "bob: what he guesses is turned away" within 180 turned_away 2
ok "without a desktop" within 60 nobody_is_in
display_end bob

# Its session, if xrdp was quick enough to begin one, is what alice then comes back to.
ok "alice types the job's password" rdp "$password" +auth-only
ok "and ends" client_ends
ok "xfreerdp +auth-only connects to it" ended 0
ok "the password was not shown" not has_password "$screen"
ok "to a server that knows the password before it shows a picture" rdp "$password" "+auth-only /sec:nla"
ok "it ends, too" client_ends
ok "but does not connect: xrdp is none" contains "$code" "^[1-9]"

ok "without +auth-only" rdp "$password"
ok "and is let in" within 180 let_in
ok "her session is her account's" within 180 prints "in: debian Xorg debian xterm" processes
ok "and her display shows it" within 180 painted
guest pkill -x xterm
ok "she logs out of it, and vmctl ends" client_ends
ok "as xfreerdp does then" ended 12
ok "nothing of it runs on" within 60 prints "in:" processes

file=$(as alice cat "vm-$job.rdp")
ok "the file has the address" contains "$file" "^full address:s:$address:3389"
ok "and no password" not has_password "$file"
terminal alice kill-server
display_end alice
wait
as alice vmctl stop --now "$job"
ok "all of it goes with the job" within 180 nothing_left "$job"
settings_restore
done_testing
