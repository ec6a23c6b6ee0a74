/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmd/vm/turned_down.h"

#include "vmd/base/str.h"

#include <string.h>

static size_t length(const uint32_t *list)
{
	size_t n = 0;

	while (n < TURNED_DOWN_MAX && list[n])
		n++;
	return n;
}

bool turned_down_has(const uint32_t list[TURNED_DOWN_MAX], uint32_t companion)
{
	size_t n = length(list);

	for (size_t i = 0; i < n; i++)
		if (list[i] == companion)
			return true;
	return false;
}

void turned_down_add(uint32_t list[TURNED_DOWN_MAX], uint32_t companion)
{
	size_t n = length(list);

	if (n == TURNED_DOWN_MAX)
		memmove(list, list + 1, --n * sizeof(*list));
	list[n] = companion;
}

const char *turned_down_text(const uint32_t list[TURNED_DOWN_MAX], char buf[TURNED_DOWN_TEXT])
{
	size_t n = length(list), len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		(void)str_fmt(buf + len, TURNED_DOWN_TEXT - len, "%s%u", i ? "," : "", list[i]);
		len += strlen(buf + len);
	}
	return buf;
}

void turned_down_parse(const char *text, uint32_t ret[TURNED_DOWN_MAX])
{
	char copy[TURNED_DOWN_TEXT];
	char *rest = copy, *word;
	uint64_t id;

	memset(ret, 0, TURNED_DOWN_MAX * sizeof(*ret));
	if (!*text || str_copy(copy, sizeof(copy), text) < 0)
		return;
	for (size_t n = 0; (word = strsep(&rest, ",")) != NULL; n++) {
		if (n == TURNED_DOWN_MAX || str_to_u64(word, UINT32_MAX, &id) < 0 || id == 0) {
			memset(ret, 0, TURNED_DOWN_MAX * sizeof(*ret));
			return;
		}
		ret[n] = (uint32_t)id;
	}
}
