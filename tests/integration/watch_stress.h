/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two sides of watch_stress: the headers of the two cannot be read by one file, both have a
 * struct http_request. */
#ifndef TESTS_INTEGRATION_WATCH_STRESS_H
#define TESTS_INTEGRATION_WATCH_STRESS_H

#include <stddef.h>
#include <stdint.h>

#define STRESS_WATCHES 6U /* of one client, as vmd has */

/* What a client saw at a round's mark, by one of its watches: number and checksum of the objects.
 */
struct stress_saw {
	uint32_t client, watch, round, n;
	uint64_t sum;
};

/* Independent of the order: the sum over all objects. */
uint64_t stress_sum(const char *name, const char *version);

/* Never returns: watches on until it is killed, and writes a struct stress_saw into fd whenever a
 * mark ("mark-ROUND") comes by. slow_us: it sleeps so long in every n-th event. */
void stress_client(unsigned client, const char *url, const char *ca_file, const char *token_file,
		   unsigned slow_us, int fd) __attribute__((noreturn));

#endif
