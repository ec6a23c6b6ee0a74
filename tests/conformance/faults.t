#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Faults on purpose: each does to others what kubevirt-lite(8) says, and nothing to whoever set it.
set -u -o pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/conformance/lib.sh
. "$here/lib.sh"
nodes=/api/v1/nodes

code()
{
	[ "$(<"$tmp/code")" = "$2" ] || fail "$1: $(<"$tmp/code"), wanted $2: $(head -c 300 "$tmp/body")"
}

alice()
{
	request "$1" "$2" conformance-alice application/json "${3:-}"
}

# tally N METHOD URI: how often alice got which code
tally()
{
	local i

	for ((i = 0; i < $1; i++)); do
		alice "$2" "$3" "${4-}"
		cat "$tmp/code"
		echo
	done | sort | uniq -c | awk '{ printf "%s:%s ", $2, $1 }'
}

set_by_masters()
{
	alice GET /debug/faults
	code "others may not look" 403
	alice PUT /debug/faults '{"errorPercent":100}'
	code "others may not set" 403
	admin PUT /debug/faults '{"errorPercent":101}'
	code "a number out of range" 400
	admin PUT /debug/faults '{"errors":1}'
	code "no such fault" 400
	admin PUT /debug/faults '[1]'
	code "no object" 400
	admin GET /debug/faults
	[ "$(jq -c . "$tmp/body")" = '{"latencyMilliseconds":0,"errorPercent":0,"throttleSeconds":0,"failFor":""}' ] ||
		fail "at first nothing is set: $(<"$tmp/body")"
}

errors()
{
	local seen

	prepare PUT /debug/faults '{"errorPercent":30}'
	seen=$(tally 60 GET $nodes)
	[[ $seen =~ ^200:[0-9]+\ 500:[0-9]+\ $ ]] || fail "30 % of errors gave $seen"
	prepare PUT /debug/faults '{"errorPercent":100}'
	[ "$(tally 3 GET $nodes)" = "500:3 " ] || fail "100 % of errors let some through"
	admin GET $nodes
	code "masters are spared" 200
	prepare PUT /debug/faults '{}'
	[ "$(tally 3 GET $nodes)" = "200:3 " ] || fail "{} does not end it"
}

half_are_done()
{
	local i made

	prepare PUT /debug/faults '{"errorPercent":100}'
	for ((i = 0; i < 24; i++)); do
		alice POST /api/v1/namespaces/hpc-vms/configmaps '{"metadata":{"name":"m'$i'"}}'
		code "a create with 100 % of errors" 500
	done
	prepare PUT /debug/faults '{}'
	admin GET /api/v1/namespaces/hpc-vms/configmaps
	made=$(jq '[.items[] | select(.metadata.name | startswith("m"))] | length' "$tmp/body")
	if [ "$made" -eq 0 ] || [ "$made" -eq 24 ]; then
		fail "of 24 creates that failed, $made were carried out"
	fi
}

one_object()
{
	prepare PUT /debug/faults '{"failFor":"m-ill"}'
	alice POST /api/v1/namespaces/hpc-vms/configmaps '{"metadata":{"name":"m-ill"}}'
	code "the object that fails" 500
	alice POST /api/v1/namespaces/hpc-vms/configmaps '{"metadata":{"name":"m-well"}}'
	code "another one" 201
	prepare PUT /debug/faults '{}'
}

throttle()
{
	prepare PUT /debug/faults '{"throttleSeconds":7}'
	alice GET $nodes
	code "throttled" 429
	grep -qi '^retry-after: 7' "$tmp/headers" || fail "no Retry-After: $(<"$tmp/headers")"
	prepare PUT /debug/faults '{}'
}

latency()
{
	local began now

	prepare PUT /debug/faults '{"latencyMilliseconds":700}'
	began=$(date +%s%3N)
	alice GET $nodes
	now=$(date +%s%3N)
	code "late" 200
	[ $((now - began)) -ge 700 ] || fail "latency of 700 ms took $((now - began)) ms"
	prepare PUT /debug/faults '{}'
}

# watch OUTPUT: in the background; returns when its first line is there
watch()
{
	: >"$tmp/$1"
	curl -sN --max-time 30 --cacert "$tmp/cert.pem" -H 'Authorization: Bearer conformance-admin' \
		"https://127.0.0.1:$port/api/v1/namespaces/hpc-vms/configmaps?watch=1" >"$tmp/$1" &
	watcher=$!
	for ((i = 0; i < 300; i++)); do
		[ ! -s "$tmp/$1" ] || return 0
		sleep 0.05
	done
	fail "the watch says nothing"
}

watches()
{
	local rc=0

	watch expired
	prepare PUT /debug/faults '{"expireWatches":true}'
	wait $watcher
	tail -n 1 "$tmp/expired" | jq -e '.type == "ERROR" and .object.code == 410' >/dev/null ||
		fail "no 410: $(tail -n 1 "$tmp/expired")"
	watch cut
	prepare PUT /debug/faults '{"cutWatches":true}'
	wait $watcher || rc=$?
	case $rc in
	18 | 56) ;; # it broke off
	*) fail "a watch that is cut ends with curl's $rc" ;;
	esac
	admin GET $nodes
	code "it goes on" 200
}

start_server
prepare POST /api/v1/namespaces '{"metadata":{"name":"hpc-vms"}}'
prepare POST /api/v1/namespaces/hpc-vms/configmaps '{"metadata":{"name":"one"}}'
for part in set_by_masters errors half_are_done one_object throttle latency watches; do
	$part
done
[ $failures -eq 0 ] && echo "ok: faults do what they say"
[ $failures -eq 0 ]
