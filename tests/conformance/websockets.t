#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vnc, console and portforward: refusals as they were recorded from a real server. Streams themselves
# need real guests (tests/lab) or a server in the test (tests/unit/unit_websocket).
# shellcheck disable=SC2154 # $samples and $tmp are lib.sh's
set -u -o pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/conformance/lib.sh
. "$here/lib.sh"
need_samples
instances=/apis/subresources.kubevirt.io/v1/namespaces/hpc-vms/virtualmachineinstances

# said CODE FILTER TEXT...: what the last answer was
said()
{
	[ "$(<"$tmp/code")" = "$1" ] || fail "$3: $(<"$tmp/code"), not $1: $(<"$tmp/body")"
	jq -e "$2" "$tmp/body" >/dev/null || fail "$3: $(<"$tmp/body")"
}

start_server
prepare POST /api/v1/namespaces '{"metadata":{"name":"hpc-vms"}}'

# the recorded refusal, but for blanks
recorded=$(sed -n "s/^ b'\({.*}\)'\$/\1/p" "$samples/websocket-transcript.txt" | tail -n 1 |
	sed 's/\\n//g; s/\\\\"/\\"/g')
admin GET $instances/job1234-nope/vnc
said 404 . "vnc of a missing guest"
[ "$(jq -cS . <<<"$recorded")" = "$(jq -cS . "$tmp/body")" ] ||
	fail "vnc of a missing guest: $(<"$tmp/body"), recorded: $recorded"

prepare POST /apis/kubevirt.io/v1/namespaces/hpc-vms/virtualmachines '{
	"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": {"name": "vm"},
	"spec": {"runStrategy": "Always", "template": {"spec": {"nodeSelector": {"none": "such"},
		"domain": {"memory": {"guest": "1Gi"}, "devices": {}}}}}}'
for ((i = 0; i < 100; i++)); do
	admin GET $instances/vm/vnc
	[ "$(<"$tmp/code")" = 404 ] || break
	sleep 0.1
done
said 400 '.message == "VMI is not running"' "vnc of a guest that waits for a node"
admin GET $instances/vm/console
said 400 '.message == "VMI is not running"' "console of a guest that waits for a node"
admin GET $instances/vm/vnc/screenshot
said 400 '.message == "VMI is not running"' "screenshot of a guest that waits for a node"
admin GET $instances/vm/portforward/3389/tcp
said 400 '.message == "no network interfaces are present"' "a port of a guest without address"
admin GET $instances/vm/portforward/0/tcp
said 400 '.reason == "BadRequest"' "port 0"
admin GET $instances/vm/portforward/53/udp
said 400 '.reason == "BadRequest"' "udp"
request GET $instances/vm/vnc conformance-nobody application/json ''
said 403 '.message | test("cannot get resource .virtualmachineinstances/vnc. in API group")' "vnc without a right"

[ "$failures" -eq 0 ] || exit 1
echo "refused as recorded"
