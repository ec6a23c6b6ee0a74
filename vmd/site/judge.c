/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines, and the order of the parts: from what everything needs to what needs everything. Pure. */
#include "vmd/site/judge.h"

#include "vmd/base/str.h"
#include "vmd/site/judge_parts.h"

#include <stdarg.h>
#include <string.h>

#define LINES_AT_A_TIME 64

/* Text of others (an API server's words) may be longer than a line: cut at the end. */
static void put(char *buf, size_t size, const char *fmt, va_list args)
{
	char text[1024];

	(void)vsnprintf(text, sizeof(text), fmt, args);
	str_cut(buf, size, text);
}

void site_say(struct site_lines *l, enum site_verdict v, const char *part, const char *fmt, ...)
{
	struct site_line *line;
	va_list args;

	if (l->n == l->room) {
		l->room += LINES_AT_A_TIME;
		l->line = realloc(l->line, l->room * sizeof(*l->line));
		if (!l->line)
			abort();
	}
	line = &l->line[l->n++];
	*line = (struct site_line){.verdict = v, .part = part};
	va_start(args, fmt);
	put(line->text, sizeof(line->text), fmt, args);
	va_end(args);
}

void site_todo(struct site_lines *l, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put(l->line[l->n - 1].todo, sizeof(l->line[0].todo), fmt, args);
	va_end(args);
}

void site_judge_clock(const char *part, const char *whose, int64_t skew_s, struct site_lines *l)
{
	int64_t by_s = skew_s < 0 ? -skew_s : skew_s;

	site_say(l, by_s < SITE_SKEW_S ? SITE_OK : SITE_WRONG, part,
		 "%s clock and this host's differ by %lld s", whose, (long long)by_s);
	if (by_s >= SITE_SKEW_S)
		site_todo(l, "set them by NTP (chronyc tracking): munge refuses what is a minute "
			     "old, and tokens are good for a time");
}

int64_t site_grace_s(const struct settings *s)
{
	int64_t most_s = 0;

	for (size_t i = 0; i < s->catalogue.n; i++)
		if (s->catalogue.image[i].grace_s > most_s)
			most_s = s->catalogue.image[i].grace_s;
	return most_s;
}

void site_judge(const struct settings *s, const struct site_facts *f, struct site_lines *ret)
{
	*ret = (struct site_lines){.n = 0};
	site_judge_host(s, f, ret);
	site_judge_slurm(s, f, ret);
	site_judge_kube(s, f, ret);
	site_judge_ceph(s, f, ret);
}

void site_lines_done(struct site_lines *l)
{
	free(l->line);
	*l = (struct site_lines){.n = 0};
}

size_t site_lines_count(const struct site_lines *l, enum site_verdict v)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += l->line[i].verdict == v;
	return n;
}

const char *site_verdict_name(enum site_verdict v)
{
	switch (v) {
	case SITE_OK: return "ok";
	case SITE_NOTE: return "note";
	case SITE_BLIND: return "unknown";
	case SITE_WRONG: return "WRONG";
	}
	return "?"; /* a number that is no site_verdict */
}
