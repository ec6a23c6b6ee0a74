/* SPDX-License-Identifier: GPL-2.0-or-later */
/* labelSelector and fieldSelector: parse once, match many. Pure. */
#ifndef KUBEVIRT_LITE_SELECTOR_H
#define KUBEVIRT_LITE_SELECTOR_H

#include "kubevirt-lite/store/kinds.h"
#include "vmd/base/err.h"

#include <json-c/json.h>

struct selector;

/* "a=b,c!=d,e in (f,g),!h". Empty text or NULL: *ret is NULL, which matches everything. The error
 * is the server's text for a 400. */
int selector_parse_labels(const char *text, struct selector **ret, struct err *e);
/* "metadata.name=x,status.phase!=Running": only the fields the kind may be selected by. */
int selector_parse_fields(const char *text, const struct kind *k, struct selector **ret,
			  struct err *e);
bool selector_match(const struct selector *s, struct json_object *object);
void selector_free(struct selector *s);
DEFINE_AUTO(struct selector *, selector_free)

#endif
