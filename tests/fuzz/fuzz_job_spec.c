/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes once as a request, once as a whole admin_comment, of a job and of a companion, and as
 * the name of a reservation. What is
 * accepted must be the same after it was written again, and whatever stands beside the braces must
 * stay as it was. */
#include "tests/fuzz/fuzz.h"
#include "vmd/base/str.h"
#include "vmd/job/job_nodes.h"
#include "vmd/job/job_spec.h"
#include "vmd/job/job_words.h"
#include "vmd/migration/companion.h"
#include "vmd/migration/reservation.h"

#include <assert.h>
#include <string.h>

static void check_same(const struct vm_request *a, const struct vm_request *b)
{
	assert(str_eq(a->image, b->image) && str_eq(a->revision, b->revision));
	assert(str_eq(a->from, b->from));
	assert(str_eq(a->nonce, b->nonce) && str_eq(a->network, b->network));
	assert(a->disk_bytes == b->disk_bytes && a->scratch_bytes == b->scratch_bytes);
	assert(str_eq(a->exclude, b->exclude));
	assert(a->wait == b->wait && a->keep == b->keep);
	assert(a->grow.cpus == b->grow.cpus && a->grow.memory_bytes == b->grow.memory_bytes);
}

static void check_request(const char *text)
{
	char again[JOB_REQUEST_MAX + 1];
	struct vm_request r, back;
	struct err e;

	if (job_spec_decode(text, &r, &e) < 0)
		return;
	assert((strlen(r.image) || strlen(r.from)) && job_nonce_ok(r.nonce));
	assert(job_spec_encode(&r, again, sizeof(again), &e) == 0);
	assert(job_spec_decode(again, &back, &e) == 0);
	check_same(&r, &back);
}

static void check_comment(const char *text, size_t size)
{
	size_t room = size + 2 * JOB_REQUEST_MAX;
	char *placed = malloc(room), *twice = malloc(room);
	struct vm_request r, back;
	struct err e;

	if (placed && twice && job_spec_find(text, &r, &e) == 1) {
		assert(job_spec_place(text, &r, " state=ready", placed, room, &e) == 0);
		assert(job_spec_find(placed, &back, &e) == 1);
		check_same(&r, &back);
		assert(strncmp(placed, text, (size_t)(strstr(text, "slurm-vm{") - text)) == 0);
		assert(job_spec_place(placed, &back, " state=ready", twice, room, &e) == 0);
		assert(str_eq(placed, twice));
	}
	free(placed);
	free(twice);
}

/* What one machine's status becomes is read again, and those of the others stay. */
static void check_words(const char *text, size_t size)
{
	size_t room = 2 * size + 2 * JOB_REQUEST_MAX, len;
	char *words = malloc(room), *placed = malloc(room);
	const char *inside = job_spec_inside(text, &len);
	struct vm_request other, r, back;
	struct err e;

	if (words && placed && job_spec_find_rank(text, 2, &other, &e) == 1 &&
	    job_spec_find_rank(text, 1, &r, &e) == 1 &&
	    job_words_merge(inside, len, 1, " run=7 told=9", words, room, &e) == 0 &&
	    job_spec_place(text, &r, words, placed, room, &e) == 0) {
		assert(job_spec_find_rank(placed, 1, &back, &e) == 1);
		assert(back.recorded_run == 7 && back.told_s == 9 && back.recorded_ready_s == 0);
		assert(job_spec_find_rank(placed, 2, &back, &e) == 1);
		check_same(&other, &back);
	}
	free(words);
	free(placed);
}

static void check_companion(const char *text)
{
	struct companion c = {.id = 23}, again = {.id = 23};
	char mark[COMPANION_MARK_MAX + 1];

	if (!companion_find(text, &c))
		return;
	assert(companion_mark(&c, mark, sizeof(mark)) == 0);
	assert(companion_find(mark, &again) && str_eq(c.job_key, again.job_key) &&
	       str_eq(c.vm_uid, again.vm_uid));
	assert(c.size.cpus == again.size.cpus &&
	       (!c.size.cpus || c.size.memory_bytes == again.size.memory_bytes));
}

static void check_reservation(const char *text)
{
	struct reservation r, back;
	char again[RESERVATION_NAME_MAX + 1];

	if (!reservation_parse(text, &r))
		return;
	assert(job_nonce_ok(r.nonce));
	assert(reservation_name(&r, again, sizeof(again)) == 0 && str_eq(again, text));
	assert(reservation_parse(again, &back) && back.companion == r.companion);
}

static void check_nodes(const char *text)
{
	char nodes[JOB_NODES_MAX + 1];
	struct job_node_stay s;
	const char *at = nodes;

	str_cut(nodes, sizeof(nodes), text);
	while (job_nodes_next(&at, &s))
		assert(*s.node && s.since_s >= 0 && s.took_s >= 0 && job_nodes_have(nodes, s.node));
	assert(!*at);
	job_nodes_add(nodes, "n9", 9);
	job_nodes_took(nodes, "n9", 7);
	assert(strlen(nodes) <= JOB_NODES_MAX && job_nodes_have(nodes, "n9"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(free) char *text = fuzz_text(data, size);

	check_request(text);
	check_comment(text, size);
	check_words(text, size);
	check_companion(text);
	check_reservation(text);
	check_nodes(text);
	return 0;
}
