#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every series that an alert or the dashboard asks for is one that vmd has, and is in its manual; and every alert has its
# paragraph of what to do in slurm-vm(8).
set -u
top=${top_srcdir:-$(dirname "$(readlink -f "$0")")/../..}
rules=$top/etc/prometheus/vmd.rules.yaml
dashboard=$top/etc/prometheus/vmd.dashboard.json
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

missing() # FILE: what is asked for and is not there; a histogram has series of its own
{
	grep -oE '\b(vmd|process)_[a-z_]+' "$1" | sed -E 's/_(bucket|sum|count)$//' | sort -u | while read -r name; do
		grep -qE "\"$name\"" "$top/vmd/api/metrics.c" || echo "$name is no metric of vmd"
		grep -qE "\b$name\b" "$top/vmd/vmd.8" || echo "vmd(8) says nothing of $name"
	done
	grep -qE '\bvmd_[a-z_]+' "$1" || echo "nothing is asked for in $1"
}

unexplained() # RULES
{
	grep -oE 'alert: [A-Za-z]+' "$1" | cut -d' ' -f2 | while read -r name; do
		grep -qE "^\.It Sy $name\$" "$top/slurm-plugin/slurm-vm.8" || echo "slurm-vm(8) says not what to do about $name"
		grep -q "TROUBLE, $name'" "$1" || echo "$name names no runbook"
	done
	sed -nE 's/^\.It Sy (Vmd[A-Za-z]+)$/\1/p' "$top/slurm-plugin/slurm-vm.8" | while read -r name; do
		grep -q "alert: $name\$" "$1" || echo "slurm-vm(8) tells of $name, which is no alert"
	done
}

n=0 bad=0
ok()
{
	n=$((n + 1))
	if "${@:2}" >"$work/said" 2>&1; then echo "ok $n - $1"; else echo "not ok $n - $1"; sed 's/^/# /' "$work/said"; bad=1; fi
}

# shellcheck disable=SC2317 # called through ok
none() # COMMAND...: it says nothing
{
	"$@" | tee "$work/found"
	[ ! -s "$work/found" ]
}

# shellcheck disable=SC2317 # called through ok
planted() # FILE SED-COMMAND TEXT FUNCTION: a wrong copy is found wanting
{
	sed "$2" "$1" >"$work/wrong"
	"$4" "$work/wrong" | grep -q "$3"
}

echo "1..8"
ok "alerts ask for metrics that vmd has" none missing "$rules"
ok "the dashboard does" none missing "$dashboard"
ok "a name that is wrong is found" planted "$rules" s/vmd_known/vmd_knwon/ '^vmd_knwon is no metric' missing
ok "in the dashboard, too" planted "$dashboard" s/create_seconds_bucket/creation_seconds_bucket/ '^vmd_hint_to_creation_seconds is no metric' missing
ok "for every alert stands what to do" none unexplained "$rules"
ok "an alert without is found" planted "$rules" 's/alert: VmdDown/alert: VmdGone/' 'what to do about VmdGone' unexplained
if command -v jq >/dev/null; then
	ok "the dashboard is JSON, with a panel at each place" jq -e '[.panels[].gridPos | [.x, .y]] | length > 5 and length == (unique | length)' "$dashboard"
else
	echo "ok 7 - # SKIP jq is not installed"
fi
if command -v promtool >/dev/null; then
	ok "Prometheus takes the rules" promtool check rules "$rules"
else
	echo "ok 8 - # SKIP promtool is not installed"
fi
exit $bad
