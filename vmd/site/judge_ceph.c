/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ceph: reached as vmd's user and as the nodes', pools, golden images, rights. Pure. */
#include "vmd/base/str.h"
#include "vmd/site/judge_parts.h"

static const char part[] = "ceph";

static void todo_caps(const struct settings *s, struct site_lines *l)
{
	site_todo(l,
		  "ceph auth caps client.%s mon 'profile rbd, allow command \"osd blocklist\" "
		  "with blocklistop=rm' osd 'profile rbd pool=%s': one such word for each pool",
		  s->ceph_user, s->ceph_pool);
}

static void judge_pool(const struct settings *s, const struct site_pool *p, struct site_lines *l)
{
	if (p->open.kind != ERR_NONE) {
		site_say(l, SITE_WRONG, part, "%s", p->open.msg);
		site_todo(l, "ceph osd pool ls; ceph osd pool create %s; rbd pool init %s", p->name,
			  p->name);
		return;
	}
	if (p->makes && p->make.kind != ERR_NONE) {
		site_say(l, SITE_WRONG, part, "pool %s: %s", p->name, p->make.msg);
		todo_caps(s, l);
	} else if (p->makes) {
		site_say(l, SITE_OK, part, "pool %s: made an image and removed it", p->name);
	}
	if (p->cloned[0] && p->clone.kind != ERR_NONE) {
		site_say(l, SITE_WRONG, part, "%s: %s", p->cloned, p->clone.msg);
		todo_caps(s, l);
	} else if (p->cloned[0]) {
		site_say(l, SITE_OK, part, "%s: cloned it and removed the clone", p->cloned);
	}
}

static void judge_golden(const struct settings *s, const struct site_ceph *c, struct site_lines *l)
{
	size_t good = 0, all = 0;

	for (size_t i = 0; c->golden && i < s->catalogue.n; i++) {
		const struct image *image = &s->catalogue.image[i];

		for (size_t r = 0; r < image->n_revision; r++) {
			const struct image_revision *rev = &image->revision[r];
			const struct err *e = &c->golden[i][r];

			all++;
			good += e->kind == ERR_NONE;
			if (e->kind == ERR_NONE)
				continue;
			site_say(l, SITE_WRONG, part, "image %s, revision %s: %s", image->name,
				 rev->name, e->msg);
			if (e->kind == ERR_DENIED) {
				todo_caps(s, l);
				continue;
			}
			site_todo(l, "rbd import FILE %s/%s; rbd snap create %s/%s@%s", rev->pool,
				  rev->rbd_image, rev->pool, rev->rbd_image, rev->snapshot);
		}
	}
	if (good)
		site_say(l, SITE_OK, part, "%zu of %zu golden images are there", good, all);
}

static void judge_blocklist(const struct settings *s, const struct site_ceph *c,
			    struct site_lines *l)
{
	const struct err *e = c->blocklist_add.kind ? &c->blocklist_add : &c->blocklist_rm;

	if (s->policy.fence_after_s == 0)
		return;
	if (e->kind == ERR_NONE) {
		site_say(l, SITE_OK, part, "may fence (osd blocklist add, rm)");
		return;
	}
	/* Without rm it fences all the same, but for a client that somebody else shut out before.
	 */
	site_say(l, c->blocklist_add.kind ? SITE_WRONG : SITE_NOTE, part, "%s", e->msg);
	todo_caps(s, l);
}

static void judge_node_user(const struct settings *s, const struct site_facts *f,
			    struct site_lines *l)
{
	const struct site_ceph *c = &f->ceph;

	if (f->kube.secret.kind != ERR_NONE || !f->kube.secret_whole)
		return;
	if (c->node_user.kind == ERR_NONE) {
		site_say(l, SITE_OK, part, "the nodes' user client.%s (Secret %s) may use pool %s",
			 c->node_name, s->ceph_secret, s->ceph_pool);
		return;
	}
	site_say(l, SITE_WRONG, part, "the nodes' user client.%s (Secret %s): %s", c->node_name,
		 s->ceph_secret, c->node_user.msg);
	site_todo(l,
		  "ceph auth get-or-create client.%s mon 'profile rbd' osd 'profile rbd pool=%s'; "
		  "its key into the Secret",
		  c->node_name, s->ceph_pool);
}

void site_judge_ceph(const struct settings *s, const struct site_facts *f, struct site_lines *l)
{
	const struct site_ceph *c = &f->ceph;

	if (c->connect.kind != ERR_NONE) {
		site_say(l, SITE_WRONG, part, "%s", c->connect.msg);
		site_todo(l, "ceph -n client.%s -k %s -c %s health, as vmd's account", s->ceph_user,
			  s->ceph_keyring[0] ? s->ceph_keyring : "KEYRING", s->ceph_conf);
		return;
	}
	site_say(l, SITE_OK, part, "cluster %s answers client.%s", c->fsid, s->ceph_user);
	if (!str_eq(c->fsid, s->ceph_cluster_id)) {
		site_say(l, SITE_NOTE, part, "ceph: cluster_id %s is not its fsid",
			 s->ceph_cluster_id);
		site_todo(l, "fine if ceph-csi's config.json has it as clusterID with the same "
			     "monitors");
	}
	for (size_t i = 0; i < c->n_pool; i++)
		judge_pool(s, &c->pool[i], l);
	judge_golden(s, c, l);
	judge_blocklist(s, c, l);
	judge_node_user(s, f, l);
}
