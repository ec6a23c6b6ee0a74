#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scripts/reliability: what was measured comes into the table, what was not stays as it was written.
set -uo pipefail

top=$(readlink -f "${top_srcdir:-.}")
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
export BUILD_DIR=$tmp RELIABILITY_PAGE=$tmp/page
bad=0

# line WANTED: the page has that line
line()
{
	grep -qxF "$1" "$tmp/page" && return
	echo "not in the page: $1"
	bad=1
}

# result PART DAY TEXT...
result()
{
	printf '%s\n' "${@:3}" >"$tmp/reliability/$1"
	touch -d "$2" "$tmp/reliability/$1"
}

cat >"$tmp/page" <<'END'
before
<!-- figures -->
| states of the model: of one machine; of two | the nearest 5, 6 | 2026-11-25, at 796e34f |
| mutations caught | 275 of 275 (2 by themselves) | 2026-11-26 |
| a lost node: states, steps (all of them) | 508036, 2983252 | 2026-11-25, at e6351b7 |
<!-- end of figures -->
after
END
mkdir "$tmp/reliability"
result model 2026-11-26 'ok 1 - 70 states of one machine, 80 steps: no rule is broken' \
	'ok 2 - 90 states of two machines (stopped at the limit), 99 steps: no rule is broken'
echo 1234abc >"$tmp/reliability/model.commit"
result mutations 2026-11-25 '270 of 271 mutations caught'
result vmds 2026-11-26 'it broke'
result moves 2026-11-26 'ok 1 - 1 states of a move, 9 steps' 'ok 2 - 2 states of a move, 9 steps' \
	'ok 3 - 3 states of a move (stopped at the limit), 9 steps' 'ok 4 - 4 states of a move that has arrived, 9 steps' \
	'ok 5 - 5 states of a move, 9 steps' 'ok 6 - 6 states of a move that has arrived (stopped at the limit), 9 steps'
result heirs 2026-11-26 'ok 1 - 1 states of an heir, 9 steps' 'ok 2 - 2 states of an heir that has arrived, 9 steps' \
	'not ok 3 - 3 states of an heir that has arrived, 9 steps' 'ok 4 - 4 states of an heir (stopped at the limit), 9 steps' \
	'ok 5 - 5 states of an heir, 9 steps' 'ok 6 - 6 states of an heir that has arrived, 9 steps'
"$top/scripts/reliability" table || bad=1
line before
line '| states of the model: of one machine; of two | 70, 90 (stopped at the limit) | 2026-11-26, at 1234abc |'
line '| mutations caught | 275 of 275 (2 by themselves) | 2026-11-26 |'
line '| a lost node: states, steps (all of them) | 508036, 2983252 | 2026-11-25, at e6351b7 |'
line '| any number of vmd: views of a job, worlds | none: the run failed | 2026-11-26 |'
line '| moves: states with one fault; with a late request, too; with two faults; arrived, one and late; two and late; arrived, two and late | 1, 2, 3 (stopped at the limit), 4, 5, 6 (stopped at the limit) | 2026-11-26 |'
line '| an heir: states with one fault; arrived, one and late; arrived, two; one and late; two; arrived, two and late | 1, 2, not 3, 4 (stopped at the limit), 5, 6 | 2026-11-26 |'
line '| fuzzing | - | - |'
line after
cp "$tmp/page" "$tmp/first"
"$top/scripts/reliability" table && cmp "$tmp/page" "$tmp/first" || bad=1
result mutations 2026-11-27 '270 of 271 mutations caught, 1 ran out of time, 60 s'
"$top/scripts/reliability" table || bad=1
line '| mutations caught | 270 of 271, 1 ran out of time | 2026-11-27 |'
result mutations 2026-11-28 '271 of 271 mutations caught, 0 ran out of time, 60 s'
"$top/scripts/reliability" table || bad=1
line '| mutations caught | 271 of 271 | 2026-11-28 |'
exit $bad
