#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The plugins export what Slurm looks for and nothing else, and need libmunge and libc only.
set -euo pipefail

fail=0
exports() # SO CALLBACK...
{
	local so=$1 want got needed lib ends

	shift
	[ -e "$so" ] || { echo "no $so: build it first" >&2; exit 99; }
	want=$(printf '%s\n' plugin_name plugin_type plugin_version spank_plugin_version "${@/#/slurm_spank_}" | sort)
	got=$(nm -D --defined-only "$so" | awk '{ print $3 }' | sort)
	diff <(echo "$want") <(echo "$got") || { echo "$so: exported symbols differ (< wanted, > found)"; fail=1; }

	needed=$(readelf -d "$so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
	for lib in $needed; do
		case $lib in
		libmunge.so.*|libc.so.*|libasan.so.*|libubsan.so.*|libgcov.so.*) ;;
		*) echo "$so needs $lib"; fail=1 ;;
		esac
	done

	# It lives in slurmd and slurmstepd: nothing in it may end the process, but the wait that ends the
	# task with an exit code of its own.
	ends=$(nm -D -u "$so" | awk '{ sub(/@.*/, "", $2); print $2 }' | grep -xE 'exit|abort|quick_exit|__assert_fail' || true)
	[ -z "$ends" ] || { echo "$so can end Slurm's process by $ends"; fail=1; }
}

# job_prolog must not be among these: slurmd would start a process for it at the start of every job.
exports .libs/slurm_vm.so init init_post_opt job_epilog task_init task_init_privileged
exports .libs/slurm_vm_prolog.so job_prolog
exit $fail
