/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request to vmd and its reply: seal by munge, POST, open by munge, check. Blocks, on poll(2)
 * with one deadline. Every request may be repeated, so a server that cannot be reached or breaks
 * off is followed by the next one, with a fresh credential.
 *
 * HTTP is spoken by hand, one request per connection, since the plugin may link nothing but
 * libmunge. What a server says outside of a credential is shown to people and decides nothing but
 * whether to try again. Part of the plugin: never ends the process, no state. */
#include "vmd/api/client.h"

#include "vmd/api/http_reply.h"
#include "vmd/api/peer.h"
#include "vmd/base/str.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pwd.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#define NONCE_LEN 32 /* hex digits */
#define REPLY_MAX (HTTP_REPLY_HEAD_MAX + PEER_CRED_MAX)

DEFINE_AUTO(struct addrinfo *, freeaddrinfo)

struct server {
	char host[256];
	char port[8];
};

static int64_t now_ms(void)
{
	struct timespec ts = {.tv_sec = 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* 0: ready, or failed: the next call on fd tells. -1: the deadline has passed. */
static int wait_for(int fd, short events, int64_t deadline_ms, struct err *e)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		int64_t left = deadline_ms - now_ms();
		int n = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (n > 0)
			return 0;
		if (n == 0)
			return err_set(e, ERR_RETRY, "no answer in time");
		if (errno != EINTR && errno != EAGAIN)
			return err_set(e, ERR_RETRY, "poll: %s", strerror(errno));
	}
}

/* "host:port" or "[address]:port" */
static int server_parse(const char *text, size_t len, struct server *ret, struct err *e)
{
	const char *colon = memrchr(text, ':', len);
	const char *host = text;
	size_t host_len = colon ? (size_t)(colon - text) : 0;
	size_t port_len = colon ? len - host_len - 1 : 0;
	uint64_t port;

	if (host_len > 1 && host[0] == '[' && host[host_len - 1] == ']') {
		host++;
		host_len -= 2;
	}
	if (host_len == 0 || host_len >= sizeof(ret->host) || port_len >= sizeof(ret->port))
		goto malformed;
	memcpy(ret->host, host, host_len);
	ret->host[host_len] = '\0';
	memcpy(ret->port, colon + 1, port_len);
	ret->port[port_len] = '\0';
	if (str_to_u64(ret->port, 65535, &port) == 0 && port > 0)
		return 0;
malformed:
	return err_set(e, ERR_INVALID, "vmd's address '%.*s' is not HOST:PORT",
		       len > 80 ? 80 : (int)len, text);
}

static int connect_one(const struct addrinfo *ai, int64_t deadline_ms, int *ret_fd, struct err *e)
{
	AUTO(fd) int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error = 0;
	socklen_t size = sizeof(error);

	if (fd < 0)
		return err_set(e, ERR_RETRY, "socket: %s", strerror(errno));
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) < 0) {
		if (errno != EINPROGRESS)
			return err_set(e, ERR_RETRY, "%s", strerror(errno));
		if (wait_for(fd, POLLOUT, deadline_ms, e) < 0)
			return -1;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
			error = errno;
		if (error)
			return err_set(e, ERR_RETRY, "%s", strerror(error));
	}
	*ret_fd = fd_steal(&fd);
	return 0;
}

/* Tries every address of the host, each with its share of the time. */
static int connect_server(const struct server *s, int64_t deadline_ms, int *ret_fd, struct err *e)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_NUMERICSERV | AI_NUMERICHOST};
	AUTO(freeaddrinfo) struct addrinfo *list = NULL;
	int rc = getaddrinfo(s->host, s->port, &hints, &list);
	int n = 0;

	if (rc == EAI_NONAME) {
		hints.ai_flags = AI_NUMERICSERV;
		rc = getaddrinfo(s->host, s->port, &hints, &list);
	}
	if (rc != 0)
		return err_set(e, ERR_RETRY, "%s",
			       rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
	for (struct addrinfo *ai = list; ai; ai = ai->ai_next)
		n++;
	for (struct addrinfo *ai = list; ai; ai = ai->ai_next, n--) {
		int64_t now = now_ms();

		if (connect_one(ai, now + (deadline_ms - now) / n, ret_fd, e) == 0)
			return 0;
	}
	return -1;
}

static int send_all(int fd, const char *data, size_t len, int64_t deadline_ms, struct err *e)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			if (wait_for(fd, POLLOUT, deadline_ms, e) < 0)
				return -1;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			return 0; /* it may have answered before it closed: "too large" */
		} else if (errno != EINTR) {
			return err_set(e, ERR_RETRY, "%s", strerror(errno));
		}
	}
	return 0;
}

/* data has REPLY_MAX bytes; ret borrows it. */
static int receive(int fd, char *data, int64_t deadline_ms, struct http_reply *ret, struct err *e)
{
	size_t len = 0;

	for (;;) {
		ssize_t n = recv(fd, data + len, REPLY_MAX - len, 0);

		if (n > 0) {
			int rc;

			len += (size_t)n;
			rc = http_reply_parse(data, len, PEER_CRED_MAX, ret, e);
			if (rc != 0)
				return rc < 0 ? -1 : 0;
		} else if (n == 0) {
			return err_set(e, ERR_RETRY, "the connection was closed without an answer");
		} else if (errno == EAGAIN) {
			if (wait_for(fd, POLLIN, deadline_ms, e) < 0)
				return -1;
		} else if (errno != EINTR) {
			return err_set(e, ERR_RETRY, "%s", strerror(errno));
		}
	}
}

/* An answer outside of a credential: not proven to be vmd's, so only a text and a guess. */
static int refusal(const struct http_reply *r, struct err *e)
{
	enum err_kind kind = ERR_INVALID;
	char text[160];
	size_t len = r->body_len < sizeof(text) - 1 ? r->body_len : sizeof(text) - 1;

	memcpy(text, r->body, len);
	while (len > 0 && text[len - 1] == '\n')
		len--;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 127)
			text[i] = '?';
	text[len] = '\0';
	if (r->status >= 500 || r->status == 408 || r->status == 429)
		kind = ERR_RETRY;
	else if (r->status == 401 || r->status == 403)
		kind = ERR_DENIED;
	return err_set(e, kind, "%s (HTTP status %d)", text, r->status);
}

/* Sends the credential, gives back the reply's. Caller frees *ret. */
static int post(const struct server *s, const char *cred, int64_t deadline_ms, char **ret,
		struct err *e)
{
	AUTO(free) char *data = malloc(REPLY_MAX);
	AUTO(fd) int fd = -1;
	struct http_reply r;
	char head[512];

	if (!data)
		return err_set(e, ERR_RETRY, "out of memory");
	if (str_fmt(head, sizeof(head),
		    "POST /v1 HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: text/plain\r\n"
		    "Content-Length: %zu\r\nConnection: close\r\n\r\n",
		    s->host, s->port, strlen(cred)) < 0)
		return err_set(e, ERR_INVALID, "host name too long");
	if (connect_server(s, deadline_ms, &fd, e) < 0 ||
	    send_all(fd, head, strlen(head), deadline_ms, e) < 0 ||
	    send_all(fd, cred, strlen(cred), deadline_ms, e) < 0 ||
	    receive(fd, data, deadline_ms, &r, e) < 0)
		return -1;
	if (r.status != 200)
		return refusal(&r, e);
	memmove(data, r.body, r.body_len); /* the head leaves room for the terminator */
	data[r.body_len] = '\0';
	*ret = STEAL(data);
	return 0;
}

static int nonce_make(char *hex, struct err *e)
{
	unsigned char raw[NONCE_LEN / 2];

	if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
		return err_set(e, ERR_RETRY, "getrandom: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(raw); i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", raw[i]);
	return 0;
}

static enum err_kind kind_parse(const char *name)
{
	static const enum err_kind kinds[] = {ERR_RETRY,  ERR_UNSURE, ERR_CONFLICT, ERR_ABSENT,
					      ERR_DENIED, ERR_FULL,   ERR_INVALID};

	for (size_t i = 0; name && i < ARRAY_LEN(kinds); i++)
		if (strcmp(name, err_kind_name(kinds[i])) == 0)
			return kinds[i];
	return ERR_INVALID;
}

/* Is it vmd's reply to this very request? */
static int reply_check(const struct peer_text *t, uid_t vmd_uid, const char *nonce, char *buf,
		       size_t size, struct wire_in *ret, struct err *e)
{
	const char *echoed;

	if (t->uid != vmd_uid)
		return err_set(e, ERR_DENIED, "the answer is not from vmd's uid %u but from uid %u",
			       (unsigned)vmd_uid, (unsigned)t->uid);
	if (t->len >= size)
		return err_set(e, ERR_INVALID, "the answer is longer than %zu bytes", size - 1);
	memcpy(buf, t->text, t->len);
	if (wire_decode(buf, t->len, ret, e) < 0)
		return -1;
	echoed = wire_get(ret, "nonce");
	if (!echoed || strcmp(echoed, nonce) != 0)
		return err_set(e, ERR_DENIED, "the answer belongs to another question");
	return 0;
}

/* buf holds the request first, then the reply. */
static int call_server(const struct client *c, const struct server *s, uid_t vmd_uid,
		       const char *request, size_t len, int64_t deadline_ms, char *buf, size_t size,
		       struct wire_in *ret, struct err *e)
{
	AUTO(free) char *cred = NULL;
	AUTO(free) char *answer = NULL;
	AUTO(peer_text_done) struct peer_text t = {.text = NULL};
	char nonce[NONCE_LEN + 1];
	int n;

	if (nonce_make(nonce, e) < 0)
		return -1;
	if (len >= size)
		return err_set(e, ERR_INVALID, "request too long for its buffer");
	memcpy(buf, request, len);
	n = snprintf(buf + len, size - len, "nonce=%s\n", nonce);
	if (n < 0 || (size_t)n >= size - len)
		return err_set(e, ERR_INVALID, "request too long for its buffer");
	if (peer_seal(c->munge_socket, vmd_uid, buf, len + (size_t)n, &cred, e) < 0)
		return -1;
	if (post(s, cred, deadline_ms, &answer, e) < 0 ||
	    peer_open(c->munge_socket, answer, &t, e) < 0 ||
	    reply_check(&t, vmd_uid, nonce, buf, size, ret, e) < 0)
		return err_wrap(e, "vmd at %s:%s", s->host, s->port);
	return 0;
}

static int uid_find(const char *user, uid_t *ret, struct err *e)
{
	struct passwd pw, *found = NULL;
	char buf[4096];
	uint64_t n;

	if (str_to_u64(user, UINT32_MAX - 1, &n) == 0) {
		*ret = (uid_t)n;
		return 0;
	}
	if (getpwnam_r(user, &pw, buf, sizeof(buf), &found) != 0 || !found)
		return err_set(e, ERR_INVALID, "vmd's account '%.64s' does not exist on this host",
			       user);
	*ret = found->pw_uid;
	return 0;
}

static unsigned server_count(const char *servers)
{
	unsigned n = 1;

	for (; *servers; servers++)
		n += *servers == ',';
	return n;
}

/* Is another vmd to be asked first: this one stands by, or cannot tell now? */
static bool is_second_choice(const struct wire_in *in)
{
	return wire_get(in, "standby") ||
	       (wire_get(in, "error") && kind_parse(wire_get(in, "kind")) == ERR_RETRY);
}

/* Each server once, until one gives the answer. any: also one that is second choice. Else
 * *ret_again: there was one of those. */
static int call_each(const struct client *c, uid_t vmd_uid, const char *request, size_t len,
		     int64_t deadline_ms, bool any, char *buf, size_t size, struct wire_in *ret,
		     bool *ret_again, struct err *e)
{
	const char *at = c->servers;

	for (unsigned left = server_count(at); left > 0; left--) {
		size_t name_len = strcspn(at, ",");
		int64_t now = now_ms();
		struct server s;

		if (server_parse(at, name_len, &s, e) < 0)
			return -1;
		if (call_server(c, &s, vmd_uid, request, len, now + (deadline_ms - now) / left, buf,
				size, ret, e) == 0) {
			if (any || !is_second_choice(ret))
				return 0;
			*ret_again = true;
			(void)err_set(e, ERR_RETRY, "no vmd leads");
		} else if (e->kind != ERR_RETRY) {
			return -1;
		}
		at += name_len + 1;
	}
	return -1;
}

/* With one vmd, its answer is the answer. With several, that of the one that leads; if none does,
 * or it cannot be reached, that of one that stands by: it may be a little old, and says so. */
static int call_any(const struct client *c, uid_t vmd_uid, const char *request, size_t len,
		    int64_t deadline_ms, char *buf, size_t size, struct wire_in *ret, struct err *e)
{
	int64_t half_ms = deadline_ms - (deadline_ms - now_ms()) / 2;
	bool again = server_count(c->servers) == 1;

	if (!again &&
	    call_each(c, vmd_uid, request, len, half_ms, false, buf, size, ret, &again, e) == 0)
		return 0;
	if (!again)
		return -1;
	return call_each(c, vmd_uid, request, len, deadline_ms, true, buf, size, ret, &again, e);
}

int client_call(const struct client *c, const char *request, size_t len, int timeout_ms, char *buf,
		size_t size, struct wire_in *ret, struct err *e)
{
	int64_t deadline_ms = now_ms() + timeout_ms;
	const char *error;
	uid_t vmd_uid;

	if (uid_find(c->vmd_user, &vmd_uid, e) < 0 ||
	    call_any(c, vmd_uid, request, len, deadline_ms, buf, size, ret, e) < 0)
		return -1;
	error = wire_get(ret, "error");
	if (error)
		return err_set(e, kind_parse(wire_get(ret, "kind")), "%s", error);
	return 0;
}
