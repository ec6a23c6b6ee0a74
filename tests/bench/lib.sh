# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For the benchmarks: labs of their own, medians, rows of the table. Sourced by the programs beside it.

: "${top:?set by who sources this}"
bench_dir=$(mktemp -d)
bench_labs=()

bench_end()
{
	local lab

	for lab in "${bench_labs[@]}"; do
		LAB_DIR=$bench_dir/$lab "$top/scripts/lab" down || true
	done
	rm -rf "$bench_dir"
}
trap bench_end EXIT

# bench_lab NAME OPTIONS OF lab up...: what it prints goes to stderr
bench_lab()
{
	local name=$1

	shift
	bench_labs+=("$name")
	LAB_DIR=$bench_dir/$name "$top/scripts/lab" up "$@" >"$bench_dir/$name.log" 2>&1 || {
		cat "$bench_dir/$name.log" >&2
		exit 1
	}
}

bench_in() # NAME COMMAND OF lab...
{
	LAB_DIR=$bench_dir/$1 "$top/scripts/lab" "${@:2}"
}

median() # WHOLE NUMBERS
{
	printf '%s\n' "$@" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

milli() # N thousandths -> "N.NNN"
{
	printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
}

# A row of the table: what, figure, how it was measured
bench_row()
{
	printf '| %s | %s | %s |\n' "$1" "$2" "$3"
}

# bench_until SECONDS COMMAND...: tries until it succeeds
bench_until()
{
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || { echo "bench: not within the time: $*" >&2; exit 1; }
		sleep 0.2
	done
}
