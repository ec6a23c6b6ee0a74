/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest: what runs inside a launcher pod. Two makers, QEMU (qemu.c) and simulated (simulated.c).
 *
 * A guest tells nothing but "look at me": changed() is called from the loop whenever seen has
 * changed, and who is interested reads seen. changed() may free the guest. */
#ifndef KUBEVIRT_LITE_GUEST_GUEST_H
#define KUBEVIRT_LITE_GUEST_GUEST_H

#include "kubevirt-lite/guest/agent.h"
#include "kubevirt-lite/guest/machine.h"

struct sd_event;
struct guest;

enum guest_state {
	GUEST_STARTING, /* nothing of the guest runs yet */
	GUEST_INCOMING, /* waits for a migration; seen.uri is where */
	GUEST_RUNNING,
	GUEST_PAUSED,
	GUEST_MOVED,  /* it runs elsewhere now: this is what a migration left */
	GUEST_OFF,    /* powered off, by itself or as asked */
	GUEST_CRASHED /* seen.reason says what is known */
};
const char *guest_state_name(enum guest_state s);

enum guest_move { MOVE_NONE, MOVE_ACTIVE, MOVE_DONE, MOVE_FAILED };

struct guest_seen {
	enum guest_state state;
	char reason[200];     /* GUEST_CRASHED */
	bool gone;            /* nothing of it runs any more: it may be forgotten */
	bool agent;           /* it answers */
	char uri[128];        /* GUEST_INCOMING: where the source is to send; "" until it listens */
	enum guest_move move; /* as source */
	char move_error[200];
	unsigned cpus;        /* that it has; 0 unknown */
	uint64_t grown_bytes; /* memory that it has taken beyond that of its boot */
	char grow_error[200]; /* why it does not get what grow() asked for; "" it does, or will */
	/* The disks that it has, with those of its start. */
	bool disks_known;
	bool disks_busy; /* one is being plugged in or out */
	size_t n_disks;
	struct guest_disk disk[MACHINE_DISKS_MAX];
	char disk_error[200]; /* why that failed the last time; "" it did not */
	/* As the agent gave them, NULL while unknown; owned. */
	struct json_object *os;         /* guest-get-osinfo */
	struct json_object *host_name;  /* guest-get-host-name */
	struct json_object *interfaces; /* guest-network-get-interfaces */
};

enum guest_port { GUEST_SCREEN, GUEST_CONSOLE };
typedef void (*guest_screenshot_fn)(void *self, const void *png, size_t len, const struct err *e);

/* Every function may be called in every state; what makes no sense there does nothing. */
struct guest_ops {
	void (*shutdown)(struct guest *g); /* asks politely; to be repeated until it is off */
	void (*kill)(struct guest *g);     /* ends it at once; nothing of it is left running */
	void (*pause)(struct guest *g);
	void (*resume)(struct guest *g);
	void (*reset)(struct guest *g);
	void (*reboot)(struct guest *g); /* by the agent */
	void (*move)(struct guest *g, const char *uri);
	void (*move_cancel)(struct guest *g);
	/* So many sockets, and so much memory beyond that of its boot, within the limits that it
	 * was started with. Memory may be taken back, a CPU is not. The guest takes its time: seen
	 * tells what it has. To be repeated until it has it. */
	void (*grow)(struct guest *g, unsigned sockets, uint64_t grown_bytes);
	/* One disk more or less, bus scsi only, while it runs. Does nothing while disks_busy, or
	 * where it is so already: to be repeated until seen tells. What a guest does with a disk
	 * that is pulled under it is its own affair. */
	void (*plug)(struct guest *g, const struct machine_disk *d);
	void (*unplug)(struct guest *g, const char *name);
	void (*call)(struct guest *g, const char *command, struct json_object *args,
		     agent_reply_fn reply, void *self); /* as agent_call */
	/* A connection to its screen or its serial console: a socket that does not block, to be
	 * closed. One at a time: QEMU lets the next one wait. ERR_ABSENT: it has none. */
	int (*connect)(struct guest *g, enum guest_port port, int *ret_fd, struct err *e);
	/* Its screen as a PNG, at once or later; png NULL: e says why there is none. Not called any
	 * more once the guest is freed. */
	void (*screenshot)(struct guest *g, guest_screenshot_fn done, void *self);
	void (*free)(struct guest *g);
};

struct guest {
	const struct guest_ops *ops;
	struct guest_seen seen;
	void (*changed)(void *self);
	void *self;
};

struct guest_request {
	const char *id; /* uid of the launcher pod */
	const struct machine *machine;
	const char *netns; /* NULL: ours */
	const char *uts;
	bool incoming;
	const char *fault;           /* simulated: what is to go wrong; NULL */
	void (*changed)(void *self); /* never called from inside start or adopt */
	void *self;
};

struct guest_maker {
	void *self;
	/* ERR_INVALID: cannot ever work; other kinds may later. */
	int (*start)(void *self, const struct guest_request *r, struct guest **ret, struct err *e);
	/* Takes up a guest that an earlier kubevirt-lite started (machine and incoming are not
	 * used). ERR_ABSENT: nothing of it runs. */
	int (*adopt)(void *self, const struct guest_request *r, struct guest **ret, struct err *e);
	/* Removes what start left in the file system; the guest is freed and ended. */
	void (*forget)(void *self, const char *id);
	void (*free)(void *self);
};

static inline void guest_free(struct guest *g) /* it goes on running */
{
	if (g)
		g->ops->free(g);
}
struct guest_disk *guest_disk(struct guest *g, const char *name); /* NULL: it has none */
/* For makers. */
void guest_seen_done(struct guest_seen *s);

/* run_dir: absolute. */
int qemu_maker(struct sd_event *loop, const char *run_dir, struct guest_maker *ret, struct err *e);

struct simulated_times {
	int64_t boot_us, agent_us, shutdown_us, move_us;
	char fault[64]; /* for every guest; "" */
};
void simulated_maker(struct sd_event *loop, const struct simulated_times *times,
		     struct guest_maker *ret);

#endif
