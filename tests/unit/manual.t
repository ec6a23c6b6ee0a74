#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every option of vmctl is in vmctl.1 and back; every metric is in vmd.8 and back.
set -uo pipefail

src=${top_srcdir:-.}
vmctl=${top_builddir:-.}/vmctl
bad=0

same() # WHAT ONE OTHER
{
	local difference

	difference=$(diff <(sort -u <<<"$2") <(sort -u <<<"$3")) && return
	echo "$1: only in the program (<) or only in the manual (>)"
	grep '^[<>]' <<<"$difference"
	bad=1
}

commands=$("$vmctl" --help | sed -nE '/^Commands:/,/^$/s/^  ([a-z]+) .*/\1/p')
[ "$(wc -l <<<"$commands")" -ge 5 ] || { echo "vmctl --help lists no commands"; exit 1; }
same "vmctl's commands" "$commands" "$(sed -nE '/^\.Ss Commands/,/^\.Ss Options/s/^\.It Cm ([a-z]+)( Ar file)?( Op Ar job| Ar job| Ar image| Ar from to| approve)?$/\1/p' "$src/vmd/vmctl.1")"
same "vmctl's options" \
	"$(for c in $commands; do "$vmctl" "$c" --help; done | grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+')" \
	"$(grep -E '^\.It ' "$src/vmd/vmctl.1" | grep -oE 'Fl -[a-z-]+' | sed 's/^Fl /-/')"
same "vmd's metrics" \
	"$(grep -oE '"(vmd|process)_[a-z_]+"' "$src/vmd/api/metrics.c" | tr -d '"')" \
	"$(sed -n '/^\.It vmd_\|^\.It process_/p' "$src/vmd/vmd.8" | grep -oE '(vmd|process)_[a-z_]+')"
exit $bad
