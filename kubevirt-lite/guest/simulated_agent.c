/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the agent of a simulated guest answers: as much of it as KubeVirt shows. Pure. */
#include "kubevirt-lite/guest/simulated_agent.h"

#include "vmd/base/json.h"
#include "vmd/base/str.h"

/* The address follows from the MAC, so that it stays over a move. */
static struct json_object *interfaces_new(size_t n_nics, const struct simulated_nic *nic)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < n_nics; i++) {
		struct json_object *one = json_object_new_object();
		struct json_object *addresses = json_object_new_array();
		struct json_object *address = json_object_new_object();
		unsigned last = (unsigned)strtoul(nic[i].mac + 15, NULL, 16);
		char text[32];

		(void)str_fmt(text, sizeof(text), "192.168.172.%u", 50 + last % 100);
		json_put_str(address, "ip-address", text);
		json_put_str(address, "ip-address-type", "ipv4");
		json_put_int(address, "prefix", 24);
		json_object_array_add(addresses, address);
		(void)str_fmt(text, sizeof(text), "eth%zu", i);
		json_put_str(one, "name", text);
		json_put_str(one, "hardware-address", nic[i].mac);
		json_put_at(one, "ip-addresses", addresses);
		json_object_array_add(list, one);
	}
	return list;
}

void simulated_agent_tell(struct guest_seen *seen, size_t n_nics, const struct simulated_nic *nic)
{
	seen->os = json_object_new_object();
	json_put_str(seen->os, "id", "simulated");
	json_put_str(seen->os, "name", "Simulated");
	json_put_str(seen->os, "pretty-name", "Simulated guest");
	json_put_str(seen->os, "machine", "x86_64");
	seen->host_name = json_object_new_object();
	json_put_str(seen->host_name, "host-name", "simulated");
	seen->interfaces = interfaces_new(n_nics, nic);
}
