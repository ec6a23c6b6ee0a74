/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A mutex that is held to the end of a scope: AUTO(unlock) pthread_mutex_t *held = lock(&x->mu); */
#ifndef VMD_BASE_LOCK_H
#define VMD_BASE_LOCK_H

#include <pthread.h>

static inline pthread_mutex_t *lock(pthread_mutex_t *mu)
{
	pthread_mutex_lock(mu);
	return mu;
}

static inline void unlock_auto(pthread_mutex_t **mu)
{
	if (*mu)
		pthread_mutex_unlock(*mu);
}

#endif
