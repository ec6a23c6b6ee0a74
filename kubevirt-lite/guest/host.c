/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts and files of this host. Owns nothing. Called at start and when a guest starts: small local
 * files, so that the loop does not feel it. */
#include "kubevirt-lite/guest/host.h"

#include "kubevirt-lite/guest/process.h"
#include "vmd/base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

bool host_has_kvm(void)
{
	AUTO(fd) int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	AUTO(fclose) FILE *f = fopen("/proc/cpuinfo", "re");
	AUTO(free) char *line = NULL;
	size_t size = 0;

	if (kvm < 0 || !f)
		return false;
	while (getline(&line, &size, f) > 0)
		if (str_starts(line, "flags") && (strstr(line, " vmx") || strstr(line, " svm")))
			return true;
	return false;
}

int host_file_write(const char *path, const char *data, size_t len, struct err *e)
{
	AUTO(fd) int fd = -1;

	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, ERR_RETRY, "%s: %m", path);
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0)
			return err_set(e, ERR_RETRY, "%s: %m", path);
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int file_copy(const char *from, const char *to, struct err *e)
{
	AUTO(fd) int in = open(from, O_RDONLY | O_CLOEXEC);
	AUTO(fd) int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n;

	if (out < 0 && errno == EEXIST)
		return 0;
	if (in < 0 || out < 0)
		return err_set(e, ERR_RETRY, "copy %s to %s: %m", from, to);
	while ((n = sendfile(out, in, NULL, 1U << 20)) > 0)
		;
	return n < 0 ? err_set(e, ERR_RETRY, "copy %s to %s: %m", from, to) : 0;
}

int host_firmware_make(const char *dir, bool secure, struct host_firmware *ret, struct err *e)
{
	const char *code = secure ? "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd"
				  : "/usr/share/OVMF/OVMF_CODE_4M.fd";
	const char *vars =
		secure ? "/usr/share/OVMF/OVMF_VARS_4M.ms.fd" : "/usr/share/OVMF/OVMF_VARS_4M.fd";
	char path[160];

	if (access(code, R_OK) < 0 || access(vars, R_OK) < 0)
		return err_set(e, ERR_INVALID, "EFI firmware %s (package ovmf) is not installed",
			       code);
	if (str_fmt(path, sizeof(path), "%s/efivars.fd", dir) < 0 ||
	    str_copy(ret->code, sizeof(ret->code), code) < 0)
		return err_set(e, ERR_INVALID, "%s: path too long", dir);
	return file_copy(vars, path, e);
}

int host_tpm_start(const char *dir, struct err *e)
{
	char sub[160], state[180], ctrl[200], log[200];
	const char *argv[] = {"swtpm", "socket",      "--tpm2", "--tpmstate", state, "--ctrl",
			      ctrl,    "--terminate", "--log",  log,          NULL};
	struct process_spec spec = {.dir = sub, .argv = argv};
	struct stat st;

	if (str_fmt(sub, sizeof(sub), "%s/swtpm", dir) < 0 ||
	    str_fmt(state, sizeof(state), "dir=%s,mode=0600", sub) < 0 ||
	    str_fmt(ctrl, sizeof(ctrl), "type=unixio,path=%s/tpm,mode=0600", dir) < 0 ||
	    str_fmt(log, sizeof(log), "file=%s/swtpm.log", sub) < 0)
		return err_set(e, ERR_INVALID, "%s: path too long", dir);
	if (mkdir(sub, 0700) < 0 && errno != EEXIST)
		return err_set(e, ERR_RETRY, "%s: %m", sub);
	if (process_start(&spec, e) < 0)
		return err_wrap(e, "TPM emulator");
	/* QEMU connects when it starts: the socket must be there. swtpm makes it in milliseconds;
	 * this waits for it at most a second. */
	(void)str_fmt(ctrl, sizeof(ctrl), "%s/tpm", dir);
	for (int i = 0; i < 100 && stat(ctrl, &st) < 0; i++)
		(void)usleep(10000);
	return 0;
}

static void dir_empty(const char *dir, int depth)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	char path[512];

	if (!d)
		return;
	while ((entry = readdir(d))) {
		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, "..") ||
		    str_fmt(path, sizeof(path), "%s/%s", dir, entry->d_name) < 0)
			continue;
		if (entry->d_type == DT_DIR && depth < 2) {
			dir_empty(path, depth + 1);
			(void)rmdir(path);
		} else {
			(void)unlink(path);
		}
	}
	closedir(d);
}

void host_dir_remove(const char *dir)
{
	dir_empty(dir, 0);
	(void)rmdir(dir);
}
