/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guestosinfo, userlist, filesystemlist of a VMI: asked of the guest agent, or told from what it
 * said before, in KubeVirt's words. Owns nothing; an answer comes when the agent gave its own. */
#include "kubevirt-lite/controllers/questions.h"

#include "kubevirt-lite/controllers/vmi_pod.h"
#include "vmd/base/str.h"

static struct guest *agent_or_refuse(struct controllers *c, struct subresource_call *call)
{
	struct json_object *vmi = store_get(c->store, KIND_VMI, call->ns, call->name);
	struct guest *g = vmi ? vmi_guest(c, vmi) : NULL;

	if (!vmi) { /* not a Status: these calls go to the node without one */
		char text[320];

		(void)str_fmt(text, sizeof(text),
			      "virtualmachineinstance.kubevirt.io \"%s\" not found", call->name);
		subresource_answer_text(call, 500, text);
		return NULL;
	}
	if (!g || !g->seen.agent) {
		subresource_refuse(call, 409, "Conflict",
				   "Operation cannot be fulfilled on "
				   "virtualmachineinstance.kubevirt.io \"%s\": VMI does not have "
				   "guest agent connected",
				   call->name);
		return NULL;
	}
	return g;
}

static void os_rename(struct json_object *os, struct json_object *ret)
{
	static const char *const keys[][2] = {
		{"id", "os/id"},
		{"name", "os/name"},
		{"pretty-name", "os/prettyName"},
		{"version", "os/version"},
		{"version-id", "os/versionId"},
		{"kernel-release", "os/kernelRelease"},
		{"kernel-version", "os/kernelVersion"},
		{"machine", "os/machine"},
	};

	for (size_t i = 0; os && i < ARRAY_LEN(keys); i++)
		if (json_str_at(os, keys[i][0]))
			json_put_str(ret, keys[i][1], json_str_at(os, keys[i][0]));
}

void question_guestosinfo(void *ctx, struct subresource_call *call)
{
	struct guest *g = agent_or_refuse(ctx, call);
	struct json_object *info;

	if (!g)
		return;
	info = json_object_new_object();
	json_put_str(info, "apiVersion", "subresources.kubevirt.io/v1");
	json_put_str(info, "kind", "VirtualMachineInstanceGuestAgentInfo");
	if (g->seen.host_name && json_str_at(g->seen.host_name, "host-name"))
		json_put_str(info, "hostname", json_str_at(g->seen.host_name, "host-name"));
	os_rename(g->seen.os, info);
	json_put_at(info, "supportedCommands", json_object_new_array());
	json_put_str(info, "fsFreezeStatus", "");
	subresource_answer(call, 200, info);
}

static void items_answer(struct subresource_call *call, const char *kind, struct json_object *items)
{
	struct json_object *list = json_object_new_object();

	json_put_str(list, "apiVersion", "subresources.kubevirt.io/v1");
	json_put_str(list, "kind", kind);
	json_put_at(list, "metadata", json_object_new_object());
	json_put_at(list, "items", items);
	subresource_answer(call, 200, list);
}

static void agent_failed(struct subresource_call *call, const struct err *e)
{
	subresource_refuse(call, 500, "InternalError", "Internal error occurred: %s", e->msg);
}

static void take(struct json_object *from, const char *key, struct json_object *to,
		 const char *name)
{
	struct json_object *v = json_at(from, key);

	if (v)
		json_put_at(to, name, json_object_get(v));
}

/* The agent's name of a value and KubeVirt's. */
struct renamed {
	const char *from, *to;
};

/* A list of the agent's, each of its items under KubeVirt's names. The agent of a guest without any
 * gives an empty object. */
static void list_answer(struct subresource_call *call, const char *kind, struct json_object *value,
			const struct renamed *names, size_t n, const struct err *e)
{
	struct json_object *items;
	bool is_list = json_object_is_type(value, json_type_array);

	if (!is_list && !json_object_is_type(value, json_type_object)) {
		agent_failed(call, e);
		return;
	}
	items = json_object_new_array();
	for (size_t i = 0; is_list && i < json_length(value); i++) {
		struct json_object *one = json_object_new_object();

		for (size_t k = 0; k < n; k++)
			take(json_object_array_get_idx(value, i), names[k].from, one, names[k].to);
		json_object_array_add(items, one);
	}
	items_answer(call, kind, items);
}

static void on_users(void *self, struct json_object *value, const struct err *e)
{
	static const struct renamed names[] = {
		{"user", "userName"}, {"domain", "domain"}, {"login-time", "loginTime"}};

	list_answer(self, "VirtualMachineInstanceGuestOSUserList", value, names, ARRAY_LEN(names),
		    e);
}

void question_userlist(void *ctx, struct subresource_call *call)
{
	struct guest *g = agent_or_refuse(ctx, call);

	if (g)
		g->ops->call(g, "guest-get-users", NULL, on_users, call);
}

static void on_filesystems(void *self, struct json_object *value, const struct err *e)
{
	static const struct renamed names[] = {{"name", "diskName"},
					       {"mountpoint", "mountPoint"},
					       {"type", "fileSystemType"},
					       {"used-bytes", "usedBytes"},
					       {"total-bytes", "totalBytes"}};

	list_answer(self, "VirtualMachineInstanceFileSystemList", value, names, ARRAY_LEN(names),
		    e);
}

void question_filesystemlist(void *ctx, struct subresource_call *call)
{
	struct guest *g = agent_or_refuse(ctx, call);

	if (g)
		g->ops->call(g, "guest-get-fsinfo", NULL, on_filesystems, call);
}
