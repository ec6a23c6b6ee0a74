# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A file server with the users' homes, on the LAN of the guests: sourced behind lib.sh. It knows users by
# passwords of its own, which are in ${password[USER]}.
# shellcheck disable=SC2034 # server is for who sources this

server=192.168.172.190
declare -A password

home_server_start() # USER...
{
	local user

	on_lab sh -c 'mkdir -p /run/smbd; cat >/run/smbd/smb.conf' <<EOF
[global]
server role = standalone
interfaces = $server
bind interfaces only = yes
smb ports = 445
disable netbios = yes
load printers = no
printing = bsd
log file = /var/log/smbd.log
max log size = 0
private dir = /run/smbd
state directory = /run/smbd
cache directory = /run/smbd
lock directory = /run/smbd
pid directory = /run/smbd
ncalrpc dir = /run/smbd/ncalrpc
[home]
path = /home
read only = no
EOF
	for user in "$@"; do
		password[$user]=$(head -c 15 /dev/urandom | base64)
		on_lab smbpasswd -c /run/smbd/smb.conf -s -a "$user" <<<"${password[$user]}"$'\n'"${password[$user]}" >/dev/null
	done
	on_lab smbd -D -s /run/smbd/smb.conf
}

home_server_stop()
{
	on_lab sh -c "kill \$(cat /run/smbd/smbd.pid)"
}
