/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a websocket begins (RFC 6455, chapter 4): the client's key, the server's answer to it, and
 * what a server may say instead. Pure but for the random key; any thread. */
#ifndef VMD_WEBSOCKET_HANDSHAKE_H
#define VMD_WEBSOCKET_HANDSHAKE_H

#include "vmd/base/err.h"
#include "vmd/base/strbuf.h"

#define HANDSHAKE_KEY_SIZE    25 /* 16 random bytes in base64, and the terminator */
#define HANDSHAKE_ACCEPT_SIZE 29
#define HANDSHAKE_HEAD_MAX    16384
#define HANDSHAKE_BODY_MAX    65536 /* of a refusal */

struct handshake_request {
	const char *host;     /* "192.168.170.190:6443" */
	const char *path;     /* "/apis/..." */
	const char *token;    /* NULL: none */
	const char *protocol; /* NULL: none is asked for */
	const char *key;
};

struct handshake_reply {
	int status;       /* 101: the websocket is open */
	const char *rest; /* 101: the first frames, if they came along; else the refusal's body */
	size_t rest_len;
};

/* ret has HANDSHAKE_KEY_SIZE bytes. */
int handshake_key(char *ret, struct err *e);
/* What a server answers to key; ret has HANDSHAKE_ACCEPT_SIZE bytes. */
void handshake_accept(const char *key, char *ret);
/* ERR_INVALID: a part holds a character that would end its line. */
int handshake_write(const struct handshake_request *r, struct strbuf *out, struct err *e);
/* 1: ret is filled, and borrows data. 0: more bytes are needed. -1: no server that speaks websocket
 * says this (ERR_INVALID), or it answered to another key or with another protocol than r's. */
int handshake_read(const char *data, size_t len, const struct handshake_request *r,
		   struct handshake_reply *ret, struct err *e);
/* A refusal as an error: the message of a Kubernetes Status, or the text. Returns -1. */
int handshake_refused(const struct handshake_reply *r, struct err *e);

#endif
