/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libmicrohttpd with a thread of its own. Who may connect is asked of the kernel (loopback.h). A
 * web page from anywhere can make its reader's browser open a websocket to loopback, which comes
 * from the right uid: against that there is the token, 128 random bits in the part of the URL that
 * browsers send to nobody, and good for one connection. */
#include "vmd/vmctl/novnc.h"

#include "vmd/base/str.h"
#include "vmd/vmctl/loopback.h"
#include "vmd/websocket/handshake.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/stat.h>

#define TOKEN_BYTES 16
#define CLIENTS_MAX 32
#define IDLE_S      60

struct novnc {
	struct MHD_Daemon *daemon;
	char dir[256];
	uint16_t port;
	int ready; /* eventfd */
	char token[2 * TOKEN_BYTES + 1];
	char url[256];
	pthread_mutex_t mu; /* of what follows */
	bool used;          /* the token */
	int client;
	struct MHD_UpgradeResponseHandle *handle;
};

bool novnc_is_path(const char *path)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";

	return path[0] == '/' && path[1] && path[strspn(path, allowed)] == '\0' &&
	       !strstr(path, "/.") && !strstr(path, "..") && strlen(path) < 256;
}

const char *novnc_type(const char *path)
{
	static const char *const types[][2] = {
		{".html", "text/html; charset=utf-8"},
		{".js", "text/javascript"},
		{".css", "text/css"},
		{".json", "application/json"},
		{".svg", "image/svg+xml"},
		{".png", "image/png"},
		{".ico", "image/x-icon"},
		{".ttf", "font/ttf"},
		{".woff", "font/woff"},
		{".mp3", "audio/mpeg"},
		{".oga", "audio/ogg"},
	};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < ARRAY_LEN(types); i++)
		if (str_eq(dot, types[i][0]))
			return types[i][1];
	return "application/octet-stream";
}

static enum MHD_Result answer_text(struct MHD_Connection *c, unsigned code, const char *text)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result rc = r ? MHD_queue_response(c, code, r) : MHD_NO;

	if (r)
		MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result answer_file(const struct novnc *n, struct MHD_Connection *c,
				   const char *path)
{
	char name[600];
	struct MHD_Response *r;
	enum MHD_Result rc;
	struct stat st;
	AUTO(fd) int fd = -1;

	if (!novnc_is_path(path) || str_fmt(name, sizeof(name), "%s%s", n->dir, path) < 0 ||
	    (fd = open(name, O_RDONLY | O_CLOEXEC)) < 0 || fstat(fd, &st) < 0 ||
	    !S_ISREG(st.st_mode))
		return answer_text(c, MHD_HTTP_NOT_FOUND, "not found\n");
	r = MHD_create_response_from_fd64((uint64_t)st.st_size, fd);
	if (!r)
		return MHD_NO;
	(void)fd_steal(&fd); /* the response closes it */
	(void)MHD_add_response_header(r, "Content-Type", novnc_type(path));
	(void)MHD_add_response_header(r, "Cache-Control", "no-store");
	(void)MHD_add_response_header(r, "Referrer-Policy", "no-referrer");
	rc = MHD_queue_response(c, MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	return rc;
}

/* --- the websocket --- */

static void on_upgrade(void *ctx, struct MHD_Connection *c, void *con_cls, const char *early,
		       size_t early_len, MHD_socket fd, struct MHD_UpgradeResponseHandle *handle)
{
	struct novnc *n = ctx;
	int flags = fcntl(fd, F_GETFL);
	uint64_t one = 1;

	(void)c, (void)con_cls, (void)early;
	/* A client speaks only after our answer (RFC 6455, 4.1). */
	if (early_len > 0 || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		(void)MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
		return;
	}
	pthread_mutex_lock(&n->mu);
	n->client = fd;
	n->handle = handle;
	pthread_mutex_unlock(&n->mu);
	if (write(n->ready, &one, sizeof(one)) != (ssize_t)sizeof(one))
		abort(); /* a counter of one bit's worth */
}

static bool same(const char *a, const char *b, size_t len)
{
	unsigned char differs = 0;

	for (size_t i = 0; i < len; i++)
		differs |= (unsigned char)(a[i] ^ b[i]);
	return !differs;
}

/* True once, for the right token. */
static bool token_spend(struct novnc *n, const char *token)
{
	size_t len = sizeof(n->token) - 1;
	bool good = token && strlen(token) == len && same(token, n->token, len);

	pthread_mutex_lock(&n->mu);
	good = good && !n->used;
	n->used |= good;
	pthread_mutex_unlock(&n->mu);
	return good;
}

static enum MHD_Result answer_websocket(struct novnc *n, struct MHD_Connection *c)
{
	const char *key = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Sec-WebSocket-Key");
	const char *upgrade = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Upgrade");
	char accept[HANDSHAKE_ACCEPT_SIZE];
	struct MHD_Response *r;
	enum MHD_Result rc;

	if (!key || !upgrade || strcasecmp(upgrade, "websocket") != 0)
		return answer_text(c, MHD_HTTP_BAD_REQUEST, "this is for a websocket\n");
	if (!token_spend(n, MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "token")))
		return answer_text(c, MHD_HTTP_FORBIDDEN,
				   "The token is wrong, or was used: start vmctl vnc anew.\n");
	r = MHD_create_response_for_upgrade(on_upgrade, n);
	if (!r)
		return MHD_NO;
	handshake_accept(key, accept);
	(void)MHD_add_response_header(r, "Upgrade", "websocket");
	(void)MHD_add_response_header(r, "Sec-WebSocket-Accept", accept);
	rc = MHD_queue_response(c, MHD_HTTP_SWITCHING_PROTOCOLS, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *path,
				  const char *method, const char *version, const char *data,
				  size_t *len, void **con_cls)
{
	struct novnc *n = ctx;

	(void)version, (void)data, (void)con_cls;
	if (!str_eq(method, "GET") || *len > 0)
		return MHD_NO;
	return str_eq(path, "/websockify") ? answer_websocket(n, c) : answer_file(n, c, path);
}

static enum MHD_Result on_connect(void *ctx, const struct sockaddr *peer, socklen_t size)
{
	const struct novnc *n = ctx;

	return size >= sizeof(struct sockaddr_in) && peer->sa_family == AF_INET &&
			       loopback_is_of((const struct sockaddr_in *)peer, n->port, getuid())
		       ? MHD_YES
		       : MHD_NO;
}

/* --- start and end --- */

static int make_token(struct novnc *n, struct err *e)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char raw[TOKEN_BYTES];

	if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
		return err_set(e, ERR_RETRY, "getrandom: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(raw); i++) {
		n->token[2 * i] = hex[raw[i] >> 4];
		n->token[2 * i + 1] = hex[raw[i] & 15];
	}
	return 0;
}

int novnc_start(const char *dir, uint16_t port, struct novnc **ret, struct err *e)
{
	AUTO(novnc_stop) struct novnc *n = calloc(1, sizeof(*n));
	AUTO(fd) int fd = -1;
	char page[300];

	if (!n)
		abort();
	n->ready = n->client = -1;
	(void)pthread_mutex_init(&n->mu, NULL);
	if (str_copy(n->dir, sizeof(n->dir), dir) < 0 ||
	    str_fmt(page, sizeof(page), "%s/vnc.html", dir) < 0 || access(page, R_OK) < 0)
		return err_set(e, ERR_INVALID,
			       "noVNC is not in %s on this host (Debian package novnc); use any "
			       "other VNC viewer, without --browser",
			       dir);
	n->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (n->ready < 0)
		return err_set(e, ERR_RETRY, "eventfd: %s", strerror(errno));
	if (make_token(n, e) < 0 || loopback_listen(port, &fd, &n->port, e) < 0)
		return -1;
	(void)str_fmt(n->url, sizeof(n->url),
		      "http://127.0.0.1:%u/vnc.html#autoconnect=true&resize=scale&"
		      "path=websockify%%3Ftoken%%3D%s",
		      n->port, n->token);
	n->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
					     MHD_ALLOW_UPGRADE | MHD_USE_ITC,
				     0, on_connect, n, on_request, n, MHD_OPTION_LISTEN_SOCKET, fd,
				     MHD_OPTION_CONNECTION_LIMIT, CLIENTS_MAX,
				     MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, MHD_OPTION_END);
	if (!n->daemon)
		return err_set(e, ERR_RETRY, "cannot start a web server at 127.0.0.1:%u", n->port);
	(void)fd_steal(&fd); /* the library closes it */
	*ret = STEAL(n);
	return 0;
}

const char *novnc_url(const struct novnc *n)
{
	return n->url;
}

int novnc_ready_fd(const struct novnc *n)
{
	return n->ready;
}

int novnc_take(struct novnc *n)
{
	int fd;

	pthread_mutex_lock(&n->mu);
	fd = n->client;
	pthread_mutex_unlock(&n->mu);
	return fd;
}

void novnc_stop(struct novnc *n)
{
	if (!n)
		return;
	if (n->handle)
		(void)MHD_upgrade_action(n->handle, MHD_UPGRADE_ACTION_CLOSE);
	if (n->daemon)
		MHD_stop_daemon(n->daemon);
	if (n->ready >= 0)
		(void)close(n->ready);
	(void)pthread_mutex_destroy(&n->mu);
	explicit_bzero(n->token, sizeof(n->token));
	free(n);
}
