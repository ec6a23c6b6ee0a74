/* SPDX-License-Identifier: GPL-2.0-or-later */
/* accessCredentials: public keys and passwords from Secrets into the guest, by its agent, once it
 * is connected and again whenever a Secret changes. What was done last is remembered in the
 * launcher of the guest as a checksum of the Secrets' versions, so that a restart does it once
 * more, which does not harm. What the agent refused is asked again, as virt-launcher does: an
 * account may be made by the guest's first boot, after the agent was there. Nothing secret is
 * logged. When the agent has answered to all of it, the VMI gets the condition
 * AccessCredentialsSynchronized and an event, as from virt-handler. */
#include "kubevirt-lite/controllers/credentials.h"

#include "kubevirt-lite/controllers/condition.h"
#include "kubevirt-lite/controllers/launcher.h"
#include "kubevirt-lite/controllers/queue.h"
#include "kubevirt-lite/controllers/secret.h"
#include "kubevirt-lite/controllers/vmi_pod.h"
#include "kubevirt-lite/store/base64.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <string.h>

#define HANDLER  "virt-handler"
#define TEXT_MAX 16384
#define AGAIN_US (15 * SEC_US) /* virt-launcher looks so often */

/* An answer may come when the VMI is gone: so it carries names, not objects. */
struct asked {
	struct controllers *c;
	char ns[OBJECT_NS_SIZE];
	char vmi[OBJECT_NAME_SIZE];
	char pod[OBJECT_NAME_SIZE];
	uint64_t credentials; /* of the launcher when this was asked */
	char what[96];
};

static void on_done(void *self, struct json_object *value, const struct err *e)
{
	struct asked *a = self;
	struct launcher *l = launcher_find(a->c, a->ns, a->pod);

	if (l && l->credentials == a->credentials && l->credentials_asked > 0) {
		if (!value) {
			(void)snprintf(l->credentials_error, sizeof(l->credentials_error), "%s: %s",
				       a->what, e->msg);
			l->credentials_again_us = clock_mono_us() + AGAIN_US;
		}
		if (--l->credentials_asked == 0)
			again(a->c, KIND_VMI, a->ns, a->vmi, 0);
	}
	free(a);
}

static void call(struct launcher *l, const char *command, struct json_object *args,
		 const char *user)
{
	struct asked *a = calloc(1, sizeof(*a));

	if (!a)
		abort();
	a->c = l->c;
	a->credentials = l->credentials;
	(void)str_copy(a->ns, sizeof(a->ns), l->ns);
	(void)str_copy(a->vmi, sizeof(a->vmi), l->vmi);
	(void)str_copy(a->pod, sizeof(a->pod), l->pod);
	(void)snprintf(a->what, sizeof(a->what), "%s for %.48s", command, user);
	l->credentials_asked++;
	l->guest->ops->call(l->guest, command, args, on_done, a);
}

static void keys_apply(struct launcher *l, struct json_object *users, struct json_object *secret)
{
	struct json_object *data = json_at(secret, "data");
	char text[TEXT_MAX];

	if (!json_object_is_type(data, json_type_object))
		return;
	for (size_t i = 0; i < json_length(users); i++) {
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
		call(l, "guest-ssh-add-authorized-keys", args, user);
	}
}

static void passwords_apply(struct launcher *l, struct json_object *secret)
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
		call(l, "guest-set-user-password", args, user);
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

static void give(struct launcher *l, struct json_object *vmi, struct json_object *list)
{
	l->credentials_asked = 0;
	l->credentials_error[0] = '\0';
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		struct json_object *secret;

		if ((secret = secret_of(l->c, vmi, one, "sshPublicKey/source/secret/secretName")))
			keys_apply(l,
				   json_at(one, "sshPublicKey/propagationMethod/qemuGuestAgent/"
						"users"),
				   secret);
		if ((secret = secret_of(l->c, vmi, one, "userPassword/source/secret/secretName")))
			passwords_apply(l, secret);
	}
}

/* The condition and its event, once per outcome. */
static void tell(struct launcher *l, struct json_object *vmi, struct json_object *copy)
{
	const char *type = "AccessCredentialsSynchronized";
	const char *error = l->credentials_error;
	const char *status = *error ? "False" : "True";

	if (str_eq(condition_status(copy, type), status))
		return;
	condition_set(copy, type, status, NULL, *error ? error : NULL);
	if (*error)
		say(l->c, vmi, HANDLER, true, "AccessCredentialsSyncFailed",
		    "Access credentials sync failed: %s", error);
	else
		say(l->c, vmi, HANDLER, false, "AccessCredentialsSyncSuccess",
		    "Access credentials sync successful.");
}

static bool is_refused(const struct launcher *l)
{
	return l->credentials_asked == 0 && *l->credentials_error;
}

void credentials_apply(struct controllers *c, struct json_object *vmi, struct json_object *copy,
		       struct guest *g)
{
	struct json_object *list = json_at(vmi, "spec/accessCredentials");
	struct json_object *pod = vmi_pod(c, vmi);
	struct launcher *l = pod ? launcher_find(c, object_namespace(pod), object_name(pod)) : NULL;
	uint64_t sum = UINT64_C(14695981039346656037);
	size_t n = json_length(list);

	if (!n || !l || l->guest != g)
		return;
	for (size_t i = 0; i < n; i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		sum = mix(sum, secret_of(c, vmi, one, "sshPublicKey/source/secret/secretName"));
		sum = mix(sum, secret_of(c, vmi, one, "userPassword/source/secret/secretName"));
	}
	if (l->credentials != sum ||
	    (is_refused(l) && clock_mono_us() >= l->credentials_again_us)) {
		l->credentials = sum;
		give(l, vmi, list);
	}
	if (l->credentials_asked == 0)
		tell(l, vmi, copy);
	if (is_refused(l))
		again(c, KIND_VMI, object_namespace(vmi), object_name(vmi),
		      l->credentials_again_us - clock_mono_us());
}
