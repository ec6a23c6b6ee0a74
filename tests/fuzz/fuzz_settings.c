/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmd.yaml of any bytes: it is refused with a line, or what was read keeps its own promises. */
#include "tests/fuzz/fuzz.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/catalogue_file.h"
#include "vmd/settings_images.h"

#include <assert.h>
#include <string.h>

static void check(const struct settings *s)
{
	AUTO(strbuf_done) struct strbuf text = {.max = 4U << 20};
	size_t tabs = 0;

	assert(s->n_network > 0 && s->slurm_poll_s > 0 && s->ceph_threads > 0);
	for (size_t i = 0; i < s->catalogue.n; i++) {
		const struct image *image = &s->catalogue.image[i];

		assert(image->n_revision > 0 && image->n_network > 0);
		assert(catalogue_find(&s->catalogue, image->name) == image);
		for (size_t k = 0; k < image->n_network; k++)
			assert(settings_network_find(s, image->network[k]));
	}
	catalogue_file_text(&s->catalogue, &text);
	for (const char *p = text.s; *p; p++)
		tabs += *p == '\t';
	assert(text.overflow || tabs == 10 * s->catalogue.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(conf_free) struct conf *root = NULL;
	AUTO(settings_free) struct settings *s = NULL;
	struct err e = {.kind = ERR_NONE};

	if (conf_parse("vmd.yaml", (const char *)data, size, &root, &e) < 0 ||
	    settings_read(root, &s, &e) < 0) {
		assert(e.kind == ERR_INVALID && strncmp(e.msg, "vmd.yaml:", 9) == 0);
		assert(!s);
		return 0;
	}
	check(s);
	return 0;
}
