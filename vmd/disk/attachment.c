/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims on named disks as attachments of jobs; see attachment.h. Pure. */
#include "vmd/disk/attachment.h"

#include "vmd/base/str.h"

#include <string.h>

#define VOLUME_PREFIX "disk-"

size_t attachments_count(const struct named_disk *disk, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += disk[i].claims.n;
	return count;
}

static void attachment_set(const struct named_disk *d, const struct disk_claim *c,
			   struct attachment *ret)
{
	*ret = (struct attachment){.size_bytes = d->size_bytes,
				   .read_only = c->read_only,
				   .leaving = c->leaving,
				   .run = c->run,
				   .clients = d->clients};
	memcpy(ret->name, d->image, sizeof(ret->name));
	memcpy(ret->job_key, c->job_key, sizeof(ret->job_key));
	memcpy(ret->pool, d->pool, sizeof(ret->pool));
	memcpy(ret->label, d->name, sizeof(ret->label));
	memcpy(ret->fenced, d->fenced, sizeof(ret->fenced));
}

void attachments_of(const struct named_disk *disk, size_t n, struct attachment *ret)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < disk[i].claims.n; k++)
			attachment_set(&disk[i], &disk[i].claims.claim[k], ret++);
}

static bool is_extra(const struct disk_seen *d)
{
	return *d->job_key && !*d->unreadable && disk_extra_label(d->name);
}

size_t extras_count(const struct disk_seen *disk, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += is_extra(&disk[i]);
	return count;
}

void extras_of(const struct disk_seen *disk, size_t n, struct attachment *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_extra(&disk[i]))
			continue;
		*ret = (struct attachment){
			.size_bytes = disk[i].size_bytes, .leaving = disk[i].removing, .own = true};
		memcpy(ret->name, disk[i].name, sizeof(ret->name));
		memcpy(ret->job_key, disk[i].job_key, sizeof(ret->job_key));
		memcpy(ret->pool, disk[i].pool, sizeof(ret->pool));
		(void)str_copy(ret->label, sizeof(ret->label), disk_extra_label(disk[i].name));
		ret++;
	}
}

int attachment_volume(const char *label, char *buf, size_t size)
{
	return str_fmt(buf, size, VOLUME_PREFIX "%s", label);
}

const char *attachment_label(const char *volume)
{
	return str_starts(volume, VOLUME_PREFIX) ? volume + strlen(VOLUME_PREFIX) : NULL;
}

int attachment_claim(const char *vm, const char *label, char *buf, size_t size)
{
	return str_fmt(buf, size, "%s-d-%s", vm, label);
}

void attachment_spec(const struct attachment *a, const struct job *j, struct disk_spec *ret)
{
	char vm[VM_NAME_MAX + 1];

	*ret = (struct disk_spec){
		.job_id = job_key_id(j), .role = DISK_NAMED, .size_bytes = a->size_bytes};
	(void)job_key(j, ret->job_key, sizeof(ret->job_key));
	if (a->read_only)
		(void)str_fmt(ret->name, sizeof(ret->name), "vm-%s-ro-%s", ret->job_key, a->label);
	else
		(void)str_copy(ret->name, sizeof(ret->name), a->name);
	(void)str_copy(ret->image, sizeof(ret->image), a->name);
	(void)str_copy(ret->pool, sizeof(ret->pool), a->pool);
	(void)vm_name(j, vm, sizeof(vm));
	(void)attachment_claim(vm, a->label, ret->claim, sizeof(ret->claim));
}

const struct named_disk *named_find(const struct named_disk *disk, size_t n, uint32_t uid,
				    const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (disk[i].uid == uid && str_eq(disk[i].name, name))
			return &disk[i];
	return NULL;
}
