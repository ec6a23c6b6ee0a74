/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drives of a job's guest, for show: by the catalogue as it is now. A guest has them as they
 * were when its job began, for they are in its Secret. Loop thread. */
#include "vmd/api/requests_ask.h"
#include "vmd/base/str.h"

static struct json_object *drive_json(const struct share *s, enum vm_profile profile,
				      const char *owner)
{
	struct json_object *o = json_object_new_object();
	char path[SHARE_FULL_MAX + 1] = "", name[SHARE_MOUNT_MAX + 1];
	struct err e = {.kind = ERR_NONE};

	if (profile == VM_PROFILE_WINDOWS) {
		(void)share_path(s, owner, path, sizeof(path), &e);
		(void)str_fmt(name, sizeof(name), "%c:", s->drive);
	} else {
		(void)share_source(s, owner, path, sizeof(path), &e);
		share_mount(s, name);
	}
	json_put_str(o, "name", name);
	json_put_str(o, "path", path);
	if (e.kind != ERR_NONE)
		json_put_str(o, "none", e.msg);
	return o;
}

void ask_put_drives(struct json_object *o, const struct image *image, const char *owner)
{
	struct json_object *list;

	if (!image || image->n_share == 0)
		return;
	list = json_object_new_array();
	for (size_t i = 0; i < image->n_share; i++)
		json_object_array_add(list, drive_json(&image->share[i], image->profile, owner));
	json_put_at(o, "drives", list);
}
