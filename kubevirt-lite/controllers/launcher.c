/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Launchers: which guest runs for which pod. Owns the guests. A launcher lives from the start (or
 * finding again) of its guest until nothing of the guest runs any more, also when its pod was
 * removed by force before. Loop thread only. */
#include "kubevirt-lite/controllers/launcher.h"

#include "kubevirt-lite/controllers/heartbeat.h"
#include "kubevirt-lite/controllers/metadata.h"
#include "kubevirt-lite/controllers/network.h"
#include "kubevirt-lite/controllers/queue.h"
#include "kubevirt-lite/controllers/vmi_pod.h"
#include "kubevirt-lite/controllers/volume.h"
#include "kubevirt-lite/guest/host.h"
#include "vmd/base/clock.h"
#include "vmd/base/log.h"
#include "vmd/base/str.h"

#include <dirent.h>
#include <string.h>

#define ASK_EVERY_US (5 * SEC_US) /* a guest that is not ready ignores the power button */

struct launcher *launcher_find(struct controllers *c, const char *ns, const char *pod)
{
	for (struct launcher *l = c->launchers; l; l = l->next)
		if (str_eq(l->pod, pod) && str_eq(l->ns, ns))
			return l;
	return NULL;
}

struct guest *launcher_guest(struct controllers *c, struct json_object *pod)
{
	struct launcher *l = launcher_find(c, object_namespace(pod), object_name(pod));

	if (!l || node_answers(c, l->node))
		return l ? l->guest : NULL;
	again(c, KIND_VMI, l->ns, l->vmi, NODE_LOOK_US);
	return NULL;
}

static void on_changed(void *self)
{
	struct launcher *l = self;

	AUTO(json_object_put)
	struct json_object *list = store_list(l->c->store, KIND_VMIM, l->ns, NULL, NULL);

	again(l->c, KIND_POD, l->ns, l->pod, 0);
	again(l->c, KIND_VMI, l->ns, l->vmi, 0);
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *m = json_object_array_get_idx(list, i);

		if (str_eq(json_str_at(m, "spec/vmiName"), l->vmi))
			again(l->c, KIND_VMIM, l->ns, object_name(m), 0);
	}
}

static int launcher_new(struct controllers *c, struct json_object *pod, struct json_object *vmi,
			struct launcher **ret, struct err *e)
{
	struct launcher *l = calloc(1, sizeof(*l));

	if (!l)
		abort();
	l->c = c;
	if (str_copy(l->uid, sizeof(l->uid), object_uid(pod)) < 0 ||
	    str_copy(l->ns, sizeof(l->ns), object_namespace(pod)) < 0 ||
	    str_copy(l->pod, sizeof(l->pod), object_name(pod)) < 0 ||
	    str_copy(l->node, sizeof(l->node), json_str_at(pod, "spec/nodeName")) < 0 ||
	    str_copy(l->vmi, sizeof(l->vmi), object_name(vmi)) < 0) {
		free(l);
		return err_set(e, ERR_INVALID, "pod %s: its names are too long", object_name(pod));
	}
	*ret = l;
	return 0;
}

static void request_fill(struct guest_request *r, struct launcher *l, struct json_object *pod)
{
	const struct node_settings *n =
		settings_node(&l->c->set, json_str_at(pod, "spec/nodeName"));

	*r = (struct guest_request){.id = l->uid,
				    .netns = n && n->netns[0] ? n->netns : NULL,
				    .uts = n && n->uts[0] ? n->uts : NULL,
				    .fault = annotation(pod, ANNOTATION_FAULT),
				    .changed = on_changed,
				    .self = l};
}

/* Where the node of a guest is written down: its pod, which says it too, may be gone by the time
 * somebody asks. */
static int node_path(const struct launcher *l, char *buf, size_t size)
{
	return str_fmt(buf, size, "%s/%s/node", l->c->set.run_dir, l->uid);
}

static void node_note(const struct launcher *l)
{
	char path[200];
	struct err ignored;

	if (!l->c->set.simulated && node_path(l, path, sizeof(path)) == 0)
		(void)host_file_write(path, l->node, strlen(l->node), &ignored);
}

static void launcher_add(struct launcher *l)
{
	l->next = l->c->launchers;
	l->c->launchers = l;
	on_changed(l);
}

int launcher_start(struct controllers *c, struct json_object *pod, struct json_object *vmi,
		   struct launcher **ret, struct err *e)
{
	AUTO(free) struct machine *m = calloc(1, sizeof(*m));
	struct guest_request r;
	struct launcher *l;
	bool is_incoming = vmi_pod(c, vmi) != pod;
	int rc;

	if (!m)
		abort();
	if (machine_read(vmi, m, e) < 0)
		return -1;
	if (is_incoming)
		machine_drop_unattached(m); /* as its source is */
	if (networks_resolve(c, vmi, m, e) < 0 || volumes_resolve(c, vmi, m, e) < 0 ||
	    launcher_new(c, pod, vmi, &l, e) < 0)
		return -1;
	request_fill(&r, l, pod);
	r.machine = m;
	r.incoming = is_incoming;
	rc = c->maker.start(c->maker.self, &r, &l->guest, e);
	explicit_bzero(m, sizeof(*m));
	if (rc < 0) {
		c->maker.forget(c->maker.self, l->uid);
		free(l);
		return -1;
	}
	log_info("guest=%s/%s pod=%s action=start node=%s incoming=%d", l->ns, l->vmi, l->pod,
		 json_str_at(pod, "spec/nodeName"), r.incoming);
	node_note(l);
	launcher_add(l);
	*ret = l;
	return 0;
}

int launcher_adopt(struct controllers *c, struct json_object *pod, struct json_object *vmi,
		   struct launcher **ret, struct err *e)
{
	AUTO(free) struct machine *m = calloc(1, sizeof(*m));
	struct guest_request r;
	struct launcher *l;

	if (!m)
		abort();
	if (machine_read(vmi, m, e) < 0 || launcher_new(c, pod, vmi, &l, e) < 0)
		return -1;
	machine_drop_unattached(m);
	request_fill(&r, l, pod);
	r.machine = m;
	if (c->maker.adopt(c->maker.self, &r, &l->guest, e) < 0) {
		free(l);
		return -1;
	}
	log_info("guest=%s/%s pod=%s action=adopt", l->ns, l->vmi, l->pod);
	launcher_add(l);
	*ret = l;
	return 0;
}

void launcher_free(struct launcher *l)
{
	struct launcher **at = &l->c->launchers;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	guest_free(l->guest);
	free(l);
}

void launcher_kill(struct launcher *l)
{
	if (l->killed)
		return;
	l->killed = true;
	l->guest->ops->kill(l->guest);
}

bool launcher_end(struct launcher *l, int64_t grace_s)
{
	const struct guest_seen *seen = &l->guest->seen;
	int64_t now = clock_mono_us();

	if (seen->gone) {
		log_info("guest=%s/%s pod=%s action=forget state=%s", l->ns, l->vmi, l->pod,
			 guest_state_name(seen->state));
		l->c->maker.forget(l->c->maker.self, l->uid);
		launcher_free(l);
		return true;
	}
	if (!l->grace_end_us)
		l->grace_end_us = now + grace_s * SEC_US;
	if (seen->state >= GUEST_MOVED || now >= l->grace_end_us) {
		launcher_kill(l);
		return false;
	}
	if (!l->asked_us || now - l->asked_us >= ASK_EVERY_US) {
		l->asked_us = now;
		l->guest->ops->shutdown(l->guest);
	}
	again(l->c, KIND_POD, l->ns, l->pod,
	      l->grace_end_us - now < ASK_EVERY_US ? l->grace_end_us - now : ASK_EVERY_US);
	return false;
}

/* --- what an earlier process left and nobody wants any more --- */

static void node_recall(struct launcher *l)
{
	AUTO(fclose) FILE *f = NULL;
	char path[200];

	if (node_path(l, path, sizeof(path)) == 0 && (f = fopen(path, "re")) &&
	    fscanf(f, "%63[a-z0-9.-]", l->node) != 1)
		l->node[0] = '\0';
}

static void on_orphan(void *self)
{
	struct launcher *l = self;

	if (l->guest->seen.gone)
		again(l->c, KIND_POD, l->ns, l->pod, 0); /* finds no pod, and ends it */
}

static void orphan_end(struct controllers *c, const char *uid)
{
	struct launcher *l = calloc(1, sizeof(*l));
	struct guest_request r = {.changed = on_orphan, .self = l};
	struct err e = {.kind = ERR_NONE};

	if (!l)
		abort();
	l->c = c;
	(void)str_copy(l->uid, sizeof(l->uid), uid);
	(void)str_copy(l->pod, sizeof(l->pod), uid);
	node_recall(l);
	r.id = l->uid;
	if (c->maker.adopt(c->maker.self, &r, &l->guest, &e) < 0) {
		c->maker.forget(c->maker.self, uid);
		free(l);
		return;
	}
	log_warn("guest=%s action=kill reason=\"no pod stands for it\"", uid);
	l->next = c->launchers;
	c->launchers = l;
	again(c, KIND_POD, l->ns, l->pod, 0); /* when its node answers */
}

void launchers_sweep(struct controllers *c)
{
	DIR *d = c->set.simulated ? NULL : opendir(c->set.run_dir);
	struct dirent *entry;

	if (!d)
		return;
	while ((entry = readdir(d)))
		if (strlen(entry->d_name) == 36 && str_is_name(entry->d_name, 36) &&
		    !store_get_uid(c->store, KIND_POD, entry->d_name))
			orphan_end(c, entry->d_name);
	closedir(d);
}
