/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The catalogue: lookups and the check of a request against it. The refusals are what a user reads
 * at submit, so each names the values that would do. Pure, no allocation. */
#include "vmd/vm/image.h"

#include "vmd/base/str.h"
#include "vmd/vm/vm.h"

#include <string.h>

const char *vm_profile_name(enum vm_profile p)
{
	return p == VM_PROFILE_WINDOWS ? "windows" : "linux";
}

/* A list of names for a text: "a, b, c", cut with "..." when it gets long. */
struct names {
	char text[140];
	bool cut;
};

static void names_add(struct names *n, const char *name)
{
	size_t len = strlen(n->text);

	if (n->cut)
		return;
	/* 4: always room for ", ..." after what is there */
	if (str_fmt(n->text + len, sizeof(n->text) - 6 - len, "%s%s", len ? ", " : "", name) < 0) {
		(void)str_fmt(n->text + len, sizeof(n->text) - len, "%s...", len ? ", " : "");
		n->cut = true;
	}
}

const struct image *catalogue_find(const struct catalogue *c, const char *name)
{
	size_t lo = 0, hi = c->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int order = strcmp(c->image[mid].name, name);

		if (order == 0)
			return &c->image[mid];
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const struct image_revision *image_revision_find(const struct image *i, const char *revision)
{
	if (!*revision)
		return i->n_revision ? &i->revision[i->n_revision - 1] : NULL;
	for (size_t n = 0; n < i->n_revision; n++)
		if (str_eq(i->revision[n].name, revision))
			return &i->revision[n];
	return NULL;
}

bool image_allows(const struct image *i, uint32_t uid, uint32_t gid)
{
	if (i->n_uid == 0 && i->n_gid == 0)
		return true;
	for (size_t n = 0; n < i->n_uid; n++)
		if (i->uid[n] == uid)
			return true;
	for (size_t n = 0; n < i->n_gid; n++)
		if (i->gid[n] == gid)
			return true;
	return false;
}

bool image_has_user_data(const struct image *i)
{
	return i->profile == VM_PROFILE_LINUX;
}

const char *image_account(const struct image *i, const struct job *j)
{
	return *i->user ? i->user : j->user;
}

/* The image, if there is one and the user may have it; the text lists those that would do. */
static const struct image *image_for(const struct catalogue *c, const char *name, uint32_t uid,
				     uint32_t gid, struct err *e)
{
	const struct image *i = catalogue_find(c, name);
	struct names allowed = {.cut = false};

	if (i && image_allows(i, uid, gid))
		return i;
	for (size_t n = 0; n < c->n; n++)
		if (image_allows(&c->image[n], uid, gid))
			names_add(&allowed, c->image[n].name);
	if (!*allowed.text)
		names_add(&allowed, "none");
	if (i)
		(void)err_set(e, ERR_DENIED, "image '%s': you may not use it (allowed: %s)", name,
			      allowed.text);
	else
		(void)err_set(e, ERR_INVALID, "image '%s': not in the catalogue (allowed: %s)",
			      name, allowed.text);
	return NULL;
}

static int revision_check(const struct image *i, struct vm_request *r, struct err *e)
{
	const struct image_revision *rev = image_revision_find(i, r->revision);
	struct names allowed = {.cut = false};

	if (rev)
		return str_copy(r->revision, sizeof(r->revision), rev->name);
	for (size_t n = 0; n < i->n_revision; n++)
		names_add(&allowed, i->revision[n].name);
	return err_set(e, ERR_INVALID, "image '%s' has no revision '%s' (allowed: %s)", i->name,
		       r->revision, allowed.text);
}

static int network_check(const struct image *i, struct vm_request *r, struct err *e)
{
	struct names allowed = {.cut = false};

	for (size_t n = 0; n < i->n_network; n++) {
		if (!*r->network || str_eq(r->network, i->network[n]))
			return str_copy(r->network, sizeof(r->network), i->network[n]);
		names_add(&allowed, i->network[n]);
	}
	if (!*r->network)
		return 0; /* an image without a network */
	return err_set(e, ERR_INVALID, "image '%s': network '%s' is not allowed (allowed: %s)",
		       i->name, r->network, i->n_network ? allowed.text : "none");
}

static int disk_check(const struct image *i, struct vm_request *r, struct err *e)
{
	uint64_t max = i->disk_max_bytes > i->disk_bytes ? i->disk_max_bytes : i->disk_bytes;
	char lo[24], hi[24], got[24];

	if (r->disk_bytes == 0) {
		r->disk_bytes = i->disk_bytes;
		return 0;
	}
	(void)bytes_to_str(r->disk_bytes, got, sizeof(got));
	(void)bytes_to_str(i->disk_bytes, lo, sizeof(lo));
	(void)bytes_to_str(max, hi, sizeof(hi));
	if (max == 0)
		return err_set(e, ERR_INVALID,
			       "image '%s': the root disk's size cannot be chosen (asked: %s)",
			       i->name, got);
	if (r->disk_bytes < i->disk_bytes || r->disk_bytes > max)
		return err_set(e, ERR_INVALID,
			       "image '%s': a root disk of %s is not allowed (allowed: %s to %s)",
			       i->name, got, i->disk_bytes ? lo : "the image's size", hi);
	return 0;
}

static int scratch_check(const struct image *i, const struct vm_request *r, struct err *e)
{
	char max[24], got[24];

	if (r->scratch_bytes <= i->scratch_max_bytes)
		return 0;
	(void)bytes_to_str(r->scratch_bytes, got, sizeof(got));
	(void)bytes_to_str(i->scratch_max_bytes, max, sizeof(max));
	if (i->scratch_max_bytes == 0)
		return err_set(e, ERR_INVALID, "image '%s': no scratch disk is allowed", i->name);
	return err_set(e, ERR_INVALID,
		       "image '%s': a scratch disk of %s is not allowed (allowed: up to %s)",
		       i->name, got, max);
}

static int size_check(const struct image *i, uint32_t cpus, uint64_t memory_bytes, struct err *e)
{
	uint64_t need = vm_allocation_bytes(i->memory_min_bytes, cpus, i->tpm);
	uint64_t guest = vm_guest_memory_bytes(memory_bytes, cpus, i->tpm);
	char got[24], min[24], inside[24];

	if (i->cpus_max && cpus > i->cpus_max)
		return err_set(e, ERR_INVALID,
			       "image '%s': %u CPUs are not allowed (allowed: up to %u)", i->name,
			       cpus, i->cpus_max);
	if (memory_bytes == 0 || (guest > 0 && guest >= i->memory_min_bytes))
		return 0;
	(void)bytes_to_str(memory_bytes, got, sizeof(got));
	(void)bytes_to_str(need, min, sizeof(min));
	(void)bytes_to_str(i->memory_min_bytes, inside, sizeof(inside));
	return err_set(
		e, ERR_INVALID,
		"image '%s': memory of %s is too small (allowed: from %s, of which the guest "
		"gets %s)",
		i->name, got, min, inside);
}

int catalogue_check(const struct catalogue *c, struct vm_request *r, uint32_t uid, uint32_t gid,
		    uint32_t cpus, uint64_t memory_bytes, const struct image **ret, struct err *e)
{
	struct vm_request checked = *r;
	const struct image *i = image_for(c, r->image, uid, gid, e);

	if (!i || revision_check(i, &checked, e) < 0 || network_check(i, &checked, e) < 0 ||
	    disk_check(i, &checked, e) < 0 || scratch_check(i, &checked, e) < 0 ||
	    size_check(i, cpus, memory_bytes, e) < 0)
		return -1;
	if (checked.wait == VM_WAIT_UNSET)
		checked.wait = VM_WAIT_READY;
	checked.keep = vm_request_keep(&checked);
	*r = checked;
	*ret = i;
	return 0;
}
