#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmd's Ceph adapter against a real cluster: one monitor and one OSD in memory, in namespaces of
# their own, so that nothing outlives the test and no port is taken.
set -euo pipefail

skip() { echo "0100-rbd.t: skipped: $*"; exit 77; }
program=${RBD_DISK_TEST:-tests/integration/rbd_disk_test}
program=$(readlink -f "$program")
[ -x "$program" ] || skip "no $program (package check is missing)"
[ "$(id -u)" = 0 ] || skip "needs root for namespaces"
for c in ceph-mon ceph-osd ceph ceph-authtool monmaptool unshare ip; do
	command -v $c >/dev/null || skip "$c is not installed"
done

if [ -z "${RBD_T_INSIDE:-}" ]; then
	unshare --net --pid --mount --fork --kill-child true 2>/dev/null || skip "namespaces are not allowed"
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	RBD_T_INSIDE=$dir RBD_DISK_TEST=$program \
		unshare --net --pid --mount --fork --kill-child --mount-proc "$0" && rc=0 || rc=$?
	if [ "$rc" != 0 ]; then
		tail -n 20 "$dir"/log/*.log 2>/dev/null || true
	fi
	exit "$rc"
fi

dir=$RBD_T_INSIDE
ip link set lo up
mkdir -p "$dir"/{mon,osd,run,log}
fsid=$(cat /proc/sys/kernel/random/uuid)
cat >"$dir/ceph.conf" <<END
[global]
fsid = $fsid
mon host = 127.0.0.1:6789
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = $dir/keyring
run dir = $dir/run
admin socket = $dir/run/\$name.\$pid.asok
pid file = $dir/run/\$name.pid
public network = 127.0.0.0/8
osd pool default size = 1
osd pool default min size = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
ms bind ipv6 = false
[mon]
log file = $dir/log/\$name.log
mon data = $dir/mon
mon data avail warn = 1
mon data avail crit = 1
paxos propose interval = 0.05
paxos min wait = 0.01
mon mgr inactive grace = 1000000
mon mgr mkfs grace = 1000000
[osd]
log file = $dir/log/\$name.log
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = 1G
osd class load list = *
osd class default list = *
osd max object name len = 460
osd heartbeat min size = 0
osd client watch timeout = 5
osd op num shards = 2
osd op num threads per shard = 1
END
conf=(-c "$dir/ceph.conf")
key() { ceph-authtool "$dir/keyring" --gen-key -n "$@" >/dev/null; }
ceph-authtool --create-keyring "$dir/keyring" >/dev/null
key mon. --cap mon 'allow *'
key client.admin --cap mon 'allow *' --cap osd 'allow *'
key client.vmd --cap mon 'profile rbd, allow command "osd blocklist" with blocklistop=rm' --cap osd 'profile rbd'
key osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
monmaptool --create --fsid "$fsid" --addv a '[v1:127.0.0.1:6789/0]' "$dir/monmap" --clobber >/dev/null
ceph-mon "${conf[@]}" --mkfs -i a --monmap "$dir/monmap" --keyring "$dir/keyring"
cp "$dir/keyring" "$dir/mon/keyring"
ceph-mon "${conf[@]}" -i a
osd_uuid=$(cat /proc/sys/kernel/random/uuid)
ceph "${conf[@]}" --connect-timeout 20 osd new "$osd_uuid" 0 >/dev/null
ceph-osd "${conf[@]}" -i 0 --mkfs --osd-uuid "$osd_uuid" --osd-objectstore memstore 2>/dev/null
ceph-osd "${conf[@]}" -i 0 2>/dev/null
ceph "${conf[@]}" osd pool create rbd 8 8 >/dev/null 2>&1
ceph "${conf[@]}" osd pool create small 8 8 >/dev/null 2>&1

RBD_T_CONF=$dir/ceph.conf RBD_T_OSD=$(cat "$dir/run/osd.0.pid") "$program"
