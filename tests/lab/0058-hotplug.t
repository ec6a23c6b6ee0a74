#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A disk that a running VM is given and gives back, by the API alone: the guest finds it by its serial
# number and writes on it, takes it along when it moves, and loses it when it is taken away. Then the
# image is nobody's: it can be removed.
. "$(dirname "$0")/lib.sh"

in_guest() # SCRIPT
{
	as alice timeout 60 vmctl exec "$job" -- sh -c "$1"
}
# shellcheck disable=SC2016 # in the guest
disk_by_serial='for d in /sys/block/sd*; do grep -q hotplug-1 $d/device/vpd_pg80 2>/dev/null && echo /dev/${d##*/}; done'
is_in_guest()
{
	contains "$(in_guest "$disk_by_serial")" '^/dev/sd'
}
volume() # FIELD: of the volume's status
{
	on_lab kubectl get vmi -n slurm-vm "$vm" -o jsonpath="{.status.volumeStatus[?(@.name=='extra')].$1}"
}
subresource() # NAME BODY
{
	on_lab sh -c "echo '$2' | kubectl replace --raw /apis/subresources.kubevirt.io/v1/namespaces/slurm-vm/virtualmachines/$vm/$1 -f -"
}
# The claim's volume is that of the VM's root disk, for another image.
claim_make()
{
	on_lab kubectl get pv -l "slurm-vm.io/job=$job" -o json | jq '.items[0] | {apiVersion, kind, metadata: {name: "extra"}, spec: (.spec
		| {accessModes, volumeMode, persistentVolumeReclaimPolicy, storageClassName, csi: (.csi + {volumeHandle: "extra"}),
			capacity: {storage: "64Mi"}, claimRef: {namespace: "slurm-vm", name: "extra"}})}' >"$work/pv"
	jq '{apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: {name: "extra", namespace: "slurm-vm"},
		spec: {accessModes: .spec.accessModes, volumeMode: "Block", storageClassName: "", volumeName: "extra",
			resources: {requests: {storage: "64Mi"}}}}' "$work/pv" >"$work/pvc"
	on_lab kubectl create -f - <"$work/pv" && on_lab kubectl create -f - <"$work/pvc"
}

job=$(submit alice --requeue --vm=tiny -c 1 --mem=512M --wrap 'sleep 900')
ok "a VM is READY" within 180 in_state "$job" READY
vm=$(on_lab vmctl show --json "$job" | jq -r .vm)
ok "an image" on_lab rbd create rbd/extra --size 64M
ok "a claim" claim_make
ok "the VM is given it" subresource addvolume '{"name":"extra","disk":{"disk":{"bus":"scsi"},"serial":"hotplug-1"},
	"volumeSource":{"persistentVolumeClaim":{"claimName":"extra"}}}'
ok "it is Ready" within 60 prints Ready volume phase
ok "the guest has it" within 60 is_in_guest
ok "and writes on it" within 60 in_guest "echo written-before-the-move | dd of=\$($disk_by_serial) bs=512 conv=sync,fsync"

node=$(vm_node "$job")
ok "the VM is told to move" as alice timeout 120 vmctl migrate "$job"
has_moved()
{
	local now

	now=$(vm_node "$job")
	[ -n "$now" ] && [ "$now" != "$node" ] && [ -n "$(volume hotplugVolume.attachPodUID)" ]
}
ok "it moves" within 120 has_moved
is_as_written()
{
	contains "$(in_guest "dd if=\$($disk_by_serial) bs=512 count=1 iflag=direct")" written-before-the-move
}
ok "the guest reads what it wrote" within 60 is_as_written
pod_is_with_it()
{
	equals "$(vm_node "$job")" \
		"$(on_lab kubectl get pod -n slurm-vm "$(volume hotplugVolume.attachPodName)" -o jsonpath='{.spec.nodeName}')"
}
ok "its attachment pod is where it is" within 30 pod_is_with_it

ok "the VM gives it back" subresource removevolume '{"name":"extra"}'
ok "nothing is told of it" within 60 prints "" volume name
ok "the guest has it no more" within 60 prints nothing in_guest "$disk_by_serial; echo nothing"
ok "the claim can go" on_lab kubectl delete pvc,pv -n slurm-vm extra --timeout=30s
ok "and the image" within 30 on_lab rbd rm --no-progress rbd/extra
as alice scancel "$job"
ok "all is gone" within 60 nothing_left "$job"
done_testing
