#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# job_submit.lua with a fake slurm table, by rows and by random environments, under every Lua that is here (Slurm is linked with 5.1 to 5.4).
set -euo pipefail

src=${srcdir:-.}
ran=0
specs=$(mktemp)
trap 'rm -f "$specs"' EXIT
for lua in lua5.1 lua5.2 lua5.3 lua5.4 luajit lua; do
	command -v $lua >/dev/null || continue
	echo "# $lua"
	$lua "$src/tests/plugin/job_submit_test.lua" "$src/slurm-plugin/job_submit.lua"
	# JOB_SUBMIT_CASES=, JOB_SUBMIT_SEED=: more of them, others
	$lua "$src/tests/plugin/job_submit_fuzz.lua" "$src/slurm-plugin/job_submit.lua" "${JOB_SUBMIT_CASES:-4000}" "${JOB_SUBMIT_SEED:-1}" "$specs"
	tests/plugin/spec_check <"$specs"
	ran=1
done
[ $ran = 1 ] || { echo "no lua here (Debian: lua5.4)"; exit 77; }
