/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people read: tables, times, errors with what to do next. */
#include "vmd/base/str.h"
#include "vmd/vmctl/vmctl.h"

#include <pwd.h>
#include <stdarg.h>
#include <string.h>

/* Bytes a terminal would act upon, UTF-8's C1 controls (c2 80 to c2 9f) among them. */
char *text_clean(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++) {
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
		else if (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)
			c[0] = c[1] = '?';
	}
	return text;
}

void print_row(const char *name, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (*text)
		printf("%-9s %s\n", name, text_clean(text));
}

void table_add(struct table *t, const char *text)
{
	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 64;
		t->cell = realloc(t->cell, t->cap * sizeof(*t->cell));
		if (!t->cell)
			abort();
	}
	t->cell[t->n] = strdup(text && *text ? text : "-");
	if (!t->cell[t->n])
		abort();
	text_clean(t->cell[t->n++]);
}

void table_addf(struct table *t, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	table_add(t, text);
}

/* Characters, as good as columns for names of people's making. */
static int width_of(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void table_add_owner(struct table *t, struct json_object *o)
{
	const struct passwd *pw;

	if (!json_at(o, "uid")) {
		table_add(t, NULL);
		return;
	}
	pw = getpwuid((uid_t)int_of(o, "uid"));
	if (pw)
		table_add(t, pw->pw_name);
	else
		table_addf(t, "%lld", (long long)int_of(o, "uid"));
}

void table_print(struct table *t)
{
	int width[TABLE_COLUMNS] = {0};

	for (size_t i = 0; i < t->n; i++) {
		int len = width_of(t->cell[i]);

		if (len > width[i % t->columns])
			width[i % t->columns] = len;
	}
	for (size_t i = 0; i < t->n; i++) {
		size_t column = i % t->columns;

		if (column + 1 < t->columns)
			printf("%s%*s  ", t->cell[i], width[column] - width_of(t->cell[i]), "");
		else
			printf("%s\n", t->cell[i]);
		free(t->cell[i]);
	}
	free(t->cell);
	*t = (struct table){.columns = t->columns};
}

const char *elapsed_text(int64_t s, char *buf, size_t size)
{
	long long days = s / 86400, hours = s / 3600 % 24, minutes = s / 60 % 60, rest = s % 60;

	if (days > 0)
		(void)str_fmt(buf, size, "%lld-%02lld:%02lld:%02lld", days, hours, minutes, rest);
	else if (hours > 0)
		(void)str_fmt(buf, size, "%lld:%02lld:%02lld", hours, minutes, rest);
	else
		(void)str_fmt(buf, size, "%lld:%02lld", minutes, rest);
	return buf;
}

const char *state_of(struct json_object *vm)
{
	const char *state = json_str_at(vm, "state");

	return state ? state : "UNKNOWN";
}

const char *text_of(struct json_object *o, const char *path)
{
	const char *text = json_str_at(o, path);

	return text ? text : "";
}

int64_t int_of(struct json_object *o, const char *path)
{
	return json_object_get_int64(json_at(o, path));
}

void json_print(struct json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
						       JSON_C_TO_STRING_NOSLASHESCAPE));
}

int fail(const struct vmctl *v, const struct err *e)
{
	char text[sizeof(e->msg)];

	memcpy(text, e->msg, sizeof(text));
	(void)fprintf(stderr, "vmctl: %s\n", text_clean(text));
	switch (e->kind) {
	case ERR_RETRY:
	case ERR_UNSURE:
		if (strncmp(e->msg, "munge", 5) == 0)
			(void)fprintf(stderr, "Is munge running on this host? Try: munge -n\n");
		else if (str_starts(e->msg, "vmd at "))
			(void)fprintf(stderr,
				      "%s%s%sIs it running? VMs go on without it. Try again later, "
				      "or tell your administrator.\n",
				      strchr(v->servers, ',') ? "All were asked: " : "",
				      strchr(v->servers, ',') ? v->servers : "",
				      strchr(v->servers, ',') ? "\n" : "");
		else
			(void)fprintf(stderr, "Try again later, or tell your administrator.\n");
		return EXIT_NO_VMD;
	case ERR_ABSENT:
		if (!strstr(e->msg, "vmctl ")) /* it says itself what to look at */
			(void)fprintf(stderr, "See your VMs with: vmctl list\n");
		return EXIT_NOT_FOUND;
	case ERR_DENIED:
		if (str_starts(e->msg, "job "))
			(void)fprintf(stderr, "Your own VMs: vmctl list\n");
		else if (str_starts(e->msg, "only root"))
			(void)fprintf(stderr, "Ask your administrator; your own VMs: vmctl list\n");
		return EXIT_NOT_ALLOWED;
	case ERR_INVALID: return EXIT_USAGE;
	case ERR_NONE:
	case ERR_CONFLICT:
	case ERR_FULL: return EXIT_FAILED;
	}
	return EXIT_FAILED;
}
