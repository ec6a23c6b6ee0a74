/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clients of an image: who they are, and how they are shut out. Blocks; a worker's thread.
 *
 * A client that is cut off keeps what it has not written yet, and writes it when it can: hours
 * later if need be. Breaking its lock alone does not hinder it, for the lock is between clients
 * that talk to each other; only the cluster's blocklist makes every OSD refuse it. So everybody who
 * may have the image open is put there, and is looked for there before anybody says "fenced".
 *
 * Of two entries for one client the first counts (OSDMap::apply_incremental inserts; seen
 * with 16.2). Whoever breaks a lock puts its owner there, for an hour only; so our entry, which
 * lasts, comes before we break the lock, an entry of somebody else's that ends too early is taken
 * out first (no other VM has the disk yet), and the lock is not left to the next client to break.
 */
#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/rbd/rbd_blocklist.h"
#include "vmd/rbd/rbd_error.h"
#include "vmd/rbd/rbd_mark.h"
#include "vmd/rbd/rbd_store.h"

#include <errno.h>
#include <string.h>

#define WATCHERS_MAX 64
#define OWNERS_MAX   4

DEFINE_AUTO(rbd_image_t, rbd_close)

/* More than a disk has: nobody may be missed. */
struct crowd {
	size_t n;
	char address[WATCHERS_MAX][DISK_CLIENT_MAX + 1];
};

static int crowd_add(struct crowd *c, const char *address, const char *name, struct err *e)
{
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(c->address[i], address))
			return 0;
	if (c->n == WATCHERS_MAX || !disk_client_is_address(address))
		return err_set(e, ERR_INVALID, "Ceph: image %s: client '%.64s' cannot be shut out",
			       name, address);
	(void)str_copy(c->address[c->n++], sizeof(c->address[0]), address);
	return 0;
}

/* Adds those that have it open now, but for ourselves. */
static int add_watchers(const struct rbd_pool *p, rbd_image_t look, const char *name,
			struct crowd *c, struct err *e)
{
	rbd_image_watcher_t watcher[WATCHERS_MAX];
	size_t n = WATCHERS_MAX;
	int rc = rbd_watchers_list(look, watcher, &n);
	int added = 0;

	if (rc < 0)
		return rbd_error(e, rc, "look for users of %s", name);
	for (size_t i = 0; i < n && added == 0; i++)
		if (!rbd_pool_is_me(p, watcher[i].addr))
			added = crowd_add(c, watcher[i].addr, name, e);
	rbd_watchers_list_cleanup(watcher, n);
	return added;
}

int rbd_clients_read(const struct rbd_pool *p, void *look, const char *name,
		     struct disk_clients *ret, struct err *e)
{
	struct crowd c = {.n = 0};
	struct disk_clients found = {.n = 0};

	if (add_watchers(p, look, name, &c, e) < 0)
		return -1;
	for (size_t i = 0; i < c.n; i++)
		(void)disk_clients_add(&found, c.address[i]);
	*ret = found;
	return 0;
}

/* The owner of the exclusive lock: it is written down in the image and outlives its owner's watch.
 * owner "": nobody. */
static int owner_read(rbd_image_t image, const char *name, char *owner, size_t size, struct err *e)
{
	char *owners[OWNERS_MAX];
	size_t n = OWNERS_MAX;
	rbd_lock_mode_t mode;
	int rc = rbd_lock_get_owners(image, &mode, owners, &n);
	bool fits;

	owner[0] = '\0';
	if (rc == -ENOENT || (rc == 0 && n == 0))
		return 0;
	if (rc < 0)
		return rbd_error(e, rc, "look for the lock of %s", name);
	fits = str_copy(owner, size, owners[0]) == 0;
	rbd_lock_get_owners_cleanup(owners, n);
	return fits ? 0 : err_set(e, ERR_INVALID, "Ceph: image %s: odd owner of its lock", name);
}

/* Who can write it: those that have it open, and the owner of its lock, "" nobody. */
static int users_read(const struct rbd_pool *p, rbd_image_t image, const char *name,
		      struct crowd *c, char owner[DISK_CLIENT_MAX + 1], struct err *e)
{
	if (add_watchers(p, image, name, c, e) < 0 ||
	    owner_read(image, name, owner, DISK_CLIENT_MAX + 1, e) < 0)
		return -1;
	return owner[0] ? crowd_add(c, owner, name, e) : 0;
}

/* The monitor's list; rados_buffer_free. */
static int blocklist_read(const struct rbd_pool *p, char **ret_text, size_t *ret_len, struct err *e)
{
	const char *command = "{\"prefix\": \"osd blocklist ls\", \"format\": \"json\"}";
	char *said = NULL;
	size_t said_len = 0;
	int rc;

	*ret_text = NULL;
	*ret_len = 0;
	rc = rados_mon_command(rbd_pool_cluster(p), &command, 1, "", 0, ret_text, ret_len, &said,
			       &said_len);
	rados_buffer_free(said);
	if (rc >= 0)
		return 0;
	rados_buffer_free(*ret_text);
	return rbd_error(e, rc, "read the blocklist");
}

int rbd_blocklist_ask(const struct rbd_pool *p, const char *op, const char *address)
{
	char command[DISK_CLIENT_MAX + 100];
	const char *commands = command;
	char *text = NULL, *said = NULL;
	size_t len = 0, said_len = 0;
	int rc;

	(void)str_fmt(command, sizeof(command),
		      "{\"prefix\": \"osd blocklist\", \"blocklistop\": \"%s\", \"addr\": \"%s\"}",
		      op, address);
	rc = rados_mon_command(rbd_pool_cluster(p), &commands, 1, "", 0, &text, &len, &said,
			       &said_len);
	rados_buffer_free(text);
	rados_buffer_free(said);
	return rc;
}

/* Takes out an entry that would end too early, so that ours can take its place. */
static int entry_remove(const struct rbd_pool *p, const char *address, struct err *e)
{
	int rc = rbd_blocklist_ask(p, "rm", address);

	if (rc < 0 && rc != -ENOENT)
		return rbd_error(e, rc, "renew the blocklist's entry of client %s", address);
	return 0;
}

/* Clocks of monitors and ours may differ, and some of the time is over when this is asked. */
static bool is_long_enough(const struct rbd_store *st, int64_t until_s)
{
	return until_s - clock_wall_s() > st->blocklist_s / 2;
}

static int shut_out(const struct rbd_store *st, const struct rbd_pool *p, const struct crowd *c,
		    struct err *e)
{
	char *list;
	size_t len;
	int rc = 0;

	if (blocklist_read(p, &list, &len, e) < 0)
		return -1;
	for (size_t i = 0; i < c->n && rc >= 0; i++) {
		char address[DISK_CLIENT_MAX + 1];
		int64_t until_s = blocklist_until_s(list, len, c->address[i]);

		(void)str_copy(address, sizeof(address), c->address[i]);
		if (until_s && is_long_enough(st, until_s))
			continue;
		if (until_s && (rc = entry_remove(p, address, e)) < 0)
			break;
		rc = rados_blocklist_add(rbd_pool_cluster(p), address, st->blocklist_s);
		if (rc < 0)
			rc = rbd_error(e, rc, "put client %s into the blocklist", address);
	}
	rados_buffer_free(list);
	return rc < 0 ? -1 : 0;
}

static int lock_break(rbd_image_t image, const char *name, const char *owner, struct err *e)
{
	int rc = rbd_lock_break(image, RBD_LOCK_MODE_EXCLUSIVE, owner);

	/* Nobody's by now, or somebody else's: that is looked at again. */
	if (rc < 0 && rc != -ENOENT && rc != -EBUSY)
		return rbd_error(e, rc, "break the lock of %s on image %s", owner, name);
	return 0;
}

/* Does the monitor know them all as shut out, and for long? */
static int check_blocklist(const struct rbd_store *st, const struct rbd_pool *p,
			   const struct crowd *c, struct err *e)
{
	const char *missing = NULL;
	char *list;
	size_t len;

	if (blocklist_read(p, &list, &len, e) < 0)
		return -1;
	for (size_t i = 0; i < c->n && !missing; i++)
		if (!is_long_enough(st, blocklist_until_s(list, len, c->address[i])))
			missing = c->address[i];
	rados_buffer_free(list);
	if (missing)
		return err_set(e, ERR_RETRY, "Ceph: client %s is not in the blocklist for long",
			       missing);
	return 0;
}

/* Nobody has it open or owns its lock: asked of the OSD, which has heard of the blocklist by now,
 * since our own requests name the map that has it. */
static int check_unused(const struct rbd_pool *p, rbd_image_t image, const char *name,
			struct err *e)
{
	char owner[DISK_CLIENT_MAX + 1];
	struct crowd left = {.n = 0};

	if (users_read(p, image, name, &left, owner, e) < 0)
		return -1;
	if (left.n > 0)
		return err_set(e, ERR_RETRY, "Ceph: image %s has client %s still", name,
			       left.address[0]);
	return 0;
}

static int fence(const struct rbd_store *st, struct rbd_pool *p, rbd_image_t image,
		 const char *name, const char *owner, const struct crowd *c, struct err *e)
{
	if (shut_out(st, p, c, e) < 0 || (owner[0] && lock_break(image, name, owner, e) < 0))
		return -1;
	return check_blocklist(st, p, c, e) < 0 || check_unused(p, image, name, e) < 0 ? -1 : 0;
}

/* Its own disk, or a named one that it writes; or what is left of one, which nobody has open, but
 * the job's disks are let go of when all of them are fenced. */
static bool is_of(const struct rbd_store *st, struct rbd_pool *p, const char *name,
		  const struct rbd_mark *m, const char *job_key)
{
	const struct disk_claim *c = disk_claim_of(&m->named.claims, job_key);

	if (str_eq(m->cluster, st->cluster) &&
	    (str_eq(m->job_key, job_key) || (c && !c->read_only)))
		return true;
	return rbd_is_leftover_of(st, p, name, m, job_key);
}

/* It is opened for writing, since only then librbd tells of the lock. To open takes no lock.
 *
 * Who has the image is looked up first, and then whether it is fenced already: the disk's next
 * guest comes only behind that mark, so without the mark it is not among those that were found. A
 * fence that comes late (of a list that is old, of a vmd that was stopped) finds the mark, and
 * leaves the next guest alone. Where the host came back by itself there is no mark: so a call that
 * hung, or was stopped, until it knew who has the image is not for them (by_us). And one that was
 * stopped behind that must not write its mark over one that was set meanwhile, by which such late
 * fences are known: it names the mark that it has read. */
int rbd_disk_fence(struct rbd_store *st, const char *pool, const char *name, const char *job_key,
		   const char *vm_uid, int64_t by_us, struct err *e)
{
	AUTO(rbd_pool_close) struct rbd_pool p = {.session = NULL};
	AUTO(rbd_close) rbd_image_t image = NULL;
	char owner[DISK_CLIENT_MAX + 1];
	struct crowd c = {.n = 0};
	struct rbd_mark mark;
	int rc;

	if (rbd_pool_open(st->session, pool[0] ? pool : st->pool, &p, e) < 0)
		return -1;
	rbd_cache_forget(st->cache, name);
	rc = rbd_open(p.io, name, &image, NULL);
	if (rc == -ESHUTDOWN)
		rbd_pool_lost(&p);
	if (rc < 0)
		return rbd_error(e, rc, "open image %s", name);
	if (users_read(&p, image, name, &c, owner, e) < 0 ||
	    rbd_mark_read(image, name, &mark, e) < 0)
		return -1;
	if (!is_of(st, &p, name, &mark, job_key))
		return err_set(e, ERR_CONFLICT, "Ceph: image %s is not of job %s", name, job_key);
	if (str_eq(mark.fenced, vm_uid))
		return 0;
	if (clock_mono_us() > by_us)
		return err_set(e, ERR_RETRY, "Ceph: who has image %s was found too late", name);
	for (size_t i = 0; i < mark.clients.n; i++)
		if (crowd_add(&c, mark.clients.address[i], name, e) < 0)
			return -1;
	if (fence(st, &p, image, name, owner, &c, e) < 0)
		return -1;
	return rbd_mark_fenced(p.io, image, name, mark.fenced, vm_uid, e);
}
