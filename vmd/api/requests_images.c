/* SPDX-License-Identifier: GPL-2.0-or-later */
/* images: the golden images, and who may have what of them. Loop thread. */
#include "vmd/api/requests_ask.h"

#include <string.h>

static struct json_object *image_json(const struct ask *a, const struct image *i)
{
	struct json_object *o = json_object_new_object();
	struct json_object *revisions = json_object_new_array();
	struct json_object *networks = json_object_new_array();

	json_put_str(o, "name", i->name);
	json_put_str(o, "description", i->description);
	json_put_str(o, "profile", vm_profile_name(i->profile));
	json_put_bool(o, "allowed", ask_is_admin(a) || image_allows(i, a->who->uid, a->who->gid));
	/* the default first, as in job_submit.lua's catalogue */
	for (size_t n = i->n_revision; n-- > 0;)
		json_object_array_add(revisions, json_object_new_string(i->revision[n].name));
	for (size_t n = 0; n < i->n_network; n++)
		json_object_array_add(networks, json_object_new_string(i->network[n]));
	json_put_at(o, "revisions", revisions);
	json_put_at(o, "networks", networks);
	json_put_int(o, "disk_bytes", (int64_t)i->disk_bytes);
	json_put_int(o, "disk_max_bytes", (int64_t)i->disk_max_bytes);
	json_put_int(o, "scratch_max_bytes", (int64_t)i->scratch_max_bytes);
	/* what --mem must be, not what the guest gets */
	json_put_int(o, "memory_min_bytes",
		     (int64_t)vm_allocation_bytes(i->memory_min_bytes, 1, i->tpm));
	json_put_int(o, "cpus_max", i->cpus_max);
	json_put_int(o, "grow_cpus", i->grow_cpus);
	json_put_int(o, "grow_memory_bytes", (int64_t)i->grow_memory_bytes);
	return o;
}

int op_images(const struct ask *a, struct err *e)
{
	const struct catalogue *c = a->q->port.catalogue(a->q->port.self);
	const char *after = wire_get(a->in, "after");

	(void)e; /* cannot fail */
	for (size_t i = 0; i < c->n; i++) {
		AUTO(json_object_put) struct json_object *o = NULL;

		if (after && strcmp(c->image[i].name, after) <= 0)
			continue;
		if (ask_page_full(a->out)) {
			wire_add(a->out, "more", "1");
			break;
		}
		o = image_json(a, &c->image[i]);
		ask_add_json(a->out, "image[]", o);
	}
	return ANSWERED;
}
