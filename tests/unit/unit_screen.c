/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vmctl's screen on loopback rests on: whose connection it is, and which files are given. */
#include "tests/unit/check_main.h"
#include "vmd/vmctl/loopback.h"
#include "vmd/vmctl/novnc.h"

#include <arpa/inet.h>
#include <check.h>
#include <sys/socket.h>

#define V4(from, to, state, uid)                                                                   \
	"   7: " from " " to " " state " 00000000:00000000 00:00000000 00000000  " uid             \
	"        0 123 1 0000000000000000 20 4 30 10 -1\n"
#define A   "0100007F:B26F" /* 127.0.0.1:45679 */
#define B   "0100007F:1741" /* 127.0.0.1:5953 */
#define SIX "0000000000000000FFFF00000100007F"

/* Not for clang-format 14, which ends with a fault in this table. */
/* clang-format off */
static const struct {
	const char *line;
	int rc;
	uid_t uid;
} lines[] = {
	{V4(A, B, "01", "1001"), 0, 1001},
	{V4(SIX ":B26F", SIX ":1741", "01", "1001"), 0, 1001},
	{V4(A, B, "01", "0"), 0, 0},
	{V4(A, B, "06", "0"), -1, 0},	      /* over: its uid is nobody's */
	{V4(A, B, "08", "1001"), -1, 0},
	{V4(B, A, "01", "1001"), -1, 0},	      /* our own end */
	{V4("0200007F:B26F", B, "01", "1001"), -1, 0}, /* 127.0.0.2 */
	{V4(A, "0200007F:1741", "01", "1001"), -1, 0},
	{V4("0100007F:B26E", B, "01", "1001"), -1, 0},
	{"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid", -1, 0},
	{"", -1, 0},
	{V4(A, B, "01", "x"), -1, 0},
};
/* clang-format on */

START_TEST(lines_of_the_kernel)
{
	uid_t uid = 0;

	ck_assert_msg(loopback_line(lines[_i].line, 45679, 5953, &uid) == lines[_i].rc, "%s",
		      lines[_i].line);
	ck_assert_uint_eq(uid, lines[_i].uid);
}
END_TEST

START_TEST(a_real_connection)
{
	struct sockaddr_in to = {.sin_family = AF_INET}, peer;
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6};
	socklen_t size = sizeof(peer);
	struct err e;
	uint16_t port;
	int server, client, six, accepted;

	ck_assert_int_eq(loopback_listen(0, &server, &port, &e), 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons(port);
	client = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
	accepted = accept(server, (struct sockaddr *)&peer, &size);
	ck_assert(loopback_is_of(&peer, port, getuid()));
	ck_assert(!loopback_is_of(&peer, port, getuid() + 1));
	ck_assert(!loopback_is_of(&peer, (uint16_t)(port + 1), getuid()));
	close(client);
	ck_assert(!loopback_is_of(&peer, port, getuid())); /* nobody holds it any more */
	close(accepted);

	/* a program that speaks IPv6 to 127.0.0.1 */
	ck_assert_int_eq(inet_pton(AF_INET6, "::ffff:127.0.0.1", &to6.sin6_addr), 1);
	to6.sin6_port = htons(port);
	six = socket(AF_INET6, SOCK_STREAM, 0);
	if (six >= 0 && connect(six, (struct sockaddr *)&to6, sizeof(to6)) == 0) {
		size = sizeof(peer);
		accepted = accept(server, (struct sockaddr *)&peer, &size);
		ck_assert(loopback_is_of(&peer, port, getuid()));
		close(accepted);
	}
	close(six);
	close(server);
}
END_TEST

START_TEST(files_of_the_viewer)
{
	static const struct {
		const char *path;
		bool fits;
	} paths[] = {
		{"/vnc.html", true},
		{"/core/rfb.js", true},
		{"/app/images/icons/novnc-16x16.png", true},
		{"/", false},
		{"", false},
		{"vnc.html", false},
		{"/../etc/passwd", false},
		{"/a/../../b", false},
		{"/.htaccess", false},
		{"/a/.git/config", false},
		{"/a b", false},
		{"/%2e%2e/x", false},
		{"/a\\b", false},
		{"/a..b", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		ck_assert_msg(novnc_is_path(paths[i].path) == paths[i].fits, "%s", paths[i].path);
	ck_assert_str_eq(novnc_type("/core/rfb.js"), "text/javascript");
	ck_assert_str_eq(novnc_type("/a"), "application/octet-stream");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("screen");

	tcase_add_loop_test(t, lines_of_the_kernel, 0, ARRAY_LEN(lines));
	tcase_add_test(t, a_real_connection);
	tcase_add_test(t, files_of_the_viewer);
	return CHECK_MAIN(t);
}
