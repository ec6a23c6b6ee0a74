#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The core is pure, and the test that says so would notice a call of time().
set -u
top=${top_srcdir:-$(dirname "$(readlink -f "$0")")/../..}
library=${top_builddir:-$top/build}/libvmcore.a
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# shellcheck disable=SC2317 # called through ok
planted()
{
	cp "$library" "$work/libplanted.a"
	echo '#include <time.h>
	long planted_now(void); long planted_now(void) { return (long)time(0); }' >"$work/planted.c"
	${CC:-cc} -c -o "$work/planted.o" "$work/planted.c" && ar r "$work/libplanted.a" "$work/planted.o" 2>/dev/null &&
		! "$top/scripts/check-pure" "$work/libplanted.a" | grep -c 'must not need time' | grep -qx 0
}

n=0 bad=0
ok()
{
	n=$((n + 1))
	if "${@:2}" >"$work/said"; then echo "ok $n - $1"; else echo "not ok $n - $1"; sed 's/^/# /' "$work/said"; bad=1; fi
}
echo "1..2"
ok "the core needs nothing of the world" "$top/scripts/check-pure" "$library"
ok "a planted time() is found" planted
exit $bad
