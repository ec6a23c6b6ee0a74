/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See check_site.h. Collects by the adapters, which wait for each other: a person waits for this,
 * and none of them takes longer than its time-outs. What is right, site/judge.h says. Own process:
 * no loop but that of the Kubernetes part, no lock, no Lease; a vmd that runs is not disturbed. */
#include "vmd/check_site.h"

#include "vmd/base/json.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube_site.h"
#include "vmd/rbd/rbd_site.h"
#include "vmd/site/judge.h"
#include "vmd/slurm/slurm_jobs.h"
#include "vmd/slurm/slurm_site.h"

#include <string.h>

static void collect(const struct settings *s, struct site_facts *f)
{
	struct settings known = *s; /* with the cluster's name, which may be Slurm's */
	struct kube_site_key key;
	char tag[80];

	slurm_jobs_start();
	slurm_site_read(&f->slurm);
	check_host(s, f);
	if (!known.cluster[0])
		(void)str_copy(known.cluster, sizeof(known.cluster),
			       f->slurm.cluster[0] ? f->slurm.cluster : "unknown");
	kube_site_ask(&known, &f->kube, &key);
	(void)str_fmt(tag, sizeof(tag), "%s-%d", f->host.name, (int)getpid());
	rbd_site_try(&known, tag, &f->ceph);
	if (f->kube.secret_whole && f->ceph.connect.kind == ERR_NONE)
		rbd_site_try_node(&known, key.user, key.key, tag, &f->ceph);
	explicit_bzero(&key, sizeof(key));
}

static void facts_done(struct site_facts *f)
{
	free(f->slurm.nodes.node);
	free(f->kube.nodes.node);
	free(f->kube.vm);
	free(f->ceph.golden);
}

static void print_text(const struct site_lines *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct site_line *line = &l->line[i];

		printf("%-8s %-11s %s\n", site_verdict_name(line->verdict), line->part, line->text);
		if (line->todo[0])
			printf("%-20s -> %s\n", "", line->todo);
	}
	printf("%zu ok, %zu notes, %zu unknown, %zu wrong\n", site_lines_count(l, SITE_OK),
	       site_lines_count(l, SITE_NOTE), site_lines_count(l, SITE_BLIND),
	       site_lines_count(l, SITE_WRONG));
}

static void print_json(const struct site_lines *l)
{
	AUTO(json_object_put) struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < l->n; i++) {
		struct json_object *one = json_object_new_object();

		json_put_str(one, "verdict", site_verdict_name(l->line[i].verdict));
		json_put_str(one, "part", l->line[i].part);
		json_put_str(one, "text", l->line[i].text);
		json_put_str(one, "todo", l->line[i].todo);
		json_object_array_add(list, one);
	}
	puts(json_object_to_json_string_ext(list, JSON_C_TO_STRING_PRETTY |
							  JSON_C_TO_STRING_NOSLASHESCAPE));
}

int check_site(const struct settings *s, bool json)
{
	struct site_lines lines;
	struct site_facts *f = calloc(1, sizeof(*f));
	int code;

	if (!f)
		abort();
	collect(s, f);
	site_judge(s, f, &lines);
	if (json)
		print_json(&lines);
	else
		print_text(&lines);
	code = site_lines_count(&lines, SITE_WRONG) > 0;
	site_lines_done(&lines);
	facts_done(f);
	free(f);
	return code;
}
