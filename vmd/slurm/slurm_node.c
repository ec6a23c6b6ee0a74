/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slurm's nodes by libslurm. Blocks; one worker thread. A drain is ended by "undrain", which leaves
 * the node's other states alone: "resume" would also take a node up that is down. */
#include "vmd/slurm/slurm_node.h"

#include "vmd/base/str.h"
#include "vmd/slurm/slurm_record.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

DEFINE_AUTO(node_info_msg_t *, slurm_free_node_info_msg)

void slurm_nodes_done(struct slurm_nodes *s)
{
	free(s->node);
	*s = (struct slurm_nodes){.n = 0};
}

int slurm_node_read(const node_info_t *info, struct slurm_node *ret, struct err *e)
{
	struct slurm_node n = {.cpus = info->cpus, .drained = info->node_state & NODE_STATE_DRAIN};

	if (str_copy(n.name, sizeof(n.name), info->name) < 0)
		return err_set(e, ERR_INVALID, "node %.80s: its name is too long", info->name);
	if (n.drained) {
		str_cut(n.reason, sizeof(n.reason), info->reason ? info->reason : "");
		n.by = info->reason_uid;
	}
	*ret = n;
	return 0;
}

/* Most drains are of few people: a name that the last one had is not asked for again. */
static const struct slurm_node *name_fill(struct slurm_node *n, const struct slurm_node *last)
{
	if (last && last->by == n->by)
		memcpy(n->by_name, last->by_name, sizeof(n->by_name));
	else
		slurm_user_name(n->by, n->by_name, sizeof(n->by_name));
	return n;
}

static int read_all(const node_info_msg_t *m, struct slurm_nodes *s, struct err *e)
{
	AUTO(free) struct slurm_node *list = calloc(m->record_count + 1, sizeof(*list));
	const struct slurm_node *last = NULL;
	size_t n = 0;

	if (!list)
		abort();
	for (uint32_t i = 0; i < m->record_count; i++) {
		if (!m->node_array[i].name) /* a place that slurmctld keeps free */
			continue;
		if (slurm_node_read(&m->node_array[i], &list[n], e) < 0)
			return -1;
		if (*list[n].reason)
			last = name_fill(&list[n], last);
		n++;
	}
	free(s->node);
	s->node = STEAL(list);
	s->n = n;
	s->last_update = m->last_update;
	return 0;
}

int slurm_nodes_load(struct slurm_nodes *s, struct err *e)
{
	AUTO(slurm_free_node_info_msg) node_info_msg_t *m = NULL;

	if (slurm_load_node(s->last_update, &m, SHOW_ALL) == SLURM_SUCCESS)
		return read_all(m, s, e);
	return errno == SLURM_NO_CHANGE_IN_DATA ? 0 : slurm_failed(e, errno, "load nodes");
}

/* As slurmctld has it now. */
static int load_one(const char *name, struct slurm_node *ret, struct err *e)
{
	AUTO(slurm_free_node_info_msg) node_info_msg_t *m = NULL;
	char copy[JOB_NODE_MAX + 1];

	(void)str_copy(copy, sizeof(copy), name);
	if (slurm_load_node_single(&m, copy, SHOW_ALL) != SLURM_SUCCESS)
		return slurm_failed(e, errno, "load node");
	if (m->record_count == 0 || !m->node_array[0].name)
		return err_set(e, ERR_ABSENT, "slurmctld has no node %.80s", name);
	return slurm_node_read(&m->node_array[0], ret, e);
}

int slurm_node_apply(const struct action *a, struct err *e)
{
	char reason[sizeof(a->reason)];
	update_node_msg_t u;
	struct slurm_node n;

	if (load_one(a->object, &n, e) < 0)
		return -1;
	if (*a->reason ? n.drained : !n.drained || !drain_is_ours(n.reason))
		return 0;
	(void)str_copy(reason, sizeof(reason), a->reason);
	slurm_init_update_node_msg(&u);
	u.node_names = n.name;
	if (*reason) {
		u.node_state = NODE_STATE_DRAIN;
		u.reason = reason;
		compat_set_reason_uid(&u, getuid());
	} else {
		u.node_state = NODE_STATE_UNDRAIN;
	}
	return slurm_update_node(&u) == SLURM_SUCCESS ? 0
						      : slurm_failed(e, errno, "update the node");
}
