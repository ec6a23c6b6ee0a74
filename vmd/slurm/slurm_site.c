/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurmctld's configuration, partitions and nodes, read once; see slurm_site.h. Changes nothing. A
 * text that is longer than its place is cut: it is looked through for words. */
#include "vmd/slurm/slurm_site.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/slurm/compat.h"
#include "vmd/slurm/slurm_record.h"

#include <errno.h>
#include <string.h>

DEFINE_AUTO(slurm_conf_t *, compat_free_conf)
DEFINE_AUTO(node_info_msg_t *, slurm_free_node_info_msg)
DEFINE_AUTO(partition_info_msg_t *, slurm_free_partition_info_msg)

static void put(char *buf, size_t size, const char *text)
{
	str_cut(buf, size, text ? text : "");
}

/* No time-out is INFINITE16 or NO_VAL16, depending on how it was not set. */
static int64_t timeout_s(uint16_t t)
{
	return t >= NO_VAL16 ? 0 : t;
}

static int read_conf(struct site_slurm *r, struct err *e)
{
	AUTO(compat_free_conf) slurm_conf_t *c = NULL;

	if (slurm_load_ctl_conf(0, &c) != SLURM_SUCCESS)
		return slurm_failed(e, errno, "load its configuration");
	r->skew_s = c->last_update - clock_wall_s();
	put(r->version, sizeof(r->version), c->version);
	put(r->cluster, sizeof(r->cluster), c->cluster_name);
	put(r->user, sizeof(r->user), c->slurm_user_name);
	put(r->job_submit, sizeof(r->job_submit), c->job_submit_plugins);
	put(r->gres_types, sizeof(r->gres_types), c->gres_plugins);
	put(r->tres, sizeof(r->tres), c->accounting_storage_tres);
	put(r->plugstack, sizeof(r->plugstack), c->plugstack);
	put(r->plugin_dir, sizeof(r->plugin_dir), c->plugindir);
	r->plugin_dir[strcspn(r->plugin_dir, ":")] = '\0';
	put(r->conf, sizeof(r->conf), c->slurm_conf);
	r->uid = c->slurm_user_id;
	r->slurmd_timeout_s = c->slurmd_timeout;
	r->prolog_epilog_timeout_s = timeout_s(compat_epilog_timeout(c));
	r->requeue = c->job_requeue != 0;
	r->prolog_told = compat_prolog_is_told(c);
	r->memory = c->select_type_param & COMPAT_SELECT_MEMORY;
	return 0;
}

static int read_partitions(struct site_slurm *r, struct err *e)
{
	AUTO(slurm_free_partition_info_msg) partition_info_msg_t *m = NULL;

	if (slurm_load_partitions(0, &m, SHOW_ALL) != SLURM_SUCCESS)
		return slurm_failed(e, errno, "load partitions");
	for (uint32_t i = 0; i < m->record_count && r->n_partition < SITE_PARTITIONS; i++) {
		struct site_partition *p = &r->partition[r->n_partition++];

		put(p->name, sizeof(p->name), m->partition_array[i].name);
		p->tier = m->partition_array[i].priority_tier;
	}
	return 0;
}

/* "gpu:a100:4(S:0),vm:16": is there a vm? */
static bool has_vms(const char *gres)
{
	for (const char *at = gres; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (str_starts(at, "vm") && (!at[2] || strchr(":,(", at[2])))
			return true;
	}
	return false;
}

static int read_nodes(struct site_slurm *r, struct err *e)
{
	AUTO(slurm_free_node_info_msg) node_info_msg_t *m = NULL;

	if (slurm_load_node(0, &m, SHOW_ALL) != SLURM_SUCCESS)
		return slurm_failed(e, errno, "load nodes");
	r->nodes.node = calloc(m->record_count + 1, sizeof(*r->nodes.node));
	if (!r->nodes.node)
		abort();
	for (uint32_t i = 0; i < m->record_count; i++) {
		struct site_node *n = &r->nodes.node[r->nodes.n];

		if (!m->node_array[i].name) /* a place that slurmctld keeps free */
			continue;
		put(n->name, sizeof(n->name), m->node_array[i].name);
		n->takes_vms = has_vms(m->node_array[i].gres);
		r->nodes.n++;
	}
	return 0;
}

void slurm_site_read(struct site_slurm *ret)
{
	*ret = (struct site_slurm){.err = {.kind = ERR_NONE}};
	if (read_conf(ret, &ret->err) == 0 && read_partitions(ret, &ret->err) == 0)
		(void)read_nodes(ret, &ret->err);
}
