#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest's screen and console through Kubernetes: vnc, console, screenshot, kubeconfig; for its
# owner, and for nobody else.
. "$(dirname "$0")/lib.sh"

job=$(submit alice --vm=tiny -c 1 --mem=512M <<<$'#!/bin/bash\nsleep 900')
ok "a VM to look at" as alice timeout 150 vmctl wait "$job"
vm=$(as alice vmctl show --json "$job" | jq -r .vm)

# --- console ---
tmux()
{
	as alice tmux -L console "$@"
}
screen_has() # PATTERN
{
	contains "$(tmux capture-pane -p)" "$1"
}
tmux new-session -d -x 100 -y 30 "vmctl console $job; echo code=\$?; sleep 60"
ok "the console says how to leave it" within 30 screen_has "Ctrl-\] leaves it"
tmux send-keys Enter
ok "and shows the guest's prompt" within 30 screen_has "^/ #"
# shellcheck disable=SC2016 # in the guest
tmux send-keys 'echo guest-$(uname -n)' Enter
ok "a command runs in the guest" within 30 screen_has "^guest-vm-"
tmux send-keys C-c C-]
ok "Ctrl-] leaves, Ctrl-C goes to the guest" within 30 screen_has "^code=0"
tmux kill-server

# shellcheck disable=SC2016 # in alice's shell
script_speaks()
{
	contains "$(as alice bash -c '{ printf "\necho a\"\"b\n"; sleep 3; } | timeout 20 vmctl console '"$job & sleep 5; kill %1" 2>&1)" "^ab"
}
ok "a script can use it, too" within 60 script_speaks

# --- screenshot ---
ok "a screenshot" as alice vmctl screenshot screen.png "$job"
ok "is a picture" contains "$(as alice head -c 8 screen.png | od -An -c)" "P +N +G"
ok "for its owner only" equals "$(as alice stat -c %a screen.png)" 600
ok "not onto a terminal" contains "$(as alice script -qec "vmctl screenshot - $job" /dev/null 2>&1)" "name a file"

# --- vnc ---
# viewer USER PORT: what it is greeted with
viewer()
{
	as "$1" timeout 30 bash -c "exec 3<>/dev/tcp/127.0.0.1/$2; head -c 12 <&3" 2>/dev/null
}
# shellcheck disable=SC2016
vnc_start() # FILE OPTION...: its first line is the address
{
	local file=$1

	shift
	as alice bash -c 'exec vmctl vnc "$@" >'"$file"' 2>'"$file.err"'' vnc "$@" &
	within 30 as alice test -s "$file"
}
ok "vnc opens a port" vnc_start address "$job"
port=$(as alice sed 's/.*://' address)
ok "of loopback only" contains "$(on_lab ss -Hltn "sport = :$port")" "127\.0\.0\.1:$port "
ok "which another user gets nothing from" equals "$(viewer bob "$port")" ""
ok "nor root" equals "$(on_lab timeout 10 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; head -c 12 <&3" 2>/dev/null)" ""
ok "as the owner is told" contains "$(as alice cat address.err)" "turned a connection away"
ok "the owner's viewer is greeted by the guest's screen" equals "$(viewer alice "$port")" "RFB 003.008"
port_closed()
{
	! on_lab bash -c "exec 3<>/dev/tcp/127.0.0.1/$port" 2>/dev/null
}
ok "it was for one viewer" within 30 port_closed
wait

# --- in a browser: the page, and who gets the stream ---
ask() # USER PATH: HTTP code
{
	as "$1" curl -s -o /dev/null -m 10 --path-as-is -w '%{http_code}' -H 'Connection: Upgrade' -H 'Upgrade: websocket' \
		-H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "${url%%/vnc.html*}$2"
}
not_again()
{
	[[ $(ask alice "/websockify?token=$token") =~ 403|000 ]]
}
if on_lab test -e /usr/share/novnc/vnc.html; then
	ok "vnc for a browser" vnc_start url "$job" --browser
	url=$(as alice cat url)
	token=${url##*token%3D}
	ok "its page is there" equals "$(ask alice /vnc.html)" 200
	ok "no other file is" equals "$(ask alice /../../../etc/passwd)" 404
	ok "without the token there is no stream" equals "$(ask alice "/websockify?token=${token//[0-9]/0}x")" 403
	ok "another user gets nothing, with the token neither" equals "$(ask bob "/websockify?token=$token")" 000
	ok "with it there is" equals "$(ask alice "/websockify?token=$token")" 101
	ok "once" within 30 not_again
	wait
fi

# --- kubeconfig ---
kube() # ARGUMENTS...: with alice's kubeconfig
{
	as alice env KUBECONFIG=/home/alice/kubeconfig kubectl --cache-dir=/home/alice/.kube-cache "$@"
}
instances=/apis/subresources.kubevirt.io/v1/namespaces/slurm-vm/virtualmachineinstances
refused()
{
	local out

	! out=$(kube "$@" 2>&1) && contains "$out" "Forbidden|forbidden"
}
ok "a kubeconfig" as alice vmctl kubeconfig --file=kubeconfig "$job"
ok "readable by its owner only" equals "$(as alice stat -c %a kubeconfig)" 600
ok "opens this VM's screen" contains "$(kube get --raw "$instances/$vm/vnc/screenshot" | head -c 8 | od -An -c)" "P +N +G"
ok "and nothing else: no secrets" refused get secrets
ok "no other VM's screen" refused get --raw "$instances/vm-other/vnc"
ok "not the VM itself" refused delete vm "$vm"
ok "it does not go to a terminal" contains "$(as alice script -qec "vmctl kubeconfig $job" /dev/null 2>&1)" "holds a token"
# shellcheck disable=SC2016
ok "nor into a file of others" contains "$(as alice bash -c 'umask 022; vmctl kubeconfig '"$job"' >open 2>&1; cat open')" "others may read"

# --- another user ---
for command in vnc console "screenshot x.png" kubeconfig; do
	# shellcheck disable=SC2086
	not_bob()
	{
		local out

		! out=$(as bob vmctl $command "$job" 2>&1) && contains "$out" "belongs to another user"
	}
	ok "not for bob: ${command%% *}" not_bob
	# shellcheck disable=SC2086
	not_by_name()
	{
		local out

		! out=$(as bob vmctl $command "$vm" 2>&1) && contains "$out" "."
	}
	ok "nor by the VM's name" not_by_name
done

as alice scancel "$job"
ok "all is gone, roles and accounts too" within 180 nothing_left "$job"
ok "and the token is worth nothing" contains "$(kube get --raw "$instances/$vm/vnc" 2>&1)" "Unauthorized|logged in"
done_testing
