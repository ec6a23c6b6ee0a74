/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nodes that a job's VM has been on, as its record lists them for sacct's readers, and for a
 * vmd that begins:
 *
 *     worker1node@1764090000,worker2node@1764090100+5
 *
 * since when it was seen there (seconds since 1970), and behind "+" how many seconds the migration
 * took that brought it. The text is at most JOB_NODES_MAX bytes; the oldest fall off. Pure. */
#ifndef VMD_JOB_JOB_NODES_H
#define VMD_JOB_JOB_NODES_H

#include "vmd/job/job.h"

struct job_node_stay {
	char node[JOB_NODE_MAX + 1];
	int64_t since_s; /* wall clock */
	int64_t took_s;  /* 0: nobody knows, or it was not brought live */
};

/* Nothing changes when node is the last one already. */
void job_nodes_add(char nodes[JOB_NODES_MAX + 1], const char *node, int64_t since_s);
/* The migration to node (Kubernetes' name), if that is the last one, took so long. Said once;
 * took_s 0: nothing. */
void job_nodes_took(char nodes[JOB_NODES_MAX + 1], const char *node, int64_t took_s);
bool job_nodes_have(const char *nodes, const char *node);
/* The next one from *at on, which moves behind it. What is not of that form is passed over. */
bool job_nodes_next(const char **at, struct job_node_stay *ret);

#endif
