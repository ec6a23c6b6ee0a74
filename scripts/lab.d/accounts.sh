# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The hosts' names and the ordinary accounts. /etc is the lab's own.
# shellcheck source=scripts/lab.d/lab.sh
. /run/lab.d/lab.sh

accounts_up()
{
	local user uid=20000 host

	for user in alice bob; do
		uid=$((uid + 1))
		getent passwd $user >/dev/null && continue
		echo "$user:x:$uid:" >>/etc/group
		echo "$user:x:$uid:$uid:$user of the lab:/home/$user:/bin/bash" >>/etc/passwd
		install -d -m 0700 -o $uid -g $uid /home/$user
		echo "cd; PS1='\\u@\\h \\w\\$ '" | install -m 0644 -o $uid -g $uid /dev/stdin /home/$user/.bash_profile
	done
	{
		echo "127.0.0.1 localhost"
		for host in "${hosts[@]}"; do
			echo "$management.$(host_number "$host") $host"
		done
	} >/etc/hosts
	: >/etc/resolv.conf
}
