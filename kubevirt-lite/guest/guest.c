/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What both kinds of guests share. Pure. */
#include "kubevirt-lite/guest/guest.h"

#include "vmd/base/str.h"

const char *guest_state_name(enum guest_state s)
{
	switch (s) {
	case GUEST_STARTING: return "starting";
	case GUEST_INCOMING: return "incoming";
	case GUEST_RUNNING: return "running";
	case GUEST_PAUSED: return "paused";
	case GUEST_MOVED: return "moved";
	case GUEST_OFF: return "off";
	case GUEST_CRASHED: return "crashed";
	}
	return "?";
}

void guest_seen_done(struct guest_seen *s)
{
	json_object_put(s->os);
	json_object_put(s->host_name);
	json_object_put(s->interfaces);
	s->os = s->host_name = s->interfaces = NULL;
}

struct guest_disk *guest_disk(struct guest *g, const char *name)
{
	for (size_t i = 0; i < g->seen.n_disks; i++)
		if (str_eq(g->seen.disk[i].name, name))
			return &g->seen.disk[i];
	return NULL;
}
