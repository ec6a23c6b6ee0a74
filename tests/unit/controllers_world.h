/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of the controllers: a store, two nodes, and the controllers with simulated guests whose
 * times are milliseconds; everything is new with each process_up but the store's file. Times are
 * for giving up only (LAST_US): nothing is asserted about them. */
#ifndef TESTS_UNIT_CONTROLLERS_WORLD_H
#define TESTS_UNIT_CONTROLLERS_WORLD_H

#include "kubevirt-lite/controllers.h"
#include "kubevirt-lite/store/store.h"
#include "vmd/base/strbuf.h"

#include <check.h>
#include <systemd/sd-event.h>

#define NS      "ns1"
#define LAST_US (20 * SEC_US) /* a test that waits longer is stuck */

extern char dir[]; /* a directory of the test */
extern sd_event *loop;
extern struct store *store;
extern struct strbuf vm_log, vmi_log, vmim_log; /* states in order, repetitions once */

/* A fixture: a world with the namespace NS. */
void setup(void);
void teardown(void);
void process_down(void);
void process_up(void);
void process_up_with(const char *settings);

/* --- objects; json: '...' is "..." --- */
struct json_object *json(const char *fmt, ...) PRINTF(1, 2);
void create(enum kind_id kind, struct json_object *doc);
void remove_object(enum kind_id kind, const char *ns, const char *name);
void nad_create(void);
void pv_create(const char *name); /* for the claim of that name */
void pvc_create(const char *name);
void disk_create(const char *name);                                        /* both */
void vm_create(const char *name, const char *strategy, const char *fault); /* with PVC "disk" */
void running(const char *strategy, const char *fault);                     /* "vm1", from nothing */
void migrate_vm(const char *vm, const char *name);
void migrate(const char *name); /* vm1 */

/* --- what there is --- */
bool is(enum kind_id kind, const char *name, const char *path, const char *value); /* NULL: none */
size_t count(enum kind_id kind);
size_t count_where(enum kind_id kind, store_match_fn match);
struct json_object *event_of(const char *reason); /* NULL */
const char *pod_name(void);                       /* of the first */

/* --- waiting --- */
void until(enum kind_id kind, const char *name, const char *path, const char *value);
void until_gone(enum kind_id kind, const char *name);
void until_event(const char *reason);
void some_turns(void);

#endif
