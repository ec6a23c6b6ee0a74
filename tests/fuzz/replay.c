/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Feeds every file of the directories given to a fuzz target: the corpus as a plain program, in
 * `make check` and without clang. Also every prefix of each file, since cut-short input is what
 * decoders get wrong. A crash is a failure, and so is an empty corpus. */
#include "tests/fuzz/fuzz.h"
#include "vmd/base/auto.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#define FILE_MAX (1U << 20)

/* The exact size on the heap, so that the sanitizer sees a read beyond it. */
static void feed(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	(void)LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static int file_feed(const char *dir, const char *name)
{
	char path[4096];
	AUTO(free) uint8_t *data = malloc(FILE_MAX);
	AUTO(fclose) FILE *f = NULL;
	size_t size;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "re");
	if (!f || !data) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	size = fread(data, 1, FILE_MAX, f);
	/* all prefixes of a small file, some of a large one */
	for (size_t len = 0; len < size; len += 1 + size / 512)
		feed(data, len);
	feed(data, size);
	return 0;
}

/* How many files were fed; -1 on failure. */
static int directory_feed(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int n = 0;

	if (!d) {
		fprintf(stderr, "%s: %s\n", dir, strerror(errno));
		return -1;
	}
	while (n >= 0 && (entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.')
			n = file_feed(dir, entry->d_name) < 0 ? -1 : n + 1;
	closedir(d);
	return n;
}

int main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		int n = directory_feed(argv[i]);

		if (n < 0)
			return 1;
		total += n;
	}
	printf("%d files\n", total);
	return total > 0 ? 0 : 1;
}
