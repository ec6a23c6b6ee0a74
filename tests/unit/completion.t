#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# etc/bash-completion/vmctl: what is offered after what, with a vmctl that lists VMs.
set -uo pipefail

# shellcheck source=/dev/null
. "${top_srcdir:-.}/etc/bash-completion/vmctl" || exit 1
bad=0

vmctl()
{
	[ "$*" != "images --json" ] || printf '[\n  {\n    "name": "tiny",\n    "cpus": 8\n  }\n]\n'
	[ "$*" != "list --kept --json" ] || printf '[\n  {\n    "job": 5,\n    "size_bytes": 7\n  }\n]\n'
	[ "$*" != "disk list --json" ] || printf '[\n  {\n    "name": "data",\n    "uid": 7\n  },\n  {\n    "name": "more"\n  }\n]\n'
	[ "$*" = "list --json" ] || return 1
	printf '[\n  {\n    "job": 17,\n    "name": "render",\n    "attached": [\n      {\n        "name": "data"\n      }\n    ],\n    "vm": "vm-17-9f3c12ab45de6701-r0",\n    "uid": 5\n  },\n  {\n    "job": 230,\n    "task": "12_3"\n  },\n  {\n    "job": 12,\n    "task": "12_[4-7]"\n  }\n]\n'
}
timeout() { shift && "$@"; }
sinfo() { printf 'worker1node\nworker2node\n'; }

# Words as bash splits them: '=' is a word of its own.
offers() # WANTED WORD...
{
	local wanted=$1

	shift
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_vmctl
	[ "${COMPREPLY[*]}" = "$wanted" ] && return
	echo "'$*': '${COMPREPLY[*]}' instead of '$wanted'"
	bad=1
}

offers "start stop ssh exec cp rdp password list show wait vnc console screenshot kubeconfig migrate resize disk images recover discard plan admin" vmctl ""
offers "start stop ssh show screenshot" vmctl s
offers "tiny" vmctl start ""
offers "" vmctl start tiny ""
offers "--scratch=" vmctl start tiny --disk = 2G --sc
offers "always abnormal never" vmctl start tiny --keep =
offers "migrate requeue stay" vmctl start tiny --on-drain =
offers "17 render vm-17-9f3c12ab45de6701-r0 230 12_3 12" vmctl stop ""
offers "17 render vm-17-9f3c12ab45de6701-r0 230 12_3 12" vmctl show ""
offers "230" vmctl wait 2
offers "render" vmctl rdp r
offers "data more" vmctl start tiny --attach =
offers "worker1node worker2node" vmctl migrate --to =
offers "230" vmctl wait --for = running 2
offers "ready running" vmctl wait --for ""
offers "ready running" vmctl wait --for =
offers "ready" vmctl wait --for = rea
offers "60 15m 2h" vmctl wait 17 --timeout =
offers "--json --server= --help --version --machine=" vmctl show --
offers "" vmctl exec -w ""
offers "230" vmctl exec -w 0 2
offers "--for=" vmctl wait --f
offers "--stopped" vmctl list --st
offers "--server=" vmctl --json --se
offers "5" vmctl discard ""
offers "5" vmctl recover ""
offers "--scratch=" vmctl recover 5 --sc
offers "--kept" vmctl list --k
offers "17 render vm-17-9f3c12ab45de6701-r0 230 12_3 12" vmctl exec ""
offers "17: render: vm-17-9f3c12ab45de6701-r0: 230: 12_3: 12:" vmctl cp ""
offers "--rotate" vmctl password --r
offers "approve" vmctl admin ""
offers "--cpus=" vmctl resize 17 --cp
offers "--yes" vmctl admin approve --y
offers "create delete add remove list" vmctl disk ""
offers "data more" vmctl disk delete ""
offers "" vmctl disk create ""
offers "17 render vm-17-9f3c12ab45de6701-r0 230 12_3 12 data more" vmctl disk add ""
offers "data more" vmctl disk remove 17 ""
offers "" vmctl list x
offers "" vmctl images --server = ""
offers "start stop ssh exec cp rdp password list show wait vnc console screenshot kubeconfig migrate resize disk images recover discard plan admin" vmctl --json ""

# What a command's help says, and nothing else, is offered behind it; and every command has a help.
program=${top_builddir:-.}/vmctl
same() # WHAT HELP OFFERED
{
	[ "$2" = "$3" ] && return
	echo "$1: the help has '$2', offered is '$3'"
	bad=1
}
offered() # WORD...
{
	COMP_WORDS=(vmctl "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_vmctl
	printf '%s\n' "${COMPREPLY[@]%=}" | sort | xargs
}
commands=$("$program" --help | sed -nE '/^Commands:/,/^$/s/^  ([a-z]+) .*/\1/p')
same "the commands" "$(sort <<<"$commands" | xargs)" "$(offered "")"
for command in $commands; do
	# recover takes the options of start.
	same "$command" "$({ "$program" "$command" --help; [ "$command" != recover ] || "$program" start --help; } |
		grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u | xargs)" "$(offered "$command" --)"
done
same "the verbs of disk" "$("$program" disk --help | sed -nE 's/^  ([a-z]+) .*/\1/p' | sort -u | xargs)" "$(offered disk "")"
exit $bad
