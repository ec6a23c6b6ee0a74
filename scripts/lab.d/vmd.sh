# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmd on masternode, as SlurmUser, with the image tiny in its catalogue.

# shellcheck source=scripts/lab.d/lab.sh
. /run/lab.d/lab.sh

vmd_configure()
{
	install -d -m 0755 /etc/slurm-vm
	install -d -o slurm -g slurm -m 0755 /var/lib/slurm-vm
	echo "vmd=192.168.170.190:6830" >/etc/slurm-vm/vmctl.conf
	[ -s /etc/slurm-vm/vmd.yaml ] && grep -q "$(ceph_cluster_id)" /etc/slurm-vm/vmd.yaml && return
	cat >/etc/slurm-vm/vmd.yaml <<-EOF
		api:
		  listen: 192.168.170.190:6830
		  metrics: 127.0.0.1:9830
		slurm:
		  poll: 2s
		  catalogue_file: /var/lib/slurm-vm/catalogue
		kubernetes:
		  server: https://192.168.170.190:6443
		  ca_file: /etc/slurm-vm/kube-ca.crt
		  token_file: /etc/slurm-vm/kube-token
		  namespace: slurm-vm
		ceph:
		  conf: /etc/ceph/ceph.conf
		  user: vmd
		  keyring: /etc/ceph/ceph.client.vmd.keyring
		  pool: rbd
		  cluster_id: $(ceph_cluster_id)
		  secret: slurm-vm/ceph-csi
		disks: {quota: 2G, count: 4}
		networks:
		  lan: {nad: slurm-vm/lan, cidr: 192.168.172.0/24}
		limits:
		  ready_timeout: 5m
		  trouble_timeout: 2m
		  fence_after: 5s
		images:
		  tiny:
		    description: small Linux guest for trying things out
		    profile: linux
		    user: root
		    firmware: bios
		    revisions: {v1: rbd/tiny@v1}
		    disk: {default: 1G, max: 20G}
		    scratch: {max: 100G}
		    memory: {min: 128M}
		    cpus: {max: 8}
		    networks: [lan]
		  tiny-alice:
		    description: the same, for alice alone
		    profile: linux
		    user: root
		    firmware: bios
		    revisions: {v1: rbd/tiny@v1}
		    disk: {default: 1G, max: 20G}
		    memory: {min: 128M}
		    networks: [lan]
		    allow: {users: [alice]}
	EOF
}

vmd_up()
{
	running vmd && return
	# Without rights to gain, as vmd.service has it.
	daemon vmd masternode setpriv --reuid=slurm --regid=slurm --init-groups --no-new-privs vmd
	until_ok 20 vmctl images >/dev/null
}
