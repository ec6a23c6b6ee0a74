# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the files that run inside a lab share: the hosts, and how to run something on one.
# shellcheck disable=SC2034 # read by those who source this

# shellcheck source=scripts/lab.d/steps.sh
. /run/lab.d/steps.sh

workers=(worker1node worker2node worker3node)
hosts=(masternode "${workers[@]}")
host_number() # 190 ... 193: the last byte of a host's address in both networks
{
	case $1 in
	masternode) echo 190 ;;
	worker[123]node) echo $((190 + ${1//[!0-9]/})) ;;
	esac
}
management=192.168.170
lan=192.168.172

# on HOST COMMAND...
on()
{
	local host=$1 own=()

	shift
	[ ! -e "/run/hosts/$host/pid" ] || own=(--mount="/proc/$(cat "/run/hosts/$host/pid")/ns/mnt" --wdns=/)
	nsenter --net="/run/netns/$host" --uts="/run/utsns/$host" "${own[@]}" "$@"
}

# Daemons: their pids are in /run/pids, one file each, named PART or PART.HOST.
running()
{
	local pid

	read -r pid 2>/dev/null <"/run/pids/$1" && kill -0 "$pid" 2>/dev/null
}

# daemon NAME HOST COMMAND...: for programs that stay in the foreground; output in /var/log/NAME.log
daemon()
{
	local name=$1 host=$2

	shift 2
	# shellcheck disable=SC2016 # expanded by the inner shell
	on "$host" setsid -f bash -c 'echo $$ >/run/pids/$0; exec "$@"' "$name" "$@" \
		</dev/null >>"/var/log/$name.log" 2>&1
}

# without PART: was the lab asked to come up without it?
without()
{
	[[ ",${LAB_WITHOUT-}," == *",$1,"* ]]
}
