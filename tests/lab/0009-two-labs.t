#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A second lab beside the first: neither notices the other, and nothing is left of it.
# long: scripts/check has three labs side by side all the time
. "$(dirname "$0")/lib.sh"

second()
{
	LAB_DIR=$work/second "$top/scripts/lab" "$@"
}
gone()
{
	[ ! -e "$work/second" ] && ! grep -q "$work/second" /proc/mounts && ! pgrep -f "$work/second" >"$work/pids"
}
networks()
{
	ip -o link | wc -l
}

before=$(networks)
ok "it comes up" second up --build "${LAB_BUILD:-$top/build}"
ok "it runs a job of its own" equals "$(second exec --as alice srun hostname | grep -c worker)" 1
ok "whose number the first knows nothing of" equals "$(second exec squeue -h -t all -o %i | wc -l)" 1
ok "the first is as it was" lab status
ok "no network of it can be seen here" equals "$(networks)" "$before"
pid=$(cut -d' ' -f1 "$work/second/init")
ok "it goes down" second down
ok "with everything" within 30 gone
ok "its init has ended" test ! -e "/proc/$pid/exe"
ok "the first is as it was" lab status
done_testing
