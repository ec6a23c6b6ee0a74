#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Options and settings are as their manuals say, and the test that says so would notice if not.
set -u
top=${top_srcdir:-$(dirname "$(readlink -f "$0")")/../..}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

planted() # FILE SED-COMMAND TEXT: a copy of the tree with FILE changed is found wanting, and TEXT said
{
	rm -rf "$work/tree"
	mkdir "$work/tree"
	cp -r "$top"/{vmd,slurm-plugin,kubevirt-lite} "$work/tree"
	sed -i "$2" "$work/tree/$1"
	! "$top/scripts/check-docs" "$work/tree" >"$work/found" && grep -q "$3" "$work/found"
}

n=0 bad=0
ok()
{
	n=$((n + 1))
	if "${@:2}" >"$work/said"; then echo "ok $n - $1"; else echo "not ok $n - $1"; sed 's/^/# /' "$work/said"; bad=1; fi
}
echo "1..6"
ok "manuals and sources agree" "$top/scripts/check-docs" "$top"
ok "a new option without a word is found" planted vmd/vmd.c 's/{"debug",/{"planted", no_argument, NULL, 1}, {"debug",/;s/.*planted.*/\t\t{"planted", no_argument, NULL, 1},/' "says nothing of option planted"
ok "a new key without a word is found" planted vmd/settings.c 's/TEXT_KEY("pool"/TEXT_KEY("planted"/' "says nothing of key planted"
ok "a key that is no more is found" planted vmd/vmd.yaml.5 's/^.It Cm poll$/.It Cm gone/' "tells of key gone"
ok "an action without a word is found" planted vmd/reconcile/action.c 's/return "take-disk"/return "planted"/' "says nothing of action planted"
ok "an event that is no more is found" planted vmd/vmd.8 's/event=golden/event=gone/' "tells of event event=gone"
exit $bad
