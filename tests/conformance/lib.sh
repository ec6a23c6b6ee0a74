# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For the conformance tests: kubevirt-lite with simulated guests on a free port, and requests to it.
# Sourced with $here set.
# shellcheck disable=SC2034 # used by those who source this
samples=${KUBE_SAMPLES:-$here/../../../shared/kube-samples}
program=${top_builddir:-.}/kubevirt-lite/kubevirt-lite
failures=0

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

need_samples()
{
	[ -s "$samples/errors/SUMMARY.json" ] || skip "no recordings in $samples (KUBE_SAMPLES)"
}

for tool in curl jq openssl; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done
[ -x "$program" ] || skip "$program is not built"

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

	[ -e "$tmp/cert.pem" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 \
		-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 \
		-keyout "$tmp/key.pem" -out "$tmp/cert.pem" 2>/dev/null || exit 99
	printf '%s\n' 'conformance-admin,admin,1,"system:masters"' 'conformance-nobody,token-nobody,2' \
		'conformance-alice,alice,3,"people"' >"$tmp/tokens"
	chmod 600 "$tmp/tokens"
	cat >"$tmp/kubevirt-lite.yaml" <<-EOF
		listen: 127.0.0.1:0
		tls: {cert: $tmp/cert.pem, key: $tmp/key.pem}
		tokens: $tmp/tokens
		rbac:
		  - {user: alice, namespaces: [hpc-vms], resources: [virtualmachines.kubevirt.io], verbs: [get, list]}
		  - {group: people, resources: [nodes], verbs: [list]}
		  - {group: people, namespaces: [hpc-vms], resources: [configmaps], verbs: [create]}
		state: $tmp/state
		run_dir: $tmp/run
		guests: simulated
		simulated: {boot: 1s, agent: 1s}
		faults: true
		nodes:
		  - {name: cn01, cpus: 64, memory: 256G}
		  - {name: cn02, cpus: 64, memory: 256G}
		  - {name: cn03, cpus: 64, memory: 256G}
	EOF
	rm -f "$tmp/log" "$tmp/server.log"
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

# watch NAME URI: lines of a watch into $tmp/watch-NAME until it is killed at the end; returns when the
# server has begun to answer, so that nothing of what follows is missed
watchers=()
watch()
{
	local i

	curl -sN -D "$tmp/head-$1" --max-time 120 --cacert "$tmp/cert.pem" -H 'Authorization: Bearer conformance-admin' \
		"https://127.0.0.1:$port$2?watch=true&timeoutSeconds=100" >"$tmp/watch-$1" &
	watchers+=($!)
	for ((i = 0; i < 600; i++)); do
		[ ! -s "$tmp/head-$1" ] || return 0
		sleep 0.05
	done
	fail "the watch of $1 does not begin"
}

# until_seen URI FILTER: watches until a line passes jq's FILTER
until_seen()
{
	local fd pid rc

	exec {fd}< <(exec curl -sN --cacert "$tmp/cert.pem" -H 'Authorization: Bearer conformance-admin' \
		"https://127.0.0.1:$port$1?watch=true&timeoutSeconds=60")
	pid=$!
	jq -e -n "first(inputs | select($2)) | true" <&"$fd" >/dev/null
	rc=$?
	kill $pid 2>/dev/null
	exec {fd}<&-
	[ $rc -eq 0 ] && return
	fail "waited in vain for $2 in $1"
	cat "$tmp/server.log"
	exit 1
}
