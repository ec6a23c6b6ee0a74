#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The include rules hold, and the test that says so would notice if they did not.
set -u
top=${top_srcdir:-$(dirname "$(readlink -f "$0")")/../..}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# shellcheck disable=SC2317 # called through ok
planted() # FILE LINE
{
	rm -rf "$work/tree"
	mkdir -p "$work/tree"/{vmd,slurm-plugin,kubevirt-lite,tests} "$work/tree/$(dirname "$1")"
	echo "$2" >"$work/tree/$1"
	! "$top/scripts/check-layers" "$work/tree"
}

n=0 bad=0
ok()
{
	n=$((n + 1))
	if "${@:2}" >"$work/said"; then echo "ok $n - $1"; else echo "not ok $n - $1"; sed 's/^/# /' "$work/said"; bad=1; fi
}
echo "1..5"
ok "the tree keeps the rules" "$top/scripts/check-layers" "$top"
ok "the domain must not see an adapter" planted vmd/vm/vm.c '#include "vmd/kube/kube.h"'
ok "an adapter must not see another" planted vmd/rbd/rbd_disk.c '#include "vmd/slurm/slurm_jobs.h"'
ok "curl is for the Kubernetes adapter alone" planted vmd/reconcile/plan.c '#include <curl/curl.h>'
ok "kubevirt-lite must not see vmd" planted kubevirt-lite/store/store.c '#include "vmd/reconcile/plan.h"'
exit $bad
