/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a node counts as lost. Pure. */
#include "vmd/node/node.h"

bool node_is_lost(const struct node_seen *n, int64_t after_s, int64_t mono_us)
{
	if (!n->lost_us || after_s <= 0)
		return false;
	return n->out_of_service || mono_us - n->lost_us >= after_s * INT64_C(1000000);
}
