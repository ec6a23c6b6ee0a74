#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Replays requests that were recorded on a real KubeVirt API against kubevirt-lite and compares
# code, reason and fields with errors.tsv, errors.tsv with the recordings, and the texts with each
# other. A text that differs on purpose has its reason in the table's last column; an unnamed
# difference fails, and so does a named one that is none any more.
#
# KUBE_SAMPLES: the recordings (default: beside the source tree); without them the test is skipped.
set -u -o pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/conformance/lib.sh
. "$here/lib.sh"
need_samples
table=$here/errors.tsv
rows=0
watches=0

# --- what the recorded server had before its first request ---

prepare_objects()
{
	local vms=/apis/kubevirt.io/v1/namespaces/hpc-vms/virtualmachines
	local spec='{"domain":{"cpu":{"sockets":2},"memory":{"guest":"4Gi"},"devices":{"autoattachPodInterface":false}},"volumes":[]}'

	prepare POST /api/v1/namespaces '{"metadata":{"name":"hpc-vms"}}'
	prepare POST /api/v1/namespaces/hpc-vms/persistentvolumeclaims '{"metadata":{"name":"job1234-data"},
		"spec":{"accessModes":["ReadWriteMany"],"volumeName":"none","resources":{"requests":{"storage":"10Gi"}}}}'
	prepare PATCH /api/v1/namespaces/hpc-vms/persistentvolumeclaims/job1234-data/status \
		'{"status":{"capacity":{"storage":"10Gi"}}}' application/merge-patch+json
	prepare POST $vms '{"metadata":{"name":"job1234-win0"},"spec":{"runStrategy":"Halted","template":{"spec":'"$spec"'}}}'
	prepare POST "${vms/virtualmachines/virtualmachineinstances}" \
		'{"metadata":{"name":"job1234-win0","labels":{"kubevirt.io/nodeName":"cn03"}},"spec":'"$spec"'}'
}

# --- rows of the table: name code reason causes why-the-text-differs ---

token_of()
{
	case $1 in
	77-*) echo conformance-nobody-knows ;;
	78-*) ;;
	79-* | 80-*) echo conformance-nobody ;;
	*) echo conformance-admin ;;
	esac
}

# code, reason ("-": none) and causes ("field:reason" by commas, sorted, "-": none) of an answer
summary()
{
	local of

	of=$(jq -r '[.reason // "-",
		([.details.causes[]? | "\(.field // "-"):\(.reason // "-")"] | sort | join(",") |
			if . == "" then "-" else . end)] | @tsv' "$tmp/body" 2>/dev/null) || of=$'-\t-'
	printf '%s\t%s\n' "$(<"$tmp/code")" "${of:-$'-\t-'}"
}

# Of all recordings: name -> the same three; name -> text.
declare -A recorded recorded_text
read_recorded()
{
	local name code reason causes text

	while IFS=$'\t' read -r name code reason causes text; do
		recorded[$name]=$code$'\t'$reason$'\t'$causes
		recorded_text[$name]=$text
	done < <(jq -r '.[] | [.[0], (.[1] | split(" ")[0]), .[2] // "-",
		([.[4][] | "\(.[0] // "-"):\(.[1] // "-")"] | sort | join(",") |
			if . == "" then "-" else . end), .[3]] | @tsv' "$samples/errors/SUMMARY.json")
}

# The text of the answer, or the object's kind.
text()
{
	jq -r '[.message // .kind] | @tsv' "$tmp/body" 2>/dev/null ||
		jq -Rrs '[.] | @tsv' "$tmp/body"
}

# Without what no two servers have in common: uids and versions.
plain()
{
	sed -E 's/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/UID/g; s/current: [0-9]+/current: N/' <<<"$1"
}

replay()
{
	local file=$samples/errors/$1.http method uri type body uid

	read -r _ method uri < <(sed -n 1p "$file")
	type=$(sed -n '2s/^# Content-Type: //p' "$file")
	body=$(sed -n '3s/^# body: //p' "$file")
	if [ "$method" = PUT ] && [[ $body == *'"uid"'* ]]; then # an object that was read before
		admin GET "$uri"
		uid=$(jq -r '.metadata.uid' "$tmp/body")
		body=$(sed -E "s/(\"uid\": \")[^\"]*/\1$uid/" <<<"$body")
	fi
	request "$method" "$uri" "$(token_of "$1")" "$type" "$body"
}

check_row()
{
	local name=$1 want=$2 why=$3 had got ours theirs

	rows=$((rows + 1))
	had=${recorded[$name]-none}
	[ "$had" = "$want" ] || fail "$name: the table says '$want', the recording '$had'"
	replay "$name"
	got=$(summary)
	ours=$(plain "$(text)")
	theirs=$(plain "${recorded_text[$name]-}")
	if [ "$got" != "$want" ]; then
		fail "$name: '$got', wanted '$want': $ours"
	elif [ -z "$why" ] && [ "$ours" != "$theirs" ]; then
		fail "$name: the text is '$ours', wanted '$theirs'"
	elif [ -n "$why" ] && [ "$ours" = "$theirs" ]; then
		fail "$name: a difference is named that is none"
	elif [ -n "$why" ]; then
		echo "text differs: $name: $why"
	fi
}

check_errors()
{
	local name code reason causes why

	while IFS=$'\t' read -r name code reason causes why; do
		case $name in '' | '#'*) continue ;; esac
		check_row "$name" "$code"$'\t'"$reason"$'\t'"$causes" "${why:-}"
	done <"$table"
	[ "$rows" -eq "${#recorded[@]}" ] ||
		fail "$rows rows in the table, ${#recorded[@]} recordings"
}

# --- watches ---

# type, kind, end-of-initial-events and code of the lines of a watch, each kind of line once; without
# MODIFIED: our guest is alive while it is watched
watch_summary()
{
	jq -r 'select(.type != "MODIFIED") | [.type, .object.kind, .object.metadata.annotations["k8s.io/initial-events-end"] // "-",
		.object.code // "-", .object.reason // "-"] | @tsv' | uniq
}

check_watch()
{
	local name=$1 query=$2 resource=$3 had got

	had=$(sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p' "$samples/watch/$name.http"
		sed '1,/^\r*$/d' "$samples/watch/$name.http" | watch_summary)
	admin GET "$resource?watch=true&$query"
	got=$(cat "$tmp/code" && echo && watch_summary <"$tmp/body")
	[ "$had" = "$got" ] || fail "watch $name: '$got', recorded: '$had'"
	watches=$((watches + 1))
}

check_watches()
{
	local vmis=/apis/kubevirt.io/v1/namespaces/hpc-vms/virtualmachineinstances

	check_watch 410-old-rv-vmi 'resourceVersion=1&timeoutSeconds=1' $vmis
	check_watch 410-old-rv-pods 'resourceVersion=1&timeoutSeconds=1' /api/v1/namespaces/hpc-vms/pods
	check_watch bad-rv 'resourceVersion=abc' $vmis
	check_watch future-rv 'resourceVersion=999999999&timeoutSeconds=1' $vmis
	check_watch timeoutSeconds 'timeoutSeconds=1' $vmis
	check_watch sendInitialEvents \
		'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1' $vmis
}

read_recorded
start_server
prepare_objects
check_watches
check_errors
if [ "$failures" -gt 0 ]; then
	echo "$failures failed, of $rows errors and $watches watches"
	exit 1
fi
echo "$rows errors and $watches watches: all as expected"
