# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Kubernetes API on masternode: certificates, tokens, settings, and what an administrator would
# prepare: namespace, network, Ceph secret.

# shellcheck source=scripts/lab.d/lab.sh
. /run/lab.d/lab.sh
kube_dir=/etc/kubevirt-lite

kubevirt_lite_configure()
{
	[ -s $kube_dir/kubevirt-lite.yaml ] && return
	install -d -m 0755 $kube_dir /etc/kubernetes /etc/slurm-vm
	install -d -m 0700 /var/lib/kubevirt-lite
	kubevirt_lite_certificates >/var/log/certificates.log 2>&1
	kubevirt_lite_tokens
	{
		cat <<-EOF
			listen: 192.168.170.190:6443
			tls: {cert: $kube_dir/server.crt, key: $kube_dir/server.key}
			tokens: $kube_dir/tokens.csv
			state: /var/lib/kubevirt-lite
			run_dir: /run/kubevirt-lite
			heartbeat: 192.168.170.190
			node_timeout: 15s
			guests: ${LAB_GUESTS:-qemu}
			faults: true
			ceph: {$(ceph_cluster_id): /etc/ceph/ceph.conf}
			nodes:
		EOF
		for host in "${workers[@]}"; do
			echo "  - {name: $host, netns: /run/netns/$host, uts: /run/utsns/$host, cpus: ${LAB_CPUS:-8}, memory: $((2 * ${LAB_CPUS:-8}))G}"
		done
	} >$kube_dir/kubevirt-lite.yaml
}

kubevirt_lite_certificates()
{
	(
		umask 077
		cd $kube_dir || exit
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 3650 -subj '/CN=lab CA' \
			-keyout ca.key -out ca.crt
		openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj '/CN=kubevirt-lite' \
			-keyout server.key -out server.csr
		openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -out server.crt \
			-extfile <(echo 'subjectAltName=IP:192.168.170.190,DNS:masternode')
	)
	install -m 0644 $kube_dir/ca.crt /etc/slurm-vm/kube-ca.crt
}

kubevirt_lite_tokens()
{
	local admin vmd

	admin=$(openssl rand -hex 24)
	vmd=$(openssl rand -hex 24)
	printf '%s,admin,1,"system:masters"\n%s,vmd,2\n' "$admin" "$vmd" |
		install -m 0600 /dev/stdin $kube_dir/tokens.csv
	install -o slurm -g slurm -m 0600 /dev/stdin /etc/slurm-vm/kube-token <<<"$vmd"
	install -m 0600 /dev/stdin /etc/kubernetes/admin.conf <<-EOF
		apiVersion: v1
		kind: Config
		current-context: lab
		contexts: [{name: lab, context: {cluster: lab, user: admin, namespace: slurm-vm}}]
		clusters: [{name: lab, cluster: {server: "https://192.168.170.190:6443", certificate-authority: $kube_dir/ca.crt}}]
		users: [{name: admin, user: {token: $admin}}]
	EOF
}

kubevirt_lite_up()
{
	running kubevirt-lite && return
	daemon kubevirt-lite masternode kubevirt-lite --config $kube_dir/kubevirt-lite.yaml
	until_ok 10 kube get --raw /readyz >/dev/null
}

kube()
{
	on masternode env KUBECONFIG=/etc/kubernetes/admin.conf kubectl --cache-dir=/var/cache/kubectl "$@"
}

# What vmd finds prepared at a site: its namespace, the role that a site installs, the guests' network,
# the key for the disks. Its account is a user here: tokens of service accounts end with kubevirt-lite.
kubevirt_lite_prepare()
{
	local rules=/usr/share/doc/slurm-vm/kubernetes

	{
		cat $rules/10-namespace.yaml
		printf -- '---\n'
		cat $rules/20-rbac.yaml
		printf -- '---\n'
		cat $rules/25-warnings.yaml
		cat <<-EOF
			---
			apiVersion: k8s.cni.cncf.io/v1
			kind: NetworkAttachmentDefinition
			metadata: {name: lan, namespace: slurm-vm}
			spec:
			  config: '{"cniVersion": "0.3.1", "name": "lan", "type": "bridge", "bridge": "br1", "disableContainerInterface": true, "ipam": {}}'
			---
			apiVersion: v1
			kind: Secret
			metadata: {name: ceph-csi, namespace: slurm-vm}
			stringData: {userID: csi, userKey: "$(ceph-authtool /etc/ceph/ceph.client.csi.keyring --name client.csi --print-key)"}
		EOF
	} | sed 's/{kind: ServiceAccount, name: vmd, namespace: slurm-vm}/{kind: User, name: vmd}/' |
		kube apply --validate=false -f - >>/var/log/kubectl.log 2>&1
}
