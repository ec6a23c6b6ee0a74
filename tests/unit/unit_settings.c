/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmd.yaml: what is read, and every refusal by its line. A row changes one thing in a good file. */
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/catalogue_file.h"
#include "vmd/settings_images.h"

#include <check.h>
#include <string.h>
#include <sys/stat.h>

/* Lines are counted by the rows below. */
static const char good[] = "api:\n"                                             /* 1 */
			   "  listen: 127.0.0.1:6830\n"                         /* 2 */
			   "  metrics: '[::1]:9830'\n"                          /* 3 */
			   "slurm:\n"                                           /* 4 */
			   "  poll: 5s\n"                                       /* 5 */
			   "  cluster: lab\n"                                   /* 6 */
			   "  catalogue_file: /var/lib/slurm-vm/catalogue\n"    /* 7 */
			   "kubernetes:\n"                                      /* 8 */
			   "  server: https://127.0.0.1:6443\n"                 /* 9 */
			   "  token_file: /etc/slurm-vm/token\n"                /* 10 */
			   "ceph:\n"                                            /* 11 */
			   "  user: vmd\n"                                      /* 12 */
			   "  cluster_id: abcd-ef\n"                            /* 13 */
			   "  secret: slurm-vm/ceph-vmd\n"                      /* 14 */
			   "  threads: 2\n"                                     /* 15 */
			   "networks:\n"                                        /* 16 */
			   "  lan: {nad: slurm-vm/lan, cidr: 10.0.0.0/8}\n"     /* 17 */
			   "limits:\n"                                          /* 18 */
			   "  ready_timeout: 10m\n"                             /* 19 */
			   "  actions_per_round: 32\n"                          /* 20 */
			   "images:\n"                                          /* 21 */
			   "  win11:\n"                                         /* 22 */
			   "    profile: windows\n"                             /* 23 */
			   "    revisions: {r1: rbd/win@1}\n"                   /* 24 */
			   "    networks: [lan]\n"                              /* 25 */
			   "  tiny:\n"                                          /* 26 */
			   "    profile: linux\n"                               /* 27 */
			   "    revisions: {v1: rbd/tiny@v1, v2: p/tiny@v2}\n"  /* 28 */
			   "    disk: {default: 1G, max: 20G}\n"                /* 29 */
			   "    scratch: {max: 100G}\n"                         /* 30 */
			   "    memory: {min: 128M}\n"                          /* 31 */
			   "    cpus: {max: 8}\n"                               /* 32 */
			   "    networks: [lan]\n"                              /* 33 */
			   "    allow: {users: [root, 1234], groups: [root]}\n" /* 34 */
			   "    grace: 5m\n"                                    /* 35 */
			   "    shares: {H: '\\\\s\\%USER%', P: '\\\\s\\p'}\n"  /* 36 */
	;

static int read_text(const char *text, struct settings **ret, struct err *e)
{
	AUTO(conf_free) struct conf *root = NULL;

	if (conf_parse("vmd.yaml", text, strlen(text), &root, e) < 0)
		return -1;
	return settings_read(root, ret, e);
}

START_TEST(reads_a_good_file)
{
	AUTO(settings_free) struct settings *s = NULL;
	struct err e = {.kind = ERR_NONE};
	const struct image *i;

	ck_assert_msg(read_text(good, &s, &e) == 0, "%s", e.msg);
	ck_assert_str_eq(s->listen, "127.0.0.1:6830");
	ck_assert_str_eq(s->metrics_listen, "[::1]:9830");
	ck_assert_int_eq(s->slurm_poll_s, 5);
	ck_assert_str_eq(s->cluster, "lab");
	ck_assert_uint_eq(s->ceph_threads, 2);
	ck_assert_int_eq(s->policy.ready_timeout_s, 600);
	ck_assert_uint_eq(s->policy.actions_per_round, 32);
	ck_assert_str_eq(settings_network_find(s, "lan")->nad, "slurm-vm/lan");
	ck_assert_ptr_null(settings_network_find(s, "wan"));
	ck_assert_uint_eq(s->catalogue.n, 2);
	i = &s->catalogue.image[0];
	ck_assert_str_eq(i->name, "tiny"); /* sorted */
	ck_assert_str_eq(i->user, "root");
	ck_assert(!i->firmware_efi && !i->tpm);
	ck_assert_str_eq(i->revision[1].pool, "p");
	ck_assert_uint_eq(i->n_share, 2);
	ck_assert_int_eq(i->share[0].drive, 'H');
	ck_assert_str_eq(i->share[0].path, "\\\\s\\%USER%");
	ck_assert_str_eq(i->revision[1].rbd_image, "tiny");
	ck_assert_str_eq(i->revision[1].snapshot, "v2");
	ck_assert_uint_eq(i->disk_max_bytes, UINT64_C(20) << 30);
	ck_assert_uint_eq(i->scratch_max_bytes, UINT64_C(100) << 30);
	ck_assert_uint_eq(i->memory_min_bytes, UINT64_C(128) << 20);
	ck_assert_uint_eq(i->cpus_max, 8);
	ck_assert_int_eq(i->grace_s, 300);
	ck_assert_uint_eq(i->n_uid, 2);
	ck_assert_uint_eq(i->uid[0], 0);
	ck_assert_uint_eq(i->uid[1], 1234);
	ck_assert_uint_eq(i->n_gid, 1);
	i = &s->catalogue.image[1];
	ck_assert(i->firmware_efi && i->secure_boot && i->tpm); /* windows' defaults */
	ck_assert_str_eq(i->user, "Administrator");
	ck_assert_str_eq(i->locale, "en-US");
	ck_assert_uint_eq(i->n_uid + i->n_gid, 0);
	ck_assert_int_eq(i->grace_s, 180);
}
END_TEST

START_TEST(fills_in_defaults)
{
	static const char least[] = "kubernetes: {server: 'https://k', token_file: /t}\n"
				    "ceph: {cluster_id: x, secret: a/b}\n"
				    "networks: {lan: {nad: lan}}\n";
	AUTO(settings_free) struct settings *s = NULL;
	struct err e = {.kind = ERR_NONE};

	ck_assert_msg(read_text(least, &s, &e) == 0, "%s", e.msg);
	ck_assert_str_eq(s->listen, "0.0.0.0:6830");
	ck_assert_str_eq(s->metrics_listen, "");
	ck_assert_int_eq(s->slurm_poll_s, 10);
	ck_assert(s->policy.drain.follow_cordon && s->policy.drain.follow_drain);
	ck_assert(s->policy.move_reserve);
	ck_assert_str_eq(s->cluster, "");
	ck_assert_str_eq(s->kube_namespace, "slurm-vm");
	ck_assert_int_eq(s->kube_timeout_s, 10);
	ck_assert_str_eq(s->ceph_conf, "/etc/ceph/ceph.conf");
	ck_assert_str_eq(s->policy.pool, "rbd");
	ck_assert_str_eq(s->disks_pool, "rbd");
	ck_assert_uint_eq(s->policy.quota.bytes, 0); /* no named disks */
	ck_assert_int_eq(s->policy.keep_s, 7 * 86400);
	ck_assert_int_eq(s->policy.shutdown_s, 120);
	ck_assert_int_eq(s->policy.on_drain, VM_ON_DRAIN_MIGRATE);
	ck_assert_uint_eq(s->policy.n_warn, 2);
	ck_assert_int_eq(s->policy.warn_s[0], 600);
	ck_assert_int_eq(s->policy.warn_s[1], 60);
	ck_assert_uint_eq(s->policy.delete_share_percent, 50);
	ck_assert_uint_eq(s->catalogue.n, 0);
}
END_TEST

START_TEST(named_disks_have_defaults)
{
	static const char text[] = "kubernetes: {server: 'https://k', token_file: /t}\n"
				   "ceph: {cluster_id: x, secret: a/b, pool: vms}\n"
				   "disks: {quota: 40G}\n"
				   "networks: {lan: {nad: lan}}\n";
	AUTO(settings_free) struct settings *s = NULL;
	struct err e = {.kind = ERR_NONE};

	ck_assert_msg(read_text(text, &s, &e) == 0, "%s", e.msg);
	ck_assert_str_eq(s->disks_pool, "vms");
	ck_assert_uint_eq(s->policy.quota.bytes, UINT64_C(40) << 30);
	ck_assert_uint_eq(s->policy.quota.count, 16);
}
END_TEST

static const struct {
	const char *find;
	const char *with;
	const char *want; /* begins the error's text */
} refusals[] = {
	/* form */
	{"api:\n", "api: [\n", "vmd.yaml:3: did not find"},
	{good, "- a list\n", "vmd.yaml:1: the file must hold sections"},
	{good, "", "vmd.yaml:1: the file is empty"},
	{"api:\n", "apy:\n", "vmd.yaml:2: unknown key 'apy'"},
	{"  poll: 5s\n", "  pol: 5s\n", "vmd.yaml:5: unknown key 'pol'"},
	{"    cpus: {max: 8}\n", "    cpu: {max: 8}\n", "vmd.yaml:32: unknown key 'cpu'"},
	{"  user: vmd\n", "  user: vmd\n  user: x\n", "vmd.yaml:13: 'user' stands here twice"},
	{"api:\n  listen", "api: none\nslurm2:\n  listen", "vmd.yaml:1: 'api' must hold keys"},
	{"  ready_timeout: 10m\n", "  on_drain: go\n",
	 "vmd.yaml:19: 'on_drain': 'go' must be one of migrate,"},
	{"  ready_timeout: 10m\n", "  on_drain: [stay]\n", "vmd.yaml:19: 'on_drain' must be"},
	/* api */
	{"127.0.0.1:6830", "localhost:6830", "vmd.yaml:2: 'listen' must be a numeric address"},
	{"127.0.0.1:6830", "127.0.0.1", "vmd.yaml:2: 'listen' must be a numeric address"},
	{"127.0.0.1:6830", "127.0.0.1:0", "vmd.yaml:2: 'listen' must be a numeric address"},
	{"127.0.0.1:6830", "127.0.0.1:65536", "vmd.yaml:2: 'listen' must be a numeric address"},
	{"[::1]:9830", "[::1:9830", "vmd.yaml:3: 'metrics' must be a numeric address"},
	{"  metrics: '[::1]:9830'\n", "  munge_socket: here\n",
	 "vmd.yaml:3: 'munge_socket' must be an absolute path"},
	/* slurm */
	{"poll: 5s", "follow_cordon: perhaps", "vmd.yaml:5: 'follow_cordon' must be true or false"},
	{"poll: 5s", "move_reservation: 2", "vmd.yaml:5: 'move_reservation' must be true or false"},
	{"poll: 5s", "poll: soon", "vmd.yaml:5: 'poll' must be a time"},
	{"poll: 5s", "poll: 0", "vmd.yaml:5: 'poll' must be from 1 s"},
	{"poll: 5s", "poll: 2h", "vmd.yaml:5: 'poll' must be from 1 s"},
	{"cluster: lab", "cluster: -lab", "vmd.yaml:6: 'cluster' must be letters"},
	{"cluster: lab", "cluster: 'a b'", "vmd.yaml:6: 'cluster' must be letters"},
	{"cluster: lab", "cluster: [lab]", "vmd.yaml:6: 'cluster' must be a single value"},
	{"/var/lib/slurm-vm/catalogue", "catalogue", "vmd.yaml:7: 'catalogue_file' must be an abs"},
	/* lease */
	{"ceph:\n", "lease: {duration: 3s}\nceph:\n",
	 "vmd.yaml:11: 'duration' must be from 4 s to 300 s"},
	{"ceph:\n", "lease: {name: Vmd}\nceph:\n", "vmd.yaml:11: 'name' must be lower-case"},
	{"ceph:\n", "lease: {holder: me}\nceph:\n", "vmd.yaml:11: "},
	{"ceph:\n", "lease: yes\nceph:\n", "vmd.yaml:11: 'lease' must hold keys"},
	/* ready_hook */
	{"ceph:\n", "ready_hook: mail\nceph:\n",
	 "vmd.yaml:11: 'ready_hook' must be an absolute path"},
	/* kubernetes */
	{"https://127.0.0.1:6443", "http://127.0.0.1:6443",
	 "vmd.yaml:9: 'server' must begin with https://"},
	{"https://127.0.0.1:6443", "https://", "vmd.yaml:9: 'server' must begin with https://"},
	{"https://127.0.0.1:6443", "https://u@h", "vmd.yaml:9: 'server' must begin with https://"},
	{"https://127.0.0.1:6443", "https://h/api", "vmd.yaml:9: 'server' must begin with https"},
	{"  server: https://127.0.0.1:6443\n", "", "vmd.yaml:9: 'server' is missing"},
	{"  token_file: /etc/slurm-vm/token\n", "", "vmd.yaml:9: 'token_file' is missing"},
	{"/etc/slurm-vm/token", "/etc/slurm-vm/token\n  namespace: A",
	 "vmd.yaml:11: 'namespace' must be lower-case"},
	{"/etc/slurm-vm/token", "/etc/slurm-vm/token\n  timeout: 10m",
	 "vmd.yaml:11: 'timeout' must be from 1 s to 300 s"},
	/* ceph */
	{"networks:", "disks: {quota: 0}\nnetworks:", "vmd.yaml:16: 'quota'"},
	{"networks:", "disks: {count: 1001}\nnetworks:", "vmd.yaml:16: 'count' must be"},
	{"networks:", "disks: {pool: a/b}\nnetworks:",
	 "vmd.yaml:16: 'pool' must be a word without"},
	{"networks:", "disks: {size: 5G}\nnetworks:", "vmd.yaml:16: unknown key 'size'"},
	{"user: vmd", "user: 'v md'", "vmd.yaml:12: 'user' must be a word"},
	{"user: vmd", "pool: a/b", "vmd.yaml:12: 'pool' must be a word without"},
	{"user: vmd", "conf: ceph.conf", "vmd.yaml:12: 'conf' must be an absolute path"},
	{"  cluster_id: abcd-ef\n", "", "vmd.yaml:12: 'cluster_id' is missing"},
	{"slurm-vm/ceph-vmd", "ceph-vmd", "vmd.yaml:14: 'secret' must be namespace/name"},
	{"slurm-vm/ceph-vmd", "a/b/c", "vmd.yaml:14: 'secret' must be namespace/name"},
	{"threads: 2", "threads: 0", "vmd.yaml:15: 'threads' must be a number from 1 to 16"},
	{"threads: 2", "threads: two", "vmd.yaml:15: 'threads' must be a number from 1 to 16"},
	/* networks */
	{"  lan: {nad: slurm-vm/lan, cidr: 10.0.0.0/8}\n", "  {}\n",
	 "vmd.yaml:17: 1 to 16 networks"},
	{"  lan: {nad", "  LAN: {nad", "vmd.yaml:17: network's name 'LAN' must be"},
	{"{nad: slurm-vm/lan, cidr: 10.0.0.0/8}", "lan", "vmd.yaml:17: network 'lan' must hold"},
	{"{nad: slurm-vm/lan, ", "{", "vmd.yaml:17: 'nad' is missing"},
	{"nad: slurm-vm/lan", "nad: slurm-vm/", "vmd.yaml:17: 'nad' must be name or"},
	{"10.0.0.0/8", "10.0.0.0", "vmd.yaml:17: 'cidr' must be a network"},
	{"10.0.0.0/8", "10.0.0.0/33", "vmd.yaml:17: 'cidr' must be a network"},
	{"10.0.0.0/8", "10.0.0/8", "vmd.yaml:17: 'cidr' must be a network"},
	/* limits */
	{"ready_timeout: 10m", "ready_timeout: 1s", "vmd.yaml:19: 'ready_timeout' must be from"},
	{"ready_timeout: 10m", "warn: 10m", "vmd.yaml:19: 'warn' must be a list"},
	{"ready_timeout: 10m", "warn: [soon]", "vmd.yaml:19: 'warn' must be a time such as"},
	{"ready_timeout: 10m", "warn: [0]", "vmd.yaml:19: 'warn' must be from 1 s"},
	{"ready_timeout: 10m", "warn: [1, 2, 3, 4, 5]",
	 "vmd.yaml:19: 'warn' must be a list of at most 4"},
	{"ready_timeout: 10m", "shutdown: 2d", "vmd.yaml:19: 'shutdown' must be from 0 s"},
	{"ready_timeout: 10m", "keep: 400d", "vmd.yaml:19: 'keep' must be from 0 s"},
	{"ready_timeout: 10m", "delete_share: 101", "vmd.yaml:19: 'delete_share' must be a number"},
	{"ready_timeout: 10m", "delete_min: 0", "vmd.yaml:19: 'delete_min' must be a number"},
	{"actions_per_round: 32", "actions_per_round: 257",
	 "vmd.yaml:20: 'actions_per_round' must"},
	/* images */
	{"images:\n", "images: []\nimages2:\n", "vmd.yaml:21: 'images' must hold keys"},
	{"  tiny:\n", "  Tiny:\n", "vmd.yaml:27: image's name must be lower-case"},
	{"  tiny:\n    profile: linux\n", "  tiny: linux\n  t2:\n",
	 "vmd.yaml:26: image 'tiny' must hold keys"},
	{"    profile: linux\n", "    profile: windows\n    locale: english\n",
	 "vmd.yaml:28: 'locale' must be language and region"},
	{"    profile: linux\n", "    profile: windows\n    locale: de_DE\n",
	 "vmd.yaml:28: 'locale' must be"},
	{"    profile: linux\n", "    profile: linux\n    locale: de-DE\n",
	 "vmd.yaml:28: unknown key 'locale'"},
	{"    profile: linux\n", "", "vmd.yaml:27: 'profile' is missing"},
	{"profile: linux", "profile: beos", "vmd.yaml:27: 'profile' must be linux or windows"},
	{"    profile: linux\n", "    profile: linux\n    firmware: uefi\n",
	 "vmd.yaml:28: 'firmware' must be bios, efi or efi-secure"},
	{"    profile: linux\n", "    profile: linux\n    tpm: 2\n",
	 "vmd.yaml:28: 'tpm' must be true or false"},
	{"    profile: linux\n", "    profile: linux\n    user: a/b\n",
	 "vmd.yaml:28: 'user' must be an account"},
	{"    profile: linux\n", "    profile: windows\n    user: guest\n",
	 "vmd.yaml:28: 'user' is a name that Windows keeps"},
	{"    profile: linux\n", "    profile: linux\n    description: \"a\\nb\"\n",
	 "vmd.yaml:28: 'description' must be one line"},
	{"    revisions: {v1: rbd/tiny@v1, v2: p/tiny@v2}\n", "",
	 "vmd.yaml:27: section 'revisions' is missing"},
	{"{v1: rbd/tiny@v1, v2: p/tiny@v2}", "{}", "vmd.yaml:28: 'revisions' must name 1 to 16"},
	{"v1: rbd/tiny@v1", "V1: rbd/tiny@v1", "vmd.yaml:28: revision's name must be"},
	{"v1: rbd/tiny@v1", "v1: rbd/tiny", "vmd.yaml:28: revision 'v1' must be pool/image@snap"},
	{"v1: rbd/tiny@v1", "v1: tiny@v1", "vmd.yaml:28: revision 'v1' must be pool/image@snap"},
	{"v1: rbd/tiny@v1", "v1: rbd/tiny@", "vmd.yaml:28: revision 'v1' must be pool/image@snap"},
	{"v1: rbd/tiny@v1", "v1: [rbd]", "vmd.yaml:28: revision 'v1' must be pool/image@snap"},
	{"default: 1G", "default: 10X", "vmd.yaml:29: 'default': '10X' is not a size"},
	{"default: 1G", "default: 30G", "vmd.yaml:29: 'default' is more than 'max'"},
	{"default: 1G", "min: 1G", "vmd.yaml:29: unknown key 'min'"},
	{"{max: 100G}", "100G", "vmd.yaml:30: 'scratch' must hold keys"},
	{"min: 128M", "min: 0M", "vmd.yaml:31: 'min': '0M' is not a size"},
	{"grace: 5m", "grace: 0s", "vmd.yaml:35: 'grace' must be from 1 s to 1 h"},
	{"grace: 5m", "grace: 61m", "vmd.yaml:35: 'grace' must be from 1 s to 1 h"},
	{"cpus: {max: 8}", "cpus: {max: 0}", "vmd.yaml:32: 'max' must be a number from 1"},
	{"cpus: {max: 8}", "cpus: {max: 8}\n    grow: {cpus: 9}",
	 "vmd.yaml:33: 'grow: cpus' is more than 'cpus: max' (8)"},
	{"cpus: {max: 8}", "cpus: {max: 8}\n    grow: {cpu: 8}", "vmd.yaml:33: unknown key 'cpu'"},
	{"    networks: [lan]\n    allow", "    networks: [wan]\n    allow",
	 "vmd.yaml:33: no such network: 'wan'"},
	{"    networks: [lan]\n    allow", "    networks: lan\n    allow",
	 "vmd.yaml:33: 'networks' must be a list"},
	{"    networks: [lan]\n    allow", "    networks: []\n    allow",
	 "vmd.yaml:27: 'networks' is missing or empty"},
	{"users: [root, 1234]", "users: [root, nobody-of-this-name]",
	 "vmd.yaml:34: no such user: 'nobody-of-this-name'"},
	{"groups: [root]", "groups: [no-such-group]", "vmd.yaml:34: no such group"},
	{"groups: [root]", "groups: [[root]]", "vmd.yaml:34: 'groups' must be a list of names"},
	{"groups: [root]", "hosts: [root]", "vmd.yaml:34: unknown key 'hosts'"},
};

/* good with the first find in it replaced. */
static char *changed(const char *find, const char *with)
{
	const char *at = strstr(good, find);
	char *text = malloc(sizeof(good) + strlen(with));

	ck_assert_ptr_nonnull(text);
	ck_assert_msg(at != NULL, "'%s' is not in the good file", find);
	sprintf(text, "%.*s%s%s", (int)(at - good), good, with, at + strlen(find));
	return text;
}

static void is_refused(const char *find, const char *with, const char *want)
{
	AUTO(free) char *text = changed(find, with);
	AUTO(settings_free) struct settings *s = NULL;
	struct err e = {.kind = ERR_NONE};

	ck_assert_msg(read_text(text, &s, &e) == -1, "taken: %s", with);
	ck_assert_int_eq(e.kind, ERR_INVALID);
	ck_assert_msg(str_starts(e.msg, want), "'%s' is not '%s'", e.msg, want);
	ck_assert_ptr_null(s);
}

START_TEST(refuses_by_line)
{
	is_refused(refusals[_i].find, refusals[_i].with, refusals[_i].want);
}
END_TEST

/* What else is refused of a drive: unit_share. */
static const struct {
	const char *with, *want;
} share_refusals[] = {
	{"[H]", "vmd.yaml:36: 'shares' must hold keys"},
	{"{H: [a]}",
	 "vmd.yaml:36: 'shares' must be drives with paths such as {H: '\\\\server\\home\\%USER%'}"},
	{"\n      H: '\\\\s\\h'\n      C: '\\\\s\\c'",
	 "vmd.yaml:38: 'shares': drive 'C' must be a letter from H to Z"},
	{"{H: '\\\\s\\a b'}", "vmd.yaml:36: 'shares': drive H: the path has a part that is not of"},
	{"{H: \"\\\\\\\\s\\\\a\\n\"}",
	 "vmd.yaml:36: 'shares': drive H: the path has a part that is not of"},
	{"{H: x, I: x, J: x, K: x, L: x, M: x, N: x, O: x, P: x}",
	 "vmd.yaml:36: 'shares' has more than 8 drives"},
};

START_TEST(refuses_shares_by_line)
{
	is_refused("{H: '\\\\s\\%USER%', P: '\\\\s\\p'}", share_refusals[_i].with,
		   share_refusals[_i].want);
}
END_TEST

START_TEST(missing_sections)
{
	AUTO(settings_free) struct settings *s = NULL;
	struct err e;

	ck_assert_int_eq(read_text("api: {}\n", &s, &e), -1);
	ck_assert_str_eq(e.msg, "vmd.yaml:1: section 'kubernetes' is missing");
	ck_assert_int_eq(settings_load("/nonexistent/vmd.yaml", &s, &e), -1);
	ck_assert_int_eq(e.kind, ERR_ABSENT);
}
END_TEST

/* What job_submit.lua reads: one line per image, eleven fields. */
START_TEST(catalogue_text)
{
	AUTO(settings_free) struct settings *s = NULL;
	AUTO(strbuf_done) struct strbuf b = {.max = 0};
	struct err e = {.kind = ERR_NONE};
	char want[512];

	ck_assert_int_eq(read_text(good, &s, &e), 0);
	catalogue_file_text(&s->catalogue, &b);
	ck_assert(str_starts(b.s, "# slurm-vm catalogue 1\n"));
	snprintf(want, sizeof(want),
		 "\ntiny\tv2,v1\t%llu\t8\t1073741824\t21474836480\t107374182400\tlan\t0,1234\t0\t"
		 "linux\n",
		 (unsigned long long)vm_allocation_bytes(UINT64_C(128) << 20, 1, false));
	ck_assert_msg(strstr(b.s, want) != NULL, "%s", b.s);
	snprintf(want, sizeof(want), "\nwin11\tr1\t%llu\t0\t0\t0\t0\tlan\t-\t-\twindows\n",
		 (unsigned long long)vm_allocation_bytes(0, 1, true));
	ck_assert_msg(strstr(b.s, want) != NULL, "%s", b.s);
}
END_TEST

START_TEST(catalogue_written_whole)
{
	AUTO(settings_free) struct settings *s = NULL;
	char dir[] = "/tmp/unit_settings.XXXXXX";
	char path[64];
	struct stat st;
	struct err e = {.kind = ERR_NONE};

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/catalogue", dir);
	ck_assert_int_eq(read_text(good, &s, &e), 0);
	ck_assert_msg(catalogue_file_write(path, &s->catalogue, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(catalogue_file_write(path, &s->catalogue, &e), 0); /* replaces */
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0644);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(dir), 0); /* nothing else was left */
	ck_assert_int_eq(catalogue_file_write(path, &s->catalogue, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("settings");

	tcase_add_test(tc, reads_a_good_file);
	tcase_add_test(tc, fills_in_defaults);
	tcase_add_test(tc, named_disks_have_defaults);
	tcase_add_loop_test(tc, refuses_shares_by_line, 0, (int)ARRAY_LEN(share_refusals));
	tcase_add_loop_test(tc, refuses_by_line, 0, (int)ARRAY_LEN(refusals));
	tcase_add_test(tc, missing_sections);
	tcase_add_test(tc, catalogue_text);
	tcase_add_test(tc, catalogue_written_whole);
	return CHECK_MAIN(tc);
}
