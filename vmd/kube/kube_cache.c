/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The view of Kubernetes: seven tables of decoded rows, and the arrays that kube_observe lends.
 * A VMI that went stays as "gone" while its VM is there: the two come by two watches, and its last
 * words tell a power-off from a crash (see kube_vm.c). Loop thread only. */
#include "vmd/kube/kube_cache.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube_event.h"
#include "vmd/kube/kube_migration.h"
#include "vmd/kube/kube_node.h"
#include "vmd/kube/kube_secret.h"
#include "vmd/kube/kube_table.h"
#include "vmd/kube/kube_vm.h"
#include "vmd/kube/kube_volume.h"

#include <string.h>

#define CACHE_ROWS_MAX  100000
#define CACHE_EVENT_MAX 4096

struct vm_row {
	struct row row;
	struct kube_vm vm;
};
struct vmi_row {
	struct row row;
	struct kube_vmi vmi;
};
struct volume_row {
	struct row row;
	struct volume_seen volume;
};
struct node_row {
	struct row row;
	struct node_seen node;
};
struct trouble_row {
	struct row row;
	struct vm_trouble trouble;
};

struct migration_row {
	struct row row;
	struct kube_migration migration;
};

struct cache {
	struct table table[CACHE_KINDS];
	/* lent by cache_observe */
	struct vm_seen *vm;
	struct volume_seen *pv, *pvc, *secret;
	struct node_seen *node;
};

static const size_t row_sizes[CACHE_KINDS] = {
	[CACHE_VM] = sizeof(struct vm_row),
	[CACHE_VMI] = sizeof(struct vmi_row),
	[CACHE_PV] = sizeof(struct volume_row),
	[CACHE_PVC] = sizeof(struct volume_row),
	[CACHE_SECRET] = sizeof(struct volume_row),
	[CACHE_EVENT] = sizeof(struct trouble_row),
	[CACHE_MIGRATION] = sizeof(struct migration_row),
	[CACHE_NODE] = sizeof(struct node_row),
};

struct cache *cache_new(void)
{
	struct cache *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	for (unsigned k = 0; k < CACHE_KINDS; k++) {
		c->table[k].row_size = row_sizes[k];
		c->table[k].max = k == CACHE_EVENT ? CACHE_EVENT_MAX : CACHE_ROWS_MAX;
	}
	return c;
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	for (unsigned k = 0; k < CACHE_KINDS; k++)
		table_done(&c->table[k]);
	free(c->vm);
	free(c->pv);
	free(c->pvc);
	free(c->secret);
	free(c->node);
	free(c);
}

static void set_vm(struct cache *c, struct json_object *object)
{
	struct kube_vm vm;
	struct vm_row *row;
	struct err not_ours;

	if (kube_vm_decode(object, &vm, &not_ours) == 0 &&
	    (row = (struct vm_row *)table_put(&c->table[CACHE_VM], vm.meta.name)))
		row->vm = vm;
}

static void set_vmi(struct cache *c, const struct settings *s, struct json_object *object)
{
	struct kube_vmi vmi;
	struct vmi_row *row;
	struct err not_ours;

	if (kube_vmi_decode(object, s, &vmi, &not_ours) == 0 &&
	    (row = (struct vmi_row *)table_put(&c->table[CACHE_VMI], vmi.meta.name))) {
		kube_vmi_count(&row->vmi, &vmi);
		row->vmi = vmi;
	}
}

static void set_volume(struct cache *c, enum cache_kind kind, struct json_object *object)
{
	struct volume_seen v;
	struct volume_row *row;
	struct err not_ours;

	if (volume_decode(object, &v, &not_ours) == 0 &&
	    (row = (struct volume_row *)table_put(&c->table[kind], v.name)))
		row->volume = v;
}

static void set_event(struct cache *c, struct json_object *object)
{
	struct vm_trouble t;
	struct trouble_row *row;
	struct err no_event;

	if (trouble_decode(object, &t, &no_event) == 1 &&
	    (row = (struct trouble_row *)table_put(&c->table[CACHE_EVENT], t.vm)) &&
	    t.at_s >= row->trouble.at_s)
		row->trouble = t;
}

static void set_migration(struct cache *c, struct json_object *object)
{
	struct kube_migration m;
	struct migration_row *row;
	struct err not_ours;

	if (migration_decode(object, &m, &not_ours) == 0 &&
	    (row = (struct migration_row *)table_put(&c->table[CACHE_MIGRATION], m.meta.name)))
		row->migration = m;
}

/* A node that was not Ready before has been so since then. */
static void set_node(struct cache *c, struct json_object *object)
{
	struct kube_node node;
	struct node_row *row;
	struct err odd;

	if (kube_node_decode(object, &node, &odd) < 0 ||
	    !(row = (struct node_row *)table_put(&c->table[CACHE_NODE], node.name)))
		return;
	(void)str_copy(row->node.name, sizeof(row->node.name), node.name);
	(void)str_copy(row->node.version, sizeof(row->node.version), node.version);
	row->node.cordoned = node.cordoned;
	row->node.mark = node.mark;
	row->node.out_of_service = node.out_of_service;
	if (node.ready)
		row->node.lost_us = 0;
	else if (!row->node.lost_us)
		row->node.lost_us = clock_mono_us();
}

static void unset(struct cache *c, enum cache_kind kind, struct json_object *object)
{
	const char *name = json_str_at(object, "metadata/name");
	struct vmi_row *row;

	if (!name || kind == CACHE_EVENT) /* what it said stays true for the VM */
		return;
	if (kind == CACHE_VMI && (row = (struct vmi_row *)table_find(&c->table[kind], name)))
		row->vmi.gone = true;
	else
		table_remove(&c->table[kind], name);
}

void cache_item(struct cache *c, const struct settings *s, enum cache_kind kind,
		struct json_object *object, bool gone)
{
	if (gone && kind == CACHE_VMI)
		set_vmi(c, s, object); /* its last words */
	if (gone) {
		unset(c, kind, object);
		return;
	}
	switch (kind) {
	case CACHE_VM: set_vm(c, object); break;
	case CACHE_VMI: set_vmi(c, s, object); break;
	case CACHE_PV:
	case CACHE_PVC:
	case CACHE_SECRET: set_volume(c, kind, object); break;
	case CACHE_EVENT: set_event(c, object); break;
	case CACHE_MIGRATION: set_migration(c, object); break;
	case CACHE_NODE: set_node(c, object); break;
	case CACHE_KINDS: break;
	}
}

void cache_list_begin(struct cache *c, enum cache_kind kind)
{
	table_mark(&c->table[kind]);
}

void cache_list_end(struct cache *c, enum cache_kind kind)
{
	struct table *t = &c->table[kind];

	for (size_t i = t->n; i-- > 0;) {
		struct row *row = table_at(t, i);

		if (row->seen)
			continue;
		if (kind == CACHE_VMI)
			((struct vmi_row *)row)->vmi.gone = true;
		else
			table_remove(t, row->name);
	}
}

/* Forgets VMIs that are gone, and what was said, of VMs that are no more. */
static void forget(struct cache *c)
{
	for (size_t i = c->table[CACHE_VMI].n; i-- > 0;) {
		struct vmi_row *row = (struct vmi_row *)table_at(&c->table[CACHE_VMI], i);

		if (row->vmi.gone && !table_find(&c->table[CACHE_VM], row->row.name))
			table_remove(&c->table[CACHE_VMI], row->row.name);
	}
	for (size_t i = c->table[CACHE_EVENT].n; i-- > 0;) {
		struct row *row = table_at(&c->table[CACHE_EVENT], i);

		if (!table_find(&c->table[CACHE_VM], row->name) &&
		    !table_find(&c->table[CACHE_VMI], row->name))
			table_remove(&c->table[CACHE_EVENT], row->name);
	}
}

static void *grow(void *old, size_t n, size_t size)
{
	void *p = reallocarray(old, n ? n : 1, size);

	if (!p)
		abort();
	return p;
}

/* There are few migrations: each is over in minutes, and goes with its VM. */
static void observe_moving(const struct table *migrations, struct vm_seen *vm)
{
	for (size_t i = 0; i < migrations->n; i++)
		migration_fold(&((struct migration_row *)table_at(migrations, i))->migration,
			       vm->name, &vm->moving);
}

static void observe_vms(struct cache *c, struct observed *seen)
{
	const struct table *vms = &c->table[CACHE_VM], *vmis = &c->table[CACHE_VMI];
	size_t n = 0;

	c->vm = grow(c->vm, vms->n + vmis->n, sizeof(*c->vm));
	for (size_t i = 0; i < vms->n; i++) {
		const struct vm_row *row = (struct vm_row *)table_at(vms, i);
		const struct vmi_row *vmi = (struct vmi_row *)table_find(vmis, row->row.name);
		const struct trouble_row *said =
			(struct trouble_row *)table_find(&c->table[CACHE_EVENT], row->row.name);

		kube_vm_join(&row->vm, vmi ? &vmi->vmi : NULL, said ? said->trouble.text : NULL,
			     &c->vm[n]);
		observe_moving(&c->table[CACHE_MIGRATION], &c->vm[n++]);
	}
	for (size_t i = 0; i < vmis->n; i++) {
		const struct vmi_row *row = (struct vmi_row *)table_at(vmis, i);

		if (!row->vmi.gone && !table_find(vms, row->row.name))
			kube_vm_join(NULL, &row->vmi, NULL, &c->vm[n++]);
	}
	seen->vm = c->vm;
	seen->n_vm = n;
}

static void observe_volumes(const struct table *t, struct volume_seen **array,
			    struct volume_seen **ret, size_t *ret_n)
{
	size_t n = 0;

	*array = grow(*array, t->n, sizeof(**array));
	for (size_t i = 0; i < t->n; i++) {
		const struct volume_row *row = (struct volume_row *)table_at(t, i);
		char whole[VM_NAME_MAX + 1];

		/* A part of a Secret is seen by itself only where the Secret is not. */
		if (secret_is_part(row->row.name, whole, sizeof(whole)) && table_find(t, whole))
			continue;
		(*array)[n++] = row->volume;
	}
	*ret = *array;
	*ret_n = n;
}

/* Its parts are made after the Secret; those of another one of its name do not count. */
static bool is_complete(const struct table *t, const struct settings *s,
			const struct volume_seen *secret)
{
	for (enum secret_part p = SECRET_LOGIN; p < SECRET_MAIN; p++) {
		const struct volume_row *row;
		char name[VM_NAME_MAX + 1];

		if (!secret_wants(s, p))
			continue;
		if (secret_part_name(secret->name, p, name, sizeof(name)) < 0)
			return false;
		row = (struct volume_row *)table_find(t, name);
		if (!row || row->volume.deleting || !str_eq(row->volume.owner_uid, secret->uid))
			return false;
	}
	return true;
}

static void observe_parts(const struct table *t, const struct settings *s,
			  struct volume_seen *secret, size_t n)
{
	char whole[VM_NAME_MAX + 1];

	for (size_t i = 0; i < n; i++)
		secret[i].incomplete = !secret_is_part(secret[i].name, whole, sizeof(whole)) &&
				       !is_complete(t, s, &secret[i]);
}

static void observe_nodes(struct cache *c, struct observed *seen)
{
	const struct table *t = &c->table[CACHE_NODE];

	c->node = grow(c->node, t->n, sizeof(*c->node));
	for (size_t i = 0; i < t->n; i++)
		c->node[i] = ((struct node_row *)table_at(t, i))->node;
	seen->node = c->node;
	seen->n_node = t->n;
}

void cache_observe(struct cache *c, const struct settings *s, struct observed *seen)
{
	/* A table that was too small for all holds a part: no ground for conclusions. */
	seen->vms_known &= !c->table[CACHE_VM].lacks && !c->table[CACHE_VMI].lacks;
	seen->pvs_known &= !c->table[CACHE_PV].lacks;
	seen->pvcs_known &= !c->table[CACHE_PVC].lacks;
	seen->secrets_known &= !c->table[CACHE_SECRET].lacks;
	if (seen->vms_known)
		forget(c);
	observe_vms(c, seen);
	observe_nodes(c, seen);
	observe_volumes(&c->table[CACHE_PV], &c->pv, &seen->pv, &seen->n_pv);
	observe_volumes(&c->table[CACHE_PVC], &c->pvc, &seen->pvc, &seen->n_pvc);
	observe_volumes(&c->table[CACHE_SECRET], &c->secret, &seen->secret, &seen->n_secret);
	observe_parts(&c->table[CACHE_SECRET], s, seen->secret, seen->n_secret);
}
