#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Requests that sbatch did not make, and hints from those who may not give them: refused or ignored. Then
# the same site without job_submit.lua: slurm_vm_prolog.so carries the request.
. "$(dirname "$0")/lib.sh"

# sbatch with a plugin of the user's own, which sends any SPANK variable: FORGE0=NAME=VALUE, FORGE1...
on_lab tee /home/alice/forge.c >/dev/null <<-'EOF'
	#include <slurm/spank.h>
	#include <stdio.h>
	#include <stdlib.h>
	#include <string.h>
	SPANK_PLUGIN(forge, 1)
	int slurm_spank_init(spank_t s, int ac, char **av)
	{
		for (int i = 0; i < 8; i++) {
			char name[8], *text, *value;
			snprintf(name, sizeof(name), "FORGE%d", i);
			text = getenv(name);
			value = text ? strchr(text, '=') : NULL;
			if (!value || spank_context() != S_CTX_ALLOCATOR)
				continue;
			*value = 0;
			if (spank_job_control_setenv(s, text, value + 1, 1) != ESPANK_SUCCESS)
				return -1;
		}
		return 0;
	}
EOF
# shellcheck disable=SC2016 # expanded there
as alice sh -c 'cc -shared -fPIC -o forge.so forge.c && echo "required $PWD/forge.so" >plugstack.conf &&
	sed "s|^PlugStackConfig=.*|PlugStackConfig=$PWD/plugstack.conf|" /etc/slurm/slurm.conf >slurm.conf'
forge() # VARIABLE=VALUE...: submits a job with these
{
	local i=0 v all=()

	for v; do
		all+=("FORGE$i=$v")
		i=$((i + 1))
	done
	as alice env SLURM_CONF=/home/alice/slurm.conf "${all[@]}" \
		sbatch --parsable --mem=512M -o 'job-%j.out' --wrap 'sleep 2'
}
option=_SLURM_SPANK_OPTION_slurm_vm_vm nonce=VM_NONCE=00000000000000aa
refused() # PATTERN VARIABLE=VALUE...
{
	local pattern=$1 out

	shift
	! out=$(forge "$@" 2>&1) && contains "$out" "$pattern"
}
ok "a request without a nonce" refused "no nonce" $option=tiny
ok "with an odd nonce" refused "no nonce" $option=tiny VM_NONCE=00000000000000AA
ok "with a value of 5000 bytes" refused "too long" "$option=$(printf 'a%.0s' {1..5000})" $nonce
ok "with 60 kB beside it" refused "larger than" $option=tiny $nonce "OTHER=$(printf 'a%.0s' {1..60000})"
ok "with a line break" refused "too long or holds" "$option=tiny"$'\n'"SPANK_PATH=/tmp" $nonce
ok "with a path for an image" refused "IMAGE@REVISION" $option=../../etc/passwd $nonce
ok "an option without an image" refused "needs --vm" ${option}_disk=20G $nonce

# what plugin and vmctl say to vmd, said by hand
tell() # USER FIELD=VALUE...
{
	local user=$1

	shift
	printf '%s\n' slurm-vm=1 nonce=n "$@" | as "$user" sh -c \
		'munge -u slurm | curl -s --data-binary @- http://192.168.170.190:6830/v1 | unmunge 2>&1'
}
has_no_vm() # JOB
{
	equals "$(on_lab scontrol show job "$1" | grep -c slurm-vm)" 0 &&
		equals "$(on_lab kubectl get vm -A -o name | grep -c "vm-$1-")" 0
}
request="request=image=tiny nonce=00000000000000aa"
bobs=$(submit bob -c 1 --mem=512M <<<$'#!/bin/bash\nsleep 600')
own=$(submit alice -c 1 --mem=512M <<<$'#!/bin/bash\nsleep 600')
guest=$(submit bob --vm=tiny --vm-wait=none -c 1 --mem=512M <<<$'#!/bin/bash\nsleep 600')
ok "an ordinary job runs" within 20 job_in "$bobs" RUNNING
ok "another" within 20 job_in "$own" RUNNING
ok "one with a guest" within 60 in_state "$guest" BOOTING READY
uid=$(as alice id -u)
ok "a hint is answered" contains "$(tell alice op=hint "job=$own" "$request" "uid=$uid")" "^ok=1"
ok "also for another's job" contains "$(tell alice op=hint "job=$bobs" "$request" "uid=$uid")" "^ok=1"
ok "even with the wrong owner from root" contains "$(tell root op=hint "job=$bobs" "$request" "uid=$uid")" "^ok=1"
ok "with garbage from root it is refused" contains "$(tell root op=hint "job=$bobs" request=image "uid=$uid")" "kind=invalid"
ok "another's key is refused" contains "$(tell alice op=key "job=$guest")" "kind=denied"
ok "another's guest is not shown" contains "$(tell alice op=show "job=$guest")" "kind=denied"
sleep 3 # for what must not happen
ok "the user's own hint made no VM" has_no_vm "$own"
ok "nor did it for another's job, nor the wrong owner" has_no_vm "$bobs"
on_lab scancel "$bobs" "$own" "$guest"

# A site without the module: what it would refuse fails on the node.
on_lab sh -c 'rm -f /etc/slurm/job_submit.lua
	printf "%s\n" "function slurm_job_submit() return slurm.SUCCESS end" "function slurm_job_modify() return slurm.SUCCESS end" \
		"return slurm.SUCCESS" >/etc/slurm/job_submit.lua'
plugins() # LINE...: those of the compute nodes; slurmd reads them when it starts
{
	on_lab tee /etc/slurm/plugstack.conf >/dev/null <<<"$(printf '%s\n' "$@")"
	for host in worker1node worker2node worker3node; do
		signal TERM "slurmd.$host"
		on_lab sh -c "while kill -0 \$(cat /run/pids/slurmd.$host) 2>/dev/null; do sleep 0.1; done"
		lab host "$host" start
	done
}
settings="vmd=192.168.170.190:6830"
# Its request is told by nobody; the script's wait is refused after a minute (unit_plugin).
untold=$(submit alice --vm=tiny -c 1 --mem=512M <<<$'#!/bin/bash\ntrue')
ok "a job of a site that has neither" within 20 job_in "$untold" RUNNING
on_lab sh -c "echo PrologFlags=Alloc >>/etc/slurm/slurm.conf; scontrol reconfigure"
ok "slurm_vm_prolog.so is loaded" plugins "required slurm_vm.so $settings" "required slurm_vm_prolog.so $settings"
good=$(submit alice --vm=tiny --vm-wait=running -c 1 --mem=512M <<<$'#!/bin/bash\necho "$VM_NAME"\nsleep 3')
wrong=$(submit alice --vm=nosuch -c 1 --mem=512M <<<$'#!/bin/bash\ntrue')
odd=$(forge "$option=tiny"$'\n'"SPANK_PATH=/tmp" VM_NONCE=zz)
huge=$(forge "$option=$(printf 'a%.0s' {1..5000})" $nonce)
ok "without job_submit.lua the prolog brings the request" within 180 job_in "$good" COMPLETED
ok "the script knew its guest" contains "$(output_of alice "$good")" "^vm-$good-"
ok "the record has it" contains "$(on_lab scontrol show job "$good")" "slurm-vm\{image=tiny nonce=[0-9a-f]{16}"
ok "nothing of it is left" within 180 nothing_left "$good"
ok "without either there is no VM" has_no_vm "$untold"
on_lab scancel "$untold"
ok "an unknown image fails the job" within 90 job_in "$wrong" FAILED
ok "with the reason" contains "$(output_of alice "$wrong")" "nosuch"
ok "an odd request ends" within 60 job_over "$odd"
ok "an oversized one, too" within 60 job_over "$huge"
ok "no VM came of them" equals "$(on_lab kubectl get vm -A -o name | grep -cE "vm-($odd|$huge|$wrong|$untold)-")" 0
ok "nothing of the others is left" within 180 nothing_left "$guest"
ok "no node was drained" equals "$(on_lab sinfo -h -R)" ""
# slurmctld reads it again only when it is newer: not a link, but the form for a site with rules of its own
on_lab rm /etc/slurm/job_submit.lua
on_lab tee /etc/slurm/job_submit.lua >/dev/null <<<$'dofile("/usr/share/slurm-vm/job_submit.lua")\nreturn slurm.SUCCESS'
on_lab sh -c "sed -i '/^PrologFlags=Alloc/d' /etc/slurm/slurm.conf; scontrol reconfigure"
ok "the plugin is gone" plugins "required slurm_vm.so $settings"
ok "the module is back" refused "no nonce" $option=tiny
done_testing
