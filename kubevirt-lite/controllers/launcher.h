/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Launchers: which guest runs for which pod. They are the controllers', and valid until
 * launcher_free(), or launcher_end() that says so. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_LAUNCHER_H
#define KUBEVIRT_LITE_CONTROLLERS_LAUNCHER_H

#include "kubevirt-lite/controllers/controller.h"

struct launcher {
	char uid[40]; /* of its pod; run_dir/UID is the guest's directory */
	char ns[OBJECT_NS_SIZE];
	char pod[OBJECT_NAME_SIZE];
	char vmi[OBJECT_NAME_SIZE];
	char node[64]; /* "" unknown */
	struct guest *guest;
	struct controllers *c;
	int64_t grace_end_us; /* 0: nobody asked it to end */
	int64_t asked_us;     /* when shutdown was asked last */
	bool killed;
	uint64_t credentials;         /* checksum of the Secrets given to the guest; 0: none yet */
	unsigned credentials_asked;   /* answers of the agent that are still to come */
	char credentials_error[200];  /* what it refused; "" nothing */
	int64_t credentials_again_us; /* it is asked again, not before */
	int64_t plug_again_us;        /* a disk was refused: not before */
	struct launcher *next;
};

/* NULL: nothing of a guest runs for that pod. */
struct launcher *launcher_find(struct controllers *c, const char *ns, const char *pod);
/* The guest of a pod, while its node answers; else NULL. */
struct guest *launcher_guest(struct controllers *c, struct json_object *pod);
/* Starts the guest of a pod. ERR_INVALID: it can never work. */
int launcher_start(struct controllers *c, struct json_object *pod, struct json_object *vmi,
		   struct launcher **ret, struct err *e);
/* Takes up what an earlier process started. ERR_ABSENT. */
int launcher_adopt(struct controllers *c, struct json_object *pod, struct json_object *vmi,
		   struct launcher **ret, struct err *e);
/* Takes the next step to its end: asks, waits, kills. True: it is over and freed. */
bool launcher_end(struct launcher *l, int64_t grace_s);
void launcher_kill(struct launcher *l);
void launcher_free(struct launcher *l);      /* the guest goes on running */
void launchers_sweep(struct controllers *c); /* ends guests that no pod stands for */

#endif
