#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmd's Kubernetes adapter against kubevirt-lite with simulated guests, on loopback in a network
# namespace of its own.
set -euo pipefail

skip() { echo "0110-kube.t: skipped: $*"; exit 77; }
program=$(readlink -f tests/integration/kube_adapter_test) || skip "no kube_adapter_test (package check is missing)"
server=$(readlink -f kubevirt-lite/kubevirt-lite) || skip "no kubevirt-lite"
[ -x "$program" ] || skip "no $program (package check is missing)"
[ -x "$server" ] || skip "no $server"
for c in openssl curl unshare ip; do
	command -v $c >/dev/null || skip "$c is not installed"
done
if [ -z "${KUBE_T_INSIDE:-}" ]; then
	unshare --net --pid --fork --kill-child true 2>/dev/null || skip "namespaces are not allowed"
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	KUBE_T_INSIDE=$dir unshare --net --pid --fork --kill-child "$0" && rc=0 || rc=$?
	[ "$rc" = 0 ] || tail -n 30 "$dir"/*.log || true
	exit "$rc"
fi

dir=$KUBE_T_INSIDE
ip link set lo up
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj /CN=test \
	-addext subjectAltName=IP:127.0.0.1 -keyout "$dir/key" -out "$dir/crt" 2>"$dir/openssl.log"
(
	umask 077
	echo 'admin-token,admin,1,"system:masters"' >"$dir/tokens"
	echo 'vmd-token,vmd,2' >>"$dir/tokens"
	echo vmd-token >"$dir/token"
)
cat >"$dir/kubevirt-lite.yaml" <<END
listen: 127.0.0.1:6443
tls: {cert: $dir/crt, key: $dir/key}
tokens: $dir/tokens
rbac:
  - user: vmd
    namespaces: [slurm-vm]
    resources: [virtualmachines.kubevirt.io, virtualmachineinstances.kubevirt.io, persistentvolumeclaims, secrets, events]
    verbs: [get, list, watch, create, delete]
  - user: vmd
    resources: [persistentvolumes]
    verbs: [get, list, watch, create, delete]
state: $dir/state
run_dir: $dir/run
guests: simulated
# It goes so slowly that a program that was stopped for a second still sees it go.
simulated: {boot: 300ms, agent: 200ms, shutdown: 3s}
nodes:
  - {name: worker1node, cpus: 8, memory: 16G}
END
mkdir -p "$dir/state" "$dir/run"
"$server" --config "$dir/kubevirt-lite.yaml" >"$dir/kubevirt-lite.log" 2>&1 &

api() { curl -sS --fail-with-body --cacert "$dir/crt" -H 'Authorization: Bearer admin-token' "$@"; }
url=https://127.0.0.1:6443
for ((i = 0; i < 200; i++)); do
	api "$url/readyz" >/dev/null 2>&1 && break
	sleep 0.05
done
post() { api -o /dev/null -H 'Content-Type: application/json' -d "$2" "$url$1"; }
post /api/v1/namespaces '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"slurm-vm"}}'
post /apis/k8s.cni.cncf.io/v1/namespaces/slurm-vm/network-attachment-definitions \
	'{"apiVersion":"k8s.cni.cncf.io/v1","kind":"NetworkAttachmentDefinition","metadata":{"name":"lan"},"spec":{"config":"{\"cniVersion\":\"0.3.1\",\"name\":\"lan\",\"type\":\"bridge\",\"bridge\":\"br1\"}"}}'
KUBE_SERVER=$url KUBE_CA=$dir/crt KUBE_TOKEN_FILE=$dir/token KUBE_NODE=worker1node "$program" || {
	api "$url/apis/kubevirt.io/v1/namespaces/slurm-vm/virtualmachineinstances" >"$dir/vmis.log"
	exit 1
}

# nothing of the job may be left
left=$(api "$url/api/v1/namespaces/slurm-vm/secrets" | grep -c 'vm-17-' || true)
[ "$left" = 0 ] || { echo "$left lines of Secrets are left"; exit 1; }
