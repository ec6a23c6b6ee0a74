/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Warnings -> reasons. Pure. The text is Kubernetes' own with what a user can understand in front,
 * and without the chain of "rpc error: code = Unknown desc = ..." that would fill the line. */
#include "vmd/kube/kube_event.h"

#include "vmd/base/str.h"
#include "vmd/kube/kube_meta.h"

#include <string.h>

struct event_text {
	char type[16];
	char reason[64];
	char kind[64];
};
static const struct json_field event_fields[] = {
	JSON_FIELD(struct event_text, type, "type", J_STR, true),
	JSON_FIELD(struct event_text, reason, "reason", J_STR, true),
	JSON_FIELD(struct event_text, kind, "involvedObject/kind", J_STR, true),
};

/* needle: only if the message has it, and the text begins there. */
static const struct {
	const char *reason, *needle, *title;
} titles[] = {
	{"FailedCreatePodSandBox", "cannot find a network-attachment-definition",
	 "its network is missing in Kubernetes"},
	{"FailedCreatePodSandBox", NULL, "its launcher cannot start"},
	{"FailedScheduling", NULL, "no place on the node"},
	{"FailedAttachVolume", NULL, "its disk cannot be attached"},
	{"FailedMapVolume", NULL, "its disk cannot be attached"},
	{"FailedMount", NULL, "its disk cannot be attached"},
	{"FailedCreate", NULL, "KubeVirt cannot start it"},
	{"SyncFailed", NULL, "KubeVirt cannot start the guest"},
	{"Failed", NULL, "its launcher cannot start"},
	{"BackOff", NULL, "its launcher cannot start"},
};

/* "virt-launcher-NAME-x7k2p" -> NAME */
static int name_of_launcher(const char *pod, char *name, size_t size)
{
	static const char prefix[] = "virt-launcher-";
	const char *dash = strrchr(pod, '-');
	size_t skip = sizeof(prefix) - 1;

	if (!str_starts(pod, prefix) || dash <= pod + skip)
		return -1;
	return str_fmt(name, size, "%.*s", (int)(dash - pod - (ptrdiff_t)skip), pod + skip);
}

static int name_of_vm(struct json_object *doc, const char *kind, char *name, size_t size)
{
	const char *text = json_str_at(doc, "involvedObject/name");

	if (!text)
		return -1;
	if (str_eq(kind, "Pod"))
		return name_of_launcher(text, name, size);
	if (str_eq(kind, "VirtualMachine") || str_eq(kind, "VirtualMachineInstance"))
		return str_copy(name, size, text);
	return -1;
}

static void text_make(const char *reason, const char *message, char *to, size_t size)
{
	const char *title = reason;
	const char *desc;

	for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
		const char *at = message;

		if (!str_eq(reason, titles[i].reason) ||
		    (titles[i].needle && !(at = strstr(message, titles[i].needle))))
			continue;
		title = titles[i].title;
		message = at;
		break;
	}
	while ((desc = strstr(message, " desc = ")))
		message = desc + strlen(" desc = ");
	(void)snprintf(to, size, "%s: %s", title, message);
	for (char *c = to; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
}

int trouble_decode(struct json_object *doc, struct vm_trouble *ret, struct err *e)
{
	struct event_text text = {.type = ""};
	struct vm_trouble t = {.at_s = 0};
	const char *message = json_str_at(doc, "message");
	const char *at = json_str_at(doc, "lastTimestamp");

	if (json_read(doc, event_fields, ARRAY_LEN(event_fields), &text, e) < 0)
		return err_wrap(e, "event");
	if (!str_eq(text.type, "Warning") || !message ||
	    name_of_vm(doc, text.kind, t.vm, sizeof(t.vm)) < 0)
		return 0;
	t.at_s = meta_time_s(at ? at : json_str_at(doc, "eventTime"));
	text_make(text.reason, message, t.text, sizeof(t.text));
	*ret = t;
	return 1;
}
