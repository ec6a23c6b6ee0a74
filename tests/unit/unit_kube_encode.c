/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vmd asks Kubernetes for: rows of path and value per object. Secrets: unit_kube_secret.c. */
#include "tests/unit/check_main.h"
#include "tests/unit/kube_fixture.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/kube/kube_access.h"
#include "vmd/kube/kube_meta.h"
#include "vmd/kube/kube_migration.h"
#include "vmd/kube/kube_spec.h"
#include "vmd/kube/kube_volume.h"

#include <check.h>
#include <string.h>

struct row {
	const char *path;
	const char *json; /* NULL: must be absent */
};

static void check_rows(struct json_object *doc, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct json_object *v = json_at(doc, rows[i].path);
		const char *got =
			v ? json_object_to_json_string_ext(
				    v, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
			  : NULL;

		ck_assert_msg(str_eq(got, rows[i].json), "%s is %s, not %s", rows[i].path,
			      got ? got : "absent", rows[i].json ? rows[i].json : "absent");
	}
}

#define T "spec/template/spec/"
#define D T "domain/"
#define LABELS                                                                                     \
	"\"slurm-vm.io/cluster\":\"lab\",\"slurm-vm.io/job\":\"17\","                              \
	"\"slurm-vm.io/key\":\"17-9f3c12ab45de6701\",\"app.kubernetes.io/"                         \
	"managed-by\":\"slurm-vm\""

static const struct row both[] = {
	{"apiVersion", "\"kubevirt.io/v1\""},
	{"kind", "\"VirtualMachine\""},
	{"metadata/name", "\"vm-17-9f3c12ab45de6701-r0\""},
	{"metadata/namespace", "\"slurm-vm\""},
	{"metadata/labels", "{" LABELS ",\"kubevirt.io/domain\":\"vm-17-9f3c12ab45de6701-r0\","
			    "\"kubevirt-manager.io/managed\":\"true\"}"},
	{"spec/template/metadata/labels",
	 "{" LABELS ",\"kubevirt.io/domain\":\"vm-17-9f3c12ab45de6701-r0\"}"},
	{"spec/runStrategy", "\"RerunOnFailure\""},
	{"spec/running", NULL},
	{T "evictionStrategy", "\"LiveMigrate\""},
	{T "terminationGracePeriodSeconds", "240"},
	{T "nodeSelector", "{\"kubernetes.io/hostname\":\"worker1node\"}"},
	{D "machine/type", "\"q35\""},
	{D "cpu", "{\"sockets\":1,\"maxSockets\":1,\"cores\":8,\"threads\":1}"},
	{D "memory/guest", "\"30Gi\""},
	{D "resources/requests/memory", "\"30Gi\""},
	{D "firmware/uuid", "\"9f3c12ab-45de-8670-8100-000000110000\""},
	{D "firmware/serial", "\"slurm-17\""},
	{D "features/acpi", "{}"},
	{D "features/apic", "{}"},
	{D "clock/utc", "{}"},
	{D "clock/timer/hpet/present", "false"},
	{D "devices/rng", "{}"},
	{D "devices/autoattachPodInterface", "false"},
	{D "devices/interfaces", "[{\"name\":\"lan\",\"model\":\"virtio\",\"bridge\":{}}]"},
	{T "networks", "[{\"name\":\"lan\",\"multus\":{\"networkName\":\"slurm-vm/lan\"}}]"},
	{D "devices/disks/0",
	 "{\"name\":\"root\",\"disk\":{\"bus\":\"virtio\"},\"serial\":\"root\","
	 "\"bootOrder\":1}"},
	{D "devices/disks/1",
	 "{\"name\":\"scratch\",\"disk\":{\"bus\":\"virtio\"},\"serial\":\"scratch\"}"},
	{D "devices/disks/2", "{\"name\":\"disk-ref\",\"disk\":{\"bus\":\"scsi\",\"readonly\":true}"
			      ",\"serial\":\"ref\"}"},
	{T "volumes/2", "{\"name\":\"disk-ref\",\"persistentVolumeClaim\":{\"claimName\":"
			"\"vm-17-9f3c12ab45de6701-r0-d-ref\",\"hotpluggable\":true}}"},
	{T "volumes/0", "{\"name\":\"root\",\"persistentVolumeClaim\":{\"claimName\":"
			"\"vm-17-9f3c12ab45de6701-r0-root\"}}"},
	{T "accessCredentials/0/userPassword/source/secret/secretName",
	 "\"vm-17-9f3c12ab45de6701-login\""},
	{T "accessCredentials/0/userPassword/propagationMethod", "{\"qemuGuestAgent\":{}}"},
	{T "accessCredentials/1/sshPublicKey/source/secret/secretName",
	 "\"vm-17-9f3c12ab45de6701-keys\""},
};

static const struct row windows[] = {
	{D "features/smm", "{\"enabled\":true}"},
	{D "features/hyperv",
	 "{\"relaxed\":{},\"vapic\":{},\"vpindex\":{},\"runtime\":{},\"synic\":{},"
	 "\"frequencies\":{},\"reenlightenment\":{},\"tlbflush\":{},\"ipi\":{},\"reset\":{},"
	 "\"spinlocks\":{\"spinlocks\":8191},\"synictimer\":{\"direct\":{}}}"},
	{D "clock/timer", "{\"pit\":{\"tickPolicy\":\"delay\"},\"rtc\":{\"tickPolicy\":"
			  "\"catchup\"},\"hpet\":{\"present\":false},\"hyperv\":{}}"},
	{D "firmware/bootloader", "{\"efi\":{\"secureBoot\":true,\"persistent\":false}}"},
	{D "devices/tpm", "{\"persistent\":false}"},
	{D "devices/inputs", "[{\"name\":\"tablet\",\"type\":\"tablet\",\"bus\":\"usb\"}]"},
	{D "devices/panicDevices", "[{\"model\":\"hyperv\"}]"},
	{D "devices/disks/3", "{\"name\":\"sysprep\",\"cdrom\":{\"bus\":\"sata\"}}"},
	{T "volumes/3", "{\"name\":\"sysprep\",\"sysprep\":{\"secret\":{\"name\":"
			"\"vm-17-9f3c12ab45de6701-sysprep\"}}}"},
	{T "accessCredentials/1/sshPublicKey/propagationMethod/qemuGuestAgent/users", "[\"hpc\"]"},
};

static const struct row linux_only[] = {
	{D "features/hyperv", NULL},
	{D "features/smm", NULL},
	{D "clock/timer/hyperv", NULL},
	{D "firmware/bootloader", "{\"bios\":{}}"},
	{D "devices/tpm", NULL},
	{D "devices/panicDevices", NULL},
	{D "devices/disks/3", NULL},
	{T "accessCredentials/1/sshPublicKey/propagationMethod/qemuGuestAgent/users", "[\"root\"]"},
};

START_TEST(vm_windows)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct vm_spec v = fixture_vm(VM_PROFILE_WINDOWS);
	struct err e;

	ck_assert_msg(spec_encode(fixture_settings(), &v, &doc, &e) == 0, "%s", e.msg);
	check_rows(doc, both, ARRAY_LEN(both));
	check_rows(doc, windows, ARRAY_LEN(windows));
}
END_TEST

START_TEST(vm_linux)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct vm_spec v = fixture_vm(VM_PROFILE_LINUX);
	struct err e;

	ck_assert_msg(spec_encode(fixture_settings(), &v, &doc, &e) == 0, "%s", e.msg);
	check_rows(doc, both, ARRAY_LEN(both));
	check_rows(doc, linux_only, ARRAY_LEN(linux_only));
}
END_TEST

START_TEST(vm_with_a_first_boot_script)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct vm_spec v = fixture_vm(VM_PROFILE_LINUX);
	static const struct row rows[] = {
		{D "devices/disks/3", "{\"name\":\"cloudinit\",\"cdrom\":{\"bus\":\"scsi\"}}"},
		{D "devices/disks/4", NULL},
		{T "volumes/3", "{\"name\":\"cloudinit\",\"cloudInitNoCloud\":{\"secretRef\":{"
				"\"name\":\"vm-17-9f3c12ab45de6701-init\"}}}"},
	};
	struct err e;

	v.user_data = true;
	ck_assert_int_eq(spec_encode(fixture_settings(), &v, &doc, &e), 0);
	check_rows(doc, both, ARRAY_LEN(both));
	check_rows(doc, rows, ARRAY_LEN(rows));
}
END_TEST

/* secureBoot left out would mean true, which needs SMM. */
START_TEST(vm_efi_without_secure_boot)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct vm_spec v = fixture_vm(VM_PROFILE_LINUX);
	static const struct row rows[] = {
		{D "firmware/bootloader", "{\"efi\":{\"secureBoot\":false,\"persistent\":false}}"},
		{D "features/smm", NULL},
	};
	struct err e;

	v.firmware_efi = true;
	ck_assert_int_eq(spec_encode(fixture_settings(), &v, &doc, &e), 0);
	check_rows(doc, rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(vm_odd_sizes_and_names)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct vm_spec v = fixture_vm(VM_PROFILE_LINUX);
	static const struct row rows[] = {
		{D "memory/guest", "\"300Mi\""},
		{D "devices/interfaces/0/name", "\"lan-b\""},
		{T "networks/0",
		 "{\"name\":\"lan-b\",\"multus\":{\"networkName\":\"other/lan-b\"}}"},
	};
	struct err e;

	v.memory_bytes = UINT64_C(300) << 20;
	(void)str_copy(v.network, sizeof(v.network), "lan.b");
	ck_assert_int_eq(spec_encode(fixture_settings(), &v, &doc, &e), 0);
	check_rows(doc, rows, ARRAY_LEN(rows));
}
END_TEST

/* How far it may grow, and how it is told to: together with the node, nothing else. */
START_TEST(vm_that_may_grow)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	AUTO(json_object_put) struct json_object *moved = NULL;
	AUTO(json_object_put) struct json_object *grown = NULL;
	struct vm_spec v = fixture_vm(VM_PROFILE_LINUX);
	static const struct row rows[] = {
		{D "cpu", "{\"sockets\":1,\"maxSockets\":3,\"cores\":2,\"threads\":1}"},
		{D "memory", "{\"guest\":\"2Gi\",\"maxGuest\":\"6Gi\"}"},
		{D "resources/requests/memory", "\"2Gi\""},
	};
	static const struct row plain[] = {
		{"metadata/resourceVersion", "\"7\""},
		{"metadata/annotations", "{\"slurm-vm.io/given-up\":null}"},
		{T "nodeSelector", "{\"kubernetes.io/hostname\":\"n2\"}"},
		{T "domain", NULL},
	};
	static const struct row larger[] = {
		{"metadata/annotations",
		 "{\"slurm-vm.io/given-up\":\"true\",\"slurm-vm.io/turned-down\":\"23,24\"}"},
		{T "nodeSelector", "{\"kubernetes.io/hostname\":\"n2\"}"},
		{T "domain", "{\"cpu\":{\"sockets\":2},\"memory\":{\"guest\":\"3000Mi\"}}"},
	};
	struct err e;

	v.cpus = 2;
	v.sockets_max = 3;
	v.memory_bytes = UINT64_C(2) << 30;
	v.memory_max_bytes = UINT64_C(6) << 30;
	ck_assert_int_eq(spec_encode(fixture_settings(), &v, &doc, &e), 0);
	check_rows(doc, rows, ARRAY_LEN(rows));
	moved = migration_encode_point("u", "7", &(struct vm_word){.node = "n2"});
	check_rows(moved, plain, ARRAY_LEN(plain));
	grown = migration_encode_point(
		"u", "7",
		&(struct vm_word){.node = "n2",
				  .target = {.sockets = 2, .memory_bytes = UINT64_C(3000) << 20},
				  .given_up = true,
				  .turned_down = (const uint32_t[TURNED_DOWN_MAX]){23, 24}});
	check_rows(grown, larger, ARRAY_LEN(larger));
}
END_TEST

static void no_cpus(struct vm_spec *v)
{
	v->cpus = 0;
}
static void odd_memory(struct vm_spec *v)
{
	v->memory_bytes += 4096;
}
static void no_network(struct vm_spec *v)
{
	v->network[0] = 'x';
}
static void no_node(struct vm_spec *v)
{
	v->node[0] = '\0';
}
static void no_user(struct vm_spec *v)
{
	v->user[0] = '\0';
}
static void no_key(struct vm_spec *v)
{
	v->job_key[5] = 'X';
}
static void (*const spoilers[])(struct vm_spec *v) = {no_cpus, odd_memory, no_network,
						      no_node, no_user,    no_key};

START_TEST(vm_refused)
{
	struct json_object *doc = NULL;
	struct vm_spec v = fixture_vm(VM_PROFILE_WINDOWS);
	struct err e = {.kind = ERR_NONE};

	spoilers[_i](&v);
	ck_assert_int_eq(spec_encode(fixture_settings(), &v, &doc, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID);
	ck_assert_ptr_null(doc);
}
END_TEST

START_TEST(uuid_is_of_the_job)
{
	char a[37], b[37], c[37];
	struct err e;

	ck_assert_int_eq(spec_uuid("17-9f3c12ab45de6701", a, sizeof(a), &e), 0);
	ck_assert_int_eq(spec_uuid("18-9f3c12ab45de6701", b, sizeof(b), &e), 0);
	ck_assert_int_eq(spec_uuid("17-9f3c12ab45de6700", c, sizeof(c), &e), 0);
	ck_assert_str_ne(a, b);
	ck_assert_str_ne(a, c);
	ck_assert_uint_eq(strlen(a), 36);
	ck_assert_int_eq(spec_uuid("4294967295-ffffffffffffffff", a, sizeof(a), &e), 0);
	ck_assert_str_eq(a, "ffffffff-ffff-8fff-8f00-ffffffff0000");
	ck_assert_int_eq(spec_uuid("4294967296-ffffffffffffffff", a, sizeof(a), &e), -1);
	ck_assert_int_eq(spec_uuid("ffffffffffffffff", a, sizeof(a), &e), -1);
	ck_assert_int_eq(spec_uuid("1-ff", a, sizeof(a), &e), -1);
}
END_TEST

static const struct row pv[] = {
	{"apiVersion", "\"v1\""},
	{"kind", "\"PersistentVolume\""},
	{"metadata/name", "\"vm-17-9f3c12ab45de6701-root\""},
	{"metadata/namespace", NULL},
	{"metadata/labels", "{" LABELS "}"},
	{"spec/capacity/storage", "\"20Gi\""},
	{"spec/accessModes", "[\"ReadWriteMany\"]"},
	{"spec/volumeMode", "\"Block\""},
	{"spec/storageClassName", "\"\""},
	{"spec/persistentVolumeReclaimPolicy", "\"Retain\""},
	{"spec/claimRef/namespace", "\"slurm-vm\""},
	{"spec/claimRef/name", "\"vm-17-9f3c12ab45de6701-r0-root\""},
	{"spec/claimRef/uid", "\"claim-uid\""},
	{"spec/csi/driver", "\"rbd.csi.ceph.com\""},
	{"spec/csi/volumeHandle", "\"vm-17-9f3c12ab45de6701-root\""},
	{"spec/csi/volumeAttributes",
	 "{\"clusterID\":\"4f1e\",\"pool\":\"rbd\",\"staticVolume\":\"true\","
	 "\"imageFeatures\":\"layering,exclusive-lock\",\"mapOptions\":\"krbd:rxbounce\"}"},
	{"spec/csi/nodeStageSecretRef", "{\"name\":\"ceph-vmd\",\"namespace\":\"ceph-ns\"}"},
};
static const struct row pvc[] = {
	{"kind", "\"PersistentVolumeClaim\""},
	{"metadata/name", "\"vm-17-9f3c12ab45de6701-r0-root\""},
	{"metadata/namespace", "\"slurm-vm\""},
	{"metadata/labels", "{" LABELS "}"},
	{"spec/accessModes", "[\"ReadWriteMany\"]"},
	{"spec/volumeMode", "\"Block\""},
	{"spec/storageClassName", "\"\""},
	{"spec/volumeName", "\"vm-17-9f3c12ab45de6701-root\""},
	{"spec/resources/requests/storage", "\"20Gi\""},
};

START_TEST(volumes)
{
	struct disk_spec d = fixture_disk(DISK_ROOT, "win11");
	AUTO(json_object_put)
	struct json_object *v = volume_encode_pv(fixture_settings(), &d);
	AUTO(json_object_put)
	struct json_object *c = volume_encode_pvc(fixture_settings(), &d);

	check_rows(v, pv, ARRAY_LEN(pv));
	check_rows(c, pvc, ARRAY_LEN(pvc));
}
END_TEST

#define MAP "spec/csi/volumeAttributes/mapOptions"
START_TEST(bounce_buffer_for_windows)
{
	struct settings *s = fixture_settings();
	struct disk_spec linux_root = fixture_disk(DISK_ROOT, "tiny");
	struct disk_spec scratch = fixture_disk(DISK_SCRATCH, NULL);
	AUTO(json_object_put) struct json_object *a = volume_encode_pv(s, &linux_root);
	AUTO(json_object_put) struct json_object *b = volume_encode_pv(s, &scratch);
	AUTO(json_object_put) struct json_object *c = NULL;

	ck_assert_ptr_null(json_at(a, MAP));
	ck_assert_str_eq(json_str_at(b, MAP), "krbd:rxbounce"); /* it may be Windows' */
	s->catalogue.n = 1;
	c = volume_encode_pv(s, &scratch);
	ck_assert_ptr_null(json_at(c, MAP));
}
END_TEST

START_TEST(unknown_size_and_plain_secret)
{
	struct settings *s = fixture_settings();
	struct disk_spec d = fixture_disk(DISK_ROOT, "tiny");
	AUTO(json_object_put) struct json_object *doc = NULL;

	d.size_bytes = 0;
	(void)str_copy(s->ceph_secret, sizeof(s->ceph_secret), "plain");
	doc = volume_encode_pv(s, &d);
	ck_assert_str_eq(json_str_at(doc, "spec/capacity/storage"), "1Gi");
	ck_assert_str_eq(json_str_at(doc, "spec/csi/nodeStageSecretRef/namespace"), "slurm-vm");
}
END_TEST

/* For one VM, gone with it, and no more than what is looked at. */
START_TEST(access_parts)
{
	static const struct row rows_of[] = {
		{"metadata/name", "\"vm-17-9f3c12ab45de6701-r0\""},
		{"metadata/labels", "{" LABELS "}"},
		{"metadata/ownerReferences",
		 "[{\"apiVersion\":\"kubevirt.io/v1\",\"kind\":\"VirtualMachine\","
		 "\"name\":\"vm-17-9f3c12ab45de6701-r0\",\"uid\":\"u-1\"}]"},
	};
	static const struct row role[] = {
		{"rules", "[{\"apiGroups\":[\"subresources.kubevirt.io\"],\"resources\":["
			  "\"virtualmachineinstances/vnc\","
			  "\"virtualmachineinstances/vnc/screenshot\","
			  "\"virtualmachineinstances/console\","
			  "\"virtualmachineinstances/portforward\"],"
			  "\"resourceNames\":[\"vm-17-9f3c12ab45de6701-r0\"],"
			  "\"verbs\":[\"get\"]}]"},
	};
	static const struct row binding[] = {
		{"roleRef", "{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"Role\","
			    "\"name\":\"vm-17-9f3c12ab45de6701-r0\"}"},
		{"subjects", "[{\"kind\":\"ServiceAccount\",\"name\":"
			     "\"vm-17-9f3c12ab45de6701-r0\",\"namespace\":\"slurm-vm\"}]"},
	};
	const struct settings *s = fixture_settings();
	struct kube_access a = {.vm = "vm-17-9f3c12ab45de6701-r0",
				.vm_uid = "u-1",
				.job_key = FIXTURE_KEY,
				.job_id = 17};

	for (enum access_part p = ACCESS_ACCOUNT; p <= ACCESS_BINDING; p++) {
		AUTO(json_object_put) struct json_object *doc = access_encode(s, &a, p);

		check_rows(doc, rows_of, ARRAY_LEN(rows_of));
		if (p == ACCESS_ROLE)
			check_rows(doc, role, ARRAY_LEN(role));
		if (p == ACCESS_BINDING)
			check_rows(doc, binding, ARRAY_LEN(binding));
	}
}
END_TEST

START_TEST(access_tokens)
{
	static const struct {
		const char *body;
		int rc;
		int64_t until_s;
	} bodies[] = {
		{"{\"status\":{\"token\":\"abc\",\"expirationTimestamp\":\"1970-01-01T01:00:00Z\"}"
		 "}",
		 0, 3600},
		{"{\"status\":{\"token\":\"abc\"}}", 0, 0},
		{"{\"status\":{\"token\":\"\"}}", -1, 0},
		{"{\"status\":{\"token\":7}}", -1, 0},
		{"{\"status\":{\"token\":\"abcdefghi\"}}", -1, 0},
		{"{}", -1, 0},
		{"[", -1, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		char token[9] = "";
		int64_t until_s = 0;
		struct err e;

		ck_assert_msg(access_decode(bodies[i].body, strlen(bodies[i].body), token,
					    sizeof(token), &until_s, &e) == bodies[i].rc,
			      "%s", bodies[i].body);
		ck_assert_str_eq(token, bodies[i].rc == 0 ? "abc" : "");
		ck_assert_int_eq(until_s, bodies[i].until_s);
	}
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kube encode");

	tcase_add_test(t, vm_windows);
	tcase_add_test(t, vm_linux);
	tcase_add_test(t, vm_with_a_first_boot_script);
	tcase_add_test(t, vm_efi_without_secure_boot);
	tcase_add_test(t, vm_odd_sizes_and_names);
	tcase_add_test(t, vm_that_may_grow);
	tcase_add_loop_test(t, vm_refused, 0, ARRAY_LEN(spoilers));
	tcase_add_test(t, uuid_is_of_the_job);
	tcase_add_test(t, volumes);
	tcase_add_test(t, bounce_buffer_for_windows);
	tcase_add_test(t, unknown_size_and_plain_secret);
	tcase_add_test(t, access_parts);
	tcase_add_test(t, access_tokens);
	return CHECK_MAIN(t);
}
