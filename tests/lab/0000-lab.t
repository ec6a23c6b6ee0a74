#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The lab itself: hosts with networks of their own that lead nowhere else, power and plugs.
. "$(dirname "$0")/lib.sh"

ping_from() # HOST ADDRESS
{
	lab exec --on "$1" ping -c 1 -W 1 "$2"
}
no()
{
	! "$@"
}
node_state() # NODE PATTERN
{
	contains "$(on_lab sinfo -h -n "$1" -o %T)" "$2"
}

ok "everything is up" lab status
ok "a command runs as alice on a worker" equals "$(lab exec --as alice --on worker1node sh -c 'id -un; hostname; pwd' | paste -sd' ')" "alice worker1node /home/alice"
ok "its exit status comes back" equals "$(lab exec sh -c 'exit 7'; echo $?)" 7
ok "the hosts reach each other by the management network" ping_from worker1node 192.168.170.192
ok "and by the guests' LAN" ping_from worker3node 192.168.172.191
ok "nothing leads out of the lab" no ping_from masternode 1.1.1.1
ok "nothing of it leads in" no ip route get 192.168.170.190 from 192.168.170.1
ok "alice cannot read the cluster's keys" no lab exec --as alice cat /etc/ceph/ceph.client.admin.keyring
ok "nor the API's tokens" no lab exec --as alice cat /etc/kubernetes/admin.conf

lab host worker3node cut
ok "a host that is cut off does not answer" no ping_from masternode 192.168.170.193
lab host worker3node join
ok "and does again when the plugs are back" within 30 ping_from masternode 192.168.170.193

lab host worker3node kill
ok "nothing runs on a host without power" equals "$(on_lab ip netns pids worker3node)" ""
ok "Slurm notices" within 60 node_state worker3node 'down|\*'
lab host worker3node start
ok "and takes it back" within 30 node_state worker3node '^idle$'
done_testing
