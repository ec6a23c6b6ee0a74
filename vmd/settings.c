/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmd.yaml -> struct settings. Every refusal names file and line; a key nobody knows is refused, so
 * that a misspelt one does not silently mean its default. Reads the file and the user database,
 * nothing else: that a server is reachable or a token readable is for the adapters to find out,
 * since vmd must start without them. The images are in settings_images.c. Runs at start and on
 * SIGHUP, on the loop thread. */
#include "vmd/settings.h"

#include "vmd/base/str.h"
#include "vmd/job/job_option.h"
#include "vmd/reconcile/action.h"
#include "vmd/settings_images.h"

#include <arpa/inet.h>
#include <string.h>

int settings_section(struct conf *map, const char *key, bool required, struct conf **ret,
		     struct err *e)
{
	struct conf *y = conf_get(map, key);

	if (!y && required)
		return conf_error(map, e, "section '%s' is missing", key);
	if (y && y->kind != CONF_MAP)
		return conf_error(y, e, "'%s' must hold keys with values", key);
	*ret = y;
	return 0;
}

/* Points at map[key] for an error about its value. */
static int refuse(struct conf *map, const char *key, struct err *e, const char *why,
		  const char *value)
{
	return conf_error(conf_get(map, key), e, "'%s' %s, not '%.60s'", key, why, value);
}

/* "192.168.170.190:6830", "[::1]:6830": numeric, since the event loop may not wait for DNS. */
static bool is_endpoint(const char *text)
{
	char host[64];
	struct in6_addr addr;
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	uint64_t port;

	if (!colon || len >= sizeof(host) || str_to_u64(colon + 1, 65535, &port) < 0 || port == 0)
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (host[0] != '[')
		return inet_pton(AF_INET, host, &addr) == 1;
	if (host[len - 1] != ']')
		return false;
	host[len - 1] = '\0';
	return inet_pton(AF_INET6, host + 1, &addr) == 1;
}

static bool is_cidr(const char *text)
{
	char host[48];
	struct in6_addr addr;
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : 0;
	uint64_t bits;

	if (!slash || len >= sizeof(host) || str_to_u64(slash + 1, 128, &bits) < 0)
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	return (bits <= 32 && inet_pton(AF_INET, host, &addr) == 1) ||
	       inet_pton(AF_INET6, host, &addr) == 1;
}

/* "namespace/name", both names of Kubernetes objects. */
static bool is_object_path(const char *text)
{
	char space[64];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : sizeof(space);

	if (len >= sizeof(space))
		return false;
	memcpy(space, text, len);
	space[len] = '\0';
	return str_is_name(space, 63) && str_is_name(slash + 1, 63);
}

/* A label's value in Kubernetes; Slurm's cluster names are of this form. */
static bool is_label_value(const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++) {
		bool alnum = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
			     (s[i] >= '0' && s[i] <= '9');

		if (!alnum && (i == 0 || i + 1 == len || !strchr("-_.", s[i])))
			return false;
	}
	return len > 0 && len <= 63;
}

static bool is_absolute(const char *path)
{
	return path[0] == '/';
}

static bool is_object_name(const char *text)
{
	return str_is_name(text, 63);
}

/* "https://host[:port]": plain http would send the token to whoever listens. */
static bool is_https(const char *url)
{
	static const char scheme[] = "https://";
	const char *host = url + sizeof(scheme) - 1;

	return str_starts(url, scheme) && *host && host[strcspn(host, "/?#@ \t")] == '\0';
}

/* A word that goes into JSON or a librados option. */
static bool is_plain(const char *text)
{
	for (const char *p = text; *p; p++)
		if (*p <= ' ' || *p > '~' || *p == '"' || *p == '\\')
			return false;
	return *text != '\0';
}

bool settings_is_rbd_name(const char *text)
{
	return is_plain(text) && text[strcspn(text, "/@,")] == '\0';
}

struct text_key {
	const char *key;
	bool required;
	size_t offset;
	size_t size;
	bool (*is_good)(const char *text); /* NULL: anything */
	const char *must;                  /* what is_good wants, after the key's name */
};
#define TEXT_KEY(name, member, req, good, must_)                                                   \
	{                                                                                          \
		.key = (name), .required = (req), .offset = offsetof(struct settings, member),     \
		.size = sizeof(((struct settings *)0)->member), .is_good = (good), .must = (must_) \
	}

static int read_texts(struct conf *map, const struct text_key *keys, size_t n, struct settings *s,
		      struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const struct text_key *k = &keys[i];
		char *value = (char *)s + k->offset;

		if (conf_str(map, k->key, k->required, value, k->size, e) < 0)
			return -1;
		if (!conf_get(map, k->key))
			continue;
		if (k->is_good && !k->is_good(value))
			return refuse(map, k->key, e, k->must, value);
	}
	return 0;
}

static int read_count(struct conf *map, const char *key, uint64_t min, uint64_t max, unsigned *ret,
		      struct err *e)
{
	uint64_t n = *ret;

	if (conf_uint(map, key, min, max, &n, e) < 0)
		return -1;
	*ret = (unsigned)n;
	return 0;
}

static int read_time(struct conf *map, const char *key, int64_t min_s, int64_t max_s,
		     int64_t *ret_s, struct err *e)
{
	int64_t t = *ret_s;

	if (conf_seconds(map, key, &t, e) < 0)
		return -1;
	if (t < min_s || t > max_s)
		return conf_error(conf_get(map, key), e, "'%s' must be from %lld s to %lld s", key,
				  (long long)min_s, (long long)max_s);
	*ret_s = t;
	return 0;
}

#define ABSOLUTE    "must be an absolute path"
#define OBJECT_NAME "must be lower-case letters, digits, '-' and '.'"
#define PLAIN       "must be a word of ASCII characters"
#define RBD_NAME    "must be a word without '/', '@' and ','"
#define ENDPOINT    "must be a numeric address and a port such as 192.168.170.190:6830"

static int read_api(struct conf *root, struct settings *s, struct err *e)
{
	static const struct text_key keys[] = {
		TEXT_KEY("listen", listen, false, is_endpoint, ENDPOINT),
		TEXT_KEY("metrics", metrics_listen, false, is_endpoint, ENDPOINT),
		TEXT_KEY("munge_socket", munge_socket, false, is_absolute, ABSOLUTE),
	};
	struct conf *map;

	if (settings_section(root, "api", false, &map, e) < 0)
		return -1;
	if (!map)
		return 0;
	if (read_texts(map, keys, ARRAY_LEN(keys), s, e) < 0)
		return -1;
	return conf_check_used(map, e);
}

static int read_slurm(struct conf *root, struct settings *s, struct err *e)
{
	static const struct text_key keys[] = {
		TEXT_KEY("cluster", cluster, false, is_label_value,
			 "must be letters, digits, '-', '_' and '.'"),
		TEXT_KEY("catalogue_file", catalogue_file, false, is_absolute, ABSOLUTE),
	};
	struct conf *map;

	if (settings_section(root, "slurm", false, &map, e) < 0)
		return -1;
	if (!map)
		return 0;
	if (read_texts(map, keys, ARRAY_LEN(keys), s, e) < 0 ||
	    read_time(map, "poll", 1, 3600, &s->slurm_poll_s, e) < 0 ||
	    conf_str(map, "move_qos", false, s->policy.move_qos, sizeof(s->policy.move_qos), e) <
		    0 ||
	    conf_bool(map, "move_reservation", &s->policy.move_reserve, e) < 0 ||
	    conf_bool(map, "follow_cordon", &s->policy.drain.follow_cordon, e) < 0)
		return -1;
	return conf_check_used(map, e);
}

static int read_kubernetes(struct conf *root, struct settings *s, struct err *e)
{
	static const struct text_key keys[] = {
		TEXT_KEY("server", kube_server, true, is_https,
			 "must begin with https:// and hold nothing but host and port"),
		TEXT_KEY("ca_file", kube_ca_file, false, is_absolute, ABSOLUTE),
		TEXT_KEY("token_file", kube_token_file, true, is_absolute, ABSOLUTE),
		TEXT_KEY("namespace", kube_namespace, false, is_object_name, OBJECT_NAME),
	};
	struct conf *map;

	if (settings_section(root, "kubernetes", true, &map, e) < 0 ||
	    read_texts(map, keys, ARRAY_LEN(keys), s, e) < 0 ||
	    read_time(map, "timeout", 1, 300, &s->kube_timeout_s, e) < 0 ||
	    conf_bool(map, "follow_drain", &s->policy.drain.follow_drain, e) < 0)
		return -1;
	return conf_check_used(map, e);
}

static int read_lease(struct conf *root, struct settings *s, struct err *e)
{
	static const struct text_key keys[] = {
		TEXT_KEY("name", lease_name, false, is_object_name, OBJECT_NAME),
	};
	struct conf *map;

	if (settings_section(root, "lease", false, &map, e) < 0)
		return -1;
	if (!map)
		return 0;
	if (read_texts(map, keys, ARRAY_LEN(keys), s, e) < 0 ||
	    read_time(map, "duration", 4, 300, &s->lease_duration_s, e) < 0)
		return -1;
	return conf_check_used(map, e);
}

static int read_ceph(struct conf *root, struct settings *s, struct err *e)
{
	static const struct text_key keys[] = {
		TEXT_KEY("conf", ceph_conf, false, is_absolute, ABSOLUTE),
		TEXT_KEY("user", ceph_user, false, is_plain, PLAIN),
		TEXT_KEY("keyring", ceph_keyring, false, is_absolute, ABSOLUTE),
		TEXT_KEY("pool", ceph_pool, false, settings_is_rbd_name, RBD_NAME),
		TEXT_KEY("cluster_id", ceph_cluster_id, true, is_plain, PLAIN),
		TEXT_KEY("secret", ceph_secret, true, is_object_path,
			 "must be namespace/name of a Secret"),
	};
	struct conf *map;

	if (settings_section(root, "ceph", true, &map, e) < 0 ||
	    read_texts(map, keys, ARRAY_LEN(keys), s, e) < 0 ||
	    read_time(map, "timeout", 1, 300, &s->ceph_timeout_s, e) < 0 ||
	    read_count(map, "threads", 1, 16, &s->ceph_threads, e) < 0 ||
	    read_time(map, "blocklist", 86400, 3650 * 86400, &s->ceph_blocklist_s, e) < 0)
		return -1;
	return conf_check_used(map, e);
}

/* Left out: users have none, but those that are there are still known. */
static int read_disks(struct conf *root, struct settings *s, struct err *e)
{
	static const struct text_key keys[] = {
		TEXT_KEY("pool", disks_pool, false, settings_is_rbd_name, RBD_NAME),
	};
	struct disk_quota *q = &s->policy.quota;
	struct conf *map;

	(void)str_copy(s->disks_pool, sizeof(s->disks_pool), s->ceph_pool);
	if (settings_section(root, "disks", false, &map, e) < 0)
		return -1;
	if (!map)
		return 0;
	*q = (struct disk_quota){.bytes = UINT64_C(100) << 30, .count = 16};
	if (read_texts(map, keys, ARRAY_LEN(keys), s, e) < 0 ||
	    conf_bytes(map, "quota", &q->bytes, e) < 0 ||
	    read_count(map, "count", 0, 1000, &q->count, e) < 0)
		return -1;
	return conf_check_used(map, e);
}

static int read_network(struct conf *map, const char *name, struct settings_network *n,
			struct err *e)
{
	if (map->kind != CONF_MAP)
		return conf_error(map, e, "network '%.60s' must hold keys with values", name);
	if (!str_is_name(name, JOB_NAME_MAX) || str_copy(n->name, sizeof(n->name), name) < 0)
		return conf_error(map, e, "network's name '%.60s' " OBJECT_NAME, name);
	if (conf_str(map, "nad", true, n->nad, sizeof(n->nad), e) < 0 ||
	    conf_str(map, "cidr", false, n->cidr, sizeof(n->cidr), e) < 0)
		return -1;
	if (!is_object_path(n->nad) && !is_object_name(n->nad))
		return refuse(map, "nad", e, "must be name or namespace/name of an object", n->nad);
	if (conf_get(map, "cidr") && !is_cidr(n->cidr))
		return refuse(map, "cidr", e, "must be a network such as 192.168.172.0/24",
			      n->cidr);
	return conf_check_used(map, e);
}

static int read_networks(struct conf *root, struct settings *s, struct err *e)
{
	struct conf *map;

	if (settings_section(root, "networks", true, &map, e) < 0)
		return -1;
	if (map->n == 0 || map->n > SETTINGS_NETWORKS)
		return conf_error(map, e, "1 to %d networks must be named here", SETTINGS_NETWORKS);
	for (size_t i = 0; i < map->n; i++)
		if (read_network(conf_get(map, map->key[i]), map->key[i], &s->network[i], e) < 0)
			return -1;
	s->n_network = map->n;
	return 0;
}

/* [10m, 1m]; []: none. */
static int read_warnings(struct conf *map, struct policy *p, struct err *e)
{
	struct conf *list = conf_get(map, "warn");

	if (!list)
		return 0;
	if (list->kind != CONF_LIST || list->n > POLICY_WARNINGS)
		return conf_error(list, e,
				  "'warn' must be a list of at most %d times, as [10m, 1m]",
				  POLICY_WARNINGS);
	p->n_warn = 0;
	for (size_t i = 0; i < list->n; i++) {
		int64_t t = 0;

		if (list->child[i]->kind != CONF_SCALAR)
			return conf_error(list, e, "'warn' must be a list of times");
		if (conf_seconds_read(list->child[i], "warn", &t, e) < 0)
			return -1;
		if (t < 1 || t > 7 * 86400)
			return conf_error(list->child[i], e, "'warn' must be from 1 s to 7 d");
		p->warn_s[p->n_warn++] = t;
	}
	return 0;
}

static int read_on_drain(struct conf *map, struct policy *p, struct err *e)
{
	char text[16] = "";
	struct err why;

	if (conf_str(map, "on_drain", false, text, sizeof(text), e) < 0)
		return -1;
	if (!*text || job_option_on_drain(text, &p->on_drain, &why) == 0)
		return 0;
	return conf_error(conf_get(map, "on_drain"), e, "'on_drain': %s", why.msg);
}

static int read_limits(struct conf *root, struct policy *p, struct err *e)
{
	struct conf *map;

	if (settings_section(root, "limits", false, &map, e) < 0)
		return -1;
	if (!map)
		return 0;
	if (read_time(map, "ready_timeout", 10, 86400, &p->ready_timeout_s, e) < 0 ||
	    read_time(map, "trouble_timeout", 10, 7 * 86400, &p->trouble_timeout_s, e) < 0 ||
	    read_time(map, "keep", 0, 366 * 86400, &p->keep_s, e) < 0 ||
	    read_time(map, "shutdown", 0, 86400, &p->shutdown_s, e) < 0 ||
	    read_time(map, "fence_after", 0, 7 * 86400, &p->fence_after_s, e) < 0 ||
	    read_warnings(map, p, e) < 0 || read_on_drain(map, p, e) < 0 ||
	    read_count(map, "actions_per_round", 1, PLAN_ACTIONS, &p->actions_per_round, e) < 0 ||
	    read_count(map, "delete_share", 1, 100, &p->delete_share_percent, e) < 0 ||
	    read_count(map, "delete_min", 1, 100000, &p->delete_share_min, e) < 0)
		return -1;
	return conf_check_used(map, e);
}

static int read_hook(struct conf *root, struct settings *s, struct err *e)
{
	static const struct text_key keys[] = {
		TEXT_KEY("ready_hook", ready_hook, false, is_absolute, ABSOLUTE),
	};

	if (read_texts(root, keys, ARRAY_LEN(keys), s, e) < 0)
		return -1;
	s->policy.tell_ready = s->ready_hook[0] != '\0';
	return 0;
}

static void set_defaults(struct settings *s)
{
	*s = (struct settings){
		.listen = "0.0.0.0:6830",
		.slurm_poll_s = 10,
		.kube_namespace = "slurm-vm",
		.kube_timeout_s = 10,
		.lease_duration_s = 10,
		.ceph_conf = "/etc/ceph/ceph.conf",
		.ceph_user = "vmd",
		.ceph_pool = "rbd",
		.ceph_timeout_s = 10,
		.ceph_threads = 4,
		.ceph_blocklist_s = 365 * 86400,
		.catalogue_file = "/var/lib/slurm-vm/catalogue",
		.policy = {.ready_timeout_s = 900,
			   .trouble_timeout_s = 1800,
			   .keep_s = 7 * 86400,
			   .shutdown_s = 120,
			   .fence_after_s = 60,
			   .move_reserve = true,
			   .on_drain = VM_ON_DRAIN_MIGRATE,
			   .drain = {.follow_cordon = true, .follow_drain = true},
			   .n_warn = 2,
			   .warn_s = {600, 60},
			   .actions_per_round = 64,
			   .delete_share_percent = 50,
			   .delete_share_min = 8},
	};
}

int settings_read(struct conf *root, struct settings **ret, struct err *e)
{
	AUTO(settings_free) struct settings *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	if (root->kind != CONF_MAP)
		return conf_error(root, e, "the file must hold sections such as 'kubernetes:'");
	set_defaults(s);
	if (read_api(root, s, e) < 0 || read_slurm(root, s, e) < 0 ||
	    read_kubernetes(root, s, e) < 0 || read_lease(root, s, e) < 0 ||
	    read_ceph(root, s, e) < 0 || read_disks(root, s, e) < 0 ||
	    read_networks(root, s, e) < 0 || read_limits(root, &s->policy, e) < 0 ||
	    read_hook(root, s, e) < 0 || settings_read_images(root, s, e) < 0 ||
	    conf_check_used(root, e) < 0)
		return -1;
	(void)str_copy(s->policy.pool, sizeof(s->policy.pool), s->ceph_pool);
	*ret = STEAL(s);
	return 0;
}

int settings_load(const char *path, struct settings **ret, struct err *e)
{
	AUTO(conf_free) struct conf *root = NULL;

	if (conf_load(path, &root, e) < 0)
		return -1;
	return settings_read(root, ret, e);
}

void settings_free(struct settings *s)
{
	if (!s)
		return;
	free(s->catalogue.image);
	free(s);
}

const struct settings_network *settings_network_find(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->n_network; i++)
		if (str_eq(s->network[i].name, name))
			return &s->network[i];
	return NULL;
}
