/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volumes that are no claims: sysprep, secret and configMap become a CD image, one file (0600) per
 * volume in a directory of the VMI, shared by both sides of a migration: an image that is there is
 * not written again. It may hold passwords, so it goes with the VMI. */
#include "kubevirt-lite/controllers/media.h"

#include "kubevirt-lite/controllers/iso.h"
#include "kubevirt-lite/guest/host.h"
#include "kubevirt-lite/store/base64.h"
#include "vmd/base/str.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
	const char *path;
	enum kind_id kind;
	const char *label;
} sources[] = {
	{"sysprep/secret/name",    KIND_SECRET,    "UNATTENDCD"},
	{"sysprep/configMap/name", KIND_CONFIGMAP, "UNATTENDCD"},
	{"secret/secretName",      KIND_SECRET,    "CFGDATA"   },
	{"configMap/name",         KIND_CONFIGMAP, "CFGDATA"   },
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

static int image_write(const char *path, const char *label, struct json_object *object,
		       bool is_secret, struct err *e)
{
	__attribute__((cleanup(contents_done_auto))) struct contents f = {.n = 0};
	uint8_t *image;
	size_t len;
	int rc;

	if (contents_read(object, is_secret, &f, e) < 0 ||
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
		return image_write(ret->file, sources[i].label, object,
				   sources[i].kind == KIND_SECRET, e);
	}
	return err_set(e, ERR_INVALID,
		       "volume %s: only persistentVolumeClaim, sysprep, secret and configMap work "
		       "here",
		       volume_name);
}

void media_forget(struct controllers *c, struct json_object *vmi)
{
	char dir[160];

	if (!c->set.simulated && dir_of(c, vmi, dir, sizeof(dir)) == 0)
		host_dir_remove(dir);
}
