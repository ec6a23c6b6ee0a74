# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Users at terminals, as people work: each has one, of tmux, in which commands are typed and whose screen is read.
# Sourced behind lib.sh.

terminal() # USER ARGUMENTS...: of the user's tmux
{
	local user=$1

	shift
	as "$user" tmux -L person "$@"
}

terminal_start() # USER: logs in at it
{
	terminal "$1" new-session -d -x 150 -y 50 "bash --login"
}

on_screen() # USER PATTERN
{
	contains "$(terminal "$1" capture-pane -pJ -S -)" "$2"
}

types() # USER TEXT
{
	terminal "$1" send-keys -l -- "$2"
	terminal "$1" send-keys Enter
}

# begins, and ends, which waits for the end: what is then on the screen is $screen, the exit code $code. A command
# that asks for something has it typed in between.
n=0
begins() # USER COMMAND
{
	n=$((n + 1))
	terminal "$1" send-keys C-l
	terminal "$1" clear-history
	types "$1" "$2; printf '\\nended-$n-%d\\n' \$?"
}

ends() # USER SECONDS
{
	local rc=0

	within "$2" on_screen "$1" "^ended-$n-[0-9]+" >/dev/null || rc=1
	screen=$(terminal "$1" capture-pane -pJ -S - | grep -v 'printf .*ended-')
	code=$(sed -n "s/^ended-$n-//p" <<<"$screen")
	return $rc
}

does() # USER SECONDS COMMAND
{
	begins "$1" "$3"
	ends "$1" "$2"
}

ended() # CODE
{
	equals "$code" "$1" || { echo "$screen"; return 1; }
}

shown() # PATTERN
{
	contains "$screen" "$1"
}
