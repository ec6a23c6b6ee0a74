#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The main job: sbatch --vm=tiny, a command in the guest over ssh, and nothing left behind.
. "$(dirname "$0")/lib.sh"

job=$(submit alice --vm=tiny -c 2 --mem=512M <<EOS
#!/bin/bash
echo "name \$VM_NAME host \$VM_HOST address \$VM_ADDRESS user \$VM_USER"
stat -c 'key %a %U' "\$VM_SSH_KEY"
$ssh_guest 'echo "guest cpus \$(nproc) memory \$(free -m | awk "/^Mem:/ { print \\\$2 }")"'
sleep 5 # READY lasts until it is looked at, on a busy machine, too
EOS
)
# what a job that slurmctld has forgotten left there
for node in worker1node worker2node worker3node; do
	on_lab sh -c "mkdir -p /run/hosts/$node/slurm-vm/99999 && : >/run/hosts/$node/slurm-vm/99999/id_ed25519 &&
		touch -d '1 hour ago' /run/hosts/$node/slurm-vm/99999"
done
watch()
{
	vm_state "$job" >>"$work/seen"
	job_over "$job"
}
memory_fits() # TEXT: a good part of the 512 MiB, and not more than them
{
	local m

	m=$(sed -n 's/^guest cpus 2 memory //p' <<<"$1")
	echo "memory is $m MiB"
	[ "$m" -gt 150 ] && [ "$m" -lt 512 ]
}
lease_is_back()
{
	equals "$(on_lab cat /var/lib/misc/dnsmasq.leases)" ""
}

ok "the job ends" within 120 watch
ok "well" job_in "$job" COMPLETED
out=$(output_of alice "$job")
seen=$(uniq "$work/seen" | paste -sd' ')
ok "its VM was seen to boot" contains "$seen" BOOTING
ok "its VM was seen to be ready" contains "$seen" READY
ok "the script knew name, host and address" contains "$out" "name vm-$job-[0-9a-f]{16}-r0 host worker[123]node address 192\.168\.172\.[0-9]+ user root"
ok "the key is the owner's alone" contains "$out" "key 600 alice"
ok "a command in the guest answered, with the CPUs asked for" contains "$out" "guest cpus 2 memory"
ok "guest and overhead fit into the allocation" memory_fits "$out"
ok "the states went by in the job's output" contains "$out" "READY"
ok "all is gone" within 180 nothing_left "$job"
ok "so is what a job that Slurm has forgotten had left on that node" \
	equals "$(on_lab sh -c 'ls -d /run/hosts/*/slurm-vm/99999' | wc -l)" 2
ok "the address was given back" within 30 lease_is_back
account=$(on_lab sacct -X -n -P -j "$job" --format=State,AllocTRES,AdminComment)
ok "accounting counts the VM" contains "$account" "COMPLETED\|.*gres/vm=1"
ok "and says what it was" contains "$account" "slurm-vm\{image=tiny .*nonce=[0-9a-f]{16}"
ok "and where" contains "$account" "node=worker[123]node address=192\.168\.172\."
done_testing
