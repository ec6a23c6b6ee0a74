# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Steps, waiting and the lab's hosts; sourced by scripts/lab and the files beside this one.

seconds_since() # NANOSECONDS
{
	local ms=$((($(date +%s%N) - $1) / 1000000))

	printf '%d.%03d' $((ms / 1000)) $((ms % 1000))
}

# step TEXT COMMAND...: runs it and prints a line with the seconds since the lab began to come up.
# A command that fails ends the caller.
step()
{
	local text=$1

	shift
	if "$@"; then
		printf '%6.1f s  %s\n' "$(seconds_since "$LAB_BEGAN")" "$text"
	else
		printf '%6.1f s  FAILED: %s\n' "$(seconds_since "$LAB_BEGAN")" "$text" >&2
		exit 1
	fi
}

# until_ok SECONDS COMMAND...: tries until it succeeds; its output is that of the last try.
until_ok()
{
	local end=$((SECONDS + $1)) out

	shift
	until out=$("$@" 2>&1); do
		if [ $SECONDS -ge $end ]; then
			printf '%s\n' "$out"
			return 1
		fi
		sleep 0.05
	done
	[ -z "$out" ] || printf '%s\n' "$out"
}
