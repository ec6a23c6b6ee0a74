/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Marks on RBD images; see rbd_mark.h. */
#include "vmd/rbd/rbd_mark.h"

#include "vmd/base/str.h"
#include "vmd/rbd/rbd_error.h"

#include <errno.h>
#include <string.h>

#define MARK_CLUSTER  "slurm-vm.cluster"
#define MARK_JOB      "slurm-vm.job"
#define MARK_KEEP     "slurm-vm.keep-until"
#define MARK_REMOVING "slurm-vm.removing"
#define MARK_ORIGIN   "slurm-vm.origin"
#define MARK_FROM     "slurm-vm.from"
#define MARK_CLIENTS  "slurm-vm.clients"
#define MARK_FENCED   "slurm-vm.fenced"
#define MARK_DISK     "slurm-vm.disk"
#define MARK_CLAIMS   "slurm-vm.claims"
#define MARK_BEFORE   "slurm-vm" /* sorts before all of them */
#define MARKS_MAX     16

/* All our keys of one image in one request: names and values, each ending with a NUL. */
struct keys {
	char name[1024], value[2048];
	size_t name_len, value_len;
};

static int keys_read(rbd_image_t image, const char *name, struct keys *k, struct err *e)
{
	int rc;

	*k = (struct keys){.name_len = sizeof(k->name), .value_len = sizeof(k->value)};
	rc = rbd_metadata_list(image, MARK_BEFORE, MARKS_MAX, k->name, &k->name_len, k->value,
			       &k->value_len);
	if (rc == -ERANGE)
		return err_set(e, ERR_CONFLICT, "image %s: its marks are none of ours", name);
	return rc < 0 ? rbd_error(e, rc, "read marks of %s", name) : 0;
}

/* The value of key; "" when it is not there. */
static const char *value_of(const struct keys *k, const char *key)
{
	const char *n = k->name, *v = k->value;

	while (n < k->name + k->name_len && v < k->value + k->value_len) {
		if (str_eq(n, key))
			return v;
		n += strnlen(n, (size_t)(k->name + k->name_len - n)) + 1;
		v += strnlen(v, (size_t)(k->value + k->value_len - v)) + 1;
	}
	return "";
}

static int text_read(const struct keys *k, const char *name, const char *key, char *ret,
		     size_t size, struct err *e)
{
	if (str_copy(ret, size, value_of(k, key)) < 0)
		return err_set(e, ERR_CONFLICT, "image %s: %s is not one of ours", name, key);
	return 0;
}

int rbd_mark_read(rbd_image_t image, const char *name, struct rbd_mark *ret, struct err *e)
{
	struct rbd_mark m = {.removing = false};
	struct keys keys;
	struct err ignored;
	const char *keep, *named;
	uint64_t until = 0;

	if (keys_read(image, name, &keys, e) < 0 ||
	    text_read(&keys, name, MARK_JOB, m.job_key, sizeof(m.job_key), e) < 0 ||
	    text_read(&keys, name, MARK_CLUSTER, m.cluster, sizeof(m.cluster), e) < 0 ||
	    text_read(&keys, name, MARK_FROM, m.from, sizeof(m.from), e) < 0 ||
	    text_read(&keys, name, MARK_FENCED, m.fenced, sizeof(m.fenced), e) < 0)
		return -1;
	keep = value_of(&keys, MARK_KEEP);
	if (keep[0] && str_to_u64(keep, INT64_MAX, &until) < 0)
		return err_set(e, ERR_CONFLICT, "image %s: " MARK_KEEP " '%.40s' is not a time",
			       name, keep);
	m.keep_until_s = (int64_t)until;
	m.removing = value_of(&keys, MARK_REMOVING)[0] != '\0';
	/* It decides nothing while the job lives: one that cannot be read is as one that is not
	 * there, and nobody but an administrator gets the disk when it is kept. */
	(void)disk_origin_decode(value_of(&keys, MARK_ORIGIN), &m.origin, &ignored);
	disk_clients_decode(value_of(&keys, MARK_CLIENTS), &m.clients);
	named = value_of(&keys, MARK_DISK);
	if (named[0] && (named_decode(named, &m.named, e) < 0 ||
			 disk_claims_decode(value_of(&keys, MARK_CLAIMS), &m.named.claims, e) < 0))
		return err_wrap(e, "image %s", name);
	*ret = m;
	return 0;
}

static int write_key(rbd_image_t image, const char *name, const char *key, const char *value,
		     struct err *e)
{
	int rc = rbd_metadata_set(image, key, value);

	return rc < 0 ? rbd_error(e, rc, "mark image %s", name) : 0;
}

static int remove_key(rbd_image_t image, const char *name, const char *key, struct err *e)
{
	int rc = rbd_metadata_remove(image, key);

	return rc < 0 && rc != -ENOENT ? rbd_error(e, rc, "unmark image %s", name) : 0;
}

int rbd_mark_write(rbd_image_t image, const char *cluster, const struct disk_spec *d, struct err *e)
{
	static const char *const later[] = {MARK_KEEP, MARK_FROM, MARK_REMOVING, MARK_CLIENTS,
					    MARK_FENCED};
	const char *name = d->name;
	char origin[DISK_ORIGIN_MAX + 1];

	for (size_t i = 0; i < ARRAY_LEN(later); i++)
		if (remove_key(image, name, later[i], e) < 0)
			return -1;
	if (d->origin.known &&
	    write_key(image, name, MARK_ORIGIN,
		      disk_origin_encode(&d->origin, origin, sizeof(origin)), e) < 0)
		return -1;
	if (write_key(image, name, MARK_CLUSTER, cluster, e) < 0)
		return -1;
	return write_key(image, name, MARK_JOB, d->job_key, e);
}

int rbd_mark_take(rbd_image_t image, const char *name, const struct disk_spec *d, struct err *e)
{
	if (write_key(image, name, MARK_FROM, d->from, e) < 0)
		return -1;
	return write_key(image, name, MARK_JOB, d->job_key, e);
}

int rbd_mark_keep(rbd_image_t image, const char *name, int64_t until_s, struct err *e)
{
	char text[24];

	if (until_s == 0)
		return remove_key(image, name, MARK_KEEP, e);
	(void)str_fmt(text, sizeof(text), "%lld", (long long)until_s);
	return write_key(image, name, MARK_KEEP, text, e);
}

int rbd_mark_removing(rbd_image_t image, const char *name, struct err *e)
{
	return write_key(image, name, MARK_REMOVING, "yes", e);
}

/* ---- past librbd ---- */

struct packet {
	char bytes[DISK_CLAIMS_TEXT + 80];
	size_t len;
};

static void packet_number(struct packet *p, uint32_t n)
{
	for (unsigned shift = 0; shift < 32; shift += 8)
		p->bytes[p->len++] = (char)(n >> shift & 0xff);
}

static void packet_string(struct packet *p, const char *s)
{
	size_t len = strlen(s);

	packet_number(p, (uint32_t)len);
	memcpy(p->bytes + p->len, s, len);
	p->len += len;
}

/* rbd_metadata_set asks whoever holds the exclusive lock to hand it over; a guest that writes would
 * wait for us, and if we died just then, until our watch has timed out. The OSD's own method, which
 * librbd calls in the end (src/cls/rbd/cls_rbd.cc, metadata_set: a map of string to bytes), needs
 * no lock. */
static void packet_key(struct packet *p, const char *key, const char *value)
{
	packet_number(p, 1);
	packet_string(p, key);
	packet_string(p, value);
}

#define HEADER_SIZE 80
static int header_of(rbd_image_t image, const char *name, char header[HEADER_SIZE], struct err *e)
{
	char id[64];
	int rc = rbd_get_id(image, id, sizeof(id));

	if (rc < 0)
		return rbd_error(e, rc, "id of image %s", name);
	return str_fmt(header, HEADER_SIZE, "rbd_header.%s", id);
}

static int put_key(rados_ioctx_t io, rbd_image_t image, const char *name, const char *key,
		   const char *value, struct err *e)
{
	struct packet p = {.len = 0};
	char header[HEADER_SIZE], none[16];
	int rc;

	if (header_of(image, name, header, e) < 0)
		return -1;
	packet_key(&p, key, value);
	rc = rados_exec(io, header, "rbd", "metadata_set", p.bytes, p.len, none, sizeof(none));
	return rc < 0 ? rbd_error(e, rc, "mark image %s", name) : 0;
}

int rbd_mark_leaving(rados_ioctx_t io, rbd_image_t image, const char *name, struct err *e)
{
	return put_key(io, image, name, MARK_REMOVING, "yes", e);
}

int rbd_mark_clients(rados_ioctx_t io, rbd_image_t image, const char *name,
		     const struct disk_clients *c, struct err *e)
{
	char text[DISK_CLIENTS_TEXT];

	disk_clients_encode(c, text);
	return put_key(io, image, name, MARK_CLIENTS, text, e);
}

int rbd_mark_named(rbd_image_t image, const char *cluster, const struct named_disk *d,
		   struct err *e)
{
	char text[DISK_IDENTITY_MAX + 1];

	if (write_key(image, d->image, MARK_DISK, named_encode(d, text, sizeof(text)), e) < 0)
		return -1;
	return write_key(image, d->image, MARK_CLUSTER, cluster, e);
}

/* librbd keeps a value under "metadata_" and its key in the header's map (cls_rbd.cc,
 * metadata_key_for_name), and the OSD does all of one operation or nothing: so whoever compares and
 * sets by this is alone with it, whichever vmd and thread he is. A key that is not there compares
 * as an empty one (PrimaryLogPG.cc, CEPH_OSD_OP_OMAP_CMP). -ECANCELED: it is not before. */
static int change_key(rados_ioctx_t io, const char *header, const char *key, const char *before,
		      const char *after)
{
	char stored[64];
	struct packet p = {.len = 0};
	rados_write_op_t op;
	int rc, compared, set;

	(void)str_fmt(stored, sizeof(stored), "metadata_%s", key);
	packet_key(&p, key, after);
	op = rados_create_write_op();
	if (!op)
		abort();
	rados_write_op_omap_cmp2(op, stored, LIBRADOS_CMPXATTR_OP_EQ, before, strlen(stored),
				 strlen(before), &compared);
	rados_write_op_exec(op, "rbd", "metadata_set", p.bytes, p.len, &set);
	rc = rados_write_op_operate(op, io, header, NULL, 0);
	rados_release_write_op(op);
	return rc;
}

int rbd_mark_fenced(rados_ioctx_t io, rbd_image_t image, const char *name, const char *before,
		    const char *vm_uid, struct err *e)
{
	char header[HEADER_SIZE];
	int rc;

	if (header_of(image, name, header, e) < 0)
		return -1;
	rc = change_key(io, header, MARK_FENCED, before, vm_uid);
	if (rc == -ECANCELED)
		return err_set(e, ERR_CONFLICT,
			       "Ceph: image %s has been fenced by somebody else meanwhile", name);
	return rc < 0 ? rbd_error(e, rc, "mark image %s", name) : 0;
}

int rbd_mark_claims(rados_ioctx_t io, rbd_image_t image, const char *name,
		    const struct disk_claims *old, const struct disk_claims *next, struct err *e)
{
	char before[DISK_CLAIMS_TEXT], after[DISK_CLAIMS_TEXT], header[HEADER_SIZE];
	int rc;

	if (header_of(image, name, header, e) < 0)
		return -1;
	rc = change_key(io, header, MARK_CLAIMS, disk_claims_encode(old, before),
			disk_claims_encode(next, after));
	if (rc == -ECANCELED)
		return err_set(e, ERR_CONFLICT, "Ceph: the claims on image %s have just changed",
			       name);
	return rc < 0 ? rbd_error(e, rc, "claim image %s", name) : 0;
}
