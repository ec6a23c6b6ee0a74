/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See machines.h. */
#include "slurm-plugin/machines.h"

#include "vmd/base/str.h"
#include "vmd/job/job.h"

#include <string.h>

/* Moves *at behind the next word; its length, 0: no more. */
static size_t next(const char **at, const char **ret_word)
{
	size_t len;

	*at += strspn(*at, " ");
	len = strcspn(*at, " ");
	*ret_word = *at;
	*at += len;
	return len;
}

uint32_t machines_count(const char *list)
{
	const char *word;
	uint32_t n = 0;

	while (next(&list, &word))
		n++;
	return n;
}

const char *machines_word(const char *list, uint32_t rank, char *buf, size_t size)
{
	const char *word = "";
	size_t len = 0;

	for (uint32_t i = 0; i <= rank; i++) {
		len = next(&list, &word);
		if (!len)
			break;
	}
	(void)snprintf(buf, size, "%.*s", len == 1 && *word == '-' ? 0 : (int)len, word);
	return buf;
}

uint32_t machines_here(const char *hosts, const char *node)
{
	uint32_t n = machines_count(hosts);
	char host[JOB_NODE_MAX + 1];

	for (uint32_t i = 0; i < n; i++)
		if (*machines_word(hosts, i, host, sizeof(host)) && job_node_same(host, node))
			return i;
	return 0;
}
