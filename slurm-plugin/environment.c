/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VM_NAME and the others, for the script or step: where its guest is, the key to it, and the user's
 * own keys into it. What cannot be had is said on stderr, and the script starts without it. */
#include "slurm-plugin/environment.h"

#include "slurm-plugin/ask.h"
#include "slurm-plugin/compute.h"
#include "slurm-plugin/key_file.h"
#include "slurm-plugin/machines.h"
#include "slurm-plugin/own_keys.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <string.h>
#include <unistd.h>

#define CALL_TIMEOUT_MS 10000

static void environment_set(spank_t spank, const char *name, const char *value)
{
	if (value[0])
		(void)spank_setenv(spank, name, value, 1);
}

/* vmd was there when it said READY, but may be down by now: few scripts are of use without the key.
 */
static int key_ask(const struct plugin *p, uint32_t job, uint32_t rank, int64_t patience_us,
		   char *key, size_t size, struct err *e)
{
	int64_t end_us = clock_mono_us() + patience_us;
	bool told = false;

	while (ask_key(&p->settings, job, rank, CALL_TIMEOUT_MS, key, size, e) < 0) {
		if ((e->kind != ERR_RETRY && e->kind != ERR_UNSURE) || clock_mono_us() >= end_us)
			return -1;
		if (!told)
			(void)dprintf(STDERR_FILENO,
				      "slurm-vm: job %u: no ssh key yet, asking for %lld s: %s\n",
				      job, (long long)(patience_us / SEC_US), e->msg);
		told = true;
		compute_pause_us(SEC_US);
	}
	return 0;
}

static void key_fetch(spank_t spank, const struct plugin *p, uint32_t job, uint32_t rank,
		      int64_t patience_us)
{
	struct err e = {.kind = ERR_NONE};
	char path[KEY_FILE_PATH_MAX];
	char key[ASK_KEY_MAX + 1];

	if (key_ask(p, job, rank, patience_us, key, sizeof(key), &e) < 0 ||
	    key_file_write(job, key, &e) < 0)
		(void)dprintf(STDERR_FILENO, "slurm-vm: job %u: no ssh key: %s\n", job, e.msg);
	else
		environment_set(spank, "VM_SSH_KEY", key_file_path(job, path, sizeof(path)));
	explicit_bzero(key, sizeof(key));
}

/* So that the user's own ssh works, too. Told once per run, by the first of its steps. */
static void own_keys_add(spank_t spank, const struct plugin *p, uint32_t job, uint32_t machines)
{
	AUTO(free) struct own_keys *keys = calloc(1, sizeof(*keys));
	char home[4096], choice[16] = "";
	struct err e = {.kind = ERR_NONE};

	(void)spank_getenv(spank, "SLURM_VM_KEYS", choice, sizeof(choice));
	if (!keys || str_eq(choice, "none") ||
	    spank_getenv(spank, "HOME", home, sizeof(home)) != ESPANK_SUCCESS)
		return;
	own_keys_read(home, keys);
	for (uint32_t i = 0; keys->n > 0 && i < machines; i++)
		if (ask_own_keys(&p->settings, job, i, keys, CALL_TIMEOUT_MS, &e) < 0) {
			(void)dprintf(
				STDERR_FILENO,
				"slurm-vm: job %u: your own public keys are not in the guest: %s\n",
				job, e.msg);
			return;
		}
}

/* Of several machines, r becomes that of the one on this node. */
static uint32_t environment_of_several(spank_t spank, struct vm_report *r)
{
	char told[JOB_NODE_MAX + 1] = "", node[JOB_NODE_MAX + 1], text[12];
	uint32_t rank;

	(void)spank_getenv(spank, "SLURMD_NODENAME", told, sizeof(told));
	compute_node_name(told, node, sizeof(node));
	rank = machines_here(r->hosts, node);
	(void)machines_word(r->names, rank, r->vm, sizeof(r->vm));
	(void)machines_word(r->hosts, rank, r->host, sizeof(r->host));
	(void)machines_word(r->addresses, rank, r->address, sizeof(r->address));
	(void)str_fmt(text, sizeof(text), "%u", rank);
	environment_set(spank, "VM_RANK", text);
	environment_set(spank, "VM_NAMES", r->names);
	environment_set(spank, "VM_HOSTS", r->hosts);
	environment_set(spank, "VM_ADDRESSES", r->addresses);
	return rank;
}

void environment_fill(spank_t spank, const struct plugin *p, uint32_t job,
		      const struct vm_report *all, int64_t patience_us)
{
	uint32_t machines = machines_count(all->hosts), rank = 0;
	struct vm_report r = *all;

	if (machines > 1)
		rank = environment_of_several(spank, &r);
	environment_set(spank, "VM_NAME", r.vm);
	environment_set(spank, "VM_HOST", r.host);
	environment_set(spank, "VM_ADDRESS", r.address);
	environment_set(spank, "VM_USER", r.user);
	environment_set(spank, "VM_PROFILE", r.profile);
	if (r.address[0])
		key_fetch(spank, p, job, rank, patience_us);
	if (r.address[0] && compute_is_batch_script(spank))
		own_keys_add(spank, p, job, machines > 1 ? machines : 1);
}
