#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One VM's life as it was recorded on a real server, in kubevirt-lite with simulated guests: created
# with RerunOnFailure, started by itself, moved twice, powered off from inside, deleted. What watchers
# see (the order of printableStatus, phases and removals) is compared with the recorded watches.
# Not compared: how often a state is told again, and the resize that the recorded life also has.
set -u -o pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/conformance/lib.sh
. "$here/lib.sh"
need_samples
kubevirt=/apis/kubevirt.io/v1/namespaces/hpc-vms
vm=job1234-win0

# The states of each object in a watch (status.FIELD, "gone" at the end), repetitions once, one line
# per object in the order of their appearance.
states()
{
	jq -rs --arg field "$1" '[.[] | select(.type != "BOOKMARK") | {
			name: .object.metadata.name,
			state: (if .type == "DELETED" then "gone" else .object.status[$field] // "" end)}]
		| (reduce .[] as $e ([]; if index($e.name) then . else . + [$e.name] end)) as $names
		| . as $events | $names[] as $name
		| [$events[] | select(.name == $name and .state != "") | .state]
		| reduce .[] as $s ([]; if .[-1] == $s then . else . + [$s] end) | join(" ")' "$2"
}

# check_states NAME FIELD LINES: the first LINES objects of both
check_states()
{
	local had got line

	had=$(states "$2" "$samples/watch/lifecycle-$1.jsonl" | head -n "$3")
	got=$(states "$2" "$tmp/watch-$1" | head -n "$3")
	[ "$had" = "$got" ] || fail "$1: '$got', recorded: '$had'"
	while read -r line; do echo "$1: $line"; done <<<"$got"
}

move()
{
	prepare POST $kubevirt/virtualmachineinstancemigrations \
		'{"metadata":{"generateName":"'$vm'-"},"spec":{"vmiName":"'$vm'"}}'
	until_seen "$kubevirt/virtualmachineinstancemigrations" \
		'.object.metadata.name == "'"$(jq -r .metadata.name "$tmp/body")"'" and .object.status.phase == "Succeeded"'
	until_seen "$kubevirt/virtualmachines" '.object.status.printableStatus == "Running"'
}

start_server
prepare POST /api/v1/namespaces '{"metadata":{"name":"hpc-vms"}}'
prepare POST /apis/k8s.cni.cncf.io/v1/namespaces/hpc-vms/network-attachment-definitions \
	'{"metadata":{"name":"lan"},"spec":{"config":"{\"type\":\"bridge\",\"bridge\":\"br1\"}"}}'
for kind in virtualmachines virtualmachineinstances virtualmachineinstancemigrations; do
	watch $kind $kubevirt/$kind
done
watch pods /api/v1/namespaces/hpc-vms/pods
prepare POST $kubevirt/virtualmachines '{"metadata":{"name":"'$vm'"},"spec":{"runStrategy":"RerunOnFailure",
	"template":{"spec":{"evictionStrategy":"LiveMigrate","terminationGracePeriodSeconds":30,
		"domain":{"cpu":{"cores":1},"memory":{"guest":"1Gi"},"devices":{"autoattachPodInterface":false,
			"interfaces":[{"name":"lan","bridge":{}}]}},
		"networks":[{"name":"lan","multus":{"networkName":"hpc-vms/lan"}}],"volumes":[]}}}}'
until_seen $kubevirt/virtualmachineinstances \
	'.object.status.conditions // [] | any(.type == "AgentConnected" and .status == "True")'
move
move
prepare PUT /apis/subresources.kubevirt.io/v1/namespaces/hpc-vms/virtualmachines/$vm/stop '{}'
until_seen $kubevirt/virtualmachines '.object.status.printableStatus == "Stopped"'
prepare DELETE $kubevirt/virtualmachines/$vm
exec {fd}< <(exec tail -n +1 -f "$tmp/watch-virtualmachines")
timeout 20 grep -q -m 1 '"type":"DELETED"' <&"$fd" || fail "the watch did not tell that the VM went"
kill $! "${watchers[@]}"
check_states virtualmachines printableStatus 1
check_states virtualmachineinstances phase 1
check_states virtualmachineinstancemigrations phase 2
check_states pods phase 3
[ "$failures" -eq 0 ] || exit 1
