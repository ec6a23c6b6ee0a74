/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection to Ceph. librados reconnects to monitors and OSDs by itself; only a blocklisted
 * client needs a new handle, and the old one lives until its last user is done.
 *
 * This file has a lock although workers share nothing else: one connection per thread would be
 * threads-many sessions, watches and keyrings for no gain, and librados is made to be shared. */
#include "vmd/rbd/rbd_session.h"

#include "vmd/base/clock.h"
#include "vmd/base/lock.h"
#include "vmd/base/str.h"
#include "vmd/rbd/rbd_error.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#define FAILURE_STAYS_US SEC_US

struct rbd_connection {
	rados_t cluster;
	char address[160]; /* as rados_getaddrs says it: "v2:192.168.170.190:0/3812345678" */
	unsigned users;
	bool lost;
};

struct rbd_session {
	char conf[256];
	char client[72]; /* "client.vmd" */
	char keyring[256];
	char key[128]; /* instead of a keyring; "" none */
	char timeout[16];
	pthread_mutex_t mu;
	struct rbd_connection *connection; /* NULL: none, or the last one was lost */
	struct err failure;                /* of the last attempt, and when */
	int64_t failed_us;
};

struct rbd_session *rbd_session_new(const struct settings *s)
{
	struct rbd_session *n = calloc(1, sizeof(*n));

	if (!n)
		abort();
	(void)str_copy(n->conf, sizeof(n->conf), s->ceph_conf);
	(void)str_fmt(n->client, sizeof(n->client), "client.%s", s->ceph_user);
	(void)str_copy(n->keyring, sizeof(n->keyring), s->ceph_keyring);
	(void)str_fmt(n->timeout, sizeof(n->timeout), "%lld", (long long)s->ceph_timeout_s);
	pthread_mutex_init(&n->mu, NULL);
	return n;
}

struct rbd_session *rbd_session_with_key(const struct settings *s, const char *user,
					 const char *key)
{
	struct rbd_session *n = rbd_session_new(s);

	(void)str_fmt(n->client, sizeof(n->client), "client.%s", user);
	n->keyring[0] = '\0';
	(void)str_copy(n->key, sizeof(n->key), key);
	return n;
}

static void connection_free(struct rbd_connection *c)
{
	rados_shutdown(c->cluster);
	free(c);
}

void rbd_session_free(struct rbd_session *s)
{
	if (!s)
		return;
	if (s->connection) {
		assert(s->connection->users == 0);
		connection_free(s->connection);
	}
	pthread_mutex_destroy(&s->mu);
	explicit_bzero(s->key, sizeof(s->key));
	free(s);
}

/* librados keeps what it does not log for a crash dump, on a thread of its own: a tenth of Ceph's
 * CPU time here. An administrator's ceph.conf has been read before and is overruled: vmd's log says
 * what failed. A name that this release does not know is no harm. */
static void quiet(rados_t cluster)
{
	static const char *const subsystems[] = {"debug_ms",       "debug_rados", "debug_objecter",
						 "debug_rbd",      "debug_monc",  "debug_auth",
						 "debug_objclass", "debug_tp",    "debug_throttle"};

	for (size_t i = 0; i < ARRAY_LEN(subsystems); i++)
		(void)rados_conf_set(cluster, subsystems[i], "0/0");
}

/* Time-outs come first: without them every later call may wait without end. */
static int configure(const struct rbd_session *s, rados_t cluster, struct err *e)
{
	static const char *const timeouts[] = {"client_mount_timeout", "rados_mon_op_timeout",
					       "rados_osd_op_timeout"};
	int rc = rados_conf_read_file(cluster, s->conf);

	if (rc < 0)
		return rbd_connect_error(e, rc, "cannot read %s", s->conf);
	for (size_t i = 0; i < ARRAY_LEN(timeouts); i++) {
		rc = rados_conf_set(cluster, timeouts[i], s->timeout);
		if (rc < 0)
			return rbd_connect_error(e, rc, "cannot set %s", timeouts[i]);
	}
	if (s->keyring[0] && (rc = rados_conf_set(cluster, "keyring", s->keyring)) < 0)
		return rbd_connect_error(e, rc, "cannot set keyring");
	if (s->key[0] && (rc = rados_conf_set(cluster, "key", s->key)) < 0)
		return rbd_connect_error(e, rc, "cannot set key");
	quiet(cluster);
	return 0;
}

static int connect_cluster(const struct rbd_session *s, struct rbd_connection **ret, struct err *e)
{
	char *address = NULL;
	rados_t cluster;
	int rc = rados_create2(&cluster, "ceph", s->client, 0);

	if (rc < 0)
		return rbd_connect_error(e, rc, "cannot begin as %s", s->client);
	if (configure(s, cluster, e) < 0) {
		rados_shutdown(cluster);
		return -1;
	}
	rc = rados_connect(cluster);
	if (rc < 0) {
		rados_shutdown(cluster);
		return rbd_connect_error(e, rc, "cannot connect as %s", s->client);
	}
	*ret = calloc(1, sizeof(**ret));
	if (!*ret)
		abort();
	(*ret)->cluster = cluster;
	if (rados_getaddrs(cluster, &address) == 0) {
		(void)snprintf((*ret)->address, sizeof((*ret)->address), "%s", address);
		rados_buffer_free(address);
	}
	return 0;
}

/* Counts the caller in as a user of the connection, which is made if there is none. */
static int connection_use(struct rbd_session *s, struct rbd_connection **ret, struct err *e)
{
	AUTO(unlock) pthread_mutex_t *held = lock(&s->mu);

	if (!s->connection && s->failed_us && clock_mono_us() - s->failed_us < FAILURE_STAYS_US) {
		*e = s->failure;
		return -1;
	}
	if (!s->connection && connect_cluster(s, &s->connection, &s->failure) < 0) {
		s->failed_us = clock_mono_us();
		*e = s->failure;
		return -1;
	}
	s->connection->users++;
	*ret = s->connection;
	return 0;
}

static void connection_done(struct rbd_session *s, struct rbd_connection *c)
{
	bool last;
	{
		AUTO(unlock) pthread_mutex_t *held = lock(&s->mu);

		c->users--;
		last = c->lost && c->users == 0;
	}
	if (last)
		connection_free(c);
}

int rbd_pool_open(struct rbd_session *s, const char *pool, struct rbd_pool *ret, struct err *e)
{
	struct rbd_pool p = {.session = s};
	int rc;

	if (connection_use(s, &p.connection, e) < 0)
		return -1;
	rc = rados_ioctx_create(p.connection->cluster, pool, &p.io);
	if (rc < 0) {
		connection_done(s, p.connection);
		return rbd_error(e, rc, "pool %s", pool);
	}
	rados_set_pool_full_try(p.io); /* a full pool is an error, not a wait */
	*ret = p;
	return 0;
}

void rbd_pool_close(struct rbd_pool *p)
{
	rados_ioctx_destroy(p->io);
	connection_done(p->session, p->connection);
	*p = (struct rbd_pool){.session = NULL};
}

bool rbd_pool_is_me(const struct rbd_pool *p, const char *address)
{
	const char *at = strstr(p->connection->address, address);
	size_t len = strlen(address);

	return at && len && (at == p->connection->address || at[-1] == ':') &&
	       (!at[len] || at[len] == ',' || at[len] == ']');
}

rados_t rbd_pool_cluster(const struct rbd_pool *p)
{
	return p->connection->cluster;
}

void rbd_pool_lost(struct rbd_pool *p)
{
	AUTO(unlock) pthread_mutex_t *held = lock(&p->session->mu);

	p->connection->lost = true;
	if (p->session->connection == p->connection)
		p->session->connection = NULL;
}
