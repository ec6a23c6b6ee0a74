# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One munged for all hosts: its socket is a path. The key is the lab's own.
# shellcheck source=scripts/lab.d/lab.sh
. /run/lab.d/lab.sh

munge_up()
{
	running munged && return
	install -d -o munge -g munge -m 0700 /etc/munge /var/lib/munge /var/log/munge
	install -d -o munge -g munge -m 0755 /run/munge
	[ -s /etc/munge/munge.key ] || head -c 128 /dev/urandom | install -o munge -g munge -m 0400 /dev/stdin /etc/munge/munge.key
	daemon munged masternode setpriv --reuid=munge --regid=munge --clear-groups munged --foreground
	until_ok 10 munge -n >/dev/null
}
