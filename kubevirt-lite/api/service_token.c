/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TokenRequest (serviceaccounts/NAME/token) and what its tokens are worth. The real server signs
 * its tokens; ours are random and remembered, which comes to the same for who carries them. They
 * are compared in constant time, never logged, and bound to the account by its uid. */
#include "kubevirt-lite/api/service_token.h"

#include "kubevirt-lite/api/call.h"
#include "kubevirt-lite/store/base64.h"
#include "kubevirt-lite/store/timestamp.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <string.h>
#include <strings.h>
#include <sys/random.h>

#define TOKEN_BYTES 24
#define LIFE_MIN_S  600 /* as the real server */
#define LIFE_S      3600
#define LIFE_MAX_S  86400

struct service_token {
	char text[4 + 2 * TOKEN_BYTES];
	char ns[64], name[254], uid[40];
	int64_t until_s;
	struct service_token *next;
};

static void drop(struct service_tokens *t, struct service_token **at)
{
	struct service_token *k = *at;

	*at = k->next;
	t->n--;
	explicit_bzero(k, sizeof(*k));
	free(k);
}

void service_tokens_done(struct service_tokens *t)
{
	while (t->first)
		drop(t, &t->first);
}

static void drop_old(struct service_tokens *t, struct store *s)
{
	int64_t now_s = clock_wall_s();

	for (struct service_token **at = &t->first; *at;) {
		struct json_object *account =
			store_get(s, KIND_SERVICEACCOUNT, (*at)->ns, (*at)->name);

		if ((*at)->until_s <= now_s || !account || !str_eq(object_uid(account), (*at)->uid))
			drop(t, at);
		else
			at = &(*at)->next;
	}
}

static bool same(const char *a, const char *b, size_t len)
{
	unsigned char differs = 0;

	for (size_t i = 0; i < len; i++)
		differs |= (unsigned char)(a[i] ^ b[i]);
	return !differs;
}

bool service_token_identify(struct service_tokens *t, struct store *s, const char *header,
			    struct service_user *text, struct identity *who)
{
	static const char scheme[] = "Bearer ";
	const struct service_token *found = NULL;
	size_t len = sizeof(found->text) - 1;

	if (!header || strncasecmp(header, scheme, strlen(scheme)) != 0 ||
	    strlen(header + strlen(scheme)) != len)
		return false;
	drop_old(t, s);
	for (const struct service_token *k = t->first; k; k = k->next)
		if (same(k->text, header + strlen(scheme), len))
			found = k;
	if (!found ||
	    str_fmt(text->user, sizeof(text->user), "system:serviceaccount:%s:%s", found->ns,
		    found->name) < 0 ||
	    str_fmt(text->group, sizeof(text->group), "system:serviceaccounts:%s", found->ns) < 0)
		return false;
	*who = (struct identity){
		.user = text->user,
		.group = {"system:serviceaccounts", text->group, "system:authenticated"},
		.n_groups = 3};
	return true;
}

bool service_token_of_protocols(const char *protocols, char *ret, size_t size)
{
	static const char prefix[] = "base64url.bearer.authorization.k8s.io.";
	const char *at = protocols ? strstr(protocols, prefix) : NULL;
	char text[SERVICE_TOKEN_HEADER_MAX], token[SERVICE_TOKEN_HEADER_MAX];
	size_t n, len;
	bool fits;

	if (!at || (at != protocols && at[-1] != ' ' && at[-1] != ','))
		return false;
	at += strlen(prefix);
	n = strcspn(at, ", \t");
	if (str_fmt(text, sizeof(text), "%.*s", (int)(n < sizeof(text) ? n : sizeof(text)), at) <
		    0 ||
	    base64_decode(text, token, sizeof(token), &len) < 0)
		return false;
	fits = !memchr(token, '\0', len) && str_fmt(ret, size, "Bearer %s", token) == 0;
	explicit_bzero(text, sizeof(text));
	explicit_bzero(token, sizeof(token));
	return fits;
}

static int token_new(struct api_call *c, struct json_object *account, int64_t life_s,
		     struct service_token **ret)
{
	static const char hex[] = "0123456789abcdef";
	struct service_tokens *t = &c->api->tokens;
	unsigned char raw[TOKEN_BYTES];
	struct service_token *k = NULL;

	drop_old(t, c->api->set.store);
	if (t->n >= SERVICE_TOKENS_MAX)
		return status_set(&c->status, 429, "TooManyRequests", "%d tokens are valid already",
				  SERVICE_TOKENS_MAX);
	k = calloc(1, sizeof(*k));
	if (!k || getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
		abort();
	memcpy(k->text, "sa-", 3);
	for (size_t i = 0; i < sizeof(raw); i++) {
		k->text[3 + 2 * i] = hex[raw[i] >> 4];
		k->text[4 + 2 * i] = hex[raw[i] & 15];
	}
	(void)str_copy(k->ns, sizeof(k->ns), c->req.ns);
	(void)str_copy(k->name, sizeof(k->name), c->req.name);
	(void)str_copy(k->uid, sizeof(k->uid), object_uid(account));
	k->until_s = clock_wall_s() + life_s;
	k->next = t->first;
	t->first = k;
	t->n++;
	*ret = k;
	return 0;
}

static int answer(struct api_call *c)
{
	AUTO(json_object_put) struct json_object *out = NULL;
	struct json_object *account =
		store_get(c->api->set.store, KIND_SERVICEACCOUNT, c->req.ns, c->req.name);
	struct json_object *wish;
	struct service_token *k = NULL;
	int64_t life_s = LIFE_S;
	char text[32];

	if (!account)
		return status_not_found(&c->status, c->req.kind, c->req.name);
	if (call_read_body(c, true) < 0)
		return -1;
	wish = json_at(c->body, "spec/expirationSeconds");
	if (wish)
		life_s = json_object_get_int64(wish);
	if (life_s < LIFE_MIN_S || life_s > 1LL << 32) {
		status_set(&c->status, 422, "Invalid",
			   "TokenRequest.authentication.k8s.io \"%s\" is invalid: "
			   "spec.expirationSeconds: Invalid value: %lld: may not specify a "
			   "duration less than 10 minutes",
			   c->req.name, (long long)life_s);
		return -1;
	}
	if (token_new(c, account, life_s < LIFE_MAX_S ? life_s : LIFE_MAX_S, &k) < 0)
		return -1;
	out = json_object_new_object();
	json_put_str(out, "kind", "TokenRequest");
	json_put_str(out, "apiVersion", "authentication.k8s.io/v1");
	json_put_str(out, "metadata/name", c->req.name);
	json_put_str(out, "metadata/namespace", c->req.ns);
	json_put_int(out, "spec/expirationSeconds", life_s);
	json_put_str(out, "status/token", k->text);
	json_put_str(out, "status/expirationTimestamp",
		     timestamp_text(k->until_s, text, sizeof(text)));
	call_answer(c, 201, out);
	return 0;
}

void api_token(struct api_call *c)
{
	if (answer(c) < 0)
		call_refuse(c);
}
