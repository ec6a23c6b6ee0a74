/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest tells about itself, as status of its VirtualMachineInstance: guestOSInfo,
 * interfaces, AgentConnected. Works on a copy. What comes from the guest is untrusted: only texts
 * are taken over, and those bounded. */
#include "kubevirt-lite/controllers/vmi_status.h"

#include "kubevirt-lite/controllers/condition.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <string.h>
#include <strings.h>

#define TEXT_MAX      256
#define ADDRESSES_MAX 16

static void text_take(struct json_object *from, const char *path, struct json_object *to,
		      const char *key)
{
	const char *v = json_str_at(from, path);
	char text[TEXT_MAX];

	if (!v)
		return;
	(void)snprintf(text, sizeof(text), "%s", v);
	json_put_str(to, key, text);
}

static void os_fill(struct json_object *copy, struct json_object *os)
{
	static const char *const keys[][2] = {
		{"id", "id"},
		{"name", "name"},
		{"pretty-name", "prettyName"},
		{"version", "version"},
		{"version-id", "versionId"},
		{"kernel-release", "kernelRelease"},
		{"kernel-version", "kernelVersion"},
		{"machine", "machine"},
	};
	struct json_object *info = json_object_new_object();

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		text_take(os, keys[i][0], info, keys[i][1]);
	json_put_at(copy, "status/guestOSInfo", info);
}

/* The guest's interface with this MAC; NULL. */
static struct json_object *nic_by_mac(struct json_object *list, const char *mac)
{
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *nic = json_object_array_get_idx(list, i);
		const char *its = json_str_at(nic, "hardware-address");

		if (its && strcasecmp(its, mac) == 0)
			return nic;
	}
	return NULL;
}

/* IPv4 first: that is what ipAddress shows, and what people want. */
static struct json_object *addresses_of(struct json_object *nic)
{
	static const char *const types[] = {"ipv4", "ipv6"};
	struct json_object *from = json_at(nic, "ip-addresses");
	struct json_object *list = json_object_new_array();

	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		for (size_t i = 0; i < json_length(from); i++) {
			struct json_object *one = json_object_array_get_idx(from, i);
			const char *text = json_str_at(one, "ip-address");

			if (text && strlen(text) < 64 && json_length(list) < ADDRESSES_MAX &&
			    str_eq(json_str_at(one, "ip-address-type"), types[t]))
				json_object_array_add(list, json_object_new_string(text));
		}
	}
	return list;
}

static struct json_object *interface_new(const struct machine_nic *nic,
					 const struct guest_seen *seen)
{
	struct json_object *one = json_object_new_object();
	struct json_object *in_guest = seen->agent ? nic_by_mac(seen->interfaces, nic->mac) : NULL;
	struct json_object *addresses;

	json_put_str(one, "name", nic->name);
	json_put_str(one, "mac", nic->mac);
	json_put_str(one, "infoSource", in_guest ? "domain, guest-agent" : "domain");
	json_put_str(one, "linkState", "up");
	json_put_int(one, "queueCount", 1);
	if (!in_guest)
		return one;
	text_take(in_guest, "name", one, "interfaceName");
	addresses = addresses_of(in_guest);
	if (json_length(addresses) == 0) {
		json_object_put(addresses);
		return one;
	}
	json_put_str(one, "ipAddress",
		     json_object_get_string(json_object_array_get_idx(addresses, 0)));
	json_put_at(one, "ipAddresses", addresses);
	return one;
}

void vmi_status_fill(struct json_object *copy, const struct guest_seen *seen)
{
	struct json_object *list = json_object_new_array();
	struct machine m;
	struct err e;

	/* After a migration, or when we came back: what the agent said holds until it was asked
	 * again, so that an address does not flicker. */
	if (!seen->agent && !seen->interfaces && condition_is_true(copy, "AgentConnected")) {
		json_object_put(list);
		return;
	}
	if (machine_read(copy, &m, &e) == 0)
		for (size_t i = 0; i < m.n_nics; i++)
			json_object_array_add(list, interface_new(&m.nic[i], seen));
	json_put_at(copy, "status/interfaces", list);
	if (seen->agent) {
		if (!condition_is_true(copy, "AgentConnected"))
			condition_set(copy, "AgentConnected", "True", NULL, NULL);
		if (seen->os)
			os_fill(copy, seen->os);
	} else {
		condition_remove(copy, "AgentConnected");
	}
}
