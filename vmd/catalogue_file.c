/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the catalogue for job_submit.lua; see catalogue_file.h and DESIGN.md.
 *
 * memory_min_bytes is the smallest allocation that is enough for a VM of one CPU: a lower bound
 * that refuses no job which vmd would take. Each further CPU takes 8 MiB more, and a 512th of that:
 * job_submit.lua, which knows the CPUs asked for, may add it. */
#include "vmd/catalogue_file.h"

#include "vmd/vm/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define HEAD                                                                                       \
	"# slurm-vm catalogue 1\n"                                                                 \
	"# written by vmd from its settings; do not edit\n"

static void add_ids(struct strbuf *b, const uint32_t *id, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strbuf_addf(b, "%s%u", i ? "," : "", id[i]);
	strbuf_addf(b, "%s\t", n ? "" : "-");
}

static void add_image(struct strbuf *b, const struct image *i)
{
	uint64_t disk_max = i->disk_max_bytes > i->disk_bytes ? i->disk_max_bytes : i->disk_bytes;
	uint64_t memory_min = vm_allocation_bytes(i->memory_min_bytes, 1, i->tpm);

	strbuf_addf(b, "%s\t", i->name);
	for (size_t n = i->n_revision; n > 0; n--)
		strbuf_addf(b, "%s%s", i->revision[n - 1].name, n > 1 ? "," : "\t");
	strbuf_addf(b, "%llu\t%u\t%llu\t%llu\t%llu\t", (unsigned long long)memory_min, i->cpus_max,
		    (unsigned long long)i->disk_bytes, (unsigned long long)disk_max,
		    (unsigned long long)i->scratch_max_bytes);
	for (size_t n = 0; n < i->n_network; n++)
		strbuf_addf(b, "%s%s", n ? "," : "", i->network[n]);
	strbuf_addf(b, "%s\t", i->n_network ? "" : "-");
	add_ids(b, i->uid, i->n_uid);
	add_ids(b, i->gid, i->n_gid);
	strbuf_addf(b, "%s\n", vm_profile_name(i->profile));
}

void catalogue_file_text(const struct catalogue *c, struct strbuf *ret)
{
	strbuf_addf(ret, HEAD);
	for (size_t i = 0; i < c->n; i++)
		add_image(ret, &c->image[i]);
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

int catalogue_file_write(const char *path, const struct catalogue *c, struct err *e)
{
	AUTO(strbuf_done) struct strbuf text = {.max = 4U << 20};
	AUTO(fd) int fd = -1;
	char part[300];

	catalogue_file_text(c, &text);
	if (text.overflow || str_fmt(part, sizeof(part), "%s.XXXXXX", path) < 0)
		return err_set(e, ERR_INVALID, "%s: catalogue or name is too long", path);
	fd = mkostemp(part, O_CLOEXEC);
	if (fd < 0)
		return err_set(e, ERR_RETRY, "%s: cannot make a file beside it: %s", path,
			       strerror(errno));
	if (write_all(fd, text.s, text.len) < 0 || fchmod(fd, 0644) < 0 || fsync(fd) < 0 ||
	    rename(part, path) < 0) {
		(void)err_set(e, ERR_RETRY, "%s: cannot write: %s", path, strerror(errno));
		(void)unlink(part);
		return -1;
	}
	return 0;
}
