/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Lease as the API server tells it, which anybody who may write it has filled: its numbers are
 * ones that the state machine can count with, its holder is a bounded text, of which the parts are
 * looked up in /proc, and what is read comes out the same when it is written and read again. */
#include "tests/fuzz/fuzz.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube_lease.h"
#include "vmd/lease/holder.h"

#include <assert.h>
#include <string.h>

static void lead(const struct lease_seen *seen)
{
	const int64_t now_us = INT64_C(1000000000);
	const struct err fine = {.kind = ERR_NONE};
	struct lease l;
	int64_t at_us;

	lease_init(&l, "me", 10 * INT64_C(1000000));
	lease_sent(&l, lease_next(&l, now_us, &at_us), now_us);
	lease_answer(&l, seen, &fine, now_us);
	assert(!lease_leads(&l, now_us)); /* it was only read */
	/* One that is another's is to be had when its time is over, and no earlier. */
	if (*seen->holder && !str_eq(seen->holder, "me") && !seen->holder_gone) {
		assert(lease_is_others(&l, now_us));
		assert(!lease_is_others(&l, now_us + seen->duration_s * INT64_C(1000000)));
	}
	(void)lease_next(&l, now_us, &at_us);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	AUTO(json_object_put) struct json_object *again = NULL;
	const struct lease_times times = {.acquired_us = 1, .renewed_us = 2};
	struct lease_seen seen, same;
	char host[65];
	struct err e;

	if (json_parse((const char *)data, size, &doc, &e) < 0 || lease_decode(doc, &seen, &e) < 0)
		return 0;
	assert(seen.exists && memchr(seen.holder, '\0', sizeof(seen.holder)));
	assert(seen.duration_s > 0 && seen.duration_s <= 3600);
	assert(seen.transitions >= 0 && seen.transitions < INT32_MAX);
	holder_host(seen.holder, host, sizeof(host));
	assert(strlen(host) < sizeof(host));
	seen.holder_gone = holder_is_gone("", seen.holder);
	lead(&seen);
	again = lease_encode("ns", "name", seen.holder, seen.version, seen.duration_s,
			     seen.transitions, &times);
	if (*seen.version) { /* a new one is written without */
		assert(lease_decode(again, &same, &e) == 0);
		assert(str_eq(same.holder, seen.holder) && str_eq(same.version, seen.version));
		assert(same.duration_s == seen.duration_s && same.transitions == seen.transitions);
	}
	return 0;
}
