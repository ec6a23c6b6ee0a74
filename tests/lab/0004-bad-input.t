#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Requests that cannot be: refused at submit, with the values that would be right.
. "$(dirname "$0")/lib.sh"

refused() # USER PATTERN SBATCH-ARGUMENTS...: no job, and the text says why
{
	local user=$1 pattern=$2 out

	shift 2
	if out=$(as "$user" sbatch "$@" --wrap true 2>&1); then
		printf 'accepted: %s\n' "$out"
		return 1
	fi
	contains "$out" "$pattern"
}
jobs()
{
	on_lab squeue -h -t all -o %i | sort
}

before=$(jobs)
ok "unknown image" refused alice "win99.*tiny" --vm=win99 --mem=512M
ok "unknown revision" refused alice "v7.*v1" --vm=tiny@v7 --mem=512M
ok "an image for others" refused bob "tiny-alice" --vm=tiny-alice --mem=512M
ok "malformed size" refused alice "10X" --vm=tiny --vm-disk=10X --mem=512M
ok "disk over the limit" refused alice "20G" --vm=tiny --vm-disk=21G --mem=512M
ok "scratch over the limit" refused alice "100G" --vm=tiny --vm-scratch=101G --mem=512M
ok "scratch where none is allowed" refused alice "scratch" --vm=tiny-alice --vm-scratch=1G --mem=512M
ok "unknown network" refused alice "wan.*lan" --vm=tiny --vm-network=wan --mem=512M
ok "memory too small for guest and overhead" refused alice "memory" --vm=tiny --mem=200M
ok "bad --vm-wait" refused alice "ready.*running.*none" --vm=tiny --vm-wait=soon --mem=512M
ok "bad --vm-keep" refused alice "never.*abnormal.*always" --vm=tiny --vm-keep=sometimes --mem=512M
ok "too many CPUs" refused alice "8" --vm=tiny -c 9 --mem=512M
ok "odd image name" refused alice "IMAGE@REVISION" "--vm=../tiny" --mem=512M
ok "a SPANK variable of 100 kB" refused alice "." "--vm=$(head -c 100000 /dev/zero | tr '\0' a)" --mem=512M
ok "no job came of any of it" equals "$(jobs)" "$before"
ok "slurmctld goes on" on_lab scontrol ping
done_testing
