/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of rights; see rights.h. One row is one right of one resource, as Kubernetes asks for
 * it in a SelfSubjectAccessReview. Pure. */
#include "vmd/site/rights.h"

#include "vmd/base/str.h"
#include "vmd/settings.h"

#include <string.h>

#define KUBEVIRT "kubevirt.io"
#define SUB      "subresources.kubevirt.io"
#define RBAC     "rbac.authorization.k8s.io"
#define VMI      "virtualmachineinstances"

/* clang-format off */
const struct site_right site_rights[] = {
	{KUBEVIRT, "virtualmachines", "", "get list watch create patch delete", false, USE_ALWAYS},
	{KUBEVIRT, "virtualmachineinstances", "", "get list watch", false, USE_ALWAYS},
	{KUBEVIRT, "virtualmachineinstancemigrations", "", "get list watch create delete", false,
	 USE_MOVE},
	{"", "persistentvolumeclaims", "", "get list watch create delete", false, USE_ALWAYS},
	{"", "secrets", "", "get list watch create patch delete", false, USE_ALWAYS},
	{"", "events", "", "list watch", false, USE_ALWAYS},
	{"coordination.k8s.io", "leases", "", "get create update", false, USE_ALWAYS},
	{"", "persistentvolumes", "", "get list watch create delete", true, USE_ALWAYS},
	{"", "serviceaccounts", "", "create", false, USE_SCREEN},
	{"", "serviceaccounts", "token", "create", false, USE_SCREEN},
	{RBAC, "roles", "", "create", false, USE_SCREEN},
	{RBAC, "rolebindings", "", "create", false, USE_SCREEN},
	{SUB, VMI, "vnc", "get", false, USE_SCREEN},
	{SUB, VMI, "vnc/screenshot", "get", false, USE_SCREEN},
	{SUB, VMI, "console", "get", false, USE_SCREEN},
	{SUB, VMI, "portforward", "get", false, USE_SCREEN},
	{SUB, VMI, "evacuate", "update", false, USE_MOVE},
	{SUB, VMI, "evacuate/cancel", "update", false, USE_MOVE},
	{SUB, "virtualmachines", "addvolume", "update", false, USE_HOTPLUG},
	{SUB, "virtualmachines", "removevolume", "update", false, USE_HOTPLUG},
	{"", "pods", "", "list delete", false, USE_FENCE},
	{"", "nodes", "", "list watch", true, USE_FENCE},
	{"", "nodes", "", "patch", true, USE_DRAIN},
	{"", "pods", "", "get list", false, USE_WARN},
	{"", "pods", "exec", "get create", false, USE_WARN},
	{"k8s.cni.cncf.io", "network-attachment-definitions", "", "get", false, USE_CHECK},
};
/* clang-format on */
const size_t site_rights_n = ARRAY_LEN(site_rights);
_Static_assert(ARRAY_LEN(site_rights) <= SITE_RIGHTS, "facts.h has room for fewer");

bool site_right_verb(const struct site_right *r, size_t i, char *buf, size_t size)
{
	const char *at = r->verbs;

	for (; i > 0 && at; i--) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at && str_fmt(buf, size, "%.*s", (int)strcspn(at, " "), at) == 0;
}

bool site_use_wanted(enum site_use use, const struct settings *s)
{
	switch (use) {
	case USE_FENCE: return s->policy.fence_after_s > 0;
	case USE_MOVE: return s->policy.on_drain == VM_ON_DRAIN_MIGRATE;
	case USE_DRAIN: return s->policy.drain.follow_drain;
	case USE_WARN: return s->policy.n_warn > 0;
	case USE_ALWAYS:
	case USE_HOTPLUG: return true;
	case USE_SCREEN:
	case USE_CHECK: return false;
	}
	return true; /* a number that is no site_use */
}

const char *site_use_text(enum site_use use)
{
	switch (use) {
	case USE_ALWAYS: return "no virtual machine is made";
	case USE_FENCE: return "virtual machines of lost hosts stay there (limits: fence_after)";
	case USE_MOVE: return "nothing moves live when its node is drained";
	case USE_DRAIN: return "no cordon follows a drain (kubernetes: follow_drain)";
	case USE_HOTPLUG: return "vmctl disk add and remove do not work";
	case USE_SCREEN: return "vmctl vnc, console, screenshot and kubeconfig do not work";
	case USE_WARN: return "nobody is warned before a time limit (limits: warn)";
	case USE_CHECK: return "networks cannot be looked for by this check";
	}
	return "?"; /* a number that is no site_use */
}
