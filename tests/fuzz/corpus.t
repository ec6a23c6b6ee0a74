#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Replays each corpus through its program; a corpus without a program is an error.
set -uo pipefail

src=${srcdir:-.}/tests/fuzz/corpus
bad=0
for corpus in "$src"/*/; do
	name=$(basename "$corpus")
	program=tests/fuzz/fuzz_$name
	if [ ! -x "$program" ]; then
		echo "FAILED: no $program for $corpus"
		bad=1
	elif "$program" -help=1 2>/dev/null | grep -q libFuzzer; then
		"$program" -runs=0 "$corpus" || { echo "FAILED: $name"; bad=1; }
	elif "$program" "$corpus"; then
		echo "ok: $name"
	else
		echo "FAILED: $name"
		bad=1
	fi
done
exit $bad
