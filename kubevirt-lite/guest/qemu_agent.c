/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest agent says of a guest in QEMU. It counts as connected when the guest has opened
 * its port (VSERPORT_CHANGE) and answered; its addresses are asked for every second until there is
 * one, then every 10 s. What it says is kept as it came; who shows it bounds it. Loop thread only.
 */
#include "kubevirt-lite/guest/qemu.h"

#include "vmd/base/clock.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"

#define ASK_SOON_US  SEC_US
#define ASK_LATER_US (10 * SEC_US)

void qemu_agent_gone(struct qemu *q)
{
	agent_close(q->agent);
	q->agent = NULL;
	q->asked = false;
	q->silent = 0;
	q->guest.seen.agent = false;
}

static bool has_lan_address(struct json_object *interfaces)
{
	for (size_t i = 0; i < json_length(interfaces); i++) {
		struct json_object *nic = json_object_array_get_idx(interfaces, i);
		struct json_object *list = json_at(nic, "ip-addresses");

		if (str_eq(json_str_at(nic, "name"), "lo") ||
		    !json_object_is_type(list, json_type_array))
			continue;
		for (size_t k = 0; k < json_length(list); k++)
			if (str_eq(json_str_at(json_object_array_get_idx(list, k),
					       "ip-address-type"),
				   "ipv4"))
				return true;
	}
	return false;
}

/* Whether the value at *at is news; keeps it. */
static bool keep(struct json_object **at, struct json_object *value)
{
	if (*at && json_object_equal(*at, value))
		return false;
	json_object_put(*at);
	*at = json_object_get(value);
	return true;
}

static void on_os(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;

	(void)e;
	if (value && keep(&q->guest.seen.os, value))
		qemu_changed(q);
}

static void on_host_name(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;

	(void)e;
	if (value && keep(&q->guest.seen.host_name, value))
		qemu_changed(q);
}

static void on_interfaces(void *self, struct json_object *value, const struct err *e)
{
	struct qemu *q = self;
	bool news = false;

	q->asked = false;
	if (value && json_object_is_type(value, json_type_array)) {
		q->silent = 0;
		q->has_address = has_lan_address(value);
		news = !q->guest.seen.agent || keep(&q->guest.seen.interfaces, value);
		(void)keep(&q->guest.seen.interfaces, value);
		q->guest.seen.agent = true;
	} else if (e->kind != ERR_INVALID && ++q->silent == 3 && q->guest.seen.agent) {
		q->guest.seen.agent = false;
		news = true;
	}
	qemu_timer_in(q, q->has_address && q->guest.seen.agent ? ASK_LATER_US : ASK_SOON_US);
	if (news)
		qemu_changed(q);
}

void qemu_ask(struct qemu *q)
{
	if (!q->agent || q->asked)
		return;
	q->asked = true;
	if (!q->guest.seen.os)
		agent_call(q->agent, "guest-get-osinfo", NULL, AGENT_DEADLINE_US, on_os, q);
	if (!q->guest.seen.host_name)
		agent_call(q->agent, "guest-get-host-name", NULL, AGENT_DEADLINE_US, on_host_name,
			   q);
	agent_call(q->agent, "guest-network-get-interfaces", NULL, AGENT_DEADLINE_US, on_interfaces,
		   q);
}

void qemu_agent_port(struct qemu *q, bool open)
{
	char path[160];
	struct err e = {.kind = ERR_NONE};

	if (!open) {
		bool was = q->guest.seen.agent;

		qemu_agent_gone(q);
		if (was)
			qemu_changed(q);
		return;
	}
	qemu_path(q, "agent", path, sizeof(path));
	if (!q->agent && agent_open(q->maker->loop, path, &q->agent, &e) < 0)
		return;
	qemu_ask(q);
}
