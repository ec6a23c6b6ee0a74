/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Kubernetes API on top of HTTP and store: who asks, what for, what is answered. */
#ifndef KUBEVIRT_LITE_API_H
#define KUBEVIRT_LITE_API_H

#include "kubevirt-lite/api/auth.h"
#include "kubevirt-lite/api/http.h"
#include "kubevirt-lite/api/subresource.h"
#include "kubevirt-lite/store/store.h"

struct api;

struct api_settings {
	struct store *store;
	const struct auth *auth;
	const struct subresource_hooks *hooks;
	struct sd_event *loop;
	bool faults_allowed; /* serve /debug/faults; see faults.h */
};

/* Makes the namespaces every cluster has. */
int api_new(const struct api_settings *set, struct api **ret, struct err *e);
void api_handle(void *api, struct http_request *r); /* http_settings.handler */
void api_free(struct api *a);
DEFINE_AUTO(struct api *, api_free)

#endif
