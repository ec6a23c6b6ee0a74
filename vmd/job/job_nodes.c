/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nodes that a VM has been on; see job_nodes.h. The text comes back from Slurm, where its
 * administrator may have written: so it is read with care, and kept as it is. */
#include "vmd/job/job_nodes.h"

#include "vmd/base/str.h"

#include <stdio.h>
#include <string.h>

static const char *last_of(const char *nodes)
{
	const char *comma = strrchr(nodes, ',');

	return comma ? comma + 1 : nodes;
}

static bool is_at(const char *entry, const char *node)
{
	size_t len = strlen(node);

	return len > 0 && strncmp(entry, node, len) == 0 && entry[len] == '@';
}

static void keep_newest(char nodes[JOB_NODES_MAX + 1], const char *text)
{
	while (strlen(text) > JOB_NODES_MAX && strchr(text, ','))
		text = strchr(text, ',') + 1;
	(void)str_copy(nodes, JOB_NODES_MAX + 1, text);
}

void job_nodes_add(char nodes[JOB_NODES_MAX + 1], const char *node, int64_t since_s)
{
	char text[2 * JOB_NODES_MAX + 64];

	if (is_at(last_of(nodes), node) || strpbrk(node, ",@"))
		return;
	(void)snprintf(text, sizeof(text), "%s%s%.200s@%lld", nodes, *nodes ? "," : "", node,
		       (long long)since_s);
	keep_newest(nodes, text);
}

void job_nodes_took(char nodes[JOB_NODES_MAX + 1], const char *node, int64_t took_s)
{
	char text[JOB_NODES_MAX + 64], name[JOB_NODE_MAX + 1];
	const char *last = last_of(nodes);

	if (took_s <= 0 || !*node || strchr(last, '+') ||
	    str_fmt(name, sizeof(name), "%.*s", (int)strcspn(last, "@"), last) < 0 ||
	    !job_node_same(name, node))
		return;
	(void)snprintf(text, sizeof(text), "%s+%lld", nodes, (long long)took_s);
	keep_newest(nodes, text);
}

bool job_nodes_have(const char *nodes, const char *node)
{
	for (const char *p = nodes; p; p = strchr(p, ',')) {
		p += *p == ',';
		if (is_at(p, node))
			return true;
	}
	return false;
}

/* "1764090100", "1764090100+5" */
static int times_read(char *text, struct job_node_stay *s)
{
	char *plus = strchr(text, '+');
	uint64_t since, took = 0;

	if (plus)
		*plus++ = '\0';
	if (str_to_u64(text, INT64_MAX, &since) < 0 ||
	    (plus && str_to_u64(plus, INT64_MAX, &took) < 0))
		return -1;
	s->since_s = (int64_t)since;
	s->took_s = (int64_t)took;
	return 0;
}

static int stay_read(const char *entry, size_t len, struct job_node_stay *ret)
{
	struct job_node_stay s = {.took_s = 0};
	char text[JOB_NODES_MAX + 1], *at;

	if (str_fmt(text, sizeof(text), "%.*s", (int)len, entry) < 0 || !(at = strchr(text, '@')))
		return -1;
	*at = '\0';
	if (!*text || str_copy(s.node, sizeof(s.node), text) < 0 || times_read(at + 1, &s) < 0)
		return -1;
	*ret = s;
	return 0;
}

bool job_nodes_next(const char **at, struct job_node_stay *ret)
{
	while (**at) {
		const char *entry = *at;
		size_t len = strcspn(entry, ",");

		*at += len + (entry[len] == ',');
		if (len <= JOB_NODES_MAX && stay_read(entry, len, ret) == 0)
			return true;
	}
	return false;
}
