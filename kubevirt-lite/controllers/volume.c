/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PersistentVolumes and claims: bound to each other by claimRef and volumeName (static volumes; no
 * provisioner), kept by finalizers while in use; and where a VMI's disks are: PVC -> PV -> RBD
 * image, with user and key from the PV's nodeStageSecretRef, as ceph-csi does. */
#include "kubevirt-lite/controllers/volume.h"

#include "kubevirt-lite/controllers/condition.h"
#include "kubevirt-lite/controllers/hotplug.h"
#include "kubevirt-lite/controllers/media.h"
#include "kubevirt-lite/controllers/metadata.h"
#include "kubevirt-lite/controllers/secret.h"
#include "vmd/base/str.h"

#include <string.h>

#define PV_FINALIZER  "kubernetes.io/pv-protection"
#define PVC_FINALIZER "kubernetes.io/pvc-protection"

const char *volume_claim(struct json_object *volume)
{
	const char *claim = json_str_at(volume, "persistentVolumeClaim/claimName");

	return claim ? claim : json_str_at(volume, "dataVolume/name");
}

/* The claim that a launcher pod needs for a volume; NULL: none. What is hotpluggable comes by a pod
 * of its own. */
static const char *claim_of(struct json_object *volume)
{
	return volume_is_hotplug(volume) ? NULL : volume_claim(volume);
}

static struct json_object *claim_get(struct controllers *c, struct json_object *vmi, size_t i)
{
	struct json_object *volumes = json_at(vmi, "spec/volumes");
	const char *claim = claim_of(json_object_array_get_idx(volumes, i));

	return claim ? store_get(c->store, KIND_PVC, object_namespace(vmi), claim) : NULL;
}

const char *volume_missing(struct controllers *c, struct json_object *vmi)
{
	struct json_object *volumes = json_at(vmi, "spec/volumes");

	for (size_t i = 0; i < json_length(volumes); i++) {
		const char *claim = claim_of(json_object_array_get_idx(volumes, i));

		if (claim && !claim_get(c, vmi, i))
			return claim;
	}
	return NULL;
}

const char *volume_deleting(struct controllers *c, struct json_object *vmi)
{
	struct json_object *volumes = json_at(vmi, "spec/volumes");

	for (size_t i = 0; i < json_length(volumes); i++) {
		struct json_object *pvc = claim_get(c, vmi, i);

		if (pvc && object_is_deleting(pvc))
			return object_name(pvc);
	}
	return NULL;
}

bool volumes_are_bound(struct controllers *c, struct json_object *vmi)
{
	struct json_object *volumes = json_at(vmi, "spec/volumes");

	for (size_t i = 0; i < json_length(volumes); i++) {
		struct json_object *pvc = claim_get(c, vmi, i);

		if (claim_of(json_object_array_get_idx(volumes, i)) &&
		    (!pvc || !phase_is(pvc, "Bound")))
			return false;
	}
	return true;
}

/* --- from a claim to an image --- */

static int ceph_read(struct controllers *c, struct json_object *pv, struct machine_source *s,
		     struct err *e)
{
	const char *ns = json_str_at(pv, "spec/csi/nodeStageSecretRef/namespace");
	const char *name = json_str_at(pv, "spec/csi/nodeStageSecretRef/name");
	const char *cluster = json_str_at(pv, "spec/csi/volumeAttributes/clusterID");
	const char *pool = json_str_at(pv, "spec/csi/volumeAttributes/pool");
	const char *image = json_str_at(pv, "spec/csi/volumeHandle");
	const char *conf = cluster ? settings_ceph(&c->set, cluster) : NULL;
	struct json_object *secret = ns && name ? store_get(c->store, KIND_SECRET, ns, name) : NULL;

	if (!conf)
		return err_set(e, ERR_RETRY,
			       "MountVolume.MountDevice failed for volume \"%s\": "
			       "clusterID (%s) is not in the settings (ceph:)",
			       object_name(pv), cluster ? cluster : "");
	if (!secret)
		return err_set(e, ERR_RETRY,
			       "MountVolume.MountDevice failed for volume \"%s\": "
			       "fetching NodeStageSecretRef %s/%s failed: secrets \"%s\" not found",
			       object_name(pv), ns ? ns : "", name ? name : "", name ? name : "");
	if (!pool || !image || str_copy(s->pool, sizeof(s->pool), pool) < 0 ||
	    str_copy(s->image, sizeof(s->image), image) < 0 ||
	    str_copy(s->conf, sizeof(s->conf), conf) < 0)
		return err_set(e, ERR_RETRY, "volume \"%s\": pool or volumeHandle is missing",
			       object_name(pv));
	s->is_rbd = true;
	if (secret_text(secret, "userID", s->user, sizeof(s->user), e) < 0)
		return -1;
	return secret_text(secret, "userKey", s->key, sizeof(s->key), e);
}

int claim_source(struct controllers *c, const char *ns, const char *claim, struct machine_source *s,
		 struct err *e)
{
	struct json_object *pvc = store_get(c->store, KIND_PVC, ns, claim);
	const char *volume = pvc ? json_str_at(pvc, "spec/volumeName") : NULL;
	struct json_object *pv = volume ? store_get(c->store, KIND_PV, "", volume) : NULL;
	const char *driver = pv ? json_str_at(pv, "spec/csi/driver") : NULL;

	/* As kubelet looks (desired_state_of_world_populator.go): a pod is not started on a claim
	 * that is being deleted, nor on a volume that is another claim's by uid. */
	if (pvc && object_is_deleting(pvc))
		return err_set(e, ERR_RETRY, "can't start pod because PVC %s/%s is being deleted",
			       ns, claim);
	if (!pv || !phase_is(pvc, "Bound"))
		return err_set(e, ERR_RETRY, "persistentvolumeclaim \"%s\" is not bound", claim);
	if (!str_eq(json_str_at(pv, "spec/claimRef/uid"), object_uid(pvc)))
		return err_set(
			e, ERR_RETRY,
			"found PV object %s but its pv.Spec.ClaimRef.UID %s does not point to "
			"claim.UID %s",
			object_name(pv),
			json_str_at(pv, "spec/claimRef/uid") ? json_str_at(pv, "spec/claimRef/uid")
							     : "",
			object_uid(pvc));
	(void)snprintf(s->claim, sizeof(s->claim), "%s", claim);
	if (c->set.simulated)
		return 0; /* nobody reads it */
	if (!driver || !strstr(driver, "rbd.csi.ceph.com"))
		return err_set(e, ERR_RETRY, "volume \"%s\": only rbd.csi.ceph.com works here",
			       object_name(pv));
	return ceph_read(c, pv, s, e);
}

int volumes_resolve(struct controllers *c, struct json_object *vmi, struct machine *m,
		    struct err *e)
{
	struct json_object *volumes = json_at(vmi, "spec/volumes");

	for (size_t i = 0; i < m->n_disks; i++) {
		struct json_object *volume = named(volumes, m->disk[i].name);

		if (!volume)
			return err_set(e, ERR_INVALID, "disk %s has no volume", m->disk[i].name);
		if (volume_claim(volume)) {
			if (claim_source(c, object_namespace(vmi), volume_claim(volume),
					 &m->disk[i].source, e) < 0)
				return -1;
		} else if (media_make(c, vmi, volume, &m->disk[i].source, e) < 0) {
			return -1;
		}
	}
	return 0;
}

/* --- binding and protection --- */

static bool is_claimed_by(struct json_object *pv, struct json_object *pvc)
{
	const char *uid = json_str_at(pv, "spec/claimRef/uid");

	return str_eq(json_str_at(pv, "spec/claimRef/namespace"), object_namespace(pvc)) &&
	       str_eq(json_str_at(pv, "spec/claimRef/name"), object_name(pvc)) &&
	       (!uid || str_eq(uid, object_uid(pvc)));
}

static void bind(struct controllers *c, struct json_object *pv, struct json_object *pvc)
{
	AUTO(json_object_put) struct json_object *volume = object_copy(pv);
	AUTO(json_object_put) struct json_object *claim = object_copy(pvc);
	struct json_object *v;

	json_put_str(volume, "spec/claimRef/apiVersion", "v1");
	json_put_str(volume, "spec/claimRef/kind", "PersistentVolumeClaim");
	json_put_str(volume, "spec/claimRef/namespace", object_namespace(pvc));
	json_put_str(volume, "spec/claimRef/name", object_name(pvc));
	json_put_str(volume, "spec/claimRef/uid", object_uid(pvc));
	phase_set(volume, "Bound");
	json_object_object_del(json_at(volume, "status"), "phaseTransitionTimestamps");
	json_put_str(claim, "spec/volumeName", object_name(pv));
	annotation_set(claim, "pv.kubernetes.io/bind-completed", "yes");
	json_put_str(claim, "status/phase", "Bound");
	if ((v = json_at(pv, "spec/accessModes")))
		json_put_at(claim, "status/accessModes", json_object_get(v));
	if ((v = json_at(pv, "spec/capacity")))
		json_put_at(claim, "status/capacity", json_object_get(v));
	put(c, KIND_PV, STEAL(volume));
	put(c, KIND_PVC, STEAL(claim));
}

/* A pod counts once it is scheduled (pvc_protection_controller.go): before, kubelet will refuse
 * it, see claim_source(). */
static bool pod_uses(void *ctx, struct json_object *pod)
{
	struct json_object *volumes = json_at(pod, "spec/volumes");

	if (!json_str_at(pod, "spec/nodeName"))
		return false;
	for (size_t i = 0; !phase_is_final(pod) && i < json_length(volumes); i++)
		if (str_eq(volume_claim(json_object_array_get_idx(volumes, i)), ctx))
			return true;
	return false;
}

static bool claim_is_used(struct controllers *c, struct json_object *pvc)
{
	AUTO(json_object_put)
	struct json_object *pods = store_list(c->store, KIND_POD, object_namespace(pvc), pod_uses,
					      (void *)(uintptr_t)object_name(pvc));

	return json_length(pods) > 0;
}

static bool finalizer_add(struct controllers *c, enum kind_id kind, struct json_object *o,
			  const char *finalizer)
{
	AUTO(json_object_put) struct json_object *copy = NULL;

	if (object_has_finalizer(o, finalizer))
		return false;
	copy = object_copy(o);
	object_add_finalizer(copy, finalizer);
	if (kind == KIND_PVC && phase_is(copy, ""))
		json_put_str(copy, "status/phase", "Pending");
	put(c, kind, STEAL(copy));
	return true;
}

static void finalizer_remove(struct controllers *c, enum kind_id kind, struct json_object *o,
			     const char *finalizer)
{
	AUTO(json_object_put) struct json_object *copy = object_copy(o);

	object_remove_finalizer(copy, finalizer);
	put(c, kind, STEAL(copy));
}

/* The volume a claim names, or that names the claim. */
static struct json_object *volume_for(struct controllers *c, struct json_object *pvc)
{
	AUTO(json_object_put) struct json_object *list = NULL;
	const char *name = json_str_at(pvc, "spec/volumeName");

	if (name)
		return store_get(c->store, KIND_PV, "", name);
	list = store_list(c->store, KIND_PV, NULL, NULL, NULL);
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *pv = json_object_array_get_idx(list, i);

		if (is_claimed_by(pv, pvc))
			return pv;
	}
	return NULL;
}

void pvc_reconcile(struct controllers *c, const char *ns, const char *name)
{
	struct json_object *pvc = store_get(c->store, KIND_PVC, ns, name);
	struct json_object *pv;

	if (!pvc)
		return;
	if (object_is_deleting(pvc)) {
		if (object_has_finalizer(pvc, PVC_FINALIZER) && !claim_is_used(c, pvc))
			finalizer_remove(c, KIND_PVC, pvc, PVC_FINALIZER);
		return;
	}
	if (finalizer_add(c, KIND_PVC, pvc, PVC_FINALIZER) || phase_is(pvc, "Bound"))
		return;
	pv = volume_for(c, pvc);
	if (pv && !object_is_deleting(pv) &&
	    (is_claimed_by(pv, pvc) || !json_at(pv, "spec/claimRef")))
		bind(c, pv, pvc);
	else if (pv && !object_is_deleting(pv))
		say(c, pvc, "persistentvolume-controller", true, "FailedBinding",
		    "volume \"%s\" already bound to a different claim.", object_name(pv));
}

void pv_reconcile(struct controllers *c, const char *ns, const char *name)
{
	struct json_object *pv = store_get(c->store, KIND_PV, ns, name);
	AUTO(json_object_put) struct json_object *copy = NULL;
	const char *claim_ns, *claim;
	struct json_object *pvc;

	if (!pv)
		return;
	claim_ns = json_str_at(pv, "spec/claimRef/namespace");
	claim = json_str_at(pv, "spec/claimRef/name");
	pvc = claim_ns && claim ? store_get(c->store, KIND_PVC, claim_ns, claim) : NULL;
	if (pvc && !is_claimed_by(pv, pvc))
		pvc = NULL; /* a later claim of the same name */
	if (object_is_deleting(pv)) {
		if (object_has_finalizer(pv, PV_FINALIZER) && (!pvc || !phase_is(pv, "Bound")))
			finalizer_remove(c, KIND_PV, pv, PV_FINALIZER);
		return;
	}
	if (finalizer_add(c, KIND_PV, pv, PV_FINALIZER))
		return;
	copy = object_copy(pv);
	if (!pvc && json_str_at(pv, "spec/claimRef/uid") && !phase_is(pv, "Released"))
		json_put_str(copy, "status/phase", "Released"); /* its one claim is gone */
	else if (phase_is(pv, "Released"))
		return;
	else if (phase_is(pv, "") || phase_is(pv, "Pending"))
		json_put_str(copy, "status/phase", "Available");
	else
		return;
	put(c, KIND_PV, STEAL(copy));
}
