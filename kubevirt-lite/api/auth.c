/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tokens from a file like kube-apiserver's --token-auth-file (token,user,uid,"group1,group2") and
 * rules that only ever allow. The group system:masters may everything; everybody may ask for the
 * version and the health, everybody with a token for the list of kinds. Tokens are compared in
 * constant time and never logged. */
#include "kubevirt-lite/api/auth.h"

#include "vmd/base/str.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define TOKENS_MAX 256
#define RULES_MAX  128
#define LIST_MAX   32
#define TOKEN_MIN  8
#define TOKEN_MAX  512

struct token {
	char *text, *user;
	char *group[AUTH_GROUPS];
	size_t n_groups;
};

struct list {
	char *item[LIST_MAX];
	size_t n;
};

struct rule {
	char *user, *group; /* one of the two */
	struct list namespaces, resources, verbs;
};

struct auth {
	struct token token[TOKENS_MAX];
	size_t n_tokens;
	struct rule rule[RULES_MAX];
	size_t n_rules;
};

static char *copy(const char *s)
{
	char *c = strdup(s);

	if (!c)
		abort();
	return c;
}

static void list_done(struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->item[i]);
}

void auth_free(struct auth *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n_tokens; i++) {
		struct token *t = &a->token[i];

		explicit_bzero(t->text, strlen(t->text));
		free(t->text);
		free(t->user);
		for (size_t j = 0; j < t->n_groups; j++)
			free(t->group[j]);
	}
	for (size_t i = 0; i < a->n_rules; i++) {
		struct rule *r = &a->rule[i];

		free(r->user);
		free(r->group);
		list_done(&r->namespaces);
		list_done(&r->resources);
		list_done(&r->verbs);
	}
	free(a);
}

/* --- tokens --- */

/* Cuts the next comma-separated field off, with "quotes"; NULL: none left or broken. */
static char *field(char **rest)
{
	char *s = *rest, *end;

	if (!s)
		return NULL;
	if (*s == '"') {
		end = strchr(++s, '"');
		if (!end)
			return NULL;
		*end++ = '\0';
		*rest = *end == ',' ? end + 1 : NULL;
		return s;
	}
	end = strchr(s, ',');
	if (end)
		*end++ = '\0';
	*rest = end;
	return s;
}

static int add_token(struct auth *a, char *line, const char *path, unsigned number, struct err *e)
{
	struct token *t = &a->token[a->n_tokens];
	char *rest = line, *text = field(&rest), *user = field(&rest), *uid = field(&rest);
	char *groups = field(&rest), *group;

	if (!text || !user || !uid || strlen(text) < TOKEN_MIN || strlen(text) > TOKEN_MAX ||
	    !*user)
		return err_set(e, ERR_INVALID,
			       "%s:%u: not token,user,uid[,\"groups\"] with a token of %d to %d "
			       "characters",
			       path, number, TOKEN_MIN, TOKEN_MAX);
	if (a->n_tokens == TOKENS_MAX)
		return err_set(e, ERR_INVALID, "%s:%u: more than %d tokens", path, number,
			       TOKENS_MAX);
	t->text = copy(text);
	t->user = copy(user);
	a->n_tokens++;
	while (groups && (group = strsep(&groups, ","))) {
		if (t->n_groups == AUTH_GROUPS)
			return err_set(e, ERR_INVALID, "%s:%u: more than %d groups", path, number,
				       AUTH_GROUPS);
		if (*group)
			t->group[t->n_groups++] = copy(group);
	}
	return 0;
}

static int read_tokens(struct auth *a, const char *path, struct err *e)
{
	AUTO(fclose) FILE *f = fopen(path, "re");
	AUTO(free) char *line = NULL;
	unsigned number = 0;
	size_t size = 0;
	struct stat st;
	ssize_t len;

	if (!f || fstat(fileno(f), &st) < 0)
		return err_set(e, ERR_ABSENT, "%s: %s", path, strerror(errno));
	if (st.st_mode & 077)
		return err_set(e, ERR_INVALID,
			       "%s: others may read it: chmod 600 (mode is %03o now)", path,
			       (unsigned)st.st_mode & 0777);
	while ((len = getline(&line, &size, f)) >= 0) {
		number++;
		if (len > 0 && line[len - 1] == '\n')
			line[--len] = '\0';
		if (len == 0 || *line == '#')
			continue;
		if (add_token(a, line, path, number, e) < 0)
			return -1;
	}
	if (line)
		explicit_bzero(line, size);
	return 0;
}

/* --- rules --- */

static int read_list(struct conf *map, const char *key, bool required, struct list *ret,
		     struct err *e)
{
	struct conf *y = conf_get(map, key);

	if (!y)
		return required ? conf_error(map, e, "'%s' is missing", key) : 0;
	if (y->kind != CONF_LIST || y->n == 0 || y->n > LIST_MAX)
		return conf_error(y, e, "'%s' must be a list of 1 to %d names", key, LIST_MAX);
	for (size_t i = 0; i < y->n; i++) {
		if (y->child[i]->kind != CONF_SCALAR)
			return conf_error(y->child[i], e, "'%s' must be a list of names", key);
		ret->item[ret->n++] = copy(y->child[i]->scalar);
	}
	return 0;
}

static int read_rule(struct auth *a, struct conf *y, struct err *e)
{
	struct rule *r = &a->rule[a->n_rules];
	char user[256] = "", group[256] = "";

	if (y->kind != CONF_MAP)
		return conf_error(y, e, "a rule is user or group, resources, verbs, namespaces");
	if (a->n_rules == RULES_MAX)
		return conf_error(y, e, "more than %d rules", RULES_MAX);
	a->n_rules++;
	if (conf_str(y, "user", false, user, sizeof(user), e) < 0 ||
	    conf_str(y, "group", false, group, sizeof(group), e) < 0 ||
	    read_list(y, "namespaces", false, &r->namespaces, e) < 0 ||
	    read_list(y, "resources", true, &r->resources, e) < 0 ||
	    read_list(y, "verbs", true, &r->verbs, e) < 0)
		return -1;
	if ((*user != '\0') == (*group != '\0'))
		return conf_error(y, e, "a rule needs either a user or a group");
	r->user = *user ? copy(user) : NULL;
	r->group = *group ? copy(group) : NULL;
	return conf_check_used(y, e);
}

int auth_new(struct conf *settings, struct auth **ret, struct err *e)
{
	AUTO(auth_free) struct auth *a = calloc(1, sizeof(*a));
	struct conf *rules = conf_get(settings, "rbac");
	char path[512];

	if (!a)
		abort();
	if (conf_str(settings, "tokens", true, path, sizeof(path), e) < 0 ||
	    read_tokens(a, path, e) < 0)
		return -1;
	if (rules && rules->kind != CONF_LIST)
		return conf_error(rules, e, "'rbac' must be a list of rules");
	for (size_t i = 0; rules && i < rules->n; i++)
		if (read_rule(a, rules->child[i], e) < 0)
			return -1;
	*ret = STEAL(a);
	return 0;
}

/* --- asking --- */

static bool same_secret(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned char differs = la != lb;

	for (size_t i = 0; i < la; i++)
		differs |= (unsigned char)(a[i] ^ b[lb ? i % lb : 0]);
	return !differs;
}

int auth_identify(const struct auth *a, const char *header, struct identity *ret, struct err *e)
{
	static const char scheme[] = "Bearer ";
	const struct token *found = NULL;

	*ret = (struct identity){
		.user = "system:anonymous", .group = {"system:unauthenticated"}, .n_groups = 1};
	if (!header || strncasecmp(header, scheme, strlen(scheme)) != 0)
		return 0;
	for (size_t i = 0; i < a->n_tokens; i++)
		if (same_secret(a->token[i].text, header + strlen(scheme)))
			found = &a->token[i];
	if (!found)
		return err_set(e, ERR_DENIED, "Unauthorized");
	*ret = (struct identity){.user = found->user};
	for (size_t i = 0; i < found->n_groups; i++)
		ret->group[ret->n_groups++] = found->group[i];
	ret->group[ret->n_groups++] = "system:authenticated";
	return 0;
}

static bool in_group(const struct identity *who, const char *group)
{
	for (size_t i = 0; i < who->n_groups; i++)
		if (str_eq(who->group[i], group))
			return true;
	return false;
}

static bool list_has(const struct list *l, const char *item)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->item[i], "*") || str_eq(l->item[i], item))
			return true;
	return false;
}

static bool rule_allows(const struct rule *r, const struct identity *who, const struct access *what)
{
	char name[256];

	if (r->user ? !str_eq(r->user, who->user) : !in_group(who, r->group))
		return false;
	if (r->namespaces.n > 0 && (!*what->ns || !list_has(&r->namespaces, what->ns)))
		return false;
	/* "pods", "pods/eviction", "virtualmachines.kubevirt.io/status" */
	if (str_fmt(name, sizeof(name), "%s%s%s%s%s", what->resource, *what->group ? "." : "",
		    what->group, *what->sub ? "/" : "", what->sub) < 0)
		return false;
	return list_has(&r->verbs, what->verb) && list_has(&r->resources, name);
}

static bool is_public(const struct identity *who, const char *path)
{
	static const char *const all[] = {"/version", "/healthz", "/livez", "/readyz"};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (str_eq(all[i], path) ||
		    (str_starts(path, all[i]) && path[strlen(all[i])] == '/'))
			return true;
	return in_group(who, "system:authenticated") &&
	       (str_starts(path, "/api") || str_starts(path, "/openapi"));
}

bool auth_allows(const struct auth *a, const struct identity *who, const struct access *what)
{
	if (in_group(who, "system:masters"))
		return true;
	if (!what->resource)
		return is_public(who, what->path);
	for (size_t i = 0; i < a->n_rules; i++)
		if (rule_allows(&a->rule[i], who, what))
			return true;
	return false;
}
