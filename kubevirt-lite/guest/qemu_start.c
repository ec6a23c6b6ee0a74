/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests in QEMU are made here, or found again. One directory per guest, RUN_DIR/ID: pid, lock,
 * sockets (qmp, agent, console, vnc), logs, and for moments the cephx keys (0600, removed once QEMU
 * has read them). Adopt is start without the starting. Loop thread only. */
#include "kubevirt-lite/guest/host.h"
#include "kubevirt-lite/guest/qemu.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define CONNECT_PAUSE_US (20 * MSEC_US)

static int qemu_new(struct qemu_maker *m, const struct guest_request *r, struct qemu **ret,
		    struct err *e)
{
	struct qemu *q = calloc(1, sizeof(*q));

	if (!q)
		abort();
	q->guest = (struct guest){.ops = &qemu_ops, .changed = r->changed, .self = r->self};
	q->maker = m;
	q->incoming = r->incoming;
	q->started_us = clock_mono_us();
	if (!str_is_name(r->id, 40) ||
	    str_fmt(q->dir, sizeof(q->dir), "%s/%s", m->run_dir, r->id) < 0 ||
	    sd_event_add_time(m->loop, &q->timer, CLOCK_MONOTONIC, 0, 0, qemu_on_timer, q) < 0) {
		free(q);
		return err_set(e, ERR_INVALID, "guest %s: cannot be made", r->id);
	}
	(void)sd_event_source_set_enabled(q->timer, SD_EVENT_OFF);
	(void)sd_event_source_set_exit_on_failure(q->timer, true);
	*ret = q;
	return 0;
}

static void guest_of_auto(struct qemu **q)
{
	if (*q)
		qemu_free(&(*q)->guest);
}

static int adopt(void *self, const struct guest_request *r, struct guest **ret, struct err *e)
{
	AUTO(guest_of) struct qemu *q = NULL;

	if (qemu_new(self, r, &q, e) < 0 ||
	    process_watch(q->maker->loop, q->dir, qemu_on_gone, q, &q->process, e) < 0)
		return -1;
	qemu_timer_in(q, 0);
	*ret = &STEAL(q)->guest;
	return 0;
}

static int keys_write(const struct qemu *q, const struct machine *m, struct err *e)
{
	for (size_t i = 0; i < m->n_disks; i++) {
		char name[16], path[160];

		if (!m->disk[i].source.is_rbd)
			continue;
		(void)str_fmt(name, sizeof(name), "key%zu", i);
		qemu_path(q, name, path, sizeof(path));
		if (host_file_write(path, m->disk[i].source.key, strlen(m->disk[i].source.key), e) <
		    0)
			return -1;
	}
	return 0;
}

/* "tap" + 8 hex digits of the id + the interface's number: unique on a node, and people find the
 * guest by it. */
static int taps_fill(const struct guest_request *r, struct process_tap *tap, struct err *e)
{
	for (size_t i = 0; i < r->machine->n_nics; i++) {
		const struct machine_nic *nic = &r->machine->nic[i];
		unsigned b[6];

		if (sscanf(nic->mac, "%2x:%2x:%2x:%2x:%2x:%2x", &b[0], &b[1], &b[2], &b[3], &b[4],
			   &b[5]) != 6 ||
		    str_fmt(tap[i].name, sizeof(tap[i].name), "tap%.8s%zu", r->id, i) < 0 ||
		    str_copy(tap[i].bridge, sizeof(tap[i].bridge), nic->bridge) < 0)
			return err_set(e, ERR_INVALID, "interface %s", nic->name);
		for (size_t k = 0; k < 6; k++)
			tap[i].mac[k] = (unsigned char)b[k];
	}
	return 0;
}

static int launch(struct qemu *q, const struct guest_request *r, struct err *e)
{
	AUTO(argv_done) struct argv argv = {.n = 0};
	struct process_tap tap[MACHINE_NICS_MAX] = {{.name = ""}};
	struct host_firmware fw = {.code = ""};
	struct machine_host host = {.dir = q->dir, .kvm = q->maker->kvm, .incoming = r->incoming};
	struct process_spec spec = {.dir = q->dir,
				    .netns = r->netns,
				    .uts = r->uts,
				    .tap = tap,
				    .n_taps = r->machine->n_nics,
				    .first_tap_fd = MACHINE_TAP_FD};

	if (r->machine->firmware != FIRMWARE_BIOS) {
		if (host_firmware_make(q->dir, r->machine->firmware == FIRMWARE_EFI_SECURE, &fw,
				       e) < 0)
			return -1;
		host.ovmf_code = fw.code;
	}
	if (r->machine->tpm && host_tpm_start(q->dir, e) < 0)
		return -1;
	if (taps_fill(r, tap, e) < 0 || machine_argv(r->machine, &host, &argv, e) < 0 ||
	    keys_write(q, r->machine, e) < 0)
		return -1;
	spec.argv = (const char *const *)argv.arg;
	return process_start(&spec, e);
}

static int start(void *self, const struct guest_request *r, struct guest **ret, struct err *e)
{
	AUTO(guest_of) struct qemu *q = NULL;
	struct err lost = {.kind = ERR_NONE};

	if (qemu_new(self, r, &q, e) < 0)
		return -1;
	if (mkdir(q->dir, 0700) < 0 && errno != EEXIST)
		return err_set(e, ERR_RETRY, "%s: %m", q->dir);
	if (launch(q, r, e) < 0) {
		qemu_keys_remove(q);
		return -1;
	}
	if (process_watch(q->maker->loop, q->dir, qemu_on_gone, q, &q->process, &lost) < 0) {
		char said[160];

		qemu_keys_remove(q);
		qemu_last_line(q, said, sizeof(said));
		return err_set(e, ERR_INVALID, "QEMU ended at once: %s", said);
	}
	qemu_timer_in(q, CONNECT_PAUSE_US);
	*ret = &STEAL(q)->guest;
	return 0;
}

static void forget(void *self, const char *id)
{
	struct qemu_maker *m = self;
	char dir[128];

	if (str_is_name(id, 40) && str_fmt(dir, sizeof(dir), "%s/%s", m->run_dir, id) == 0)
		host_dir_remove(dir);
}

int qemu_maker(struct sd_event *loop, const char *run_dir, struct guest_maker *ret, struct err *e)
{
	struct qemu_maker *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	m->loop = loop;
	m->kvm = host_has_kvm();
	if (run_dir[0] != '/' || str_copy(m->run_dir, sizeof(m->run_dir), run_dir) < 0 ||
	    strlen(run_dir) > 60) {
		free(m);
		return err_set(e, ERR_INVALID,
			       "run_dir: an absolute path of at most 60 characters is needed");
	}
	if (mkdir(run_dir, 0700) < 0 && errno != EEXIST) {
		free(m);
		return err_set(e, ERR_RETRY, "run_dir %s: %m", run_dir);
	}
	*ret = (struct guest_maker){
		.self = m, .start = start, .adopt = adopt, .forget = forget, .free = free};
	return 0;
}
