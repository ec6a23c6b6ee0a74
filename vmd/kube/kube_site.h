/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks the Kubernetes API for `vmd --check FILE --site`: what is there, and what vmd may do.
 * Changes nothing: what is "made" is made with dryRun. */
#ifndef VMD_KUBE_KUBE_SITE_H
#define VMD_KUBE_KUBE_SITE_H

#include "vmd/base/json.h"
#include "vmd/site/facts.h"

/* userID and userKey of ceph: secret; wiped by whoever has it. */
struct kube_site_key {
	char user[64], key[128];
};

/* Runs a loop of its own until all answers are in; free() ret->nodes.node and ret->vm. */
void kube_site_ask(const struct settings *s, struct site_kube *ret, struct kube_site_key *ret_key);

/* Pure. A review of verb i of right r, in a namespace. */
struct json_object *kube_site_review(const struct site_right *r, const char *verb,
				     const char *name_space);
/* The answer to it; SITE_UNKNOWN: there is none in it. */
enum site_answer kube_site_answer(const char *body, size_t len);
/* A list of nodes; free(*ret). ERR_INVALID. */
int kube_site_nodes(const char *body, size_t len, struct site_nodes *ret, struct err *e);
/* The VM that an image's smallest job would have, under a name that no job has. */
int kube_site_vm(const struct settings *s, const struct image *i, struct json_object **ret,
		 struct err *e);

#endif
