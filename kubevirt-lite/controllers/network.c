/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NetworkAttachmentDefinitions: which bridge a VMI's interface is joined to. Only the CNI type
 * bridge without VLAN is served. Reads the store only. */
#include "kubevirt-lite/controllers/network.h"

#include "vmd/base/str.h"

#include <string.h>

static int bridge_of(struct json_object *nad, char *ret, size_t size, struct err *e)
{
	AUTO(json_object_put) struct json_object *config = NULL;
	const char *text = json_str_at(nad, "spec/config");
	struct json_object *at;
	const char *type, *bridge;

	if (!text || json_parse(text, strlen(text), &config, e) < 0)
		return err_set(e, ERR_RETRY, "%s: spec.config is no JSON", object_name(nad));
	at = json_at(config, "plugins/0") ? json_at(config, "plugins/0") : config;
	type = json_str_at(at, "type");
	bridge = json_str_at(at, "bridge");
	if ((!str_eq(type, "bridge") && !str_eq(type, "cnv-bridge")) || !bridge ||
	    str_copy(ret, size, bridge) < 0)
		return err_set(e, ERR_RETRY, "%s: only type bridge with a bridge works here",
			       object_name(nad));
	return 0;
}

int networks_resolve(struct controllers *c, struct json_object *vmi, struct machine *m,
		     struct err *e)
{
	for (size_t i = 0; i < m->n_nics; i++) {
		struct machine_nic *nic = &m->nic[i];
		const char *slash = strchr(nic->network, '/');
		const char *name = slash ? slash + 1 : nic->network;
		char ns[OBJECT_NS_SIZE];
		struct json_object *nad;

		if (str_fmt(ns, sizeof(ns), "%.*s",
			    slash ? (int)(slash - nic->network) : (int)sizeof(ns),
			    slash ? nic->network : object_namespace(vmi)) < 0)
			return err_set(e, ERR_RETRY, "network %s: no such namespace", nic->network);
		nad = store_get(c->store, KIND_NAD, ns, name);
		if (!nad)
			return err_set(e, ERR_RETRY,
				       "cannot find a network-attachment-definition (%s) in "
				       "namespace (%s)",
				       name, ns);
		if (bridge_of(nad, nic->bridge, sizeof(nic->bridge), e) < 0)
			return -1;
	}
	return 0;
}
