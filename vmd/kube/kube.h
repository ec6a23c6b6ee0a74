/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kubernetes and KubeVirt as vmd sees them: what is there (a watched cache), and requests to change
 * it. Everything runs on the loop thread and never blocks; completions come from the loop, never
 * from within the call that started them. */
#ifndef VMD_KUBE_KUBE_H
#define VMD_KUBE_KUBE_H

#include "vmd/kube/kube_migration.h"
#include "vmd/reconcile/world.h"
#include "vmd/settings.h"

struct sd_event;
struct lease_gate;
struct kube;

/* e->kind ERR_NONE on success. took_us: time between request and answer, for the metrics. */
typedef void (*kube_done_fn)(void *ctx, const struct err *e, int64_t took_us);

struct kube_callbacks {
	void *ctx;
	void (*changed)(void *ctx); /* something in the cache changed: run a round soon */
	void (*trouble)(void *ctx, const char *text); /* NULL: it works again */
	const struct lease_gate *gate; /* changes are sent while it is open; NULL: always */
};

/* s is borrowed for k's life, or until kube_settings() gives newer ones (of which server, files,
 * namespace and cluster are not looked at again). The callbacks come from the loop and may call
 * everything here but kube_free. The program ignores SIGPIPE. */
int kube_new(struct sd_event *loop, const struct settings *s, const struct kube_callbacks *cb,
	     struct kube **ret, struct err *e);
void kube_free(struct kube *k);
DEFINE_AUTO(struct kube *, kube_free)
void kube_settings(struct kube *k, const struct settings *s);

/* Begins list + watch of our VMs, VMIs, PVs, PVCs, Secrets (label slurm-vm.io/cluster=CLUSTER),
 * launcher pods' events, and the cluster's nodes. */
int kube_start(struct kube *k, struct err *e);
/* Reads everything anew; unknown until then. */
void kube_refresh(struct kube *k);
/* Fills in vms, pvs, pvcs, secrets, moves, nodes and their known flags; arrays are borrowed until
 * the next call.
 */
void kube_observe(struct kube *k, struct observed *seen);

/* Each may be repeated: "exists and carries the same job key" and "is gone" are success.
 * -1: not started, done is not called. */
int kube_create_vm(struct kube *k, const struct vm_spec *v, kube_done_fn done, void *ctx,
		   struct err *e);
/* Of the same name but for another claim: ERR_CONFLICT. */
int kube_create_pv(struct kube *k, const struct disk_spec *d, kube_done_fn done, void *ctx,
		   struct err *e);
int kube_create_pvc(struct kube *k, const struct disk_spec *d, kube_done_fn done, void *ctx,
		    struct err *e);
struct credentials; /* vm/credentials.h: made by vmd.c's glue, copied into the Secret */
struct secret_job;  /* kube_secret.h */
/* The Secret, then the parts of it that KubeVirt may read (kube_secret.h, kube_login.h): c is used
 * only if there is no such Secret yet. Until the parts are seen, it is seen as incomplete. They go
 * with it (its garbage); one that is left without it is seen under its own name. */
int kube_create_secret(struct kube *k, const char *name, const struct secret_job *j,
		       const struct credentials *c, kube_done_fn done, void *ctx, struct err *e);
/* Deletes with preconditions uid and resourceVersion ("" leaves one out). ERR_CONFLICT: it changed.
 */
enum kube_object { KUBE_VM, KUBE_PV, KUBE_PVC, KUBE_SECRET, KUBE_MIGRATION, KUBE_NODE };
int kube_delete(struct kube *k, enum kube_object what, const char *name, const char *uid,
		const char *version, kube_done_fn done, void *ctx, struct err *e);
/* ERR_CONFLICT: it changed since version. */
int kube_point_vm(struct kube *k, const char *name, const char *uid, const char *version,
		  const struct vm_word *word, kube_done_fn done, void *ctx, struct err *e);
/* A live migration of the VM to where its nodeSelector says. ERR_RETRY: KubeVirt does not want it
 * now (another one goes on). */
int kube_migrate_vm(struct kube *k, const char *name, const char *vm, const char *vm_uid,
		    const char *job_key, uint32_t job_id, kube_done_fn done, void *ctx,
		    struct err *e);
/* A running guest gets one disk more, or gives one back: accepted, not done. ERR_CONFLICT: it has
 * it, or has it not. */
int kube_attach(struct kube *k, const char *vm, const struct vm_disk_spec *d, kube_done_fn done,
		void *ctx, struct err *e);
int kube_detach(struct kube *k, const char *vm, const char *volume, kube_done_fn done, void *ctx,
		struct err *e);
/* A node's spec.unschedulable, and who began (drain.h). ERR_CONFLICT: it changed since version. */
int kube_mark_node(struct kube *k, const char *name, const char *version, bool cordoned,
		   enum node_mark mark, kube_done_fn done, void *ctx, struct err *e);
/* KubeVirt forgets that the VM was to leave its node. ERR_ABSENT: this KubeVirt has no such call.
 */
int kube_keep_vm(struct kube *k, const char *name, kube_done_fn done, void *ctx, struct err *e);
/* Shows text to the users of a guest: see kube_guest.h. */
int kube_tell_guest(struct kube *k, const char *vm, enum vm_profile profile, const char *text,
		    kube_done_fn done, void *ctx, struct err *e);
/* Removes the launcher pods of a VM that are on that node by force (grace period 0, by uid), so
 * that Kubernetes lets go of a VM whose node cannot confirm its end. Only of a guest that cannot
 * write any more. None there: success. */
int kube_force_delete_pod(struct kube *k, const char *vm, const char *job_key, const char *node,
			  kube_done_fn done, void *ctx, struct err *e);
/* One value of a Secret; it is borrowed for the call, "" on error. */
typedef void (*kube_key_fn)(void *ctx, const struct err *e, const char *value);
/* The ssh private key of a job. */
int kube_read_key(struct kube *k, const char *secret, kube_key_fn done, void *ctx, struct err *e);
/* The password of the guest's account. It is read where KubeVirt reads it: in the Secret's part for
 * the login, which kube_set_password() changes. */
int kube_read_password(struct kube *k, const char *secret, const char *user, kube_key_fn done,
		       void *ctx, struct err *e);
/* KubeVirt gives the guest a changed password by its agent, when the node has seen the change. */
int kube_set_password(struct kube *k, const char *secret, const char *user, const char *password,
		      kube_done_fn done, void *ctx, struct err *e);
/* The owner's own public keys, beside the job's: all of them, instead of those given before. */
#define KUBE_OWN_KEYS 16
int kube_set_own_keys(struct kube *k, const char *secret, size_t n, const char *const *key,
		      kube_done_fn done, void *ctx, struct err *e);

/* A right to one VM's screen, console and ports, and a token for it; see kube_access.h. */
struct kube_access {
	char vm[VM_NAME_MAX + 1];
	char vm_uid[VM_UID_MAX + 1];
	char job_key[JOB_KEY_MAX + 1];
	uint32_t job_id;
};
/* token is borrowed for the call, "" on error. until_s: seconds since 1970, 0 unknown. */
typedef void (*kube_access_fn)(void *ctx, const struct err *e, const char *token, int64_t until_s);
int kube_open_access(struct kube *k, const struct kube_access *what, kube_access_fn done, void *ctx,
		     struct err *e);

#endif
