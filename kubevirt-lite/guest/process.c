/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes of guests. A guest must outlive a restart of kubevirt-lite, so its process is a child
 * of init (double fork), in a session of its own, and everything about it is found again from its
 * directory. Two processes of one directory cannot be: each holds a lock on DIR/lock through a
 * descriptor it inherits, which goes with its last thread and not before.
 *
 * Namespaces: the child, not we, enters the node's network namespace, makes the taps there and
 * joins them to the bridge; QEMU gets them as descriptors and they vanish with it. Between fork and
 * exec only system calls are made (worker threads may hold malloc's lock). What fails there comes
 * back as step and errno through a pipe that exec closes. */
#include "kubevirt-lite/guest/process.h"

#include "vmd/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#define HIGH_FD 200 /* our own descriptors in the child, out of the way of the taps */

enum step {
	STEP_NONE,
	STEP_FORK,
	STEP_SESSION,
	STEP_NETNS,
	STEP_UTS,
	STEP_TUN,
	STEP_TAP,
	STEP_BRIDGE,
	STEP_PID,
	STEP_FDS,
	STEP_EXEC
};

static const char *step_name(enum step s)
{
	switch (s) {
	case STEP_NONE: return "start";
	case STEP_FORK: return "fork";
	case STEP_SESSION: return "new session";
	case STEP_NETNS: return "enter the node's network namespace";
	case STEP_UTS: return "enter the node's host name";
	case STEP_TUN: return "open /dev/net/tun";
	case STEP_TAP: return "make a tap";
	case STEP_BRIDGE: return "join the tap to the bridge";
	case STEP_PID: return "write the pid file";
	case STEP_FDS: return "set up descriptors";
	case STEP_EXEC: return "exec";
	}
	return "?";
}

struct report {
	enum step step;
	int error;
};

/* What the child needs, all made before the fork. */
struct child {
	const struct process_spec *spec;
	char path[256]; /* of the program */
	int pid_file, lock, log, netns, uts, report;
};

/* --- in the child: system calls only --- */

__attribute__((noreturn)) static void fail(const struct child *c, enum step step)
{
	struct report r = {.step = step, .error = errno};

	(void)!write(c->report, &r, sizeof(r));
	_exit(127);
}

static void tap_make(const struct child *c, const struct process_tap *tap, int want_fd)
{
	struct ifreq req = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	struct ifreq bridge = {.ifr_flags = 0};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	int s;

	if (fd < 0)
		fail(c, STEP_TUN);
	memcpy(req.ifr_name, tap->name, sizeof(req.ifr_name));
	memcpy(bridge.ifr_name, tap->bridge, sizeof(bridge.ifr_name));
	if (ioctl(fd, TUNSETIFF, &req) < 0)
		fail(c, STEP_TAP);
	s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		fail(c, STEP_TAP);
	/* fe:..., as libvirt does: a bridge takes the lowest address of its ports for its own. */
	req.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(req.ifr_hwaddr.sa_data, tap->mac, 6);
	req.ifr_hwaddr.sa_data[0] = (char)0xfe;
	if (ioctl(s, SIOCSIFHWADDR, &req) < 0)
		fail(c, STEP_TAP);
	if (ioctl(s, SIOCGIFMTU, &bridge) < 0)
		fail(c, STEP_BRIDGE);
	req.ifr_mtu = bridge.ifr_mtu;
	if (ioctl(s, SIOCSIFMTU, &req) < 0 || ioctl(s, SIOCGIFINDEX, &req) < 0)
		fail(c, STEP_TAP);
	bridge.ifr_ifindex = req.ifr_ifindex;
	if (ioctl(s, SIOCBRADDIF, &bridge) < 0)
		fail(c, STEP_BRIDGE);
	if (ioctl(s, SIOCGIFFLAGS, &req) < 0)
		fail(c, STEP_TAP);
	req.ifr_flags |= IFF_UP;
	if (ioctl(s, SIOCSIFFLAGS, &req) < 0)
		fail(c, STEP_TAP);
	close(s);
	if (fd == want_fd ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, want_fd) < 0)
		fail(c, STEP_FDS);
}

static void pid_write(const struct child *c)
{
	char text[16];
	size_t at = sizeof(text);
	unsigned pid = (unsigned)getpid();

	text[--at] = '\n';
	do
		text[--at] = (char)('0' + pid % 10);
	while (pid /= 10);
	if (write(c->pid_file, text + at, sizeof(text) - at) < 0)
		fail(c, STEP_PID);
}

__attribute__((noreturn)) static void child_run(const struct child *c)
{
	extern char **environ;
	sigset_t none;
	int null;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	if (setsid() < 0)
		fail(c, STEP_SESSION);
	/* First everything closes at exec, then the few that are wanted do not. */
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		fail(c, STEP_FDS);
	if (c->netns >= 0 && setns(c->netns, CLONE_NEWNET) < 0)
		fail(c, STEP_NETNS);
	if (c->uts >= 0 && setns(c->uts, CLONE_NEWUTS) < 0)
		fail(c, STEP_UTS);
	for (size_t i = 0; i < c->spec->n_taps; i++)
		tap_make(c, &c->spec->tap[i], c->spec->first_tap_fd + (int)i);
	pid_write(c);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, 0) < 0 || dup2(c->log, 1) < 0 || dup2(c->log, 2) < 0 ||
	    fcntl(c->lock, F_SETFD, 0) < 0)
		fail(c, STEP_FDS);
	execve(c->path, (char *const *)c->spec->argv, environ);
	fail(c, STEP_EXEC);
}

/* --- before and after the fork --- */

static int open_in(const char *dir, const char *name, int flags, int *ret, struct err *e)
{
	char path[300];
	int fd, high;

	if (str_fmt(path, sizeof(path), "%s/%s", dir, name) < 0)
		return err_set(e, ERR_INVALID, "%s: path too long", dir);
	fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, ERR_RETRY, "%s: %m", path);
	high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);
	close(fd);
	if (high < 0)
		return err_set(e, ERR_RETRY, "%s: %m", path);
	*ret = high;
	return 0;
}

static int namespace_open(const char *path, int *ret, struct err *e)
{
	if (!path || !path[0])
		return 0;
	*ret = open(path, O_RDONLY | O_CLOEXEC);
	return *ret < 0 ? err_set(e, ERR_RETRY, "%s: %m", path) : 0;
}

static int program_find(const char *name, char *ret, size_t size, struct err *e)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return str_copy(ret, size, name);
	if (!path)
		path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	while (*path) {
		size_t len = strcspn(path, ":");

		if (str_fmt(ret, size, "%.*s/%s", (int)len, path, name) == 0 &&
		    access(ret, X_OK) == 0)
			return 0;
		path += len + (path[len] == ':');
	}
	return err_set(e, ERR_INVALID, "%s: not installed", name);
}

/* Forks twice, so that init and not we inherit the process, and reads the report. */
static int child_start(struct child *c, struct err *e)
{
	int ends[2];
	AUTO(fd) int read_end = -1;
	AUTO(fd) int write_end = -1;
	struct report r = {.step = STEP_NONE};
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, ERR_RETRY, "pipe: %m");
	read_end = ends[0];
	write_end = fcntl(ends[1], F_DUPFD_CLOEXEC, HIGH_FD);
	close(ends[1]);
	if (write_end < 0)
		return err_set(e, ERR_RETRY, "pipe: %m");
	c->report = write_end;
	pid = fork();
	if (pid < 0)
		return err_set(e, ERR_RETRY, "fork: %m");
	if (pid == 0) {
		pid = fork();
		if (pid < 0)
			fail(c, STEP_FORK);
		if (pid == 0)
			child_run(c);
		_exit(0);
	}
	close(fd_steal(&write_end));
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	while ((n = read(read_end, &r, sizeof(r))) < 0 && errno == EINTR)
		;
	if (n == (ssize_t)sizeof(r))
		return err_set(e, ERR_RETRY, "%s: %s", step_name(r.step), strerror(r.error));
	return 0;
}

int process_start(const struct process_spec *spec, struct err *e)
{
	AUTO(fd) int pid_file = -1;
	AUTO(fd) int lock = -1;
	AUTO(fd) int log = -1;
	AUTO(fd) int netns = -1;
	AUTO(fd) int uts = -1;
	struct child c = {.spec = spec};

	if (program_find(spec->argv[0], c.path, sizeof(c.path), e) < 0 ||
	    open_in(spec->dir, "lock", O_RDWR | O_CREAT, &lock, e) < 0)
		return -1;
	if (flock(lock, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, errno == EWOULDBLOCK ? ERR_CONFLICT : ERR_RETRY,
			       "%s: it runs already", spec->dir);
	if (open_in(spec->dir, "pid", O_WRONLY | O_CREAT | O_TRUNC, &pid_file, e) < 0 ||
	    open_in(spec->dir, "output.log", O_WRONLY | O_CREAT | O_APPEND, &log, e) < 0 ||
	    namespace_open(spec->netns, &netns, e) < 0 || namespace_open(spec->uts, &uts, e) < 0)
		return -1;
	c.pid_file = pid_file;
	c.lock = lock;
	c.log = log;
	c.netns = netns;
	c.uts = uts;
	return child_start(&c, e);
}

/* --- finding and watching --- */

struct process {
	pid_t pid;
	int pidfd;
	sd_event_source *source;
	void (*gone)(void *self);
	void *self;
};

static int file_read(const char *path, char *buf, size_t size, size_t *ret_len)
{
	AUTO(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;

	if (fd < 0)
		return -1;
	while (len < size - 1) {
		ssize_t n = read(fd, buf + len, size - 1 - len);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	buf[len] = '\0';
	*ret_len = len;
	return 0;
}

/* Whether the process was started from dir: its arguments name it. */
static bool is_of_dir(pid_t pid, const char *dir)
{
	char path[40];
	char text[32768];
	size_t len;

	(void)str_fmt(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	return file_read(path, text, sizeof(text), &len) == 0 && len > 0 &&
	       memmem(text, len, dir, strlen(dir)) != NULL;
}

static int on_gone(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct process *p = userdata;

	(void)source, (void)fd, (void)revents;
	(void)sd_event_source_set_enabled(p->source, SD_EVENT_OFF);
	p->gone(p->self);
	return 0;
}

void process_free(struct process *p)
{
	if (!p)
		return;
	sd_event_source_disable_unref(p->source);
	if (p->pidfd >= 0)
		close(p->pidfd);
	free(p);
}

int process_watch(struct sd_event *loop, const char *dir, void (*gone)(void *self), void *self,
		  struct process **ret, struct err *e)
{
	AUTO(process_free) struct process *p = calloc(1, sizeof(*p));
	char path[300];
	char text[24];
	size_t len;
	uint64_t pid;

	if (!p)
		abort();
	*p = (struct process){.pidfd = -1, .gone = gone, .self = self};
	if (str_fmt(path, sizeof(path), "%s/pid", dir) < 0 ||
	    file_read(path, text, sizeof(text), &len) < 0)
		return err_set(e, ERR_ABSENT, "%s: no pid file", dir);
	text[strcspn(text, "\n")] = '\0';
	if (str_to_u64(text, 1U << 30, &pid) < 0 || pid < 2)
		return err_set(e, ERR_ABSENT, "%s: no pid in it", path);
	p->pid = (pid_t)pid;
	p->pidfd = pidfd_open(p->pid, 0);
	/* The order matters: what is checked after the pidfd exists is about the same process. */
	if (p->pidfd < 0 || !is_of_dir(p->pid, dir))
		return err_set(e, ERR_ABSENT, "%s: process %d is not running", dir, (int)pid);
	if (sd_event_add_io(loop, &p->source, p->pidfd, POLLIN, on_gone, p) < 0)
		return err_set(e, ERR_RETRY, "event loop refuses the process");
	(void)sd_event_source_set_exit_on_failure(p->source, true);
	*ret = STEAL(p);
	return 0;
}

void process_kill(struct process *p)
{
	(void)pidfd_send_signal(p->pidfd, SIGKILL, NULL, 0);
}
