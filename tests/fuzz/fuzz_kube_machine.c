/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VirtualMachineInstance as JSON into a machine, and that into QEMU's arguments: what a name or a
 * serial number holds must not become an option of its own. */
#include "kubevirt-lite/guest/machine.h"
#include "tests/fuzz/fuzz.h"
#include "vmd/base/json.h"

#include <assert.h>
#include <string.h>

static void check(struct machine *m)
{
	const struct machine_host host = {.dir = "/run/g", .ovmf_code = "/usr/share/OVMF.fd"};
	struct argv a = {.n = 0};
	struct err e;

	assert(m->n_disks <= MACHINE_DISKS_MAX && m->n_nics <= MACHINE_NICS_MAX);
	assert(memchr(m->name, '\0', sizeof(m->name)));
	for (size_t i = 0; i < m->n_disks; i++)
		(void)snprintf(m->disk[i].source.file, sizeof(m->disk[i].source.file), "/d/%zu", i);
	for (size_t i = 0; i < m->n_nics; i++)
		(void)snprintf(m->nic[i].bridge, sizeof(m->nic[i].bridge), "br1");
	if (machine_argv(m, &host, &a, &e) < 0)
		return;
	assert(a.n > 0 && a.n <= ARGV_MAX && !a.arg[a.n]);
	for (size_t i = 0; i < a.n; i++)
		for (const char *c = a.arg[i]; *c; c++)
			assert((unsigned char)*c >= 0x20);
	argv_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_object *doc = NULL;
	static struct machine m; /* large */
	struct err e = {.kind = ERR_NONE};

	if (json_parse((const char *)data, size, &doc, &e) < 0)
		return 0;
	if (machine_read(doc, &m, &e) == 0)
		check(&m);
	else
		assert(e.kind != ERR_NONE && e.msg[0]);
	json_object_put(doc);
	return 0;
}
