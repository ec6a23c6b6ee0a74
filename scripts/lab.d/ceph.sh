# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ceph on masternode: one mon, one OSD with its data in memory, cephx on, pool rbd.
# shellcheck source=scripts/lab.d/lab.sh
. /run/lab.d/lab.sh

ceph_fsid=5f1b9a52-3c7e-4d0b-9c55-1a2b3c4d5e6f
ceph_cluster_id() # as ceph-csi's configuration names the cluster
{
	echo $ceph_fsid
}

ceph_configure()
{
	[ -s /etc/ceph/ceph.conf ] && return
	install -d -m 0755 /etc/ceph /var/lib/ceph /var/log/ceph /run/ceph
	cat >/etc/ceph/ceph.conf <<-EOF
		[global]
		fsid = $ceph_fsid
		mon host = 192.168.170.190
		auth cluster required = cephx
		auth service required = cephx
		auth client required = cephx
		auth allow insecure global id reclaim = false
		public network = 192.168.170.0/24
		run dir = /run/ceph
		pid file = /run/pids/ceph-\$type
		log file = /var/log/ceph/\$name.log
		ms bind ipv6 = false
		osd pool default size = 1
		osd pool default min size = 1
		osd pool default pg autoscale mode = off
		osd crush chooseleaf type = 0
		osd client watch timeout = 6
		mon allow pool size one = true
		mon warn on pool no redundancy = false
		mon warn on insecure global id reclaim allowed = false
		[mon]
		mon initial members = masternode
		mon data avail warn = 1
		mon data avail crit = 1
		paxos propose interval = 0.05
		paxos min wait = 0.01
		mon tick interval = 1
		# An OSD that is silent is marked down, and joins anew when it speaks again. Nobody else
		# reports it here, and its PGs would stay laggy for minutes.
		mon osd report timeout = 15
		mon mgr inactive grace = 1000000
		mon mgr mkfs grace = 1000000
		[osd]
		osd objectstore = memstore
		osd beacon report interval = 3
		memstore device bytes = 8G
		osd class load list = *
		osd class default list = *
		osd heartbeat min size = 0
		osd op num shards = 2
		osd op num threads per shard = 1
		[client]
		log file = /dev/null
		admin socket =
		rbd default features = 61
		rbd default clone format = 2
	EOF
	(
		umask 077
		cd /etc/ceph || exit
		ceph-authtool -C mon.keyring --gen-key -n mon. --cap mon 'allow *'
		ceph-authtool -C osd.keyring --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' --cap mgr 'allow profile osd'
		ceph-authtool -C ceph.client.admin.keyring --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
		# vmd's (which fences), and the one that nodes map disks with (ceph-csi's nodeStageSecretRef)
		ceph-authtool -C ceph.client.vmd.keyring --gen-key -n client.vmd --cap mon 'profile rbd, allow command "osd blocklist" with blocklistop=rm' --cap osd 'profile rbd pool=rbd'
		ceph-authtool -C ceph.client.csi.keyring --gen-key -n client.csi --cap mon 'profile rbd' --cap osd 'profile rbd pool=rbd'
		cat mon.keyring osd.keyring ceph.client.*.keyring >all.keyring
	) >/dev/null
	chown root:slurm /etc/ceph/ceph.client.vmd.keyring
	chmod 640 /etc/ceph/ceph.client.vmd.keyring
}

ceph_up()
{
	local uuid=6f1b9a52-3c7e-4d0b-9c55-1a2b3c4d5e6f

	running ceph-mon && running ceph-osd && return
	[ ! -d /var/lib/ceph/osd/ceph-0 ] || { echo "the data of Ceph were in the memory of a process that died: scripts/lab down and up" >&2; return 1; }
	{
		monmaptool --create --fsid $ceph_fsid --addv masternode '[v2:192.168.170.190:3300/0,v1:192.168.170.190:6789/0]' /etc/ceph/monmap
		on masternode ceph-mon --mkfs -i masternode --monmap /etc/ceph/monmap --keyring /etc/ceph/all.keyring
		on masternode ceph-mon -i masternode
		mkdir -p /var/lib/ceph/osd/ceph-0
		cp /etc/ceph/osd.keyring /var/lib/ceph/osd/ceph-0/keyring
		on masternode ceph osd new $uuid 0
		on masternode ceph-osd -i 0 --mkfs --osd-uuid $uuid
		on masternode ceph-osd -i 0
		on masternode ceph osd pool create rbd 8 8 replicated
		on masternode ceph osd pool application enable rbd rbd
	} >>/var/log/ceph/setup.log 2>&1
}

# The golden image: rbd/tiny@v1.
ceph_golden()
{
	on masternode rbd snap ls rbd/tiny >/dev/null 2>&1 && return
	{
		on masternode rbd import --no-progress /run/lab/tiny.img rbd/tiny
		on masternode rbd snap create --no-progress rbd/tiny@v1
	} >>/var/log/ceph/setup.log 2>&1
}
