#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The plugin exports what Slurm looks for and nothing else, and needs libmunge and libc only.
set -euo pipefail

so=${PLUGIN_SO:-.libs/slurm_vm.so}
[ -e "$so" ] || { echo "no $so: build it first" >&2; exit 99; }
fail=0

want=$(sort <<'E'
plugin_name
plugin_type
plugin_version
slurm_spank_init
slurm_spank_init_post_opt
slurm_spank_job_epilog
slurm_spank_job_prolog
slurm_spank_task_init
slurm_spank_task_init_privileged
spank_plugin_version
E
)
got=$(nm -D --defined-only "$so" | awk '{ print $3 }' | sort)
diff <(echo "$want") <(echo "$got") || { echo "exported symbols differ (< wanted, > found)"; fail=1; }

needed=$(readelf -d "$so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
for lib in $needed; do
	case $lib in
	libmunge.so.*|libc.so.*|libasan.so.*|libubsan.so.*|libgcov.so.*) ;;
	*) echo "needs $lib"; fail=1 ;;
	esac
done

# It lives in slurmd and slurmstepd: nothing in it may end the process, but the wait that ends the task
# with an exit code of its own.
ends=$(nm -D -u "$so" | awk '{ sub(/@.*/, "", $2); print $2 }' | grep -xE 'exit|abort|quick_exit|__assert_fail' || true)
[ -z "$ends" ] || { echo "can end Slurm's process by $ends"; fail=1; }
exit $fail
