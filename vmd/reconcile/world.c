/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sorting of the world and lookups in it. Pure. */
#include "vmd/reconcile/world.h"

#include "vmd/base/str.h"

#include <string.h>

/* The six arrays of struct observed in one shape. All elements have name and job_key. */
struct table {
	const char *base;
	size_t n, stride, key, name;
};

#define TABLE(array, count, type)                                                                  \
	(struct table)                                                                             \
	{                                                                                          \
		.base = (const char *)(array), .n = (count), .stride = sizeof(type),               \
		.key = offsetof(type, job_key), .name = offsetof(type, name)                       \
	}

enum { T_VM, T_DISK, T_ATTACHMENT, T_PV, T_PVC, T_SECRET, T_COUNT };

static void tables(const struct observed *s, struct table t[T_COUNT])
{
	t[T_VM] = TABLE(s->vm, s->n_vm, struct vm_seen);
	t[T_DISK] = TABLE(s->disk, s->n_disk, struct disk_seen);
	t[T_ATTACHMENT] = TABLE(s->attachment, s->n_attachment, struct attachment);
	t[T_PV] = TABLE(s->pv, s->n_pv, struct volume_seen);
	t[T_PVC] = TABLE(s->pvc, s->n_pvc, struct volume_seen);
	t[T_SECRET] = TABLE(s->secret, s->n_secret, struct volume_seen);
}

static const char *key_at(const struct table *t, size_t i)
{
	return t->base + i * t->stride + t->key;
}

static const char *name_at(const struct table *t, size_t i)
{
	return t->base + i * t->stride + t->name;
}

/* Index of the first element with a key >= key. */
static size_t lower(const struct table *t, const char *key)
{
	size_t lo = 0, hi = t->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(key_at(t, mid), key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static size_t count_of(const struct table *t, size_t first, const char *key)
{
	size_t n = 0;

	while (first + n < t->n && str_eq(key_at(t, first + n), key))
		n++;
	return n;
}

static int job_order(const void *a, const void *b)
{
	return job_key_compare(a, b);
}

static int names_order(const char *key_a, const char *name_a, const char *key_b, const char *name_b)
{
	int order = strcmp(key_a, key_b);

	return order ? order : strcmp(name_a, name_b);
}

static int vm_order(const void *a, const void *b)
{
	const struct vm_seen *x = a, *y = b;

	return names_order(x->job_key, x->name, y->job_key, y->name);
}

static int disk_order(const void *a, const void *b)
{
	const struct disk_seen *x = a, *y = b;

	return names_order(x->job_key, x->name, y->job_key, y->name);
}

static int attachment_order(const void *a, const void *b)
{
	const struct attachment *x = a, *y = b;

	return names_order(x->job_key, x->name, y->job_key, y->name);
}

static int volume_order(const void *a, const void *b)
{
	const struct volume_seen *x = a, *y = b;

	return names_order(x->job_key, x->name, y->job_key, y->name);
}

static void sort(void *base, size_t n, size_t size, int (*order)(const void *, const void *))
{
	if (n > 1) /* an empty array may be NULL */
		qsort(base, n, size, order);
}

void world_sort(struct desired *want, struct observed *seen)
{
	sort(want->job, want->n, sizeof(*want->job), job_order);
	sort(seen->vm, seen->n_vm, sizeof(*seen->vm), vm_order);
	sort(seen->disk, seen->n_disk, sizeof(*seen->disk), disk_order);
	sort(seen->attachment, seen->n_attachment, sizeof(*seen->attachment), attachment_order);
	sort(seen->pv, seen->n_pv, sizeof(*seen->pv), volume_order);
	sort(seen->pvc, seen->n_pvc, sizeof(*seen->pvc), volume_order);
	sort(seen->secret, seen->n_secret, sizeof(*seen->secret), volume_order);
}

bool world_is_sorted(const struct desired *want, const struct observed *seen)
{
	struct table t[T_COUNT];

	for (size_t i = 1; i < want->n; i++)
		if (job_key_compare(&want->job[i - 1], &want->job[i]) > 0)
			return false;
	for (size_t i = 1; i < want->n_live; i++)
		if (want->live[i - 1] > want->live[i])
			return false;
	tables(seen, t);
	for (size_t k = 0; k < T_COUNT; k++)
		for (size_t i = 1; i < t[k].n; i++)
			if (names_order(key_at(&t[k], i - 1), name_at(&t[k], i - 1),
					key_at(&t[k], i), name_at(&t[k], i)) > 0)
				return false;
	return true;
}

const struct job *world_job(const struct desired *want, const char *key)
{
	struct job wanted = {.id = 0};
	size_t lo = 0, hi = want->n;
	int rank = job_key_rank(key);

	if (job_key_parse(key, &wanted.id, wanted.request.nonce) < 0)
		return NULL;
	wanted.rank = rank > 0 ? (uint32_t)rank : 0;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int order = job_key_compare(&want->job[mid], &wanted);

		if (order == 0) /* the only machine is another one than the first of several */
			return job_is_several(&want->job[mid]) == (rank >= 0) ? &want->job[mid]
									      : NULL;
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

bool world_is_live(const struct desired *want, uint32_t job_id)
{
	size_t lo = 0, hi = want->n_live;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (want->live[mid] == job_id)
			return true;
		if (want->live[mid] < job_id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

const struct node_seen *world_node(const struct observed *seen, const char *name)
{
	for (size_t i = 0; seen->nodes_known && i < seen->n_node; i++)
		if (str_eq(seen->node[i].name, name))
			return &seen->node[i];
	return NULL;
}

const struct node_seen *world_host(const struct observed *seen, const char *slurm_name)
{
	for (size_t i = 0; seen->nodes_known && i < seen->n_node; i++)
		if (job_node_same(seen->node[i].name, slurm_name))
			return &seen->node[i];
	return NULL;
}

const struct slurm_node *world_slurm_node(const struct desired *want, const char *name)
{
	for (size_t i = 0; want->known && i < want->n_node; i++)
		if (job_node_same(want->node[i].name, name))
			return &want->node[i];
	return NULL;
}

void world_of(const struct observed *seen, const char *key, struct holdings *ret)
{
	struct table t[T_COUNT];
	size_t first[T_COUNT], n[T_COUNT];

	tables(seen, t);
	for (size_t k = 0; k < T_COUNT; k++) {
		first[k] = lower(&t[k], key);
		n[k] = count_of(&t[k], first[k], key);
	}
	*ret = (struct holdings){
		.n_vm = n[T_VM],
		.n_disk = n[T_DISK],
		.n_attachment = n[T_ATTACHMENT],
		.n_pv = n[T_PV],
		.n_pvc = n[T_PVC],
		.n_secret = n[T_SECRET],
		.vm = n[T_VM] ? &seen->vm[first[T_VM]] : NULL,
		.disk = n[T_DISK] ? &seen->disk[first[T_DISK]] : NULL,
		.attachment = n[T_ATTACHMENT] ? &seen->attachment[first[T_ATTACHMENT]] : NULL,
		.pv = n[T_PV] ? &seen->pv[first[T_PV]] : NULL,
		.pvc = n[T_PVC] ? &seen->pvc[first[T_PVC]] : NULL,
		.secret = n[T_SECRET] ? &seen->secret[first[T_SECRET]] : NULL,
	};
	(void)str_copy(ret->key, sizeof(ret->key), key);
}

const struct vm_seen *holdings_vm(const struct holdings *h, const char *name)
{
	for (size_t i = 0; i < h->n_vm; i++)
		if (str_eq(h->vm[i].name, name))
			return &h->vm[i];
	return NULL;
}

const struct disk_seen *holdings_disk(const struct holdings *h, const char *name)
{
	for (size_t i = 0; i < h->n_disk; i++)
		if (str_eq(h->disk[i].name, name))
			return &h->disk[i];
	return NULL;
}

const struct attachment *holdings_attachment(const struct holdings *h, const char *name)
{
	for (size_t i = 0; i < h->n_attachment; i++)
		if (str_eq(h->attachment[i].name, name))
			return &h->attachment[i];
	return NULL;
}

static const struct volume_seen *volume_find(const struct volume_seen *v, size_t n,
					     const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i].name, name))
			return &v[i];
	return NULL;
}

const struct volume_seen *holdings_pv(const struct holdings *h, const char *name)
{
	return volume_find(h->pv, h->n_pv, name);
}

const struct volume_seen *holdings_pvc(const struct holdings *h, const char *name)
{
	return volume_find(h->pvc, h->n_pvc, name);
}

const struct vm_seen *world_vm(const struct holdings *h, const struct job *j)
{
	char name[VM_NAME_MAX + 1];

	(void)vm_name(j, name, sizeof(name));
	return holdings_vm(h, name);
}

bool world_host_is_lost(const struct observed *seen, const struct vm_seen *vm, int64_t after_s,
			int64_t mono_us)
{
	const struct node_seen *n = *vm->node ? world_node(seen, vm->node) : NULL;

	return n && node_is_lost(n, after_s, mono_us);
}

bool world_vm_is_lost(const struct observed *seen, const struct vm_seen *vm, int64_t after_s,
		      int64_t mono_us)
{
	return vm->phase == VM_DELETING && *vm->uid &&
	       world_host_is_lost(seen, vm, after_s, mono_us);
}

bool world_next(const struct observed *seen, struct holdings *ret)
{
	struct table t[T_COUNT];
	const char *next = NULL;

	tables(seen, t);
	for (size_t k = 0; k < T_COUNT; k++) {
		size_t i = lower(&t[k], ret->key);

		i += count_of(&t[k], i, ret->key);
		if (i < t[k].n && (!next || strcmp(key_at(&t[k], i), next) < 0))
			next = key_at(&t[k], i);
	}
	if (!next)
		return false;
	world_of(seen, next, ret);
	return true;
}
