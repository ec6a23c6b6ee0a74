/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest in QEMU: shared by qemu.c (what runs), qemu_agent.c and qemu_start.c, and nobody else. */
#ifndef KUBEVIRT_LITE_GUEST_QEMU_H
#define KUBEVIRT_LITE_GUEST_QEMU_H

#include "kubevirt-lite/guest/guest.h"
#include "kubevirt-lite/guest/process.h"
#include "kubevirt-lite/guest/qmp.h"

#include <systemd/sd-event.h>

struct qemu_maker {
	struct sd_event *loop;
	char run_dir[80]; /* + "/" + uid + "/console" must fit a socket's path */
	bool kvm;
};

struct picture;

struct qemu {
	struct guest guest; /* first */
	struct qemu_maker *maker;
	char dir[128];
	struct process *process;
	struct qmp *qmp;
	struct agent *agent; /* while the guest has the port open */
	sd_event_source *timer;
	int64_t started_us;
	bool ready;    /* QMP works */
	bool incoming; /* was started to receive a migration */
	bool asked;    /* a question to the agent is out */
	bool has_address;
	bool told_agent;         /* shutdown was asked of the agent */
	int64_t quit_by_us;      /* it was told to quit, and is killed then; 0: not told */
	struct picture *picture; /* the first of those under way: qemu_screen.c */
	unsigned pictures;       /* how many were asked for */
	unsigned silent;         /* questions in a row without an answer */
	unsigned sockets_wanted; /* asked of this QEMU by us; 0: nothing yet */
	uint64_t grown_wanted;   /* the same, bytes */
	unsigned plugging;       /* CPUs that are being plugged in: answers that are out */
	struct guest_disk plug;  /* the disk that is being plugged in or out: seen.disks_busy */
	struct json_object *plug_device; /* its device, until its image is open; owned */
};

extern const struct guest_ops qemu_ops;

/* qemu.c */
void qemu_changed(struct qemu *q); /* the last thing of a handler: the guest may be gone then */
void qemu_timer_in(struct qemu *q, int64_t us);
void qemu_path(const struct qemu *q, const char *name, char *ret, size_t size);
void qemu_last_line(const struct qemu *q, char *ret, size_t size); /* of what QEMU said */
void qemu_keys_remove(struct qemu *q);
void qemu_on_gone(void *self);
int qemu_on_timer(sd_event_source *source, uint64_t usec, void *userdata);
void qemu_free(struct guest *g);

/* qemu_screen.c */
int qemu_connect(struct guest *g, enum guest_port port, int *ret_fd, struct err *e);
void qemu_pictures_end(struct qemu *q); /* answers those that no answer comes for any more */
void qemu_screenshot(struct guest *g, guest_screenshot_fn done, void *self);

/* qemu_grow.c */
void qemu_size_ask(struct qemu *q); /* how many CPUs and how much memory it has */
void qemu_grow(struct guest *g, unsigned sockets, uint64_t grown_bytes);

/* qemu_disk.c */
void qemu_disks_begin(struct qemu *q); /* asks which it has, and closes what was left open */
void qemu_disks_lost(struct qemu *q);  /* no answer comes any more */
void qemu_disk_deleted(struct qemu *q, const char *device); /* QEMU says so */
void qemu_plug(struct guest *g, const struct machine_disk *d);
void qemu_unplug(struct guest *g, const char *name);

/* qemu_agent.c */
void qemu_agent_port(struct qemu *q, bool open); /* the guest opened or closed its port */
void qemu_agent_gone(struct qemu *q);
void qemu_ask(struct qemu *q); /* asks the agent again, if it is there */

#endif
