/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings and specs for the tests of vmd/kube, filled in by hand: vmd.yaml has tests of its own.
 */
#include "tests/unit/kube_fixture.h"

#include "vmd/base/str.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static struct image images[] = {
	{.name = "tiny", .profile = VM_PROFILE_LINUX, .user = "root", .n_revision = 1},
	{.name = "win11", .profile = VM_PROFILE_WINDOWS, .user = "hpc", .n_revision = 1},
};

static void set(char *to, size_t size, const char *text)
{
	if (str_copy(to, size, text) < 0)
		abort();
}
#define SET(field, text) set(field, sizeof(field), text)

struct settings *fixture_settings(void)
{
	static struct settings s;

	s = (struct settings){.kube_timeout_s = 10, .n_network = 2};
	SET(s.cluster, "lab");
	SET(s.kube_namespace, "slurm-vm");
	SET(s.ceph_pool, "rbd");
	SET(s.ceph_cluster_id, "4f1e");
	SET(s.ceph_secret, "ceph-ns/ceph-vmd");
	SET(s.network[0].name, "lan");
	SET(s.network[0].nad, "slurm-vm/lan");
	SET(s.network[0].cidr, "192.168.172.0/24");
	SET(s.network[1].name, "lan.b");
	SET(s.network[1].nad, "other/lan-b");
	for (size_t i = 0; i < ARRAY_LEN(images); i++) {
		SET(images[i].revision[0].name, "v1");
		SET(images[i].revision[0].pool, "rbd");
		SET(images[i].revision[0].rbd_image, images[i].name);
		SET(images[i].revision[0].snapshot, "v1");
	}
	s.catalogue = (struct catalogue){.n = ARRAY_LEN(images), .image = images};
	return &s;
}

struct vm_spec fixture_vm(enum vm_profile profile)
{
	bool windows = profile == VM_PROFILE_WINDOWS;
	struct vm_spec v = {
		.job_id = 17,
		.job_uid = 1001,
		.profile = profile,
		.firmware_efi = windows,
		.secure_boot = windows,
		.tpm = windows,
		.cpus = 8,
		.grace_s = 240,
		.memory_bytes = UINT64_C(30) << 30,
		.n_disk = 3,
	};

	SET(v.name, "vm-" FIXTURE_KEY "-r0");
	SET(v.job_key, FIXTURE_KEY);
	SET(v.user, windows ? "hpc" : "root");
	SET(v.image, windows ? "win11" : "tiny");
	SET(v.node, "worker1node");
	SET(v.network, "lan");
	SET(v.secret, "vm-" FIXTURE_KEY);
	SET(v.disk[0].name, "root");
	SET(v.disk[0].claim, "vm-" FIXTURE_KEY "-r0-root");
	SET(v.disk[1].name, "scratch");
	SET(v.disk[1].claim, "vm-" FIXTURE_KEY "-r0-scratch");
	SET(v.disk[0].serial, "root");
	SET(v.disk[1].serial, "scratch");
	SET(v.disk[2].name, "disk-ref");
	SET(v.disk[2].claim, "vm-" FIXTURE_KEY "-r0-d-ref");
	SET(v.disk[2].serial, "ref");
	v.disk[2].read_only = v.disk[2].comes_and_goes = true;
	return v;
}

struct disk_spec fixture_disk(enum disk_role role, const char *golden)
{
	struct disk_spec d = {.job_id = 17, .role = role, .size_bytes = UINT64_C(20) << 30};

	SET(d.name, role == DISK_ROOT ? "vm-" FIXTURE_KEY "-root" : "vm-" FIXTURE_KEY "-scratch");
	SET(d.claim,
	    role == DISK_ROOT ? "vm-" FIXTURE_KEY "-r0-root" : "vm-" FIXTURE_KEY "-r0-scratch");
	SET(d.claim_uid, "claim-uid");
	SET(d.job_key, FIXTURE_KEY);
	if (golden) {
		SET(d.golden.pool, "rbd");
		SET(d.golden.rbd_image, golden);
		SET(d.golden.snapshot, "v1");
	}
	return d;
}

struct secret_job fixture_secret_job(const char *image)
{
	struct secret_job j = {.key = FIXTURE_KEY, .id = 17, .owner = "alice"};

	SET(j.image, image);
	return j;
}

struct credentials fixture_credentials(void)
{
	struct credentials c;

	memset(&c, 0, sizeof(c));
	SET(c.user, "hpc");
	SET(c.password, "a<b>&\"c-9");
	SET(c.ssh_public, "ssh-ed25519 AAAA slurm-vm-17");
	SET(c.ssh_private, "-----BEGIN X-----\nabc\n-----END X-----\n");
	return c;
}

const char *fixture_samples(void)
{
	static char path[4096];
	const char *dir = getenv("KUBE_SAMPLES");
	const char *src = getenv("srcdir");
	struct stat st;

	if (!dir) {
		if (str_fmt(path, sizeof(path), "%s/../shared/kube-samples", src ? src : ".") < 0)
			abort();
		dir = path;
	}
	if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
		return dir;
	fprintf(stderr, "skipped: no recordings of a Kubernetes API in %s (set KUBE_SAMPLES)\n",
		dir);
	return NULL;
}

char *fixture_file(const char *dir, const char *name, size_t *ret_len)
{
	AUTO(fclose) FILE *f = NULL;
	char path[4096];
	char *text;
	struct stat st;

	if (str_fmt(path, sizeof(path), "%s/%s", dir, name) < 0)
		abort();
	f = fopen(path, "re");
	if (!f || fstat(fileno(f), &st) < 0) {
		fprintf(stderr, "%s: %m\n", path);
		exit(1);
	}
	text = calloc(1, (size_t)st.st_size + 1);
	if (!text || fread(text, 1, (size_t)st.st_size, f) != (size_t)st.st_size) {
		fprintf(stderr, "%s: short read\n", path);
		exit(1);
	}
	*ret_len = (size_t)st.st_size;
	return text;
}
