/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a request line asks for: path and query as a struct. Pure. */
#ifndef KUBEVIRT_LITE_REQUEST_H
#define KUBEVIRT_LITE_REQUEST_H

#include "kubevirt-lite/store/kinds.h"
#include "vmd/base/err.h"

#include <stdint.h>

#define REQUEST_SEGMENTS 12
#define REQUEST_PARAMS   24

enum verb {
	VERB_GET,
	VERB_LIST,
	VERB_WATCH,
	VERB_CREATE,
	VERB_UPDATE,
	VERB_PATCH,
	VERB_DELETE,
	VERB_DELETECOLLECTION,
	VERB_NONE /* no such method on this */
};
const char *verb_name(enum verb v); /* as rules of access name it */

struct request {
	char method[8];
	char text[8192]; /* the URI, taken apart in place: what the pointers below point into */
	const char *segment[REQUEST_SEGMENTS];
	size_t n_segments;
	struct {
		const char *name, *value;
	} param[REQUEST_PARAMS];
	size_t n_params;
	const char *path; /* "/a/b": not decoded, for messages */
	char path_text[1024];

	/* of a request for objects; kind NULL otherwise */
	const struct kind *kind;
	bool is_hook;      /* under subresources.kubevirt.io */
	const char *group; /* as in the path */
	const char *ns;    /* "": none in the path */
	const char *name;  /* "": the collection */
	char sub[64];      /* "status", "start", "vnc/screenshot", "" */
	enum verb verb;
};

/* 0, or -1: too long or not decodable (400). No such path is kind == NULL, not an error. */
int request_parse(const char *method, const char *uri, struct request *ret, struct err *e);
const char *request_param(const struct request *r, const char *name); /* NULL: absent */
bool request_flag(const struct request *r, const char *name);         /* "true" or "1" */

#endif
