/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who takes nodes out of service: an administrator of Slurm (drain), one of Kubernetes (cordon, and
 * "kubectl drain", which evicts besides), each without the other, and vmd, which lets either side
 * follow. What people did vmd must not undo, and of what vmd did nothing may stay when they have
 * undone theirs. */
#include "tests/sim/sim_world.h"

#include "vmd/base/str.h"

#include <stdlib.h>

#define LAST_DEED_US (900 * SIM_S)

static struct sim_node *node_of(struct sim *w, const char *name)
{
	return name[0] == 'n' && name[1] >= '0' && name[1] < '0' + SIM_NODES
		       ? &w->node[name[1] - '0']
		       : NULL;
}

/* ---- what vmd does ---- */

static int mark_node(struct sim *w, const struct action *a, struct err *e)
{
	struct sim_node *n = node_of(w, a->object);

	if (!n || strtoul(a->version, NULL, 10) != n->version)
		return err_set(e, ERR_CONFLICT, "%s has changed", a->object);
	if (n->cordon_us && !a->mark_node.cordon)
		sim_wrong(w, "%s was uncordoned, which somebody had cordoned", a->object);
	n->cordoned = a->mark_node.cordon;
	n->mark = a->mark_node.mark;
	n->version++;
	return 0;
}

/* slurm/slurm_node.c looks at the node right before. */
static void drain_node(struct sim_node *n, const char *reason)
{
	if (!*reason && n->ours)
		n->drained = n->ours = false;
	else if (*reason && !n->drained)
		n->drained = n->ours = true;
}

int sim_drain_effect(struct sim *w, const struct action *a, struct err *e)
{
	if (a->kind == ACT_MARK_NODE)
		return mark_node(w, a, e);
	if (node_of(w, a->object))
		drain_node(node_of(w, a->object), a->reason);
	return 0;
}

/* ---- what people do ---- */

static void cordon(struct sim_node *n, int64_t until_us)
{
	if (n->cordoned) /* kubectl says "already cordoned" and does nothing */
		return;
	n->version++;
	n->cordoned = true;
	/* Before vmd has seen that it was overruled it looks like vmd's own (DESIGN.md, "Drain
	 * and cordon"). */
	if (n->mark != NODE_FROM_SLURM)
		n->cordon_us = until_us;
	else
		n->evacuated_us = until_us;
}

static void uncordon(struct sim_node *n)
{
	n->version += n->cordoned;
	n->cordoned = n->evacuated = false;
	n->cordon_us = n->evacuated_us = 0;
}

static void deeds_undo(struct sim *w, struct sim_node *n)
{
	if (n->drained_us && n->drained_us <= w->now_us) {
		n->drained = n->ours = false;
		n->drained_us = 0;
	}
	if ((n->cordon_us && n->cordon_us <= w->now_us) ||
	    (n->evacuated_us && n->evacuated_us <= w->now_us))
		uncordon(n);
}

void sim_drains_move(struct sim *w)
{
	struct sim_node *n = &w->node[sim_chance(w, SIM_NODES)];
	int64_t until_us = w->now_us + (int64_t)(20 + sim_chance(w, 200)) * SIM_S;

	for (size_t i = 0; i < SIM_NODES; i++)
		deeds_undo(w, &w->node[i]);
	if (w->now_us > LAST_DEED_US || sim_chance(w, 120) != 0)
		return;
	switch (sim_chance(w, 4)) {
	case 0: cordon(n, until_us); break;
	case 1:
		cordon(n, until_us);
		n->evacuated = true;
		n->evacuated_us = until_us;
		break;
	default: /* also what vmd had drained: it is his own then */
		n->drained = true;
		n->ours = false;
		n->drained_us = until_us;
		break;
	}
}

/* ---- what is seen ---- */

void sim_slurm_nodes_see(const struct sim *w, struct slurm_node *seen)
{
	for (unsigned i = 0; i < SIM_NODES; i++) {
		seen[i] = (struct slurm_node){.drained = w->node[i].drained};
		(void)str_fmt(seen[i].name, sizeof(seen[i].name), "n%u", i);
		(void)str_copy(seen[i].reason, sizeof(seen[i].reason),
			       w->node[i].ours ? DRAIN_REASON : "a fan");
	}
}

bool sim_is_cordoned(const struct sim *w, const char *node)
{
	return node[0] == 'n' && node[1] >= '0' && node[1] < '0' + SIM_NODES &&
	       w->node[node[1] - '0'].cordoned;
}

bool sim_is_in_service(const struct sim *w)
{
	for (size_t i = 0; i < SIM_NODES; i++)
		if (w->node[i].drained || w->node[i].cordoned || w->node[i].mark)
			return false;
	return true;
}
