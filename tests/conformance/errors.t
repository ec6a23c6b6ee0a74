#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Replays requests that were recorded on a real KubeVirt API against kubevirt-lite and compares
# code, reason and fields with errors.tsv, and errors.tsv with the recordings. Where kubevirt-lite
# answers something else on purpose, the table's last columns say what and why; an unnamed
# difference fails, and so does a named one that is none any more.
#
# KUBE_SAMPLES: the recordings (default: beside the source tree); without them the test is skipped.
set -u -o pipefail

here=$(cd "$(dirname "$0")" && pwd)
samples=${KUBE_SAMPLES:-$here/../../../shared/kube-samples}
program=${top_builddir:-.}/kubevirt-lite/kubevirt-lite
table=$here/errors.tsv
failures=0
rows=0
watches=0

skip()
{
	echo "SKIP: $1"
	exit 77
}

fail()
{
	echo "FAIL: $*"
	failures=$((failures + 1))
}

[ -s "$samples/errors/SUMMARY.json" ] || skip "no recordings in $samples (KUBE_SAMPLES)"
for tool in curl jq openssl; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done
[ -x "$program" ] || skip "$program is not built"

# --- the server under test ---

tmp=$(mktemp -d) || exit 99
server=
cleanup()
{
	[ -z "$server" ] || kill "$server"
	[ -z "$server" ] || wait "$server"
	[ -n "${KEEP:-}" ] || rm -rf "$tmp"
} 2>/dev/null
trap cleanup EXIT

start_server()
{
	local line log

	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 \
		-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 \
		-keyout "$tmp/key.pem" -out "$tmp/cert.pem" 2>/dev/null || exit 99
	printf '%s\n' 'conformance-admin,admin,1,"system:masters"' \
		'conformance-nobody,token-nobody,2' >"$tmp/tokens"
	chmod 600 "$tmp/tokens"
	cat >"$tmp/kubevirt-lite.yaml" <<-EOF
		listen: 127.0.0.1:0
		tls: {cert: $tmp/cert.pem, key: $tmp/key.pem}
		tokens: $tmp/tokens
		state: $tmp/state
		run_dir: $tmp/run
		guests: simulated
		simulated: {boot: 1s, agent: 1s}
		nodes:
		  - {name: cn01, cpus: 64, memory: 256G}
		  - {name: cn02, cpus: 64, memory: 256G}
		  - {name: cn03, cpus: 64, memory: 256G}
	EOF
	mkfifo "$tmp/log"
	"$program" --config "$tmp/kubevirt-lite.yaml" 2>"$tmp/log" &
	server=$!
	exec {log}<"$tmp/log"
	while IFS= read -r -t 20 -u "$log" line; do
		echo "$line" >>"$tmp/server.log"
		[[ $line == *action=start*port=* ]] && break
	done
	port=$(sed -n 's/.*action=start.* port=\([0-9]*\).*/\1/p' "$tmp/server.log")
	[ -n "$port" ] || {
		cat "$tmp/server.log"
		echo "FAIL: kubevirt-lite did not start"
		exit 1
	}
	cat <&"$log" >>"$tmp/server.log" &
}

# request METHOD URI TOKEN TYPE BODY: answer in $tmp/{code,headers,body}
request()
{
	local args=(-s --max-time 20 --cacert "$tmp/cert.pem" -X "$1" -D "$tmp/headers" -o "$tmp/body"
		-w '%{http_code}' -H "Content-Type: $4")

	: >"$tmp/body"
	[ -z "$3" ] || args+=(-H "Authorization: Bearer $3")
	printf %s "$5" >"$tmp/request"
	if [ -n "$5" ] || [ "$1" != GET ]; then
		args+=(--data-binary "@$tmp/request")
	fi
	curl "${args[@]}" "https://127.0.0.1:$port$2" >"$tmp/code"
}

admin()
{
	request "$1" "$2" conformance-admin "${4:-application/json}" "${3:-}"
}

# admin, and it has to work
prepare()
{
	admin "$@"
	case $(<"$tmp/code") in
	2??) ;;
	*)
		echo "FAIL: preparing: $1 $2: $(<"$tmp/code") $(<"$tmp/body")"
		exit 1
		;;
	esac
}

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

# --- rows of the table: name code reason causes ours-code ours-reason ours-causes why ---

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

# Of all recordings: name -> the same three.
declare -A recorded
read_recorded()
{
	local name rest

	while IFS=$'\t' read -r name rest; do
		recorded[$name]=$rest
	done < <(jq -r '.[] | [.[0], (.[1] | split(" ")[0]), .[2] // "-",
		([.[4][] | "\(.[0] // "-"):\(.[1] // "-")"] | sort | join(",") |
			if . == "" then "-" else . end)] | @tsv' "$samples/errors/SUMMARY.json")
}

replay()
{
	local file=$samples/errors/$1.http method uri type body

	read -r _ method uri < <(sed -n 1p "$file")
	type=$(sed -n '2s/^# Content-Type: //p' "$file")
	body=$(sed -n '3s/^# body: //p' "$file")
	request "$method" "$uri" "$(token_of "$1")" "$type" "$body"
}

check_row()
{
	local name=$1 want=$2 ours=$3 why=$4 had got

	rows=$((rows + 1))
	had=${recorded[$name]-none}
	[ "$had" = "$want" ] || fail "$name: the table says '$want', the recording '$had'"
	replay "$name"
	got=$(summary)
	if [ -n "$why" ]; then
		[ "$got" = "$ours" ] || fail "$name: '$got', the named difference is '$ours' ($why)"
		[ "$ours" != "$want" ] || fail "$name: a difference is named that is none"
		echo "differs: $name: $why"
	elif [ "$got" != "$want" ]; then
		fail "$name: '$got', wanted '$want': $(jq -r '.message? // ""' "$tmp/body" 2>/dev/null)"
	fi
}

check_errors()
{
	local name code reason causes our_code our_reason our_causes why

	while IFS=$'\t' read -r name code reason causes our_code our_reason our_causes why; do
		case $name in '' | '#'*) continue ;; esac
		check_row "$name" "$code"$'\t'"$reason"$'\t'"$causes" \
			"$our_code"$'\t'"$our_reason"$'\t'"$our_causes" "${why:-}"
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
