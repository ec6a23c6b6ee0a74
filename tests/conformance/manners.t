#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Manners of the API that no recording shows: pages of one moment, selectors, rules of access, dry
# runs, preconditions, Tables, watches that filter, and what a restart keeps.
set -u -o pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/conformance/lib.sh
. "$here/lib.sh"
cms=/api/v1/namespaces/hpc-vms/configmaps

# expect WHAT WANT JQ: what jq says of the last answer
expect()
{
	local got

	got=$(jq -r "$3" "$tmp/body" 2>&1)
	[ "$got" = "$2" ] || fail "$1: '$got', wanted '$2'"
}

code()
{
	[ "$(<"$tmp/code")" = "$2" ] || fail "$1: $(<"$tmp/code"), wanted $2: $(head -c 300 "$tmp/body")"
}

make()
{
	prepare POST $cms '{"metadata":{"name":"'"$1"'","labels":{"set":"'"$2"'"}},"data":{"n":"1"}}'
}

pages()
{
	local token version

	for n in a b c d e; do make $n x; done
	admin GET "$cms?limit=2"
	expect "first page" "a b 3" '([.items[].metadata.name] | join(" ")) + " \(.metadata.remainingItemCount)"'
	token=$(jq -r .metadata.continue "$tmp/body")
	version=$(jq -r .metadata.resourceVersion "$tmp/body")
	prepare DELETE $cms/c
	make bb x
	prepare PATCH $cms/d '{"data":{"n":"2"}}' application/merge-patch+json
	admin GET "$cms?limit=2&continue=$token"
	expect "second page shows the same moment" "c d 1" '([.items[].metadata.name, .items[-1].data.n][0:2] | join(" ")) + " \(.items[1].data.n)"'
	expect "and its version" "$version" .metadata.resourceVersion
	token=$(jq -r .metadata.continue "$tmp/body")
	admin GET "$cms?limit=2&continue=$token"
	expect "last page" "e null" '([.items[].metadata.name] | join(" ")) + " \(.metadata.continue)"'
	admin GET "$cms?resourceVersion=$version&resourceVersionMatch=Exact"
	expect "an exact version" "a b c d e" '[.items[].metadata.name] | join(" ")'
	admin GET "$cms?continue=garbage"
	code "a broken token" 400
}

selectors()
{
	make f y
	admin GET "$cms?labelSelector=set%20in%20(y,z)"
	expect "labels" f '[.items[].metadata.name] | join(" ")'
	admin GET "$cms?labelSelector=set!=y&fieldSelector=metadata.name%3Da"
	expect "labels and fields" a '[.items[].metadata.name] | join(" ")'
	admin DELETE "$cms?labelSelector=set%3Dy"
	code "delete by label" 200
	admin GET $cms/f
	code "it is gone" 404
}

access()
{
	request GET /apis/kubevirt.io/v1/namespaces/hpc-vms/virtualmachines conformance-alice application/json ''
	code "a rule with a namespace" 200
	request GET /apis/kubevirt.io/v1/virtualmachines conformance-alice application/json ''
	code "the same in all namespaces" 403
	request DELETE /apis/kubevirt.io/v1/namespaces/hpc-vms/virtualmachines/x conformance-alice application/json ''
	code "another verb" 403
	request GET /api/v1/nodes conformance-alice application/json ''
	code "a rule for a group" 200
	request GET /api/v1/nodes/cn01 conformance-alice application/json ''
	code "another verb of the group" 403
	request GET /version '' application/json ''
	code "the version is for everybody" 200
	request GET /apis '' application/json ''
	code "the kinds are not" 403
}

writes()
{
	local uid

	admin POST "$cms?dryRun=All" '{"metadata":{"name":"dry"}}'
	code "a dry run" 201
	admin GET $cms/dry
	code "wrote nothing" 404
	admin PATCH "$cms/a?dryRun=All" '{"data":{"n":"9"}}' application/merge-patch+json
	expect "a dry patch" 9 .data.n
	admin GET $cms/a
	expect "changed nothing" 1 .data.n
	uid=$(jq -r .metadata.uid "$tmp/body")
	admin DELETE $cms/a '{"preconditions":{"uid":"'"$uid"'","resourceVersion":"1"}}'
	code "an old version" 409
	admin DELETE $cms/a '{"preconditions":{"uid":"'"$uid"'"}}'
	code "the right uid" 200
	expect "says what went" "Success $uid" '"\(.status) \(.details.uid)"'
	admin POST $cms '{"metadata":{"name":"odd","finalizers":"none"}}'
	code "finalizers that are no list" 400
	admin POST $cms '{"metadata":{}}'
	code "no name" 422
	admin POST $cms '{"metadata":{"generateName":"gen-","labels":null}}'
	expect "a generated name" true '.metadata.name | test("^gen-[a-z0-9]{5}$")'
	admin POST /api/v1/namespaces/hpc-vms/secrets '{"metadata":{"name":"s"},"stringData":{"a":"b"}}'
	expect "a secret's text" 'Yg== null' '"\(.data.a) \(.stringData)"'
	admin PATCH /api/v1/nodes/cn01 '{"spec":{"unschedulable":true}}' application/strategic-merge-patch+json
	expect "cordon" true .spec.unschedulable
	admin PATCH /api/v1/nodes/nope '{"spec":{}}' application/merge-patch+json
	code "no such node" 404
}

forms()
{
	curl -s --cacert "$tmp/cert.pem" -H 'Authorization: Bearer conformance-admin' -o "$tmp/body" \
		-H 'Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json' \
		"https://127.0.0.1:$port/api/v1/nodes"
	expect "a Table" "Table Name Ready,SchedulingDisabled PartialObjectMetadata" \
		'"\(.kind) \(.columnDefinitions[0].name) \(.rows[0].cells[1]) \(.rows[0].object.kind)"'
	admin GET /apis/kubevirt.io/v1
	expect "short names" vm '.resources[] | select(.name == "virtualmachines").shortNames[0]'
}

watches()
{
	local version events

	make w1 in
	version=$(jq -r .metadata.resourceVersion "$tmp/body")
	prepare PATCH $cms/w1 '{"metadata":{"labels":{"set":"out"}}}' application/merge-patch+json
	prepare PATCH $cms/w1 '{"metadata":{"labels":{"set":"in"}}}' application/merge-patch+json
	prepare PATCH $cms/w1 '{"data":{"n":"3"}}' application/merge-patch+json
	prepare DELETE $cms/w1
	admin GET "$cms?watch=1&resourceVersion=$version&labelSelector=set%3Din&timeoutSeconds=1"
	events=$(jq -r .type "$tmp/body" | tr '\n' ' ')
	[ "$events" = "DELETED ADDED MODIFIED DELETED " ] ||
		fail "a filtered watch: $events"
	admin GET "$cms?watch=1&sendInitialEvents=true&timeoutSeconds=1"
	code "sendInitialEvents alone" 422
}

restart()
{
	local before after

	admin GET $cms
	before=$(jq -c '[.items[].metadata | [.name, .uid, .resourceVersion]]' "$tmp/body")
	kill "$server"
	wait "$server"
	start_server
	admin GET $cms
	after=$(jq -c '[.items[].metadata | [.name, .uid, .resourceVersion]]' "$tmp/body")
	[ "$before" = "$after" ] || fail "after a restart: $after, before: $before"
	make after x
	kill -9 "$server"
	wait "$server" 2>/dev/null
	start_server
	admin GET $cms/after
	code "after a kill" 200
}

# Accounts, roles and tokens: what is bound is allowed, nothing is given away that one does not have.
roles()
{
	local rbac=/apis/rbac.authorization.k8s.io/v1/namespaces/hpc-vms token screen
	local accounts=/api/v1/namespaces/hpc-vms/serviceaccounts
	local sub=/apis/subresources.kubevirt.io/v1/namespaces/hpc-vms/virtualmachineinstances

	screen='{"apiGroups":["subresources.kubevirt.io"],"resources":["virtualmachineinstances/vnc"],"resourceNames":["one"],"verbs":["get"]}'
	prepare POST $accounts '{"metadata":{"name":"viewer"}}'
	prepare POST $rbac/roles '{"metadata":{"name":"viewer"},"rules":['"$screen"']}'
	prepare POST $rbac/rolebindings '{"metadata":{"name":"viewer"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"viewer"},
		"subjects":[{"kind":"ServiceAccount","name":"viewer","namespace":"hpc-vms"}]}'
	admin POST $accounts/viewer/token '{"spec":{"expirationSeconds":60}}'
	code "a token for a minute" 422
	admin POST $accounts/nobody/token '{"spec":{}}'
	code "a token of nobody" 404
	prepare POST $accounts/viewer/token '{"spec":{"expirationSeconds":600}}'
	token=$(jq -r .status.token "$tmp/body")
	request GET $sub/one/vnc "$token" application/json ''
	code "the screen it was given (of a guest that is not there)" 404
	request GET $sub/two/vnc "$token" application/json ''
	code "another screen" 403
	request GET $sub/one/console "$token" application/json ''
	code "another part of it" 403
	request GET $cms "$token" application/json ''
	code "something else" 403
	request POST $rbac/roles "$token" application/json '{"metadata":{"name":"more"},"rules":['"$screen"']}'
	code "a role by who may not make any" 403

	# alice may make roles, but has little to give
	prepare POST $rbac/roles '{"metadata":{"name":"maker"},"rules":[{"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles","rolebindings"],"verbs":["create"]}]}'
	prepare POST $rbac/rolebindings '{"metadata":{"name":"maker"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"maker"},
		"subjects":[{"kind":"User","name":"alice"}]}'
	request POST $rbac/roles conformance-alice application/json '{"metadata":{"name":"a1"},"rules":['"$screen"']}'
	code "giving what one does not have" 403
	request POST $rbac/roles conformance-alice application/json '{"metadata":{"name":"a2"},"rules":[{"apiGroups":["kubevirt.io"],"resources":["virtualmachines"],"verbs":["get","list"]}]}'
	code "giving what one has" 201
	request POST $rbac/rolebindings conformance-alice application/json '{"metadata":{"name":"a3"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"viewer"},
		"subjects":[{"kind":"User","name":"alice"}]}'
	code "binding what one does not have" 403

	cluster_roles

	prepare DELETE $accounts/viewer
	request GET $sub/one/vnc "$token" application/json ''
	code "the token of an account that is gone" 401
}

# Of the cluster: what a ClusterRoleBinding gives holds everywhere, what a RoleBinding to the same role gives holds there.
cluster_roles()
{
	local group=/apis/rbac.authorization.k8s.io/v1 pvs=/api/v1/persistentvolumes
	local reads='{"apiGroups":[""],"resources":["persistentvolumes","secrets"],"verbs":["list"]}'
	local to='"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"reader"},"subjects":[{"kind":"User","name":"token-nobody"}]'

	prepare POST $group/clusterroles '{"metadata":{"name":"reader"},"rules":['"$reads"']}'
	request GET $pvs conformance-nobody application/json ''
	code "what nobody has bound yet" 403
	prepare POST $group/namespaces/hpc-vms/rolebindings '{"metadata":{"name":"reader"},'"$to"'}'
	request GET /api/v1/namespaces/hpc-vms/secrets conformance-nobody application/json ''
	code "a role of the cluster, bound in a namespace" 200
	request GET $pvs conformance-nobody application/json ''
	code "counts in no other place" 403
	prepare POST $group/clusterrolebindings '{"metadata":{"name":"reader"},'"$to"'}'
	request GET $pvs conformance-nobody application/json ''
	code "bound in the cluster" 200
	request GET /api/v1/secrets conformance-nobody application/json ''
	code "counts in all namespaces" 200
	request POST $group/clusterroles conformance-nobody application/json '{"metadata":{"name":"more"},"rules":['"$reads"']}'
	code "a role of the cluster by who may not make any" 403
	admin POST $group/clusterrolebindings '{"metadata":{"name":"none"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"viewer"}}'
	code "a binding of the cluster to a role of a namespace" 404
	prepare DELETE $group/clusterrolebindings/reader
	request GET $pvs conformance-nobody application/json ''
	code "what is no longer bound" 403
	prepare DELETE $group/namespaces/hpc-vms/rolebindings/reader
	prepare DELETE $group/clusterroles/reader
}

# can WHAT WANT TOKEN ATTRIBUTES: what kubectl auth can-i asks, and is told
can()
{
	request POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews "$3" application/json \
		'{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{},"spec":{'"$4"'}}'
	code "$1" 201
	expect "$1" "$2 $(jq -c . <<<"{$4}")" '"\(.status.allowed) \(.spec | tojson)"'
}

review_sent() # FILE
{
	curl -s --cacert "$tmp/cert.pem" -H 'Authorization: Bearer conformance-nobody' -o "$tmp/body" -w '%{http_code}' \
		-H 'Content-Type: application/vnd.kubernetes.protobuf' --data-binary "@$1" \
		"https://127.0.0.1:$port/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" >"$tmp/code"
}

reviews()
{
	local reviews=/apis/authorization.k8s.io/v1/selfsubjectaccessreviews
	local vms='"namespace":"hpc-vms","group":"kubevirt.io","resource":"virtualmachines"'

	can "what the settings allow" true conformance-alice '"resourceAttributes":{'"$vms"',"verb":"get"}'
	can "another verb" false conformance-alice '"resourceAttributes":{'"$vms"',"verb":"delete"}'
	can "a part of it" false conformance-alice '"resourceAttributes":{'"$vms"',"subresource":"status","verb":"get"}'
	can "everywhere" false conformance-alice '"resourceAttributes":{"group":"kubevirt.io","resource":"virtualmachines","verb":"get"}'
	can "another group" false conformance-alice '"resourceAttributes":{"namespace":"hpc-vms","resource":"virtualmachines","verb":"get"}'
	can "what a role allows" true conformance-alice '"resourceAttributes":{"namespace":"hpc-vms","group":"rbac.authorization.k8s.io","resource":"roles","verb":"create"}'
	can "what an administrator may" true conformance-admin '"resourceAttributes":{"verb":"*","group":"*","resource":"*"}'
	can "nobody in particular" false conformance-nobody '"resourceAttributes":{'"$vms"',"verb":"get"}'
	can "a path" true conformance-nobody '"nonResourceAttributes":{"path":"/healthz","verb":"get"}'
	can "another path" false conformance-nobody '"nonResourceAttributes":{"path":"/debug/faults","verb":"get"}'

	request POST $reviews '' application/json '{"spec":{"resourceAttributes":{"verb":"get"}}}'
	code "one without a token" 403
	request POST $reviews conformance-nobody application/json '{"spec":{}}'
	code "one that asks nothing" 422
	expect "and why" spec.resourceAttributes '.details.causes[0].field'
	request POST $reviews conformance-nobody application/json '{"spec":{"resourceAttributes":{},"nonResourceAttributes":{}}}'
	code "one that asks two things" 422
	request POST $reviews conformance-nobody application/json '{"spec":{"resourceAttributes":{"verb":1}}}'
	code "a verb that is no text" 400
	request POST $reviews conformance-nobody application/json '{"spec":{"resourceAttributes":"all"}}'
	code "attributes that are none" 400
	request POST $reviews conformance-nobody application/json '{"kind":"SubjectAccessReview","spec":{"resourceAttributes":{},"user":"alice"}}'
	code "one about somebody else" 400
	# kubectl 1.32 sends protobuf: auth can-i delete pods/log -n slurm-vm
	base64 -d >"$tmp/review" <<-EOF
		azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSQwoQCgASABoAIg
		AqADIAOABCABIlCiMKCHNsdXJtLXZtEgZkZWxldGUaACIAKgRwb2RzMgA6A2xvZxoICAASABoAIAAaACIA
		
	EOF
	review_sent "$tmp/review"
	code "kubectl's own" 201
	expect "is understood" "false slurm-vm delete pods log" \
		'"\(.status.allowed) \(.spec.resourceAttributes | "\(.namespace) \(.verb) \(.resource) \(.name)")"'
	head -c 90 "$tmp/review" >"$tmp/cut"
	review_sent "$tmp/cut"
	code "one that is cut off" 400
	admin GET /apis/authorization.k8s.io/v1
	expect "its resource" "selfsubjectaccessreviews create" '.resources[0] | "\(.name) \(.verbs[0])"'
}

# virtctl asks which KubeVirt that is before it says why something went wrong.
versions()
{
	request GET /apis/subresources.kubevirt.io conformance-nobody application/json ''
	expect "where to ask" subresources.kubevirt.io/v1 .preferredVersion.groupVersion
	request GET /apis/subresources.kubevirt.io/v1/version conformance-nobody application/json ''
	code "KubeVirt's version is for everybody with a token" 200
	expect "and can be compared" true '.gitVersion | test("^v[0-9]+\\.[0-9]+\\.[0-9]+(-|\\+|$)")'
	request GET /apis/subresources.kubevirt.io/v1/version '' application/json ''
	code "and for nobody else" 403
}

start_server
prepare POST /api/v1/namespaces '{"metadata":{"name":"hpc-vms"}}'
pages
selectors
access
writes
forms
watches
roles
reviews
versions
restart
[ "$failures" -eq 0 ] || exit 1
echo "all manners kept"
