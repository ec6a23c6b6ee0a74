# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The two networks. Host `lan` is the switches: bridge sw18 is the management network, sw19 the
# guests' LAN, where dnsmasq hands out addresses. Nothing here leads out of the lab.
# shellcheck source=scripts/lab.d/lab.sh
. /run/lab.d/lab.sh

network_up()
{
	if ! on lan ip link show sw18 >/dev/null 2>&1; then
		network_switches
		for host in "${hosts[@]}"; do
			network_host "$host" "$(host_number "$host")"
		done
	fi
	running dnsmasq || network_dhcp
}

network_switches()
{
	on lan ip -batch - <<-EOF
		link set lo up
		link add sw18 type bridge stp_state 0 forward_delay 0
		link add sw19 type bridge stp_state 0 forward_delay 0
		link set sw18 up
		link set sw19 up
		address add $lan.1/24 dev sw19
	EOF
}

# A host's ports on the switches are called after it: worker1node.18, worker1node.19.
network_host() # HOST NUMBER
{
	on lan ip -batch - <<-EOF
		link add $1.18 type veth peer name ens18 netns $1
		link add $1.19 type veth peer name ens19 netns $1
		link set $1.18 master sw18 up
		link set $1.19 master sw19 up
	EOF
	on "$1" ip -batch - <<-EOF
		link set lo up
		link add br1 type bridge stp_state 0 forward_delay 0
		address add $management.$2/24 dev ens18
		address add $lan.$2/24 dev br1
		link set ens19 master br1
		link set ens18 up
		link set ens19 up
		link set br1 up
	EOF
}

network_dhcp()
{
	mkdir -p /var/lib/misc
	daemon dnsmasq lan dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root --port=0 \
		--interface=sw19 --bind-interfaces --except-interface=lo \
		--dhcp-range=$lan.50,$lan.149,255.255.255.0,1h --dhcp-authoritative --no-ping \
		--dhcp-leasefile=/var/lib/misc/dnsmasq.leases \
		--log-dhcp --log-facility=-
}
