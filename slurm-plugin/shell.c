/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See shell.h. SPANK tells a plugin neither salloc's options nor its words (S_JOB_ARGV is srun's),
 * so it is read where everybody may read it. Only the user's own convenience hangs on it: whose
 * shell is not seen to be refused keeps it, and the node with it. */
#include "slurm-plugin/shell.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define OPTION    "--no-shell"
#define UNIQUE    6 /* getopt_long takes a beginning that fits no other option of salloc's: --no-s */
#define WORDS_MAX 16384 /* beyond it are a command's words, if any */

static bool is_option(const char *word, size_t len)
{
	return len >= UNIQUE && len <= strlen(OPTION) && strncmp(word, OPTION, len) == 0;
}

/* Behind "--" is a command, of which nothing is salloc's. A command without that is not told from
 * the values of options; but a word of it that is just this one is rare. */
bool shell_is_refused(const char *words, size_t len)
{
	for (size_t at = 0, n; at < len; at += n + 1) {
		n = strnlen(words + at, len - at);
		if (n == 2 && strncmp(words + at, "--", 2) == 0)
			return false;
		if (at > 0 && is_option(words + at, n))
			return true;
	}
	return false;
}

bool shell_is_refused_here(void)
{
	char words[WORDS_MAX];
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd < 0)
		return false;
	n = read(fd, words, sizeof(words));
	(void)close(fd);
	return n > 0 && shell_is_refused(words, (size_t)n);
}
