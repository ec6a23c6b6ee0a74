/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of reservations: all that there is to find one again by. Pure. */
#include "vmd/migration/reservation.h"

#include "vmd/base/str.h"

#include <string.h>

#define PREFIX "vm-move-"

struct reservation reservation_of(const struct job *j, uint32_t companion)
{
	struct reservation r = {.job_id = j->id, .companion = companion};

	(void)str_copy(r.nonce, sizeof(r.nonce), j->request.nonce);
	return r;
}

int reservation_name(const struct reservation *r, char *buf, size_t size)
{
	return str_fmt(buf, size, PREFIX "%u-%s-%u", r->job_id, r->nonce, r->companion);
}

/* Written again it must be the same: there is one name for each. */
bool reservation_parse(const char *name, struct reservation *ret)
{
	char key[RESERVATION_NAME_MAX + 1], again[RESERVATION_NAME_MAX + 1];
	struct reservation r;
	uint64_t companion;
	char *last;

	memset(&r, 0, sizeof(r)); /* lists of them are compared as bytes */
	if (!str_starts(name, PREFIX) || str_copy(key, sizeof(key), name + strlen(PREFIX)) < 0)
		return false;
	last = strrchr(key, '-');
	if (!last || str_to_u64(last + 1, UINT32_MAX, &companion) < 0)
		return false;
	*last = '\0';
	if (job_key_parse(key, &r.job_id, r.nonce) < 0)
		return false;
	r.companion = (uint32_t)companion;
	if (reservation_name(&r, again, sizeof(again)) < 0 || !str_eq(again, name))
		return false;
	*ret = r;
	return true;
}
