/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tokens of service accounts, as TokenRequest gives them: random, short-lived, worth nothing once
 * their account is gone. Kept in memory only: after a restart they have to be asked for anew. */
#ifndef KUBEVIRT_LITE_SERVICE_TOKEN_H
#define KUBEVIRT_LITE_SERVICE_TOKEN_H

#include "kubevirt-lite/api/auth.h"
#include "kubevirt-lite/store/store.h"

#define SERVICE_TOKENS_MAX       4096
#define SERVICE_TOKEN_HEADER_MAX 1024

struct service_tokens {
	struct service_token *first;
	size_t n;
};

struct service_user {
	char user[256], group[128];
};

/* True: header ("Bearer ...") holds a token of an account that is still there; who points into
 * text. */
bool service_token_identify(struct service_tokens *t, struct store *s, const char *header,
			    struct service_user *text, struct identity *who);
/* The bearer token among the protocols a websocket client offers, as a header. False: none. */
bool service_token_of_protocols(const char *protocols, char *ret, size_t size);
void service_tokens_done(struct service_tokens *t);

#endif
