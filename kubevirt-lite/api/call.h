/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request on its way through the API; shared by the api_*.c files, not by others. */
#ifndef KUBEVIRT_LITE_CALL_H
#define KUBEVIRT_LITE_CALL_H

#include "kubevirt-lite/admission/status.h"
#include "kubevirt-lite/api/api.h"
#include "kubevirt-lite/api/faults.h"
#include "kubevirt-lite/api/output.h"
#include "kubevirt-lite/api/request.h"
#include "kubevirt-lite/api/service_token.h"

struct relay;
struct watcher;

struct api {
	struct api_settings set;
	struct watcher *watchers; /* api_watch.c has this and the next two */
	struct sd_event_source *bookmark;
	struct service_tokens tokens;
	struct relay *relays; /* relay.c has these */
	uint64_t told;        /* the newest version the store has told about */
	struct faults faults;
};

struct api_call {
	struct api *api;
	struct http_request *http;
	struct request req;
	struct identity who;
	struct service_user service; /* what who points into, for an account of the cluster */
	struct output_form form;
	struct json_object *body;   /* parsed; NULL: none */
	struct json_object *status; /* the refusal, once there is one */
	bool dry_run;
	struct subresource_call hook;
	struct sd_event_source *late; /* faults.c: not begun yet */
	bool spoil;                   /* faults.c: the answer will be a 500 */
};

/* Each answers the call, at once or later. */
void api_get(struct api_call *c);
void api_list(struct api_call *c);
void api_watch(struct api_call *c);
void api_create(struct api_call *c);
void api_update(struct api_call *c);
void api_patch(struct api_call *c);
void api_delete(struct api_call *c);
void api_delete_collection(struct api_call *c);
void api_hook(struct api_call *c);
void api_token(struct api_call *c); /* serviceaccounts/token */
void api_go_on(struct api_call *c); /* finds one of them */
/* Paths that are no objects: discovery, version, health, OpenAPI. False: no such path. */
bool api_meta(struct api_call *c);
/* SelfSubjectAccessReview; the same. */
bool api_review(struct api_call *c);

/* What one list or watch asks for. Fills c->status on -1. */
struct api_filter;
int api_filter_new(struct api_call *c, struct api_filter **ret);
bool api_filter_match(void *filter, struct json_object *object);
void api_filter_free(struct api_filter *f);
DEFINE_AUTO(struct api_filter *, api_filter_free)

int api_watch_start(struct api *a, struct err *e); /* subscribes */
/* Ends all watches, each by a "410 Expired" or in the middle of a word. */
void api_watch_break(struct api *a, bool expired);

/* The answers. json is borrowed. */
void call_answer(struct api_call *c, int code, struct json_object *json);
void call_answer_object(struct api_call *c, int code, struct json_object *object);
void call_answer_text(struct api_call *c, int code, const char *text);
void call_refuse(struct api_call *c); /* c->status */
void call_warn(struct api_call *c, const char *text);
int call_check_type(struct api_call *c); /* of a body that shall be JSON. Fills c->status on -1. */
/* Parses the body into c->body; an empty one is an error when required. Fills c->status on -1. */
int call_read_body(struct api_call *c, bool required);
/* Whole number from the query; absent leaves ret. Fills c->status on -1. */
int call_param_uint(struct api_call *c, const char *name, uint64_t *ret);
int call_param_version(struct api_call *c, uint64_t *ret, bool *ret_given);

#define JSON_OUT (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

#endif
