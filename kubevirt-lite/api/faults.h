/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Troubles on purpose, for tests: /debug/faults, where the setting `faults: true` allows it.
 * Members of system:masters set them (nobody else may ask for the path) and are spared themselves,
 * so that whoever watches the test sees the truth. Loop thread. */
#ifndef KUBEVIRT_LITE_FAULTS_H
#define KUBEVIRT_LITE_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

struct api_call;

/* What a test wants to go wrong. All 0: nothing. */
struct faults {
	uint64_t latency_ms;    /* before each request is looked at */
	uint64_t error_percent; /* 500; half of them after the request was carried out */
	uint64_t throttle_s;    /* 429 with this Retry-After, for every request */
	char fail_for[80];      /* 500 for requests whose path or body holds this; "" none */
};

/* GET: what is set; PUT: sets it anew, and cuts watches ("cutWatches") or ends them with 410
 * ("expireWatches") once. False: no such path. */
bool faults_answer(struct api_call *c);
/* True: the call was answered, or will be gone on with later. */
bool faults_hit(struct api_call *c);
/* Is the answer, whatever it is, to be lost? Says so once. */
bool faults_spoil(struct api_call *c);

#endif
