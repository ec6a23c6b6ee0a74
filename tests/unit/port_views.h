/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of a made-up requests_port that only shows what a test has in variables of its own. */
#ifndef TESTS_UNIT_PORT_VIEWS_H
#define TESTS_UNIT_PORT_VIEWS_H

#include "vmd/api/requests.h"

/* All borrowed, as long as the port is asked. */
struct port_views {
	const struct desired *desired;
	const struct observed *observed;
	const struct catalogue *catalogue;
	const struct plan *plan; /* NULL: no round yet */
};

/* In a port's initialiser, before what the test plays itself. */
#define PORT_VIEWS(views)                                                                          \
	.self = (views), .desired = view_desired, .observed = view_observed,                       \
	.catalogue = view_catalogue, .plan = view_plan

static inline const struct desired *view_desired(void *self)
{
	return ((const struct port_views *)self)->desired;
}

static inline const struct observed *view_observed(void *self)
{
	return ((const struct port_views *)self)->observed;
}

static inline const struct catalogue *view_catalogue(void *self)
{
	return ((const struct port_views *)self)->catalogue;
}

static inline const struct plan *view_plan(void *self)
{
	return ((const struct port_views *)self)->plan;
}

#endif
