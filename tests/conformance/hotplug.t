#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A volume that a running VM is given and gives back, as it was recorded on a real server: the answers
# of addvolume and removevolume, the steps of status.volumeStatus that a watcher sees, and what the VMI
# says in between; in kubevirt-lite with simulated guests. Then what is refused, with the texts of
# virt-api (rest/volumes.go), and what cannot be brought yet.
set -u -o pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/conformance/lib.sh
. "$here/lib.sh"
need_samples
core=/api/v1/namespaces/hpc-vms
kubevirt=/apis/kubevirt.io/v1/namespaces/hpc-vms
sub=/apis/subresources.kubevirt.io/v1/namespaces/hpc-vms
vm=job1234-win0
vmis=$kubevirt/virtualmachineinstances
data='{"name":"data","disk":{"disk":{"bus":"scsi"},"serial":"data"},
	"volumeSource":{"persistentVolumeClaim":{"claimName":"job1234-data"}}}'

claim() # NAME SIZE
{
	prepare POST /api/v1/persistentvolumes '{"metadata":{"name":"'"$1"'"},"spec":{"accessModes":["ReadWriteMany"],
		"volumeMode":"Block","capacity":{"storage":"'"$2"'"},"csi":{"driver":"rbd.csi.ceph.com","volumeHandle":"'"$1"'"},
		"claimRef":{"namespace":"hpc-vms","name":"'"$1"'"}}}'
	prepare POST $core/persistentvolumeclaims '{"metadata":{"name":"'"$1"'"},"spec":{"accessModes":["ReadWriteMany"],
		"volumeMode":"Block","volumeName":"'"$1"'","resources":{"requests":{"storage":"'"$2"'"}}}}'
}

# answer NAME METHOD PATH BODY: as the recorded answer: code, and no body
answer()
{
	local had

	admin "$2" "$sub/$3" "$4"
	had=$(sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p' "$samples/$1.http")
	[ "$(<"$tmp/code")" = "$had" ] || fail "$1: $(<"$tmp/code") $(<"$tmp/body"), recorded: $had"
	[ ! -s "$tmp/body" ] || fail "$1: a body: $(<"$tmp/body")"
}

# refused CODE TEXT PATH BODY
refused()
{
	admin PUT "$sub/$3" "$4"
	[ "$(<"$tmp/code") $(jq -r .message "$tmp/body")" = "$1 $2" ] ||
		fail "$3 with $4: $(<"$tmp/code") $(<"$tmp/body"), wanted: $1 $2"
}

# steps OF FILE: of the volume `data` in a watch of VMIs, a line each, names of pods and uids aside
steps()
{
	jq -r 'select(.object.spec) | .object | (.spec.volumes | any(.name == "data")) as $wanted
		| (.status.volumeStatus // [] | map(select(.name == "data"))[0]) as $s
		| [if $wanted then "wanted" else "-" end, $s.phase // "-", $s.reason // "-", $s.message // "-",
			$s.target // "-", if $s.hotplugVolume.attachPodUID then "uid" else "-" end]
		| join("|") | gsub("hp-volume-[a-z0-9]*"; "hp-volume-X")' "$1" | uniq
}

# volumes: status.volumeStatus of a VMI, without what was recorded of a TPM
volumes()
{
	jq -S '.status.volumeStatus | map(select(.name != "persistent-state-for-this-vm"))
		| map(if .hotplugVolume then .hotplugVolume |= map_values("X") | .message |= gsub("hp-[a-z0-9-]*"; "X") else . end)'
}

start_server
prepare POST /api/v1/namespaces '{"metadata":{"name":"hpc-vms"}}'
prepare POST $core/configmaps '{"metadata":{"name":"job1234-sysprep"},"data":{"unattend.xml":"<unattend/>"}}'
claim job1234-root 64Gi
claim job1234-data 10Gi
watch vmi $vmis
prepare POST $kubevirt/virtualmachines '{"metadata":{"name":"'$vm'"},"spec":{"runStrategy":"RerunOnFailure","template":{"spec":{
	"evictionStrategy":"LiveMigrate","domain":{"memory":{"guest":"1Gi"},"devices":{"autoattachPodInterface":false,
		"disks":[{"name":"root","bootOrder":1,"disk":{"bus":"virtio"}},{"name":"sysprep","cdrom":{"bus":"sata"}}]}},
	"volumes":[{"name":"root","persistentVolumeClaim":{"claimName":"job1234-root"}},
		{"name":"sysprep","sysprep":{"configMap":{"name":"job1234-sysprep"}}}]}}}}'
until_seen $vmis '.object.status.phase == "Running"'

answer addvolume-response PUT virtualmachines/$vm/addvolume "$data"
until_seen $vmis '.object.status.volumeStatus // [] | any(.name == "data" and .phase == "Ready")'
admin GET $vmis/$vm
for what in .spec.volumes '.spec.domain.devices.disks | map(del(.cache, .cdrom.readonly, .cdrom.tray))'; do
	[ "$(jq -S "$what" "$tmp/body")" = "$(jq -S "$what" "$samples/json/vmi-hotplugged-volume.json")" ] ||
		fail "$what: $(jq -c "$what" "$tmp/body")"
done
[ "$(volumes <"$tmp/body")" = "$(volumes <"$samples/json/vmi-hotplugged-volume.json")" ] ||
	fail "volumeStatus: $(volumes <"$tmp/body")"

virtualmachine="Operation cannot be fulfilled on virtualmachine.kubevirt.io \"$vm\":"
refused 409 "$virtualmachine Unable to add volume [data] because volume with that name already exists" virtualmachines/$vm/addvolume "$data"
refused 409 "$virtualmachine Unable to add volume source [job1234-data] because it already exists" \
	virtualmachines/$vm/addvolume "${data/data/more}"
refused 409 "$virtualmachine Unable to remove volume [root] because it is not hotpluggable" virtualmachines/$vm/removevolume '{"name":"root"}'
refused 409 "$virtualmachine Unable to remove volume [none] because it does not exist" virtualmachines/$vm/removevolume '{"name":"none"}'
refused 400 "VMI hpc-vms/$vm is owned by a VM" virtualmachineinstances/$vm/addvolume "${data//data/more}"
refused 400 "VMI hpc-vms/$vm is owned by a VM" virtualmachineinstances/$vm/removevolume '{"name":"data"}'
refused 404 'virtualmachine.kubevirt.io "none" not found' virtualmachines/none/addvolume "$data"
refused 404 'virtualmachineinstance.kubevirt.io "none" not found' virtualmachineinstances/none/removevolume '{"name":"data"}'
refused 400 'AddVolumeOptions requires name to be set' virtualmachines/$vm/addvolume '{}'
refused 400 'AddVolumeOptions requires disk to not be nil' virtualmachines/$vm/addvolume '{"name":"more"}'
refused 400 'AddVolumeOptions requires VolumeSource to not be nil' virtualmachines/$vm/addvolume '{"name":"more","disk":{}}'
refused 400 'RemoveVolumeOptions requires name to be set' virtualmachines/$vm/removevolume '{}'
refused 400 "Can not unmarshal Request body to struct, error: json: cannot unmarshal number into Go struct field \
RemoveVolumeOptions.name of type string" virtualmachines/$vm/removevolume '{"name":7}'
refused 422 'admission webhook "virtualmachine-validator.kubevirt.io" denied the request: spec.template.spec.volumes[3] must have exactly one source type set' \
	virtualmachines/$vm/addvolume '{"name":"more","disk":{"disk":{"bus":"scsi"}},"volumeSource":{}}'
admin POST "$sub/virtualmachines/$vm/addvolume" "$data"
[ "$(<"$tmp/code")" = 405 ] || fail "POST: $(<"$tmp/code")"

answer removevolume-response PUT virtualmachines/$vm/removevolume '{"name":"data"}'
until_seen $vmis '.object.status.volumeStatus | all(.name != "data")'
admin GET "$core/pods?labelSelector=kubevirt.io%3Dhotplug-disk"
[ "$(jq '.items | length' "$tmp/body")" = 0 ] || fail "attachment pods are left: $(jq -c '.items[].metadata.name' "$tmp/body")"
kill "${watchers[@]}"
diff <(steps "$samples/watch/lifecycle-virtualmachineinstances.jsonl") <(steps "$tmp/watch-vmi") >"$tmp/diff" ||
	fail "steps (<: recorded): $(<"$tmp/diff")"

# What cannot be brought: it says why, and comes when it can. dryRun changes nothing. A disk that a
# running VMI refuses the VM tells.
admin PUT $sub/virtualmachines/$vm/addvolume "{\"dryRun\":[\"All\"],${data#?}"
[ "$(<"$tmp/code")" = 202 ] || fail "dryRun: $(<"$tmp/code") $(<"$tmp/body")"
admin GET $kubevirt/virtualmachines/$vm
[ "$(jq '.spec.template.spec.volumes | length' "$tmp/body")" = 2 ] || fail "dryRun has changed the VM"
prepare PUT $sub/virtualmachines/$vm/addvolume "${data//data/late}"
until_seen $vmis '.object.status.volumeStatus // [] | any(.name == "late" and .phase == "Pending" and .reason == "FailedPvcNotFound"
	and .message == "PVC job1234-late not found" and .hotplugVolume)'
prepare POST $core/persistentvolumeclaims '{"metadata":{"name":"job1234-late"},"spec":{"accessModes":["ReadWriteMany"],
	"volumeMode":"Block","volumeName":"job1234-late","resources":{"requests":{"storage":"1Gi"}}}}'
until_seen $vmis '.object.status.volumeStatus // [] | any(.name == "late" and .reason == "PVCNotReady" and .message == "PVC is in phase ClaimPending")'
prepare POST /api/v1/persistentvolumes '{"metadata":{"name":"job1234-late"},"spec":{"accessModes":["ReadWriteMany"],
	"volumeMode":"Block","capacity":{"storage":"1Gi"},"csi":{"driver":"rbd.csi.ceph.com","volumeHandle":"late"},
	"claimRef":{"namespace":"hpc-vms","name":"job1234-late"}}}'
until_seen $vmis '.object.status.volumeStatus // [] | any(.name == "late" and .phase == "Ready" and .target == "sdb")'
prepare PUT $sub/virtualmachines/$vm/addvolume "${data/scsi/sata}"
until_seen $kubevirt/virtualmachines '.object.status.conditions // [] | any(.reason == "HotPlugVolumeError" and (.message |
	endswith("Hotplug configuration for disk [data] requires bus to be '\''scsi'\'' or '\''virtio'\''. [sata] is not permitted.")))'
prepare PUT $sub/virtualmachines/$vm/removevolume '{"name":"data"}'
until_seen $kubevirt/virtualmachines '.object.status.conditions // [] | all(.reason != "HotPlugVolumeError")'
[ "$failures" -eq 0 ] || exit 1
