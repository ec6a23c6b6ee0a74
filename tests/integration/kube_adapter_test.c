/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmd's adapter to Kubernetes against a running API server with KubeVirt (or kubevirt-lite), named
 * by the environment: KUBE_SERVER, KUBE_CA, KUBE_TOKEN_FILE, KUBE_NODE. Makes a job's objects,
 * twice, follows the VM to READY's door, removes all of it and looks for what is left. */
#include "tests/unit/check_main.h"
#include "tests/unit/kube_fixture.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube.h"

#include <check.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-event.h>

#define ROOT   "vm-" FIXTURE_KEY "-root"
#define CLAIM  "vm-" FIXTURE_KEY "-r0-root"
#define VM     "vm-" FIXTURE_KEY "-r0"
#define SECRET "vm-" FIXTURE_KEY

static sd_event *loop;
static struct kube *kube;
static struct observed seen;
static char trouble[256];

static void on_changed(void *ctx)
{
	(void)ctx;
}

static void on_trouble(void *ctx, const char *text)
{
	(void)ctx;
	(void)snprintf(trouble, sizeof(trouble), "%s", text ? text : "");
}

/* One turn of the loop; what changed about the VM is told. */
static void turn(void)
{
	static char last[400];
	char now[400] = "no VM";

	ck_assert_int_ge(sd_event_run(loop, 100000), 0);
	kube_observe(kube, &seen);
	if (seen.n_vm > 0)
		(void)snprintf(now, sizeof(now), "phase %d node '%s' agent %d address '%s' %.200s",
			       (int)seen.vm[0].phase, seen.vm[0].node, seen.vm[0].agent,
			       seen.vm[0].address, seen.vm[0].reason);
	if (strcmp(now, last) != 0)
		fprintf(stderr, "# %s\n", now);
	memcpy(last, now, sizeof(last));
}

static const char *need(const char *name)
{
	const char *v = getenv(name);

	if (!v) {
		fprintf(stderr, "skipped: %s is not set\n", name);
		exit(77);
	}
	return v;
}

static void up(void)
{
	static struct kube_callbacks cb = {.changed = on_changed, .trouble = on_trouble};
	struct settings *s = fixture_settings();
	struct err e = {.msg = ""};

	signal(SIGPIPE, SIG_IGN);
	(void)str_copy(s->kube_server, sizeof(s->kube_server), need("KUBE_SERVER"));
	(void)str_copy(s->kube_ca_file, sizeof(s->kube_ca_file), need("KUBE_CA"));
	(void)str_copy(s->kube_token_file, sizeof(s->kube_token_file), need("KUBE_TOKEN_FILE"));
	ck_assert_int_ge(sd_event_new(&loop), 0);
	ck_assert_msg(kube_new(loop, s, &cb, &kube, &e) == 0, "%s", e.msg);
	kube_observe(kube, &seen);
	ck_assert(!seen.vms_known && !seen.pvs_known && !seen.pvcs_known && !seen.secrets_known);
	ck_assert_int_eq(kube_start(kube, &e), 0);
	while (!seen.vms_known || !seen.pvs_known || !seen.pvcs_known || !seen.secrets_known) {
		turn();
		ck_assert_str_eq(trouble, "");
	}
}

static void down(void)
{
	kube_free(kube);
	sd_event_unref(loop);
}

struct outcome {
	bool done;
	struct err e;
	char key[1100];
};

static void on_done(void *ctx, const struct err *e, int64_t took_us)
{
	struct outcome *o = ctx;

	ck_assert_int_ge(took_us, 0);
	o->e = *e;
	o->done = true;
}

static void on_key(void *ctx, const struct err *e, const char *key)
{
	struct outcome *o = ctx;

	(void)str_copy(o->key, sizeof(o->key), key);
	o->e = *e;
	o->done = true;
}

static enum err_kind wait_for(struct outcome *o, int rc)
{
	ck_assert_int_eq(rc, 0);
	ck_assert(!o->done);
	while (!o->done)
		turn();
	return o->e.kind;
}

#define WAIT(call)                                                                                 \
	({                                                                                         \
		struct outcome o = {.e.msg = ""};                                                  \
		struct err e = {.msg = ""};                                                        \
		enum err_kind kind_ = wait_for(&o, (call));                                        \
		fprintf(stderr, "# %s: %s %s\n", #call, err_kind_name(kind_), o.e.msg);            \
		kind_;                                                                             \
	})
#define DONE on_done, &o, &e

static struct vm_spec vm_spec(void)
{
	struct vm_spec v = fixture_vm(VM_PROFILE_LINUX);

	v.n_disk = 1;
	v.cpus = 1;
	v.memory_bytes = UINT64_C(256) << 20;
	(void)str_copy(v.node, sizeof(v.node), need("KUBE_NODE"));
	return v;
}

/* A PV for a PVC that is gone is nobody's, and in the way of the right one. */
static void try_late_pv(void)
{
	struct disk_spec d = fixture_disk(DISK_ROOT, "tiny");

	ck_assert_int_eq(WAIT(kube_create_pvc(kube, &d, DONE)), 0);
	while (seen.n_pvc != 1)
		turn();
	(void)str_copy(d.claim_uid, sizeof(d.claim_uid), "gone");
	ck_assert_int_eq(WAIT(kube_create_pv(kube, &d, DONE)), 0);
	(void)str_copy(d.claim_uid, sizeof(d.claim_uid), seen.pvc[0].uid);
	ck_assert_int_eq(WAIT(kube_create_pv(kube, &d, DONE)), ERR_CONFLICT);
	while (seen.n_pv != 1)
		turn();
	ck_assert_str_eq(seen.pv[0].claim, CLAIM);
	ck_assert_str_eq(seen.pv[0].claim_uid, "gone");
	ck_assert(!seen.pvc[0].bound);
	ck_assert_int_eq(WAIT(kube_delete(kube, KUBE_PV, ROOT, seen.pv[0].uid, "", DONE)), 0);
	while (seen.n_pv)
		turn();
}

static void make_all(void)
{
	struct credentials c = fixture_credentials();
	struct disk_spec d = fixture_disk(DISK_ROOT, "tiny");
	struct vm_spec v = vm_spec();
	struct secret_job j = fixture_secret_job("tiny");

	ck_assert_int_eq(WAIT(kube_create_secret(kube, SECRET, &j, &c, DONE)), 0);
	ck_assert_int_eq(WAIT(kube_create_pvc(kube, &d, DONE)), 0);
	while (seen.n_pvc != 1)
		turn();
	(void)str_copy(d.claim_uid, sizeof(d.claim_uid), seen.pvc[0].uid);
	ck_assert_int_eq(WAIT(kube_create_pv(kube, &d, DONE)), 0);
	ck_assert_int_eq(WAIT(kube_create_vm(kube, &v, DONE)), 0);
}

static void follow_to_address(void)
{
	ck_assert_uint_eq(seen.n_vm, 1);
	while (seen.n_vm == 1 && !seen.vm[0].address[0]) {
		ck_assert_msg(seen.vm[0].phase == VM_STARTING || seen.vm[0].phase == VM_RUNNING,
			      "phase %d: %s", (int)seen.vm[0].phase, seen.vm[0].reason);
		turn();
	}
	ck_assert_uint_eq(seen.n_vm, 1);
	ck_assert_int_eq(seen.vm[0].phase, VM_RUNNING);
	ck_assert(seen.vm[0].agent);
	ck_assert(str_starts(seen.vm[0].address, "192.168.172."));
	ck_assert_str_eq(seen.vm[0].node, need("KUBE_NODE"));
	ck_assert_str_eq(seen.vm[0].job_key, FIXTURE_KEY);
	ck_assert_str_eq(seen.vm[0].reason, "");
	while (seen.n_pvc != 1 || !seen.pvc[0].bound || seen.n_pv != 1 || !seen.pv[0].bound)
		turn();
	ck_assert_uint_eq(seen.n_secret, 1); /* its parts stand behind it */
	ck_assert_str_eq(seen.secret[0].name, SECRET);
}

static void try_wrong_deletes(void)
{
	struct vm_spec other = vm_spec();

	ck_assert_int_eq(WAIT(kube_delete(kube, KUBE_VM, VM, "not-its-uid", "", DONE)),
			 ERR_CONFLICT);
	ck_assert_int_eq(WAIT(kube_delete(kube, KUBE_VM, VM, seen.vm[0].uid, "1", DONE)),
			 ERR_CONFLICT);
	(void)str_copy(other.job_key, sizeof(other.job_key), "18-9f3c12ab45de6701");
	ck_assert_int_eq(WAIT(kube_create_vm(kube, &other, DONE)), ERR_CONFLICT);
}

/* The whole Windows spec passes the server's admission. Its guest starts, or the server says that
 * it has no sysprep volumes (as kubevirt-lite does), and that reason arrives. */
static void try_windows(void)
{
	struct vm_spec v = fixture_vm(VM_PROFILE_WINDOWS);

	v.n_disk = 0; /* the job's disk is in use; the cdrom is the only one */
	v.cpus = 1;
	v.memory_bytes = UINT64_C(256) << 20;
	(void)str_copy(v.node, sizeof(v.node), need("KUBE_NODE"));
	(void)str_copy(v.name, sizeof(v.name), SECRET "-r1");
	ck_assert_int_eq(WAIT(kube_create_vm(kube, &v, DONE)), 0);
	while (seen.n_vm != 2 ||
	       (seen.vm[1].phase != VM_RUNNING && !strstr(seen.vm[1].reason, "volume sysprep"))) {
		turn();
		ck_assert_uint_lt(seen.n_vm, 3);
	}
	ck_assert_str_eq(seen.vm[1].name, SECRET "-r1");
	ck_assert_int_eq(WAIT(kube_delete(kube, KUBE_VM, SECRET "-r1", seen.vm[1].uid, "", DONE)),
			 0);
	while (seen.n_vm != 1)
		turn();
}

static void remove_all(void)
{
	bool deleting = false;

	ck_assert_int_eq(WAIT(kube_delete(kube, KUBE_VM, VM, seen.vm[0].uid, "", DONE)), 0);
	while (seen.n_vm > 0) {
		deleting = deleting || seen.vm[0].phase == VM_DELETING;
		turn();
	}
	ck_assert(deleting);
	ck_assert_int_eq(WAIT(kube_delete(kube, KUBE_PVC, CLAIM, seen.pvc[0].uid, "", DONE)), 0);
	ck_assert_int_eq(WAIT(kube_delete(kube, KUBE_PV, ROOT, seen.pv[0].uid, "", DONE)), 0);
	ck_assert_int_eq(WAIT(kube_delete(kube, KUBE_SECRET, SECRET, seen.secret[0].uid,
					  seen.secret[0].version, DONE)),
			 0);
	while (seen.n_vm + seen.n_pv + seen.n_pvc + seen.n_secret > 0)
		turn();
	ck_assert_int_eq(WAIT(kube_delete(kube, KUBE_VM, VM, "", "", DONE)), 0);
	ck_assert_int_eq(WAIT(kube_delete(kube, KUBE_SECRET, SECRET, "", "", DONE)), 0);
}

START_TEST(life_of_a_job)
{
	struct outcome o = {.done = false};
	struct credentials c = fixture_credentials();
	struct err e = {.msg = ""};

	up();
	try_late_pv();
	make_all();
	make_all(); /* vmd died and does it again */
	while (seen.n_vm == 0)
		turn();
	follow_to_address();
	ck_assert_int_eq(wait_for(&o, kube_read_key(kube, SECRET, on_key, &o, &e)), ERR_NONE);
	ck_assert_str_eq(o.key, c.ssh_private);
	try_wrong_deletes();
	try_windows();
	remove_all();
	down();
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kube adapter");

	(void)need("KUBE_SERVER");
	tcase_set_timeout(t, 120);
	tcase_add_test(t, life_of_a_job);
	return CHECK_MAIN(t);
}
