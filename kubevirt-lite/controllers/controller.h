/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the controllers share. Private to kubevirt-lite/controllers/.
 *
 * Every controller is one function that looks at the store and at the guests and takes the next
 * step for one object. It is called again whenever something about the object changed, so a step
 * may end after one write: what it wrote brings it back. Nothing is remembered here but guests and
 * times to come back. */
#ifndef KUBEVIRT_LITE_CONTROLLERS_CONTROLLER_H
#define KUBEVIRT_LITE_CONTROLLERS_CONTROLLER_H

#include "kubevirt-lite/controllers.h"
#include "kubevirt-lite/guest/guest.h"
#include "kubevirt-lite/store/store.h"

#include <stdbool.h>
#include <stdint.h>

#define NODES_MAX 64
#define CEPH_MAX  8

#define VM_FINALIZER         "kubevirt.io/virtualMachineControllerFinalize"
#define VMI_FINALIZER        "kubevirt.io/foregroundDeleteVirtualMachine"
#define VMIM_FINALIZER       "kubevirt.io/migrationJobFinalize"
#define PV_FINALIZER         "kubernetes.io/pv-protection"
#define PVC_FINALIZER        "kubernetes.io/pvc-protection"
#define LABEL_NODE           "kubevirt.io/nodeName"
#define LABEL_CREATED_BY     "kubevirt.io/created-by"
#define LABEL_MIGRATION_UID  "kubevirt.io/migrationJobUID"
#define LABEL_VM_NAME        "vm.kubevirt.io/name"
#define ANNOTATION_MIGRATION "kubevirt.io/migrationJobName"
#define ANNOTATION_FAULT     "kubevirt-lite/fault"

#define NODE_LOOK_US (1 * SEC_US) /* a node that does not answer is asked again */

struct node_settings {
	char name[64];
	char netns[128]; /* "": ours */
	char uts[128];
	char address[64];
	uint64_t cpus;
	uint64_t memory_bytes;
};

struct ceph_settings {
	char cluster_id[128];
	char conf[128];
};

struct controller_settings {
	bool simulated;
	struct simulated_times times;
	char run_dir[128];
	char heartbeat[64];      /* our address for the nodes' heartbeats; "": none are sent */
	int64_t node_timeout_us; /* silent for so long, a node is not Ready */
	size_t n_nodes;
	struct node_settings node[NODES_MAX];
	size_t n_ceph;
	struct ceph_settings ceph[CEPH_MAX];
};

struct queue;
struct launcher;
struct heartbeats;

struct controllers {
	struct controller_settings set;
	struct store *store;
	struct sd_event *loop;
	struct guest_maker maker;
	struct queue *queue;
	struct heartbeats *heartbeats;
	struct launcher *launchers;
	struct subresource_hooks hooks;
};

/* ERR_INVALID, with file and line. */
int settings_read(struct conf *root, struct controller_settings *ret, struct err *e);
/* Both borrowed; NULL: none of that name. */
const struct node_settings *settings_node(const struct controller_settings *s, const char *name);
const char *settings_ceph(const struct controller_settings *s, const char *cluster_id);

/* --- queue.c --- */
typedef void (*reconcile_fn)(struct controllers *c, const char *ns, const char *name);
int queue_new(struct controllers *c, const reconcile_fn *by_kind, struct queue **ret,
	      struct err *e);
/* Looks at the object again, in_us from now at the latest. */
void again(struct controllers *c, enum kind_id kind, const char *ns, const char *name,
	   int64_t in_us);
void queue_free(struct queue *q);

/* --- condition.c: on copies --- */
struct json_object *condition_find(struct json_object *object, const char *type);
const char *condition_status(struct json_object *object, const char *type); /* NULL: not there */
const char *condition_reason(struct json_object *object, const char *type);
bool condition_is_true(struct json_object *object, const char *type);
/* reason and message NULL: left out. lastTransitionTime changes with the status only. */
void condition_set(struct json_object *copy, const char *type, const char *status,
		   const char *reason, const char *message);
void condition_remove(struct json_object *copy, const char *type);
/* status.phase and its line in status.phaseTransitionTimestamps. */
void phase_set(struct json_object *copy, const char *phase);
bool phase_is(struct json_object *object, const char *phase);
bool phase_is_final(struct json_object *object); /* Succeeded or Failed */
bool phase_was(struct json_object *object, const char *phase);

/* --- object helpers (controllers.c) --- */
/* Takes over copy; what fails is logged: the next look tries again. */
void put(struct controllers *c, enum kind_id kind, struct json_object *copy);
void say(struct controllers *c, struct json_object *about, const char *component, bool warning,
	 const char *reason, const char *fmt, ...) PRINTF(6, 7);
/* A label or annotation: their names have slashes, so json_at cannot. */
const char *label(struct json_object *object, const char *name);
const char *annotation(struct json_object *object, const char *name);
void label_set(struct json_object *copy, const char *name, const char *value);
void annotation_set(struct json_object *copy, const char *name, const char *value);
/* The uid of its controller's ownerReference; NULL. */
const char *owner_uid(struct json_object *object);
bool is_owned_by(struct json_object *object, struct json_object *owner);
void path_copy(struct json_object *from, struct json_object *to, const char *path); /* deep */
int64_t grace_of(struct json_object *vmi);

/* --- controllers, one per noun --- */
void vm_reconcile(struct controllers *c, const char *ns, const char *name);
void vmi_reconcile(struct controllers *c, const char *ns, const char *name);
void pod_reconcile(struct controllers *c, const char *ns, const char *name);
void pv_reconcile(struct controllers *c, const char *ns, const char *name);
void pvc_reconcile(struct controllers *c, const char *ns, const char *name);
void node_reconcile(struct controllers *c, const char *ns, const char *name);
void migration_reconcile(struct controllers *c, const char *ns, const char *name);
int nodes_start(struct controllers *c, struct err *e); /* makes those of the settings; ERR_RETRY */

/* --- heartbeat.c --- */
int heartbeats_new(const struct controller_settings *s, struct heartbeats **ret, struct err *e);
void heartbeats_free(struct heartbeats *h);
bool heartbeat_address_is(const char *text);
/* Is the node there at this moment? Asked before a guest on it is looked at or touched. */
bool node_answers(struct controllers *c, const char *node);
/* How long nothing was heard of it. */
int64_t node_silent_us(struct controllers *c, const char *node);

/* --- vmi_pod.c --- */
/* The launcher pod the VMI runs in (borrowed); NULL: none. */
struct json_object *vmi_pod(struct controllers *c, struct json_object *vmi);
/* Its launcher pods, all of them. */
struct json_object *vmi_pods(struct controllers *c, struct json_object *vmi);
/* NULL: none, or its node does not answer. */
struct guest *vmi_guest(struct controllers *c, struct json_object *vmi);
/* Makes a launcher pod; migration: NULL or the VMIM it is the target of. */
int vmi_pod_create(struct controllers *c, struct json_object *vmi, struct json_object *migration,
		   struct json_object **ret_pod, struct err *e);

/* --- vmi.c --- */
/* Why it cannot be migrated: reason and message; false: it can. */
bool vmi_is_pinned(struct controllers *c, struct json_object *vmi, const char **ret_reason,
		   const char **ret_message);

/* --- vmi_status.c: what the guest says, into a copy of the VMI --- */
void vmi_status_fill(struct json_object *copy, const struct guest_seen *seen);

/* --- growth.c: more CPUs and memory for a VM that runs --- */
/* What the VM's template asks for into its VMI: into *new_vmi, a copy that is made if it is NULL.
 * vm is a copy, which is told what needs a restart. */
void growth_update(struct controllers *c, struct json_object *vm, struct json_object *vmi,
		   struct json_object **new_vmi);
/* A running VMI's spec to its guest in pod; copy: of vmi, for what is said about it. */
void growth_apply(struct controllers *c, struct json_object *vmi, struct json_object *copy,
		  struct json_object *pod, struct guest *g);

/* --- scheduler.c --- */
/* The node for a pod. ERR_RETRY with the scheduler's message: none fits. */
int schedule(struct controllers *c, struct json_object *pod, const struct node_settings **ret,
	     struct err *e);

/* --- launcher.c --- */
struct launcher {
	char uid[40];
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

/* --- volume.c --- */
/* Fills in source of each disk. ERR_RETRY: not yet there, with kubelet's words. */
int volumes_resolve(struct controllers *c, struct json_object *vmi, struct machine *m,
		    struct err *e);
/* The same for one claim. */
int claim_source(struct controllers *c, const char *ns, const char *claim, struct machine_source *s,
		 struct err *e);
/* The next three are about what a launcher pod needs: not what is hotpluggable. */
/* The first PersistentVolumeClaim that does not exist; NULL: all do. */
const char *volume_missing(struct controllers *c, struct json_object *vmi);
bool volumes_are_bound(struct controllers *c, struct json_object *vmi);
/* The claim of one that is being deleted: no new pod may use it. NULL: none. */
const char *volume_deleting(struct controllers *c, struct json_object *vmi);
const char *volume_claim(struct json_object *volume); /* NULL: no PVC */
/* --- network.c --- */
/* Fills in bridge of each interface. ERR_RETRY: a NetworkAttachmentDefinition is missing. */
int networks_resolve(struct controllers *c, struct json_object *vmi, struct machine *m,
		     struct err *e);

/* --- credentials.c --- */
/* Gives them to the guest, and tells in copy what came of it. */
void credentials_apply(struct controllers *c, struct json_object *vmi, struct json_object *copy,
		       struct guest *g);

/* --- migration.c --- */
/* The migration of a VMI that is not over; NULL. */
struct json_object *migration_running(struct controllers *c, struct json_object *vmi);
int migration_create(struct controllers *c, struct json_object *vmi, const char *prefix,
		     struct json_object *added_selector, struct err *e);

/* --- subresources.c --- */
void subresources_fill(struct controllers *c);
/* What a call is about; NULL: there is none, and the call is answered so. */
struct json_object *vm_or_refuse(struct controllers *c, struct subresource_call *call);
struct json_object *vmi_or_refuse(struct controllers *c, struct subresource_call *call);

#endif
