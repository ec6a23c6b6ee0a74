/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PV and PVC of a job's disk: a static volume of ceph-csi. Kubernetes neither makes nor removes the
 * image ("Retain", staticVolume): cloning, growing and removing stay with rbd/. Both name each
 * other (claimRef, volumeName) and no class, so that no provisioner steps in and nobody else's
 * claim can take the volume. The PV names its claim by uid, too: no later claim of that name can
 * take it either (DESIGN.md, rule 13). ReadWriteMany + Block is what a live migration needs. Pure.
 */
#include "vmd/kube/kube_volume.h"

#include "vmd/base/str.h"
#include "vmd/kube/kube_meta.h"

#include <string.h>

/* The golden image's size is not known here; for a static volume the number only has to be there
 * and equal on both sides: the guest sees the image's real size. */
#define SIZE_UNKNOWN_BYTES (UINT64_C(1) << 30)

static void put_size(struct json_object *doc, const char *path, uint64_t bytes)
{
	char text[24];
	uint64_t mib = ((bytes ? bytes : SIZE_UNKNOWN_BYTES) + (1U << 20) - 1) >> 20;

	if (mib % 1024 == 0)
		(void)str_fmt(text, sizeof(text), "%lluGi", (unsigned long long)(mib / 1024));
	else
		(void)str_fmt(text, sizeof(text), "%lluMi", (unsigned long long)mib);
	json_put_str(doc, path, text);
}

static void put_modes(struct json_object *doc)
{
	struct json_object *modes = json_object_new_array();

	json_object_array_add(modes, json_object_new_string("ReadWriteMany"));
	json_put_at(doc, "spec/accessModes", modes);
	json_put_str(doc, "spec/volumeMode", "Block");
	json_put_str(doc, "spec/storageClassName", "");
}

static bool is_golden_of(const struct image *i, const struct image_revision *golden)
{
	for (size_t r = 0; r < i->n_revision; r++)
		if (str_eq(i->revision[r].pool, golden->pool) &&
		    str_eq(i->revision[r].rbd_image, golden->rbd_image))
			return true;
	return false;
}

/* Windows changes pages while they are written; without a bounce buffer krbd then reports CRC
 * errors in storms. A disk that may belong to a Windows VM gets the option: one copy is cheap. */
static bool needs_bounce_buffer(const struct settings *s, const struct disk_spec *d)
{
	bool windows = false;

	for (size_t i = 0; i < s->catalogue.n; i++) {
		const struct image *image = &s->catalogue.image[i];

		if (d->role == DISK_ROOT && is_golden_of(image, &d->golden))
			return image->profile == VM_PROFILE_WINDOWS;
		windows = windows || image->profile == VM_PROFILE_WINDOWS;
	}
	return windows;
}

static void put_secret_ref(struct json_object *doc, const struct settings *s)
{
	char name_space[64], name[128];

	if (meta_split(s->ceph_secret, s->kube_namespace, name_space, sizeof(name_space), name,
		       sizeof(name)) < 0 ||
	    !*name)
		return;
	json_put_str(doc, "spec/csi/nodeStageSecretRef/name", name);
	json_put_str(doc, "spec/csi/nodeStageSecretRef/namespace", name_space);
}

struct json_object *volume_encode_pv(const struct settings *s, const struct disk_spec *d)
{
	struct json_object *doc = meta_object("v1", "PersistentVolume", d->name, "", s->cluster,
					      d->job_key, d->job_id);

	put_size(doc, "spec/capacity/storage", d->size_bytes);
	put_modes(doc);
	json_put_str(doc, "spec/persistentVolumeReclaimPolicy", "Retain");
	json_put_str(doc, "spec/claimRef/apiVersion", "v1");
	json_put_str(doc, "spec/claimRef/kind", "PersistentVolumeClaim");
	json_put_str(doc, "spec/claimRef/namespace", s->kube_namespace);
	json_put_str(doc, "spec/claimRef/name", d->claim);
	json_put_str(doc, "spec/claimRef/uid", d->claim_uid);
	json_put_str(doc, "spec/csi/driver", "rbd.csi.ceph.com");
	json_put_str(doc, "spec/csi/volumeHandle", *d->image ? d->image : d->name);
	json_put_str(doc, "spec/csi/volumeAttributes/clusterID", s->ceph_cluster_id);
	json_put_str(doc, "spec/csi/volumeAttributes/pool", *d->pool ? d->pool : s->ceph_pool);
	json_put_str(doc, "spec/csi/volumeAttributes/staticVolume", "true");
	json_put_str(doc, "spec/csi/volumeAttributes/imageFeatures", "layering,exclusive-lock");
	if (needs_bounce_buffer(s, d))
		json_put_str(doc, "spec/csi/volumeAttributes/mapOptions", "krbd:rxbounce");
	put_secret_ref(doc, s);
	return doc;
}

struct json_object *volume_encode_pvc(const struct settings *s, const struct disk_spec *d)
{
	struct json_object *doc = meta_object("v1", "PersistentVolumeClaim", d->claim,
					      s->kube_namespace, s->cluster, d->job_key, d->job_id);

	put_modes(doc);
	put_size(doc, "spec/resources/requests/storage", d->size_bytes);
	json_put_str(doc, "spec/volumeName", d->name);
	return doc;
}

int volume_decode(struct json_object *doc, struct volume_seen *ret, struct err *e)
{
	struct volume_seen v = {.bound = str_eq(json_str_at(doc, "status/phase"), "Bound")};
	const char *claim = json_str_at(doc, "spec/claimRef/name");
	const char *claim_uid = json_str_at(doc, "spec/claimRef/uid");
	const char *owner_uid = meta_owner_uid(doc);
	struct meta m;

	if (meta_decode(doc, &m, e) < 0)
		return -1;
	if ((claim && str_copy(v.claim, sizeof(v.claim), claim) < 0) ||
	    (claim_uid && str_copy(v.claim_uid, sizeof(v.claim_uid), claim_uid) < 0))
		return err_set(e, ERR_INVALID, "the claim's name or uid is too long: not of ours");
	if (owner_uid)
		(void)str_copy(v.owner_uid, sizeof(v.owner_uid), owner_uid);
	memcpy(v.name, m.name, sizeof(v.name));
	memcpy(v.uid, m.uid, sizeof(v.uid));
	memcpy(v.version, m.version, sizeof(v.version));
	memcpy(v.job_key, m.job_key, sizeof(v.job_key));
	v.deleting = m.deleting;
	*ret = v;
	return 0;
}
