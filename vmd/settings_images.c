/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The section "images" of vmd.yaml -> struct catalogue, sorted by name. Users and groups are
 * resolved here, once: an unknown one is an error with its line, since leaving it out could leave
 * both lists empty, which means everybody. */
#include "vmd/settings_images.h"

#include "vmd/base/str.h"
#include "vmd/vm/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

/* Calls one() for each text in the list map[key]; absent: nothing. */
static int each_text(struct conf *map, const char *key, size_t max,
		     int (*one)(struct conf *at, const char *text, void *into, struct err *e),
		     void *into, struct err *e)
{
	struct conf *list = conf_get(map, key);

	if (!list)
		return 0;
	if (list->kind != CONF_LIST)
		return conf_error(list, e, "'%s' must be a list such as [one, two]", key);
	if (list->n > max)
		return conf_error(list, e, "'%s' has more than %zu entries", key, max);
	for (size_t i = 0; i < list->n; i++) {
		struct conf *at = list->child[i];

		if (at->kind != CONF_SCALAR || !at->scalar[0])
			return conf_error(at, e, "'%s' must be a list of names", key);
		if (one(at, at->scalar, into, e) < 0)
			return -1;
	}
	return 0;
}

/* A name of the user database, or a number. */
static int one_user(struct conf *at, const char *text, void *into, struct err *e)
{
	struct image *i = into;
	uint64_t uid;
	const struct passwd *pw;

	if (str_to_u64(text, UINT32_MAX - 1, &uid) < 0) {
		errno = 0;
		pw = getpwnam(text);
		if (!pw)
			return conf_error(at, e, "no such user: '%.60s'%s%s", text,
					  errno ? ": " : "", errno ? strerror(errno) : "");
		uid = pw->pw_uid;
	}
	i->uid[i->n_uid++] = (uint32_t)uid;
	return 0;
}

static int one_group(struct conf *at, const char *text, void *into, struct err *e)
{
	struct image *i = into;
	uint64_t gid;
	const struct group *gr;

	if (str_to_u64(text, UINT32_MAX - 1, &gid) < 0) {
		errno = 0;
		gr = getgrnam(text);
		if (!gr)
			return conf_error(at, e, "no such group: '%.60s'%s%s", text,
					  errno ? ": " : "", errno ? strerror(errno) : "");
		gid = gr->gr_gid;
	}
	i->gid[i->n_gid++] = (uint32_t)gid;
	return 0;
}

static int read_allow(struct conf *map, struct image *i, struct err *e)
{
	struct conf *allow;

	if (settings_section(map, "allow", false, &allow, e) < 0)
		return -1;
	if (!allow)
		return 0;
	if (each_text(allow, "users", IMAGE_ALLOWED, one_user, i, e) < 0 ||
	    each_text(allow, "groups", IMAGE_ALLOWED, one_group, i, e) < 0)
		return -1;
	return conf_check_used(allow, e);
}

struct networks_reading {
	struct image *image;
	const struct settings *settings;
};

static int one_network(struct conf *at, const char *text, void *into, struct err *e)
{
	struct networks_reading *r = into;
	struct image *i = r->image;

	if (!settings_network_find(r->settings, text))
		return conf_error(at, e, "no such network: '%.60s' is not in section 'networks'",
				  text);
	return str_copy(i->network[i->n_network++], sizeof(i->network[0]), text);
}

static int read_image_networks(struct conf *map, struct image *i, const struct settings *s,
			       struct err *e)
{
	struct networks_reading r = {.image = i, .settings = s};

	if (each_text(map, "networks", ARRAY_LEN(i->network), one_network, &r, e) < 0)
		return -1;
	if (i->n_network == 0)
		return conf_error(map, e,
				  "'networks' is missing or empty: the first is the default");
	return 0;
}

/* Cuts text at the first c: the rest, or NULL. */
static char *cut_at(char *text, char c)
{
	char *at = strchr(text, c);

	if (at)
		*at++ = '\0';
	return at;
}

static int read_revision(struct conf *at, const char *name, struct image_revision *r, struct err *e)
{
	char text[3 * sizeof(r->pool)] = "";
	char *image;
	char *snapshot;

	if (!str_is_name(name, JOB_NAME_MAX) || str_copy(r->name, sizeof(r->name), name) < 0)
		return conf_error(at, e,
				  "revision's name must be lower-case letters, digits, '-' and "
				  "'.', not '%.60s'",
				  name);
	if (at->kind != CONF_SCALAR || str_copy(text, sizeof(text), at->scalar) < 0)
		return conf_error(at, e, "revision '%s' must be pool/image@snapshot", name);
	image = cut_at(text, '/');
	snapshot = image ? cut_at(image, '@') : NULL;
	if (!snapshot || !settings_is_rbd_name(text) || !settings_is_rbd_name(image) ||
	    !settings_is_rbd_name(snapshot) || str_copy(r->pool, sizeof(r->pool), text) < 0 ||
	    str_copy(r->rbd_image, sizeof(r->rbd_image), image) < 0 ||
	    str_copy(r->snapshot, sizeof(r->snapshot), snapshot) < 0)
		return conf_error(at, e, "revision '%s' must be pool/image@snapshot, not '%.60s'",
				  name, at->scalar);
	return 0;
}

static int read_revisions(struct conf *map, struct image *i, struct err *e)
{
	struct conf *list;

	if (settings_section(map, "revisions", true, &list, e) < 0)
		return -1;
	if (list->n == 0 || list->n > IMAGE_REVISIONS)
		return conf_error(list, e, "'revisions' must name 1 to %d revisions",
				  IMAGE_REVISIONS);
	for (size_t k = 0; k < list->n; k++)
		if (read_revision(list->child[k], list->key[k], &i->revision[k], e) < 0)
			return -1;
	i->n_revision = list->n;
	return 0;
}

/* "de-DE", "sr-Latn-RS": words of letters and digits, two or three (RFC 5646, as Windows has them).
 */
static bool is_locale(const char *text)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	size_t words = 0;

	for (;; text++, words++) {
		size_t len = strspn(text, letters);

		if (len < 2 || len > 8)
			return false;
		text += len;
		if (*text != '-')
			return !*text && (words == 1 || words == 2);
	}
}

/* The language that Windows' setup would ask for. */
static int read_locale(struct conf *map, struct image *i, struct err *e)
{
	(void)str_copy(i->locale, sizeof(i->locale), "en-US");
	if (conf_str(map, "locale", false, i->locale, sizeof(i->locale), e) < 0)
		return -1;
	if (!is_locale(i->locale))
		return conf_error(conf_get(map, "locale"), e,
				  "'locale' must be language and region, as en-US");
	return 0;
}

static int read_machine(struct conf *map, struct image *i, struct err *e)
{
	bool windows;
	char profile[16] = "";
	char firmware[16] = "";
	struct err why;

	if (conf_str(map, "profile", true, profile, sizeof(profile), e) < 0)
		return -1;
	windows = str_eq(profile, "windows");
	if (!windows && !str_eq(profile, "linux"))
		return conf_error(conf_get(map, "profile"), e,
				  "'profile' must be linux or windows, not '%s'", profile);
	i->profile = windows ? VM_PROFILE_WINDOWS : VM_PROFILE_LINUX;
	i->tpm = windows;
	(void)str_copy(firmware, sizeof(firmware), windows ? "efi-secure" : "bios");
	(void)str_copy(i->user, sizeof(i->user), windows ? "Administrator" : "root");
	if (conf_str(map, "firmware", false, firmware, sizeof(firmware), e) < 0 ||
	    conf_bool(map, "tpm", &i->tpm, e) < 0 ||
	    conf_str(map, "user", false, i->user, sizeof(i->user), e) < 0)
		return -1;
	if (windows && read_locale(map, i, e) < 0)
		return -1;
	i->secure_boot = str_eq(firmware, "efi-secure");
	i->firmware_efi = i->secure_boot || str_eq(firmware, "efi");
	if (!i->firmware_efi && !str_eq(firmware, "bios"))
		return conf_error(conf_get(map, "firmware"), e,
				  "'firmware' must be bios, efi or efi-secure, not '%s'", firmware);
	if (account_check(i->user, windows, &why) < 0)
		return conf_error(conf_get(map, "user"), e, "'user' %.120s", why.msg);
	return 0;
}

/* One of the small maps of sizes: {default: 1G, max: 20G}. NULL: that key does not exist. */
static int read_sizes(struct conf *map, const char *section, const char *key_a, uint64_t *ret_a,
		      const char *key_b, uint64_t *ret_b, struct err *e)
{
	struct conf *sizes;

	if (settings_section(map, section, false, &sizes, e) < 0)
		return -1;
	if (!sizes)
		return 0;
	if (conf_bytes(sizes, key_a, ret_a, e) < 0 ||
	    (key_b && conf_bytes(sizes, key_b, ret_b, e) < 0) || conf_check_used(sizes, e) < 0)
		return -1;
	if (key_b && *ret_b && *ret_a > *ret_b)
		return conf_error(conf_get(sizes, key_a), e, "'%s' is more than '%s'", key_a,
				  key_b);
	return 0;
}

static int read_cpus(struct conf *map, struct image *i, struct err *e)
{
	struct conf *cpus;
	uint64_t max = 0;

	if (settings_section(map, "cpus", false, &cpus, e) < 0)
		return -1;
	if (!cpus)
		return 0;
	if (conf_uint(cpus, "max", 1, 4096, &max, e) < 0 || conf_check_used(cpus, e) < 0)
		return -1;
	i->cpus_max = (uint32_t)max;
	return 0;
}

static int read_grow(struct conf *map, struct image *i, struct err *e)
{
	struct conf *grow;
	uint64_t cpus = 0;

	if (settings_section(map, "grow", false, &grow, e) < 0)
		return -1;
	if (!grow)
		return 0;
	if (conf_uint(grow, "cpus", 1, 4096, &cpus, e) < 0 ||
	    conf_bytes(grow, "memory", &i->grow_memory_bytes, e) < 0 ||
	    conf_check_used(grow, e) < 0)
		return -1;
	if (i->cpus_max && cpus > i->cpus_max)
		return conf_error(conf_get(grow, "cpus"), e,
				  "'grow: cpus' is more than 'cpus: max' (%u)", i->cpus_max);
	i->grow_cpus = (uint32_t)cpus;
	return 0;
}

static int read_shares(struct conf *map, struct image *i, struct err *e)
{
	struct conf *shares;

	if (settings_section(map, "shares", false, &shares, e) < 0)
		return -1;
	if (!shares)
		return 0;
	if (shares->n > SHARE_MAX)
		return conf_error(shares, e, "'shares' has more than %d drives", SHARE_MAX);
	for (size_t k = 0; k < shares->n; k++) {
		struct conf *at = conf_get(shares, shares->key[k]);
		struct err why;

		if (at->kind != CONF_SCALAR)
			return conf_error(at, e,
					  "'shares' must be drives with paths such as "
					  "{H: '\\\\server\\home\\%%USER%%'}");
		if (share_parse(shares->key[k], at->scalar, &i->share[k], &why) < 0)
			return conf_error(at, e, "'shares': %s", why.msg);
	}
	i->n_share = shares->n;
	return 0;
}

/* Windows may install updates when it is told to go; a guest without an operating system does not
 * go at all, and holds its node so long. */
static int read_grace(struct conf *map, struct image *i, struct err *e)
{
	i->grace_s = 180;
	if (conf_seconds(map, "grace", &i->grace_s, e) < 0)
		return -1;
	if (i->grace_s < 1 || i->grace_s > 3600)
		return conf_error(conf_get(map, "grace"), e, "'grace' must be from 1 s to 1 h");
	return 0;
}

static int read_description(struct conf *map, struct image *i, struct err *e)
{
	if (conf_str(map, "description", false, i->description, sizeof(i->description), e) < 0)
		return -1;
	for (const char *p = i->description; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			return conf_error(conf_get(map, "description"), e,
					  "'description' must be one line of text");
	return 0;
}

static int read_image(struct conf *map, const char *name, const struct settings *s, struct image *i,
		      struct err *e)
{
	if (map->kind != CONF_MAP)
		return conf_error(map, e, "image '%.60s' must hold keys with values", name);
	if (!str_is_name(name, JOB_NAME_MAX) || str_copy(i->name, sizeof(i->name), name) < 0)
		return conf_error(map, e,
				  "image's name must be lower-case letters, digits, '-' and '.', "
				  "not '%.60s'",
				  name);
	if (read_description(map, i, e) < 0 || read_machine(map, i, e) < 0 ||
	    read_revisions(map, i, e) < 0 ||
	    read_sizes(map, "disk", "default", &i->disk_bytes, "max", &i->disk_max_bytes, e) < 0 ||
	    read_sizes(map, "scratch", "max", &i->scratch_max_bytes, NULL, NULL, e) < 0 ||
	    read_sizes(map, "memory", "min", &i->memory_min_bytes, NULL, NULL, e) < 0 ||
	    read_cpus(map, i, e) < 0 || read_grow(map, i, e) < 0 || read_grace(map, i, e) < 0 ||
	    read_shares(map, i, e) < 0 || read_image_networks(map, i, s, e) < 0 ||
	    read_allow(map, i, e) < 0)
		return -1;
	return conf_check_used(map, e);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct image *)a)->name, ((const struct image *)b)->name);
}

int settings_read_images(struct conf *root, struct settings *s, struct err *e)
{
	struct catalogue *c = &s->catalogue;
	struct conf *map;

	if (settings_section(root, "images", false, &map, e) < 0)
		return -1;
	if (!map)
		return 0;
	if (map->n > IMAGE_MAX)
		return conf_error(map, e, "more than %d images", IMAGE_MAX);
	c->image = calloc(map->n ? map->n : 1, sizeof(*c->image));
	if (!c->image)
		abort();
	for (size_t i = 0; i < map->n; i++)
		if (read_image(conf_get(map, map->key[i]), map->key[i], s, &c->image[i], e) < 0)
			return -1;
	c->n = map->n;
	qsort(c->image, c->n, sizeof(*c->image), by_name);
	return 0;
}
