#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every series that an alert asks for is one that vmd has, and is in its manual.
set -u
top=${top_srcdir:-$(dirname "$(readlink -f "$0")")/../..}
rules=$top/etc/prometheus/vmd.rules.yaml

missing() # RULES: what is asked for and is not there
{
	grep -oE '\bvmd_[a-z_]+' "$1" | sort -u | while read -r name; do
		grep -qE "\"$name\"" "$top/vmd/api/metrics.c" || echo "$name is no metric of vmd"
		grep -qE "\b$name\b" "$top/vmd/vmd.8" || echo "vmd(8) says nothing of $name"
	done
	grep -qE '\bvmd_[a-z_]+' "$1" || echo "no rules in $1"
}

echo "1..3"
bad=0
found=$(missing "$rules")
if [ -z "$found" ]; then echo "ok 1 - alerts ask for metrics that vmd has"; else echo "not ok 1 - $found"; bad=1; fi
wrong=$(mktemp)
trap 'rm -f "$wrong"' EXIT
sed 's/vmd_known/vmd_knwon/' "$rules" >"$wrong"
if missing "$wrong" | grep -q '^vmd_knwon is no metric'; then echo "ok 2 - a name that is wrong is found"; else echo "not ok 2 - vmd_knwon was not found"; bad=1; fi
command -v promtool >/dev/null || { echo "ok 3 - # SKIP promtool is not installed"; exit $bad; }
if promtool check rules "$rules" >/dev/null; then echo "ok 3 - Prometheus takes them"; else echo "not ok 3 - Prometheus does not take them"; bad=1; fi
exit $bad
