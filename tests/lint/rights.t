#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The rights that `vmd --check FILE --site` asks for are those that etc/kubernetes gives to vmd: no more, no fewer.
set -u
top=${top_srcdir:-$(dirname "$(readlink -f "$0")")/../..}
rules=("$top"/etc/kubernetes/20-rbac.yaml "$top"/etc/kubernetes/25-warnings.yaml)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# "group resource verb" for each, of the rules of a Role: lists are in brackets, or an item a line.
given() # FILE...
{
	sed 's/#.*//' "$@" | awk '
		function words(text) { gsub(/.*\[|\].*|"/, "", text); gsub(/,/, " ", text); return text }
		function tell(   g, r, v, i, j, n, m) {
			if (group == "")
				group = "-"
			n = split(resources, r, " "); m = split(verbs, v, " ")
			for (i = 1; i <= n; i++) for (j = 1; j <= m; j++) print group, r[i], v[j]
			resources = verbs = ""; inlist = 0
		}
		/^ *- apiGroups:/ { tell(); group = words($0); gsub(/ /, "", group) }
		/^ *resources:.*\[/ { resources = words($0) }
		/^ *resources: *$/ { inlist = 1 }
		inlist && /^ *- [a-z]/ { resources = resources " " $2 }
		/^ *verbs:/ { verbs = words($0); inlist = 0 }
		/^---/ || /^roleRef/ { tell() }
		END { tell() }' | sort -u
}

# The same of the table in rights.c.
asked() # SOURCE
{
	tr '\n\t' '  ' <"$1" | tr -s ' ' | sed 's/KUBEVIRT, /"kubevirt.io", /g; s/SUB, /"subresources.kubevirt.io", /g; s/RBAC, /"rbac.authorization.k8s.io", /g; s/ VMI, / "virtualmachineinstances", /g' |
		grep -oE '\{"[a-z0-9.]*", *"[a-z-]+", *"[a-z/]*", *"[a-z ]+"' | tr -d '{"' |
		awk -F', *' '{
			n = split($4, v, " ")
			for (i = 1; i <= n; i++) print ($1 == "" ? "-" : $1), $2 ($3 == "" ? "" : "/" $3), v[i]
		}' | sort -u
}

n=0 bad=0
ok()
{
	n=$((n + 1))
	if "${@:2}" >"$work/said"; then echo "ok $n - $1"; else echo "not ok $n - $1"; sed 's/^/# /' "$work/said"; bad=1; fi
}

same()
{
	given "${rules[@]}" >"$work/given"
	asked "$top/vmd/site/rights.c" >"$work/asked"
	[ "$(wc -l <"$work/given")" -gt 40 ] && diff "$work/given" "$work/asked"
}

# shellcheck disable=SC2317 # called through ok
planted() # SED-COMMAND TEXT: a file of rules that lacks a right is found wanting
{
	sed "$1" "${rules[0]}" >"$work/rules"
	given "$work/rules" "${rules[1]}" >"$work/given"
	diff "$work/given" "$work/asked" | grep -qx "> $2"
}

echo "1..3"
ok "etc/kubernetes gives what is asked for" same
ok "a verb that is missing is found" planted 's/list, watch, create, patch, delete\]/list, watch, create, patch]/' "- secrets delete"
ok "a resource that is missing is found" planted 's/^ *- virtualmachineinstances\/console$//' "subresources.kubevirt.io virtualmachineinstances/console get"
exit $bad
