#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kubectl, as an administrator uses it beside vmd: what is shown, watched, described, cordoned; and
# that a VM which somebody deletes comes back. KUBECTL names another kubectl to try.
. "$(dirname "$0")/lib.sh"

kubectl=kubectl
if [ -n "${KUBECTL-}" ]; then
	kubectl=/tmp/kubectl # the lab's own /tmp
	on_lab sh -c "cat >$kubectl && chmod 755 $kubectl" <"$KUBECTL" || exit 1
fi
kube()
{
	on_lab "$kubectl" "$@"
}

shows() # PATTERN ARGUMENTS...: kubectl succeeds and prints that
{
	local out pattern=$1

	shift
	out=$(kube "$@" 2>&1) && contains "$out" "$pattern"
}

uid_of() # VM
{
	kube get vm "$1" -n slurm-vm -o 'jsonpath={.metadata.uid}'
}

another_vm() # VM UID: it is there, and not that one
{
	local now

	now=$(uid_of "$1" 2>/dev/null)
	[ -n "$now" ] && [ "$now" != "$2" ]
}

job=$(submit alice --vm=tiny -c 1 --mem=512M <<<$'#!/bin/bash\nsleep 600')
ok "the guest runs" as alice timeout 100 vmctl wait --for=running "$job"
ok "and Kubernetes calls it so" within 60 shows Running get vmi -n slurm-vm -l "slurm-vm.io/job=$job"
vm=$(on_lab vmctl show --json "$job" | jq -r .vm)

ok "get vm" shows "^$vm .*Running +True" get vm -n slurm-vm
ok "get vmi -o wide" shows "^$vm .*Running.*worker[123]node +True" get vmi -n slurm-vm -o wide
ok "get pods -o wide" shows "^virt-launcher-$vm-.* 1/1 +Running.*worker[123]node" get pods -n slurm-vm -o wide
ok "get pvc" shows "^vm-$job-.*-r0-root +Bound.*1Gi +RWX" get pvc -n slurm-vm -o wide
ok "get pv" shows "^vm-$job-.*-root +1Gi +RWX +Retain +Bound" get pv -o wide
ok "several kinds in one" shows "virtualmachineinstance.kubevirt.io/$vm" get vm,vmi,pods,pvc,nodes -A -o wide
ok "get all" shows "virtualmachine.kubevirt.io/$vm" get all -n slurm-vm
ok "get -o yaml" shows "slurm-vm.io/job: \"$job\"" get vmi "$vm" -n slurm-vm -o yaml
ok "get -o json" equals "$(kube get vmi "$vm" -n slurm-vm -o json | jq -r .kind)" VirtualMachineInstance
ok "get --show-labels" shows "slurm-vm.io/job=$job" get vm -n slurm-vm --show-labels
ok "get events" shows "virtualmachineinstance/$vm" get events -n slurm-vm
ok "describe vmi" shows "^Name: +$vm" describe vmi "$vm" -n slurm-vm
ok "describe node" shows "virt-launcher-" describe node "$(on_lab vmctl show --json "$job" | jq -r .node)"
ok "api-resources" shows "^virtualmachineinstances +vmi" api-resources
ok "wait" shows "condition met" wait --for=condition=Ready vmi "$vm" -n slurm-vm --timeout=60s

on_lab sh -c 'cat >/tmp/vmd.kubeconfig' <<-CONFIG
	{apiVersion: v1, kind: Config, current-context: vmd,
	 clusters: [{name: lab, cluster: {server: "https://192.168.170.190:6443", certificate-authority: /etc/slurm-vm/kube-ca.crt}}],
	 users: [{name: vmd, user: {tokenFile: /etc/slurm-vm/kube-token}}],
	 contexts: [{name: vmd, context: {cluster: lab, user: vmd, namespace: slurm-vm}}]}
CONFIG
may() # ANSWER ARGUMENTS...: what kubectl auth can-i says to who has vmd's token
{
	local answer=$1

	shift
	equals "$(kube --kubeconfig=/tmp/vmd.kubeconfig auth can-i "$@" 2>/dev/null)" "$answer"
}
ok "auth can-i: vmd may make virtual machines" may yes create virtualmachines.kubevirt.io
ok "... and no node go" may no delete nodes

not_found()
{
	local out

	! out=$(kube get vmi nosuch -n slurm-vm 2>&1) && contains "$out" '"nosuch" not found'
}
ok "what is not there is NotFound" not_found

ok "cordon" shows cordoned cordon worker3node
ok "is seen" shows "^worker3node +Ready,SchedulingDisabled" get nodes
ok "uncordon" shows uncordoned uncordon worker3node
ok "is seen" shows "^worker3node +Ready +worker" get nodes

# A watch shows the end of the VM and its return: vmd makes what is wanted again.
uid=$(uid_of "$vm")
kube get vm -n slurm-vm --watch --output-watch-events >"$work/watch" 2>&1 &
watch=$!
ok "a watch tells what is there" within 20 grep -q "^ADDED .*$vm" "$work/watch"
ok "delete vm" shows deleted delete vm "$vm" -n slurm-vm
ok "vmd makes it again, under the same name" within 60 another_vm "$vm" "$uid"
ok "the watch tells of the end" within 20 grep -q "^DELETED .*$vm" "$work/watch"
told_twice()
{
	equals "$(grep -c "^ADDED .*$vm" "$work/watch")" 2
}
ok "and of the new one" within 20 told_twice
on_lab sh -c "kill \$(ps -eo pid,args | awk '/[g]et vm -n slurm-vm --watch/ {print \$1}')" 2>/dev/null
wait "$watch"

as alice scancel "$job"
ok "all is gone" within 180 nothing_left "$job"
done_testing
