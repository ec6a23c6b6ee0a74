/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/model/faults.h"

bool faults_once(struct faults *f, unsigned event)
{
	if (f->done >> event & 1 || !f->left)
		return false;
	f->left--;
	f->done |= (uint8_t)(1U << event);
	return true;
}

bool faults_resume(struct faults *f, unsigned event, uint8_t *drained, unsigned node)
{
	if (!(*drained >> node & 1) || !faults_once(f, event))
		return false;
	*drained &= (uint8_t) ~(1U << node);
	return true;
}

bool faults_drain(struct faults *f, unsigned event, uint8_t *drained, unsigned node)
{
	if (*drained >> node & 1 || !faults_once(f, event))
		return false;
	*drained |= (uint8_t)(1U << node);
	return true;
}

bool faults_drain_again(struct faults *f, unsigned event, unsigned resumed, uint8_t *drained,
			unsigned node)
{
	if (!(f->done >> resumed & 1) || f->done >> event & 1)
		return false;
	f->done |= (uint8_t)(1U << event);
	*drained |= (uint8_t)(1U << node);
	return true;
}
