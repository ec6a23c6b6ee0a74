/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine.c and argv.c: what a VirtualMachineInstance's spec becomes on QEMU's command line. */
#include "kubevirt-lite/guest/machine.h"
#include "tests/unit/check_main.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <check.h>
#include <string.h>

#define SPEC_SMALL                                                                                 \
	"{\"domain\":{\"cpu\":{\"sockets\":2,\"cores\":3,\"threads\":2},"                          \
	"\"memory\":{\"guest\":\"512Mi\"},"                                                        \
	"\"devices\":{\"rng\":{},\"inputs\":[{\"type\":\"tablet\",\"bus\":\"virtio\"}],"           \
	"\"autoattachMemBalloon\":false,"                                                          \
	"\"autoattachGraphicsDevice\":false,"                                                      \
	"\"disks\":[{\"name\":\"root\",\"bootOrder\":1,\"disk\":{\"bus\":\"virtio\"}},"            \
	"{\"name\":\"data\",\"serial\":\"abc\",\"disk\":{\"bus\":\"scsi\"}},"                      \
	"{\"name\":\"answers\",\"cdrom\":{\"bus\":\"sata\"}}],"                                    \
	"\"interfaces\":[{\"name\":\"lan\",\"bridge\":{},\"macAddress\":\"02:00:00:00:12:34\"}]}}" \
	","                                                                                        \
	"\"networks\":[{\"name\":\"lan\",\"multus\":{\"networkName\":\"ns/lan\"}}]}"

static struct json_object *vmi_with(const char *uid, const char *spec)
{
	struct json_object *doc = json_object_new_object();
	struct json_object *s;
	struct err e;

	ck_assert_msg(json_parse(spec, strlen(spec), &s, &e) == 0, "%s", e.msg);
	json_put_str(doc, "metadata/name", "vm1");
	json_put_str(doc, "metadata/namespace", "ns");
	json_put_str(doc, "metadata/uid", uid);
	json_put_at(doc, "spec", s);
	return doc;
}

static struct json_object *vmi_new(const char *spec)
{
	return vmi_with("e4269a0d-6c27-48bc-86e1-ab208bf05a4c", spec);
}

static int read_spec(const char *spec, struct machine *ret, struct err *e)
{
	AUTO(json_object_put) struct json_object *vmi = vmi_new(spec);

	return machine_read(vmi, ret, e);
}

static void sources_fill(struct machine *m)
{
	for (size_t i = 0; i < m->n_disks; i++) {
		struct machine_source *s = &m->disk[i].source;

		s->is_rbd = !m->disk[i].is_cdrom;
		(void)str_copy(s->pool, sizeof(s->pool), "rbd");
		(void)str_copy(s->image, sizeof(s->image), "vm-17-root");
		(void)str_copy(s->conf, sizeof(s->conf), "/etc/ceph/ceph.conf");
		(void)str_copy(s->user, sizeof(s->user), "vmd");
		(void)str_copy(s->key, sizeof(s->key), "QVFTRUNSRVQ=");
		(void)str_copy(s->file, sizeof(s->file), "/run/x/answers.iso");
	}
}

/* All arguments in one text, separated by spaces. */
static void args_of(const struct machine *m, const struct machine_host *h, char *ret, size_t size)
{
	AUTO(argv_done) struct argv a = {.n = 0};
	struct err e = {.kind = ERR_NONE};
	size_t len = 0;

	ck_assert_msg(machine_argv(m, h, &a, &e) == 0, "%s", e.msg);
	ck_assert_ptr_null(a.arg[a.n]);
	for (size_t i = 0; i < a.n; i++)
		len += (size_t)snprintf(ret + len, size - len, "%s ", a.arg[i]);
	ck_assert(len < size);
}

/* What a machine may grow to is part of it from the start; what it has grown to since, its target
 * of a migration starts with, but for its memory. */
START_TEST(grown)
{
	static const char spec[] =
		"{\"domain\":{\"cpu\":{\"sockets\":2,\"maxSockets\":4,\"cores\":2},"
		"\"memory\":{\"guest\":\"2Gi\",\"maxGuest\":\"4Gi\"},"
		"\"devices\":{\"disks\":[{\"name\":\"root\",\"disk\":{\"bus\":\"virtio\"}}]}}}";
	AUTO(json_object_put) struct json_object *vmi = vmi_new(spec);
	struct machine_host h = {.dir = "/run/kl/ID", .incoming = true};
	struct machine m;
	struct err e = {.kind = ERR_NONE};
	char text[16384];

	json_put_int(vmi, "status/currentCPUTopology/sockets", 1);
	json_put_str(vmi, "status/memory/guestAtBoot", "1Gi");
	ck_assert_msg(machine_read(vmi, &m, &e) == 0, "%s", e.msg);
	ck_assert_uint_eq(machine_cpus_wanted(&m), 4);
	ck_assert_uint_eq(m.memory_wanted_bytes, UINT64_C(2) << 30);
	sources_fill(&m);
	args_of(&m, &h, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "-smp cpus=2,maxcpus=8,sockets=4,cores=2,threads=1 "));
	ck_assert_ptr_nonnull(strstr(text, "-m size=1048576k,maxmem=4194304k "));
	ck_assert_ptr_nonnull(strstr(text, "memory-backend-ram,id=growth,size=3145728k"));
	ck_assert_ptr_nonnull(strstr(text, "virtio-mem-pci,id=ua-growth,memdev=growth"));
	ck_assert_ptr_nonnull(strstr(text, "id=ua-root,num-queues=8 "));

	json_put_int(vmi, "status/currentCPUTopology/sockets", 4); /* it cannot grow: plain */
	json_put_str(vmi, "status/memory/guestAtBoot", "4Gi");
	ck_assert_msg(machine_read(vmi, &m, &e) == 0, "%s", e.msg);
	sources_fill(&m);
	args_of(&m, &h, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "-smp cpus=8,sockets=4,cores=2,threads=1 "));
	ck_assert_ptr_null(strstr(text, "growth"));
	json_put_str(vmi, "status/memory/guestAtBoot", "5Gi");
	ck_assert_int_eq(machine_read(vmi, &m, &e), -1);
	json_put_str(vmi, "status/memory/guestAtBoot", "1Gi");
	json_put_int(vmi, "spec/domain/cpu/maxSockets", 3);
	ck_assert_int_eq(machine_read(vmi, &m, &e), -1);
	json_put_int(vmi, "spec/domain/cpu/maxSockets", 500);
	ck_assert_int_eq(machine_read(vmi, &m, &e), -1);
}
END_TEST

START_TEST(small)
{
	static const char *const wanted[] = {
		"-machine q35,hpet=off,smm=off ",
		"-accel tcg,thread=multi -cpu max ",
		"-smp cpus=12,sockets=2,cores=3,threads=2 ",
		"-m size=524288k ",
		"-uuid e4269a0d-6c27-48bc-86e1-ab208bf05a4c ",
		"-no-shutdown ",
		"path=/run/kl/ID/qmp,server=on",
		"logfile=/run/kl/ID/serial.log",
		"name=org.qemu.guest_agent.0",
		"virtio-rng-pci",
		"virtio-tablet-pci",
		"secret,id=key-vda,format=base64,file=/run/kl/ID/key0 ",
		"\"driver\":\"rbd\"",
		"\"pool\":\"rbd\",\"image\":\"vm-17-root\",\"conf\":\"/etc/ceph/ceph.conf\"",
		"\"key-secret\":\"key-vda\"",
		"virtio-blk-pci,drive=disk-vda,id=ua-root,bootindex=1,num-queues=12 ",
		"virtio-scsi-pci,id=scsi0,num_queues=12 ",
		"{\"driver\":\"scsi-hd\",\"id\":\"ua-data\",\"drive\":\"disk-sda\","
		"\"bus\":\"scsi0.0\",\"channel\":0,\"scsi-id\":0,\"lun\":0,"
		"\"serial\":\"abc\"} ",
		"ide-cd,bus=ide.0,drive=disk-sdb,id=ua-answers ",
		"\"filename\":\"/run/x/answers.iso\"",
		"-netdev tap,id=net0,fd=10 ",
		"virtio-net-pci,netdev=net0,mac=02:00:00:00:12:34,id=ua-nic-lan,romfile= ",
		NULL,
	};
	static const char *const unwanted[] = {"kvm", "-incoming", "QVFT", "balloon", "VGA", "-vnc",
					       "hv-", "pflash",    "tpm",  "usb",     NULL};
	struct machine_host h = {.dir = "/run/kl/ID"};
	struct machine m;
	struct err e = {.kind = ERR_NONE};
	char text[16384];

	ck_assert_msg(read_spec(SPEC_SMALL, &m, &e) == 0, "%s", e.msg);
	sources_fill(&m);
	args_of(&m, &h, text, sizeof(text));
	for (size_t i = 0; wanted[i]; i++)
		ck_assert_msg(strstr(text, wanted[i]), "%s is not in %s", wanted[i], text);
	for (size_t i = 0; unwanted[i]; i++)
		ck_assert_msg(!strstr(text, unwanted[i]), "%s is in %s", unwanted[i], text);
}
END_TEST

START_TEST(windows)
{
	static const char spec[] =
		"{\"domain\":{\"memory\":{\"guest\":\"4Gi\"},\"clock\":{\"utc\":{},"
		"\"timer\":{\"hpet\":{\"present\":false}}},"
		"\"firmware\":{\"uuid\":\"5d307ca9-b3ef-428c-8861-06e72d69f223\","
		"\"serial\":\"slurm-1\",\"bootloader\":{\"efi\":{\"secureBoot\":true}}},"
		"\"features\":{\"smm\":{\"enabled\":true},\"hyperv\":{\"relaxed\":{},"
		"\"vapic\":{\"enabled\":false},\"spinlocks\":{\"spinlocks\":8191},"
		"\"synictimer\":{\"direct\":{}}}},"
		"\"devices\":{\"tpm\":{},\"inputs\":[{\"type\":\"tablet\"}],"
		"\"panicDevices\":[{\"model\":\"hyperv\"}]}}}";
	struct machine_host h = {.dir = "/run/kl/ID", .kvm = true, .incoming = true};
	struct machine m;
	struct err e = {.kind = ERR_NONE};
	struct argv a = {.n = 0};
	char text[16384];

	ck_assert_msg(read_spec(spec, &m, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(m.firmware, FIRMWARE_EFI_SECURE);
	ck_assert_str_eq(m.hyperv, ",hv-relaxed,hv-stimer,hv-stimer-direct,hv-spinlocks=0x1fff");
	ck_assert_int_eq(machine_argv(&m, &h, &a, &e), -1); /* no OVMF here */
	ck_assert_int_eq(e.kind, ERR_INVALID);
	h.ovmf_code = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd";
	args_of(&m, &h, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "-accel kvm -cpu host,migratable=on,hv-relaxed"));
	ck_assert_ptr_nonnull(strstr(text, "-incoming defer"));
	ck_assert_ptr_nonnull(strstr(text, "smm=on,pflash0=code"));
	ck_assert_ptr_nonnull(strstr(text, "tpm-crb"));
	ck_assert_ptr_nonnull(strstr(text, "usb-tablet"));
	ck_assert_ptr_nonnull(strstr(text, "-vnc unix:/run/kl/ID/vnc"));
	ck_assert_ptr_nonnull(strstr(text, "-uuid 5d307ca9-b3ef-428c-8861-06e72d69f223"));
	ck_assert_ptr_nonnull(strstr(text, "type=1,serial=slurm-1"));
}
END_TEST

/* A migration's destination differs from its source in -incoming only. */
START_TEST(same_on_both_sides)
{
	struct machine_host h = {.dir = "/run/kl/ID"};
	struct machine m;
	struct err e = {.kind = ERR_NONE};
	char one[16384], two[16384];
	char *incoming;

	ck_assert_int_eq(read_spec(SPEC_SMALL, &m, &e), 0);
	sources_fill(&m);
	args_of(&m, &h, one, sizeof(one));
	h.incoming = true;
	args_of(&m, &h, two, sizeof(two));
	incoming = strstr(two, "-incoming defer ");
	ck_assert_ptr_nonnull(incoming);
	memmove(incoming, incoming + 16, strlen(incoming + 16) + 1);
	ck_assert_str_eq(one, two);
}
END_TEST

static void status_add(struct json_object *vmi, const char *name, const char *target)
{
	struct json_object *one = json_object_new_object();

	if (!json_at(vmi, "status/volumeStatus"))
		json_put_at(vmi, "status/volumeStatus", json_object_new_array());
	json_put_str(one, "name", name);
	json_put_str(one, "target", target);
	json_object_array_add(json_at(vmi, "status/volumeStatus"), one);
}

/* A disk keeps its place while others come and go, as its VMI's status tells; also that of a volume
 * that is on its way out is taken. What status tells and cannot be is not believed. */
START_TEST(places)
{
	static const char spec[] =
		"{\"domain\":{\"memory\":{\"guest\":\"1Gi\"},\"devices\":{\"disks\":["
		"{\"name\":\"root\",\"disk\":{\"bus\":\"virtio\"}},"
		"{\"name\":\"cd\",\"cdrom\":{\"bus\":\"sata\"}},"
		"{\"name\":\"new\",\"disk\":{\"bus\":\"scsi\"}},"
		"{\"name\":\"data\",\"disk\":{\"bus\":\"scsi\",\"readonly\":true}}]}},"
		"\"volumes\":[{\"name\":\"root\",\"persistentVolumeClaim\":{\"claimName\":\"r\"}},"
		"{\"name\":\"new\",\"dataVolume\":{\"name\":\"n\",\"hotpluggable\":true}},"
		"{\"name\":\"data\",\"persistentVolumeClaim\":{\"claimName\":\"d\","
		"\"hotpluggable\":true}}]}";
	AUTO(json_object_put) struct json_object *vmi = vmi_new(spec);
	struct machine_host h = {.dir = "/run/kl/ID"};
	struct machine m;
	struct err e = {.kind = ERR_NONE};
	char text[16384];

	ck_assert_msg(machine_read(vmi, &m, &e) == 0, "%s", e.msg);
	ck_assert_str_eq(m.disk[0].target, "vda");
	ck_assert_str_eq(m.disk[1].target, "sda");
	ck_assert_str_eq(m.disk[2].target, "sdb");
	ck_assert_str_eq(m.disk[3].target, "sdc");
	ck_assert(!m.disk[0].is_hotplug && m.disk[2].is_hotplug && m.disk[3].is_hotplug);
	status_add(vmi, "data", "sdb");
	status_add(vmi, "old", "sdc");
	status_add(vmi, "cd", "vdb,x=y"); /* no place */
	status_add(vmi, "root", "sdz");   /* not on its bus */
	ck_assert_msg(machine_read(vmi, &m, &e) == 0, "%s", e.msg);
	ck_assert_str_eq(m.disk[0].target, "vda");
	ck_assert_str_eq(m.disk[1].target, "sda");
	ck_assert_str_eq(m.disk[2].target, "sdd");
	ck_assert_str_eq(m.disk[3].target, "sdb");
	sources_fill(&m);
	args_of(&m, &h, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "\"drive\":\"disk-sdb\",\"bus\":\"scsi0.0\","
					   "\"channel\":0,\"scsi-id\":0,\"lun\":1}"));
	ck_assert_ptr_nonnull(strstr(text, "\"node-name\":\"disk-sdb\",\"read-only\":true"));
	machine_drop_unattached(&m); /* as a migration's target has it */
	ck_assert_uint_eq(m.n_disks, 3);
	ck_assert_str_eq(m.disk[2].name, "data");
	for (char c = 'a'; c <= 'z'; c++)
		status_add(vmi, "many", (char[]){'s', 'd', c, '\0'});
	ck_assert_int_eq(machine_read(vmi, &m, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "no place is left"));
}
END_TEST

#define MEM "\"memory\":{\"guest\":\"1Gi\"}"

/* clang-format 14 does not agree with itself on the next table */
/* clang-format off */
static const struct {
	const char *why;
	const char *spec;
} refused[] = {
	{"no memory",                     "{\"domain\":{}}"					     },
	{"memory is no quantity",         "{\"domain\":{\"memory\":{\"guest\":\"1Gx\"}}}"               },
	{"negative memory",               "{\"domain\":{\"memory\":{\"guest\":\"-1Gi\"}}}"              },
	{"no cores",		      "{\"domain\":{\"cpu\":{\"cores\":0}," MEM "}}"                },
	{"too many cpus",                 "{\"domain\":{\"cpu\":{\"cores\":512,\"sockets\":2}," MEM "}}"},
	{"an option in the serial",
	 "{\"domain\":{\"firmware\":{\"serial\":\"a,file=/etc/shadow\"}," MEM "}}"                      },
	{"an option in the machine type",
	 "{\"domain\":{\"machine\":{\"type\":\"q35,dumpdtb=x\"}," MEM "}}"                              },
	{"an option in a disk's name",
	 "{\"domain\":{\"devices\":{\"disks\":[{\"name\":\"a,b\",\"disk\":{}}]}," MEM "}}"              },
	{"unknown bus",
	 "{\"domain\":{\"devices\":{\"disks\":[{\"name\":\"a\",\"disk\":{\"bus\":\"usb\"}}]}," MEM
	 "}}"											   },
	{"virtio cdrom",                  "{\"domain\":{\"devices\":{\"disks\":[{\"name\":\"a\",\"cdrom\":{\"bus\":"
         "\"virtio\"}}]}," MEM "}}"										},
	{"interface without network",
	 "{\"domain\":{\"devices\":{\"interfaces\":[{\"name\":\"lan\"}]}," MEM "}}"},
	{"bad MAC",
	 "{\"domain\":{\"devices\":{\"interfaces\":[{\"name\":\"lan\","
	 "\"macAddress\":\"02:00:00:00:12:3g\"}]}," MEM "},\"networks\":[{\"name\":\"lan\","
	 "\"multus\":{\"networkName\":\"lan\"}}]}"												  },
};
/* clang-format on */

START_TEST(refusals)
{
	struct machine m;
	struct err e = {.kind = ERR_NONE};

	ck_assert_msg(read_spec(refused[_i].spec, &m, &e) < 0, "%s: accepted", refused[_i].why);
	ck_assert_msg(e.kind == ERR_INVALID && e.msg[0], "%s: %s", refused[_i].why, e.msg);
}
END_TEST

/* As long as its VMI: the next one of the same machine, which has the same firmware, has another.
 */
START_TEST(mac_made_up_stays)
{
	static const char spec[] =
		"{\"domain\":{" MEM
		",\"firmware\":{\"uuid\":\"5d307ca9-b3ef-428c-8861-06e72d69f223\"},"
		"\"devices\":{\"interfaces\":[{\"name\":\"lan\"}]}},"
		"\"networks\":[{\"name\":\"lan\",\"multus\":{\"networkName\":\"lan\"}}]}";
	AUTO(json_object_put) struct json_object *vmi = vmi_with("the-next", spec);
	struct machine a, b, next;
	struct err e;

	ck_assert_int_eq(read_spec(spec, &a, &e), 0);
	ck_assert_int_eq(read_spec(spec, &b, &e), 0);
	ck_assert_int_eq(machine_read(vmi, &next, &e), 0);
	ck_assert_str_eq(a.nic[0].mac, b.nic[0].mac);
	ck_assert_str_eq(a.uuid, next.uuid);
	ck_assert_str_ne(a.nic[0].mac, next.nic[0].mac);
	ck_assert_int_eq(strncmp(a.nic[0].mac, "02:00:", 6), 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("machine");

	tcase_add_test(t, grown);
	tcase_add_test(t, small);
	tcase_add_test(t, windows);
	tcase_add_test(t, same_on_both_sides);
	tcase_add_test(t, places);
	tcase_add_loop_test(t, refusals, 0, (int)ARRAY_LEN(refused));
	tcase_add_test(t, mac_made_up_stays);
	return CHECK_MAIN(t);
}
