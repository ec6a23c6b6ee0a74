/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages sealed and opened by munge. Blocks on munged's socket, so vmd calls it on a worker only.
 * Part of the plugin too: never ends the process, allocates only what libmunge does. Payloads hold
 * keys of guests: they are encrypted whatever munged's default cipher is, and wiped after use. */
#include "vmd/api/peer.h"

#include "vmd/base/str.h"

#include <errno.h>
#include <munge.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

DEFINE_AUTO(munge_ctx_t, munge_ctx_destroy)

/* Is somebody bound to the socket? Without this, libmunge tries a stale one for seconds. A datagram
 * socket cannot be connected to a listening stream socket (EPROTOTYPE), so munged is not disturbed
 * and does not log a connection without a request. */
static int socket_check(const char *path, struct err *e)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	AUTO(fd) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_set(e, ERR_RETRY, "socket: %s", strerror(errno));
	if (str_copy(addr.sun_path, sizeof(addr.sun_path), path) < 0)
		return err_set(e, ERR_INVALID, "munge socket: path too long");
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 || errno == EPROTOTYPE)
		return 0;
	return err_set(e, ERR_RETRY, "munge is not reachable: %s: %s", path, strerror(errno));
}

static int context_new(const char *munge_socket, munge_ctx_t *ret, struct err *e)
{
	AUTO(munge_ctx_destroy) munge_ctx_t ctx = munge_ctx_create();
	char *path = NULL; /* ctx's */

	if (!ctx)
		return err_set(e, ERR_RETRY, "munge: out of memory");
	if (munge_socket && *munge_socket &&
	    munge_ctx_set(ctx, MUNGE_OPT_SOCKET, munge_socket) != EMUNGE_SUCCESS)
		return err_set(e, ERR_RETRY, "munge: %s", munge_ctx_strerror(ctx));
	if (munge_ctx_get(ctx, MUNGE_OPT_SOCKET, &path) != EMUNGE_SUCCESS || !path)
		return err_set(e, ERR_RETRY, "munge: no socket");
	if (socket_check(path, e) < 0)
		return -1;
	*ret = STEAL(ctx);
	return 0;
}

static int munge_error(munge_ctx_t ctx, munge_err_t rc, struct err *e)
{
	const char *text = munge_ctx_strerror(ctx);

	if (!text)
		text = munge_strerror(rc);
	switch (rc) {
	case EMUNGE_SNAFU:
	case EMUNGE_NO_MEMORY:
	case EMUNGE_SOCKET:
	case EMUNGE_TIMEOUT: return err_set(e, ERR_RETRY, "munge is not reachable: %s", text);
	case EMUNGE_CRED_EXPIRED:
	case EMUNGE_CRED_REWOUND:
		return err_set(e, ERR_DENIED, "munge: %s (are the hosts' clocks right?)", text);
	case EMUNGE_CRED_INVALID:
		return err_set(e, ERR_DENIED, "munge: %s (have the hosts the same munge key?)",
			       text);
	case EMUNGE_BAD_ARG:
	case EMUNGE_BAD_LENGTH: return err_set(e, ERR_INVALID, "munge: %s", text);
	default: return err_set(e, ERR_DENIED, "munge: %s", text); /* munge's enum, not ours */
	}
}

int peer_seal(const char *munge_socket, uid_t reader, const char *text, size_t len, char **ret_cred,
	      struct err *e)
{
	AUTO(munge_ctx_destroy) munge_ctx_t ctx = NULL;
	char *cred = NULL;
	munge_err_t rc;

	if (len > WIRE_MAX)
		return err_set(e, ERR_INVALID, "message longer than %d bytes", WIRE_MAX);
	if (context_new(munge_socket, &ctx, e) < 0)
		return -1;
	rc = munge_ctx_set(ctx, MUNGE_OPT_UID_RESTRICTION, reader);
	if (rc == EMUNGE_SUCCESS)
		rc = munge_ctx_set(ctx, MUNGE_OPT_TTL, PEER_TTL_S);
	if (rc == EMUNGE_SUCCESS)
		rc = munge_ctx_set(ctx, MUNGE_OPT_CIPHER_TYPE, MUNGE_CIPHER_AES256);
	if (rc == EMUNGE_SUCCESS)
		rc = munge_encode(&cred, ctx, text, (int)len);
	if (rc != EMUNGE_SUCCESS)
		return munge_error(ctx, rc, e);
	*ret_cred = cred;
	return 0;
}

/* munge_decode() allocates the payload for replayed and expired credentials too. */
static munge_err_t decode(munge_ctx_t ctx, const char *cred, struct peer_text *ret)
{
	void *data = NULL;
	int len = 0;
	munge_err_t rc = munge_decode(cred, ctx, &data, &len, &ret->uid, &ret->gid);

	ret->text = data;
	ret->len = len > 0 ? (size_t)len : 0;
	return rc;
}

int peer_open(const char *munge_socket, const char *cred, struct peer_text *ret, struct err *e)
{
	AUTO(munge_ctx_destroy) munge_ctx_t ctx = NULL;
	AUTO(peer_text_done) struct peer_text t = {.text = NULL};
	munge_err_t rc;

	if (context_new(munge_socket, &ctx, e) < 0)
		return -1;
	rc = decode(ctx, cred, &t);
	if (rc != EMUNGE_SUCCESS)
		return munge_error(ctx, rc, e);
	if (!t.text || t.len > WIRE_MAX)
		return err_set(e, ERR_INVALID, "message is empty or longer than %d bytes",
			       WIRE_MAX);
	*ret = t;
	t = (struct peer_text){.text = NULL};
	return 0;
}

void peer_text_done(struct peer_text *t)
{
	if (t->text)
		explicit_bzero(t->text, t->len);
	free(t->text);
	*t = (struct peer_text){.text = NULL};
}

int peer_self_test(const char *munge_socket, struct err *e)
{
	AUTO(munge_ctx_destroy) munge_ctx_t ctx = NULL;
	AUTO(peer_text_done) struct peer_text t = {.text = NULL};
	AUTO(free) char *cred = NULL;
	munge_err_t rc;

	if (peer_seal(munge_socket, geteuid() + 1, "x", 1, &cred, e) < 0 ||
	    context_new(munge_socket, &ctx, e) < 0)
		return -1;
	rc = decode(ctx, cred, &t);
	if (rc == EMUNGE_CRED_UNAUTHORIZED)
		return 0;
	if (rc != EMUNGE_SUCCESS)
		return munge_error(ctx, rc, e);
	return err_set(e, ERR_INVALID,
		       "munge lets this account read what is meant for another one: it was built "
		       "with --enable-root-auth or the like, which breaks its promise");
}
