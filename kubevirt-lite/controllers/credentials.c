/* SPDX-License-Identifier: GPL-2.0-or-later */
/* accessCredentials: public keys and passwords from Secrets into the guest, by its agent, once it
 * is connected and again whenever a Secret changes. What was done last is remembered in the
 * launcher of the guest as a checksum of the Secrets' versions, so that a restart does it once
 * more, which does not harm. Nothing secret is logged; the agent's refusals become events. */
#include "kubevirt-lite/base64.h"
#include "kubevirt-lite/controllers/controller.h"
#include "kubevirt-lite/controllers/secret.h"
#include "vmd/base/str.h"

#include <string.h>

#define HANDLER  "virt-handler"
#define TEXT_MAX 16384

/* An answer may come when the VMI is gone: so it carries names, not objects. */
struct asked {
	struct controllers *c;
	char ns[NS_MAX];
	char vmi[NAME_MAX_];
	char what[96];
};

static void on_done(void *self, struct json_object *value, const struct err *e)
{
	struct asked *a = self;
	struct json_object *vmi = store_get(a->c->store, KIND_VMI, a->ns, a->vmi);

	if (!value && vmi)
		say(a->c, vmi, HANDLER, true, "AccessCredentialsSyncFailed", "%s: %s", a->what,
		    e->msg);
	free(a);
}

static void call(struct controllers *c, struct json_object *vmi, struct guest *g,
		 const char *command, struct json_object *args, const char *user)
{
	struct asked *a = calloc(1, sizeof(*a));

	if (!a)
		abort();
	a->c = c;
	(void)str_copy(a->ns, sizeof(a->ns), object_namespace(vmi));
	(void)str_copy(a->vmi, sizeof(a->vmi), object_name(vmi));
	(void)snprintf(a->what, sizeof(a->what), "%s for %.48s", command, user);
	g->ops->call(g, command, args, on_done, a);
}

static void keys_apply(struct controllers *c, struct json_object *vmi, struct guest *g,
		       struct json_object *users, struct json_object *secret)
{
	struct json_object *data = json_at(secret, "data");
	char text[TEXT_MAX];

	if (!json_object_is_type(data, json_type_object))
		return;
	for (size_t i = 0; users && i < json_object_array_length(users); i++) {
		const char *user = json_object_get_string(json_object_array_get_idx(users, i));
		struct json_object *args = json_object_new_object();
		struct json_object *keys = json_object_new_array();

		json_object_object_foreach(data, name, value)
		{
			(void)name;
			if (secret_decode(json_object_get_string(value), text, sizeof(text)) == 0)
				json_object_array_add(keys, json_object_new_string(text));
		}
		json_put_str(args, "username", user);
		json_put_bool(args, "reset", true);
		json_put_at(args, "keys", keys);
		call(c, vmi, g, "guest-ssh-add-authorized-keys", args, user);
	}
}

static void passwords_apply(struct controllers *c, struct json_object *vmi, struct guest *g,
			    struct json_object *secret)
{
	struct json_object *data = json_at(secret, "data");
	char text[TEXT_MAX];

	if (!json_object_is_type(data, json_type_object))
		return;
	json_object_object_foreach(data, user, value)
	{
		struct json_object *args;
		char *encoded;

		if (secret_decode(json_object_get_string(value), text, sizeof(text)) < 0)
			continue;
		args = json_object_new_object();
		encoded = base64_encode_alloc(text, strlen(text));
		json_put_str(args, "username", user);
		json_put_str(args, "password", encoded);
		json_put_bool(args, "crypted", false);
		explicit_bzero(encoded, strlen(encoded));
		free(encoded);
		call(c, vmi, g, "guest-set-user-password", args, user);
	}
	explicit_bzero(text, sizeof(text));
}

static struct json_object *secret_of(struct controllers *c, struct json_object *vmi,
				     struct json_object *credential, const char *path)
{
	const char *name = json_str_at(credential, path);

	return name ? store_get(c->store, KIND_SECRET, object_namespace(vmi), name) : NULL;
}

static uint64_t mix(uint64_t sum, struct json_object *secret)
{
	const char *text = secret ? json_str_at(secret, "metadata/resourceVersion") : "";

	for (; text && *text; text++)
		sum = (sum ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return sum * 31 + 7;
}

void credentials_apply(struct controllers *c, struct json_object *vmi, struct guest *g)
{
	struct json_object *list = json_at(vmi, "spec/accessCredentials");
	struct json_object *pod = vmi_pod(c, vmi);
	struct launcher *l = pod ? launcher_find(c, object_namespace(pod), object_name(pod)) : NULL;
	uint64_t sum = UINT64_C(14695981039346656037);
	size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

	if (!n || !l)
		return;
	for (size_t i = 0; i < n; i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		sum = mix(sum, secret_of(c, vmi, one, "sshPublicKey/source/secret/secretName"));
		sum = mix(sum, secret_of(c, vmi, one, "userPassword/source/secret/secretName"));
	}
	if (l->credentials == sum)
		return;
	l->credentials = sum;
	for (size_t i = 0; i < n; i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		struct json_object *secret;

		if ((secret = secret_of(c, vmi, one, "sshPublicKey/source/secret/secretName")))
			keys_apply(c, vmi, g,
				   json_at(one, "sshPublicKey/propagationMethod/qemuGuestAgent/"
						"users"),
				   secret);
		if ((secret = secret_of(c, vmi, one, "userPassword/source/secret/secretName")))
			passwords_apply(c, vmi, g, secret);
	}
}
