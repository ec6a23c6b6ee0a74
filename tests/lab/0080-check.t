#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmd --check FILE --site: all is well in the lab; then a role, Ceph's rights, a network and the nodes' key are broken, and
# the lines say so. Nothing is left behind.
. "$(dirname "$0")/lib.sh"

etc=/tmp/check # the lab's own /tmp
as_vmd()
{
	on_lab runuser -u slurm -- "$@"
}

check() # FILE [OPTION]: its lines in $said, its exit code
{
	said=$(as_vmd vmd --check "$1" --site "${@:2}" 2>&1)
}

all_ok()
{
	check /etc/slurm-vm/vmd.yaml && contains "$said" '0 notes, 0 unknown, 0 wrong$'
}

wrong() # PATTERN: there is such a line, and the next says what to do
{
	contains "$said" "^WRONG +$1" && grep -A1 -E "^WRONG +$1" <<<"$said" | grep -q ' -> '
}

broken() # SED-COMMAND: the settings, changed so, are found wrong
{
	on_lab sh -c "sed '$1' /etc/slurm-vm/vmd.yaml >$etc/vmd.yaml" || return
	! check "$etc/vmd.yaml"
}

on_lab install -d -o slurm "$etc"
ok "all is well" all_ok
is_list()
{
	check /etc/slurm-vm/vmd.yaml --json && [ "$(jq -r '[.[] | select(.verdict == "ok")] | length > 15' <<<"$said")" = true ]
}
ok "and as JSON" is_list

ok "a network that is not there" broken s,slurm-vm/lan,slurm-vm/nosuch,
ok "is named" wrong 'kubernetes +network lan: slurm-vm/nosuch is not there'

# vmd's own role, under another name, but for one verb and the warnings.
sed 's/name: vmd\b/name: poor/g; s/slurm-vm-vmd/slurm-vm-poor/g; s/create, patch, delete\]  # patch: a new/create, patch]  # patch: a new/' \
	"$top/etc/kubernetes/20-rbac.yaml" | on_lab sh -c "kubectl apply --validate=false -f - >/dev/null 2>&1"
# shellcheck disable=SC2016 # the lab's shell expands it
on_lab bash -c '
	token=$(sed -n "s/.*token: \([0-9a-f]*\).*/\1/p" /etc/kubernetes/admin.conf)
	curl -s --cacert /etc/slurm-vm/kube-ca.crt -H "Authorization: Bearer $token" -H "Content-Type: application/json" \
		-d "{\"apiVersion\": \"authentication.k8s.io/v1\", \"kind\": \"TokenRequest\", \"spec\": {\"expirationSeconds\": 3600}}" \
		https://192.168.170.190:6443/api/v1/namespaces/slurm-vm/serviceaccounts/poor/token' |
	jq -r .status.token | on_lab sh -c "install -o slurm -m 0600 /dev/stdin $etc/token"
ok "a role that lacks a verb" broken "s,token_file:.*,token_file: $etc/token,"
ok "is told by that verb" wrong 'kubernetes +vmd may not delete secrets in its namespace: no virtual'
three() # the verb, and two of the warnings
{
	equals "$(grep -c '^WRONG .*may not' <<<"$said")" 3
}
ok "and by no other of the role" three
ok "the warnings' rights are missed, too" wrong 'kubernetes +vmd may not get, create pods/exec'
ok "a token that is none" broken "s,token_file:.*,token_file: /etc/hostname,"
ok "is told" wrong 'kubernetes +the token of /etc/hostname is not taken'

on_lab sh -c "ceph auth get-or-create client.poor mon 'allow r' osd 'profile rbd-read-only pool=rbd' -o $etc/poor 2>/dev/null && chown slurm $etc/poor"
ok "a user of Ceph who may only read" broken "s,user: vmd,user: poor,; s,keyring:.*,keyring: $etc/poor,"
ok "cannot make disks" wrong 'ceph +pool rbd: .*cannot make image'
ok "cannot clone" wrong 'ceph +rbd/tiny@v1: .*cannot clone'
ok "cannot fence" wrong 'ceph +.*osd blocklist add'
ok "a golden image that is not there" broken "s,rbd/tiny@v1,rbd/tiny@v2,"
ok "is named" wrong 'ceph +image tiny, revision v1: .*rbd/tiny@v2'

on_lab kubectl apply --validate=false -f - >/dev/null <<EOF
apiVersion: v1
kind: Secret
metadata: {name: wrong-key, namespace: slurm-vm}
stringData: {userID: csi, userKey: "$(on_lab ceph-authtool --gen-print-key)"}
EOF
ok "a key of the nodes that is not theirs" broken "s,slurm-vm/ceph-csi,slurm-vm/wrong-key,"
ok "is told" wrong "ceph +the nodes' user client.csi \(Secret slurm-vm/wrong-key\)"

# Other tests have this lab after us: slurm.conf comes back, whatever happens.
restore()
{
	on_lab sh -c "[ ! -e $etc/slurm.conf ] || cp $etc/slurm.conf /etc/slurm/slurm.conf; scontrol reconfigure"
}
trap 'restore; rm -rf "$work"' EXIT
on_lab sh -c "cp /etc/slurm/slurm.conf $etc/ && sed 's,^MpiDefault,PrologEpilogTimeout=60\nMpiDefault,; s,^JobSubmitPlugins.*,,' \
	-i /etc/slurm/slurm.conf && scontrol reconfigure"
slurm_is_wrong()
{
	! check /etc/slurm-vm/vmd.yaml && wrong 'slurm +PrologEpilogTimeout is 60 s' &&
		contains "$said" '^WRONG +slurm +JobSubmitPlugins has no lua'
}
ok "what slurm.conf lacks" within 20 slurm_is_wrong
restore
ok "all is well again" within 20 all_ok

on_lab sh -c "ceph auth rm client.poor; kubectl -n slurm-vm delete secret/wrong-key secret/poor-token sa/poor role/poor \
	rolebinding/poor; kubectl delete clusterrole/slurm-vm-poor clusterrolebinding/slurm-vm-poor" >/dev/null 2>&1
nothing_made()
{
	equals "$(on_lab rbd ls rbd)" tiny && equals "$(on_lab kubectl get vm -A -o name)" ""
}
ok "nothing is left of the checks" nothing_made
done_testing
