/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Root makes the place, the user fills it: no secret is ever in a file of root's, and root never
 * follows a name that a user could have put there. The directory belongs to root (mode 0711), so
 * nobody else can make, link or rename anything in it; that is also why removing it is two system
 * calls and no recursion into whatever a user may have left. */
#include "slurm-plugin/key_file.h"

#include "vmd/base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define KEY_FILE_NAME "id_ed25519"

const char *key_file_path(uint32_t job, char *buf, size_t size)
{
	(void)str_fmt(buf, size, "%s/%u/%s", KEY_FILE_BASE, job, KEY_FILE_NAME);
	return buf;
}

static int directory_open(int at, const char *name, struct err *e)
{
	AUTO(fd) int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno == ENOENT ? ERR_ABSENT : ERR_DENIED, "%s: %s", name,
			       strerror(errno));
	if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return err_set(e, ERR_DENIED, "%s: somebody else can write there", name);
	return fd_steal(&fd);
}

static int directory_make(int at, const char *name, mode_t mode, struct err *e)
{
	AUTO(fd) int fd = -1;

	if (mkdirat(at, name, mode) < 0 && errno != EEXIST)
		return err_set(e, ERR_DENIED, "%s: %s", name, strerror(errno));
	fd = directory_open(at, name, e);
	if (fd < 0)
		return -1;
	/* the umask is not ours */
	if (fchmod(fd, mode) < 0)
		return err_set(e, ERR_DENIED, "%s: %s", name, strerror(errno));
	return fd_steal(&fd);
}

/* Whether the file that is there is the user's: another step of the job made it. */
static bool is_users(int dir, uid_t uid)
{
	struct stat st;

	return fstatat(dir, KEY_FILE_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       st.st_uid == uid;
}

int key_file_make(uint32_t job, uid_t uid, gid_t gid, bool fresh, struct err *e)
{
	AUTO(fd) int base = -1;
	AUTO(fd) int dir = -1;
	AUTO(fd) int fd = -1;
	char name[16];

	(void)str_fmt(name, sizeof(name), "%u", job);
	base = directory_make(AT_FDCWD, KEY_FILE_BASE, 0755, e);
	if (base < 0)
		return -1;
	dir = directory_make(base, name, 0711, e);
	if (dir < 0)
		return -1;
	/* A batch step is the first of its job: what is there is from before, even from another
	 * job of the same id. */
	if (!fresh && is_users(dir, uid))
		return 0;
	if (unlinkat(dir, KEY_FILE_NAME, 0) < 0 && errno != ENOENT)
		return err_set(e, ERR_DENIED, KEY_FILE_NAME ": %s", strerror(errno));
	fd = openat(dir, KEY_FILE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST && is_users(dir, uid))
		return 0; /* another task was faster */
	if (fd < 0 || fchmod(fd, 0600) < 0 || fchown(fd, uid, gid) < 0)
		return err_set(e, ERR_DENIED, KEY_FILE_NAME ": %s", strerror(errno));
	return 0;
}

int key_file_write(uint32_t job, const char *key, struct err *e)
{
	char path[KEY_FILE_PATH_MAX];
	size_t len = strlen(key);
	AUTO(fd)
	int fd = open(key_file_path(job, path, sizeof(path)), O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, ERR_DENIED, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		return err_set(e, ERR_DENIED, "%s: not a private file of yours", path);
	/* The same bytes every time and no truncation before: a reader never sees half a key. */
	if (pwrite(fd, key, len, 0) != (ssize_t)len || ftruncate(fd, (off_t)len) < 0)
		return err_set(e, ERR_FULL, "%s: %s", path, strerror(errno));
	return 0;
}

int key_file_remove(uint32_t job, struct err *e)
{
	AUTO(fd) int base = -1;
	AUTO(fd) int dir = -1;
	struct err absent;
	char name[16];

	(void)str_fmt(name, sizeof(name), "%u", job);
	base = directory_open(AT_FDCWD, KEY_FILE_BASE, &absent);
	if (base < 0)
		return absent.kind == ERR_ABSENT ? 0 : (*e = absent, -1);
	dir = directory_open(base, name, &absent);
	if (dir < 0)
		return absent.kind == ERR_ABSENT ? 0 : (*e = absent, -1);
	if (unlinkat(dir, KEY_FILE_NAME, 0) < 0 && errno != ENOENT)
		return err_set(e, ERR_DENIED, KEY_FILE_NAME ": %s", strerror(errno));
	if (unlinkat(base, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_set(e, ERR_DENIED, "%s: %s", name, strerror(errno));
	return 0;
}

DEFINE_AUTO(DIR *, closedir)

size_t key_file_list(int64_t age_s, uint32_t *ret_jobs, size_t max)
{
	AUTO(closedir) DIR *base = opendir(KEY_FILE_BASE);
	time_t before = time(NULL) - (time_t)age_s;
	struct dirent *d;
	struct stat st;
	uint64_t job;
	size_t n = 0;

	while (base && n < max && (d = readdir(base)) != NULL)
		if (str_to_u64(d->d_name, UINT32_MAX, &job) == 0 &&
		    fstatat(dirfd(base), d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_mtime <= before)
			ret_jobs[n++] = (uint32_t)job;
	return n;
}
