/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names, texts and rules of named disks; see named.h. The texts come back from Ceph, where others
 * may write too: every length is checked before a byte is copied, and fuzz_named_disk feeds this
 * file. What cannot be read is nobody's to take. Pure. */
#include "vmd/disk/named.h"

#include "vmd/base/str.h"

#include <string.h>

#define REMOVING "removing"
#define READS    ":ro"
#define LEAVES   ":off"
#define RUN      ":r"

/* FNV-1a. A cluster's name is longer than an object's may be; that two of one pool have the same
 * hash is told by their marks, and refused. */
static uint32_t hash(const char *text)
{
	uint32_t h = 2166136261U;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619U;
	return h;
}

int named_image(const char *cluster, uint32_t uid, const char *name, char *buf, size_t size)
{
	return str_fmt(buf, size, NAMED_IMAGE_PREFIX "%08x-%u-%s", hash(cluster), uid, name);
}

int named_image_parse(const char *image, const char *cluster, uint32_t *ret_uid,
		      char ret_name[DISK_LABEL_MAX + 1])
{
	char again[VM_NAME_MAX + 1], digits[12];
	size_t head = strlen(NAMED_IMAGE_PREFIX) + 9; /* the hash and its '-' */
	const char *user, *dash;
	struct err ignored;
	uint64_t uid;

	if (strnlen(image, head) < head || !str_starts(image, NAMED_IMAGE_PREFIX))
		return -1;
	user = image + head;
	dash = strchr(user, '-');
	if (!dash || str_fmt(digits, sizeof(digits), "%.*s", (int)(dash - user), user) < 0 ||
	    str_to_u64(digits, UINT32_MAX, &uid) < 0 || disk_label_check(dash + 1, &ignored) < 0 ||
	    named_image(cluster, (uint32_t)uid, dash + 1, again, sizeof(again)) < 0 ||
	    !str_eq(again, image))
		return -1;
	*ret_uid = (uint32_t)uid;
	return str_copy(ret_name, DISK_LABEL_MAX + 1, dash + 1);
}

const char *named_encode(const struct named_disk *d, char *buf, size_t size)
{
	(void)str_fmt(buf, size, "uid=%u name=%s created=%lld", d->uid, d->name,
		      (long long)d->created_s);
	return buf;
}

static int bad(struct err *e, const char *what, const char *value)
{
	return err_set(e, ERR_INVALID, "named disk: %s'%.40s' cannot be", what, value);
}

static int pair_read(const char *key, const char *value, struct named_disk *d, bool *has_uid,
		     struct err *e)
{
	uint64_t n = 0;

	if (str_eq(key, "name")) {
		if (disk_label_check(value, e) < 0)
			return -1;
		return str_copy(d->name, sizeof(d->name), value);
	}
	if (str_eq(key, "created")) {
		if (str_to_u64(value, INT64_MAX, &n) < 0)
			return bad(e, "created=", value);
		d->created_s = (int64_t)n;
		return 0;
	}
	if (!str_eq(key, "uid"))
		return 0; /* of a later release */
	if (str_to_u64(value, UINT32_MAX, &n) < 0)
		return bad(e, "uid=", value);
	d->uid = (uint32_t)n;
	*has_uid = true;
	return 0;
}

int named_decode(const char *text, struct named_disk *ret, struct err *e)
{
	struct named_disk d = {.uid = 0};
	char copy[DISK_IDENTITY_MAX + 1];
	bool has_uid = false;
	char *rest = copy;
	char *word;

	if (str_copy(copy, sizeof(copy), text) < 0)
		return err_set(e, ERR_INVALID, "named disk: longer than %d bytes",
			       DISK_IDENTITY_MAX);
	while ((word = strsep(&rest, " ")) != NULL) {
		char *value = strchr(word, '=');

		if (!value)
			return bad(e, "", word);
		*value++ = '\0';
		if (pair_read(word, value, &d, &has_uid, e) < 0)
			return -1;
	}
	if (!has_uid || !*d.name)
		return err_set(e, ERR_INVALID, "named disk: uid or name is missing");
	*ret = d;
	return 0;
}

/* ---- claims ---- */

const char *disk_claims_encode(const struct disk_claims *c, char buf[DISK_CLAIMS_TEXT])
{
	size_t len = 0;

	(void)str_copy(buf, DISK_CLAIMS_TEXT, c->removing ? REMOVING : "");
	for (size_t i = 0; !c->removing && i < c->n; i++) {
		const struct disk_claim *one = &c->claim[i];

		(void)str_fmt(buf + len, DISK_CLAIMS_TEXT - len, "%s%s", i ? " " : "",
			      one->job_key);
		len = strlen(buf);
		if (one->run)
			(void)str_fmt(buf + len, DISK_CLAIMS_TEXT - len, RUN "%u", one->run);
		len = strlen(buf);
		(void)str_fmt(buf + len, DISK_CLAIMS_TEXT - len, "%s%s",
			      one->read_only ? READS : "", one->leaving ? LEAVES : "");
		len = strlen(buf);
	}
	return buf;
}

static bool suffix_cut(char *word, const char *suffix)
{
	size_t len = strlen(word), end = strlen(suffix);

	if (len < end || !str_eq(word + len - end, suffix))
		return false;
	word[len - end] = '\0';
	return true;
}

/* Behind a key, which has no ':'; -1: it is no number. None there: the first run. */
static int run_cut(char *word, uint32_t *ret)
{
	char *mark = strstr(word, RUN);
	uint64_t run;

	if (!mark)
		return 0;
	if (str_to_u64(mark + strlen(RUN), UINT32_MAX, &run) < 0)
		return -1;
	*mark = '\0';
	*ret = (uint32_t)run;
	return 0;
}

static int claim_read(char *word, struct disk_claim *ret, struct err *e)
{
	struct disk_claim one = {.leaving = suffix_cut(word, LEAVES)};
	char nonce[JOB_NONCE_LEN + 1];
	uint32_t id;

	one.read_only = suffix_cut(word, READS);
	if (run_cut(word, &one.run) < 0 || job_key_parse(word, &id, nonce) < 0)
		return bad(e, "a claim of ", word);
	(void)str_copy(one.job_key, sizeof(one.job_key), word);
	*ret = one;
	return 0;
}

int disk_claims_decode(const char *text, struct disk_claims *ret, struct err *e)
{
	struct disk_claims c = {.removing = str_eq(text, REMOVING)};
	char copy[DISK_CLAIMS_TEXT];
	char *rest = copy;
	char *word;

	if (str_copy(copy, sizeof(copy), text) < 0)
		return err_set(e, ERR_INVALID, "named disk: its claims are too long");
	while (!c.removing && *text && (word = strsep(&rest, " ")) != NULL) {
		struct disk_claim one;

		if (claim_read(word, &one, e) < 0)
			return -1;
		if (c.n == DISK_CLAIMS_MAX || disk_claim_of(&c, one.job_key) ||
		    (c.n && !(one.read_only && c.claim[0].read_only)))
			return err_set(e, ERR_INVALID,
				       "named disk: its claims contradict each other: '%.80s'",
				       text);
		c.claim[c.n++] = one;
	}
	*ret = c;
	return 0;
}

const struct disk_claim *disk_claim_of(const struct disk_claims *c, const char *job_key)
{
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(c->claim[i].job_key, job_key))
			return &c->claim[i];
	return NULL;
}

static int taken(struct err *e, const struct disk_claims *c, const char *name)
{
	const struct disk_claim *by = &c->claim[0];

	return err_set(e, ERR_CONFLICT, "disk %s is %s by job %.*s%s", name,
		       by->read_only ? "read" : "written", (int)strcspn(by->job_key, "-"),
		       by->job_key, c->n > 1 ? " and others" : "");
}

/* The job has it already. */
static int renew(struct disk_claim *own, const char *name, const struct disk_claim *asked,
		 struct err *e)
{
	if (own->read_only != asked->read_only)
		return err_set(e, ERR_CONFLICT,
			       "the job has disk %s already, to %s: remove it first, then add it",
			       name, own->read_only ? "read" : "write");
	if (own->leaving)
		return err_set(e, ERR_CONFLICT, "the job gives disk %s back still", name);
	if (own->run < asked->run)
		own->run = asked->run;
	return 0;
}

int disk_claims_add(struct disk_claims *c, const char *name, const struct disk_claim *asked,
		    struct err *e)
{
	const struct disk_claim *own = disk_claim_of(c, asked->job_key);
	struct disk_claim *one;

	if (c->removing)
		return err_set(e, ERR_ABSENT, "disk %s is being removed", name);
	if (own)
		return renew(&c->claim[own - c->claim], name, asked, e);
	if (c->n && !(asked->read_only && c->claim[0].read_only))
		return taken(e, c, name);
	if (c->n == DISK_CLAIMS_MAX)
		return err_set(e, ERR_FULL, "disk %s is read by %d jobs, and by no more", name,
			       DISK_CLAIMS_MAX);
	one = &c->claim[c->n++];
	*one = *asked;
	one->leaving = false;
	return 0;
}

void disk_claims_leave(struct disk_claims *c, const char *job_key)
{
	const struct disk_claim *own = disk_claim_of(c, job_key);

	if (own)
		c->claim[own - c->claim].leaving = true;
}

void disk_claims_drop(struct disk_claims *c, const char *job_key)
{
	const struct disk_claim *own = disk_claim_of(c, job_key);

	if (own)
		c->claim[own - c->claim] = c->claim[--c->n];
}

int disk_claims_remove(struct disk_claims *c, const char *name, struct err *e)
{
	if (c->n)
		return taken(e, c, name);
	c->removing = true;
	return 0;
}

/* Decided on while the job had a claim to let go of. One that it was given since, by somebody who
 * knew more, is another one: then this order comes too late. */
static int drop_seen(struct disk_claims *c, const struct disk_order *o, struct err *e)
{
	const struct disk_claim *own = disk_claim_of(c, o->job_key);
	const struct disk_claim *seen = disk_claim_of(&o->disk.claims, o->job_key);

	if (own && seen &&
	    (own->leaving != seen->leaving || own->read_only != seen->read_only ||
	     own->run != seen->run))
		return err_set(e, ERR_CONFLICT, "the job's claim on disk %s is another one now",
			       o->disk.name);
	disk_claims_drop(c, o->job_key);
	return 0;
}

int disk_claims_step(struct disk_claims *c, const struct disk_order *o, struct err *e)
{
	struct disk_claim asked = {.run = o->run, .read_only = o->step == CLAIM_READ};

	(void)str_copy(asked.job_key, sizeof(asked.job_key), o->job_key);
	switch (o->step) {
	case CLAIM_WRITE:
	case CLAIM_READ: return disk_claims_add(c, o->disk.name, &asked, e);
	case CLAIM_LEAVE: disk_claims_leave(c, o->job_key); return 0;
	case CLAIM_DROP: return drop_seen(c, o, e);
	case CLAIM_REMOVE: return disk_claims_remove(c, o->disk.name, e);
	}
	return -1; /* not reached: -Wswitch sees to it */
}

/* ---- quota ---- */

int disk_quota_check(const struct disk_quota *q, const struct named_disk *disk, size_t n,
		     uint32_t uid, uint64_t size_bytes, struct err *e)
{
	char quota[24], used_text[24], asked[24];
	uint64_t used = 0;
	unsigned count = 0;

	if (!q->bytes || !q->count)
		return err_set(e, ERR_DENIED,
			       "this site has no named disks (disks: in vmd.yaml); ask your "
			       "administrator");
	for (size_t i = 0; i < n; i++) {
		if (disk[i].uid != uid)
			continue;
		used += disk[i].size_bytes;
		count++;
	}
	if (count >= q->count)
		return err_set(e, ERR_FULL,
			       "you have %u named disks, and may have %u: vmctl disk delete NAME",
			       count, q->count);
	if (used > q->bytes || size_bytes > q->bytes - used)
		return err_set(
			e, ERR_FULL,
			"%s are more than your quota for named disks allows: %s, of which %s "
			"are used; vmctl disk delete NAME makes room",
			bytes_to_str(size_bytes, asked, sizeof(asked)),
			bytes_to_str(q->bytes, quota, sizeof(quota)),
			bytes_to_str(used, used_text, sizeof(used_text)));
	return 0;
}
