/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volumes that are no claims: sysprep, secret, configMap and cloudInitNoCloud (of a Secret, no
 * other form) become a CD image, one file (0600) per volume in a directory of the VMI, shared by
 * both sides of a migration: an image that is there is not written again. It may hold passwords, so
 * it goes with the VMI. */
#include "kubevirt-lite/controllers/media.h"

#include "kubevirt-lite/controllers/iso.h"
#include "kubevirt-lite/guest/host.h"
#include "kubevirt-lite/store/base64.h"
#include "vmd/base/str.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define NOCLOUD "cidata" /* the label that cloud-init looks for */

static const struct {
	const char *path;
	enum kind_id kind;
	const char *label;
} sources[] = {
	{"sysprep/secret/name", KIND_SECRET, "UNATTENDCD"},
	{"sysprep/configMap/name", KIND_CONFIGMAP, "UNATTENDCD"},
	{"secret/secretName", KIND_SECRET, "CFGDATA"},
	{"configMap/name", KIND_CONFIGMAP, "CFGDATA"},
	{"cloudInitNoCloud/secretRef/name", KIND_SECRET, NOCLOUD},
};

static int dir_of(struct controllers *c, struct json_object *vmi, char *ret, size_t size)
{
	return str_fmt(ret, size, "%s/media-%s", c->set.run_dir, object_uid(vmi));
}

struct contents {
	struct iso_file file[ISO_FILES_MAX];
	char *decoded[ISO_FILES_MAX];
	size_t n;
};

static void contents_done_auto(struct contents *f)
{
	for (size_t i = 0; i < f->n; i++) {
		if (f->decoded[i])
			explicit_bzero(f->decoded[i], f->file[i].len);
		free(f->decoded[i]);
	}
}

/* What KubeVirt adds: the machine's uuid, by which cloud-init knows a new machine, and its name. */
static void nocloud_meta(struct json_object *vmi, struct contents *f)
{
	AUTO(json_object_put) struct json_object *o = json_object_new_object();
	const char *uuid = json_str_at(vmi, "spec/domain/firmware/uuid");
	const char *text;

	json_put_str(o, "instance-id", uuid ? uuid : object_uid(vmi));
	json_put_str(o, "local-hostname", object_name(vmi));
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	f->decoded[f->n] = strdup(text);
	if (!f->decoded[f->n])
		abort();
	f->file[f->n] = (struct iso_file){
		.name = "meta-data", .data = f->decoded[f->n], .len = strlen(text)};
	f->n++;
}

static int contents_read(struct json_object *object, bool is_secret, struct contents *f,
			 struct err *e)
{
	struct json_object *data = json_at(object, "data");

	if (!json_object_is_type(data, json_type_object))
		return err_set(e, ERR_RETRY, "%s has no data", object_name(object));
	json_object_object_foreach(data, name, value)
	{
		const char *text = json_object_get_string(value);
		size_t len = strlen(text);
		struct iso_file *one = &f->file[f->n];

		if (f->n == ISO_FILES_MAX)
			return err_set(e, ERR_RETRY, "%s has too many keys", object_name(object));
		*one = (struct iso_file){.name = name, .data = text, .len = len};
		if (!is_secret) {
			f->n++;
			continue;
		}
		f->decoded[f->n] = malloc(len + 1);
		if (!f->decoded[f->n])
			abort();
		if (base64_decode(text, f->decoded[f->n], len + 1, &one->len) < 0) {
			free(STEAL(f->decoded[f->n]));
			return err_set(e, ERR_RETRY, "%s: key %s is not base64",
				       object_name(object), name);
		}
		one->data = f->decoded[f->n++];
	}
	return 0;
}

/* Of the Secret's keys only the script, by the name it has on a NoCloud medium. */
static int nocloud_read(struct json_object *vmi, struct json_object *object, struct contents *f,
			struct err *e)
{
	AUTO(json_object_put) struct json_object *script = json_object_new_object();
	const char *base64 = json_str_at(object, "data/userdata");

	if (!base64)
		base64 = json_str_at(object, "data/userData");
	if (!base64)
		return err_set(e, ERR_RETRY, "%s has no key userdata", object_name(object));
	json_put_str(script, "metadata/name", object_name(object));
	json_put_str(script, "data/user-data", base64);
	if (contents_read(script, true, f, e) < 0)
		return -1;
	f->file[0].name = "user-data";
	nocloud_meta(vmi, f);
	return 0;
}

static int image_write(const char *path, const char *label, struct json_object *vmi,
		       struct json_object *object, bool is_secret, struct err *e)
{
	__attribute__((cleanup(contents_done_auto))) struct contents f = {.n = 0};
	uint8_t *image;
	size_t len;
	int rc;

	if ((str_eq(label, NOCLOUD) ? nocloud_read(vmi, object, &f, e)
				    : contents_read(object, is_secret, &f, e)) < 0 ||
	    iso_build(label, f.file, f.n, &image, &len, e) < 0)
		return -1;
	rc = host_file_write(path, (const char *)image, len, e);
	explicit_bzero(image, len);
	free(image);
	return rc;
}

int media_make(struct controllers *c, struct json_object *vmi, struct json_object *volume,
	       struct machine_source *ret, struct err *e)
{
	const char *volume_name = json_str_at(volume, "name");

	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		const char *name = json_str_at(volume, sources[i].path);
		struct json_object *object;
		char dir[160];

		if (!name)
			continue;
		object = store_get(c->store, sources[i].kind, object_namespace(vmi), name);
		if (!object)
			return err_set(e, ERR_RETRY,
				       "MountVolume.SetUp failed for volume \"%s\": %s \"%s\" not "
				       "found",
				       volume_name, kind_get(sources[i].kind)->singular, name);
		if (c->set.simulated)
			return 0; /* nobody reads it */
		if (dir_of(c, vmi, dir, sizeof(dir)) < 0 ||
		    str_fmt(ret->file, sizeof(ret->file), "%s/%s.iso", dir, volume_name) < 0)
			return err_set(e, ERR_INVALID, "volume %s: path too long", volume_name);
		if (mkdir(dir, 0700) < 0 && errno != EEXIST)
			return err_set(e, ERR_RETRY, "%s: %m", dir);
		if (access(ret->file, F_OK) == 0)
			return 0;
		return image_write(ret->file, sources[i].label, vmi, object,
				   sources[i].kind == KIND_SECRET, e);
	}
	return err_set(e, ERR_INVALID,
		       "volume %s: only persistentVolumeClaim, sysprep, secret, configMap and "
		       "cloudInitNoCloud of a Secret work here",
		       volume_name);
}

void media_forget(struct controllers *c, struct json_object *vmi)
{
	char dir[160];

	if (!c->set.simulated && dir_of(c, vmi, dir, sizeof(dir)) == 0)
		host_dir_remove(dir);
}
