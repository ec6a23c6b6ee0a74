# SPDX-License-Identifier: GPL-2.0-or-later

# Unit tests: one program per file under test; each prints check's summary.
unit_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS)
unit_libs = $(CHECK_LIBS)

if HAVE_CHECK
unit_tests = \
	tests/unit/unit_base

check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

tests_unit_unit_base_SOURCES = tests/unit/unit_base.c
tests_unit_unit_base_CFLAGS = $(unit_cflags)
tests_unit_unit_base_LDADD = $(base_libs) $(unit_libs)
endif

include tests/unit/kube.mk

# api
if HAVE_CHECK
unit_tests += \
	tests/unit/unit_http_reply \
	tests/unit/unit_metrics \
	tests/unit/unit_requests \
	tests/unit/unit_server \
	tests/unit/unit_wire

tests_unit_unit_http_reply_SOURCES = tests/unit/unit_http_reply.c
tests_unit_unit_http_reply_CFLAGS = $(unit_cflags)
tests_unit_unit_http_reply_LDADD = $(client_libs) $(unit_libs)

tests_unit_unit_wire_SOURCES = tests/unit/unit_wire.c
tests_unit_unit_wire_CFLAGS = $(unit_cflags)
tests_unit_unit_wire_LDADD = $(client_libs) $(unit_libs)

tests_unit_unit_metrics_SOURCES = tests/unit/unit_metrics.c
tests_unit_unit_metrics_CFLAGS = $(unit_cflags)
tests_unit_unit_metrics_LDADD = $(api_libs) $(unit_libs)

tests_unit_unit_requests_SOURCES = tests/unit/unit_requests.c
tests_unit_unit_requests_CFLAGS = $(unit_cflags)
tests_unit_unit_requests_LDADD = $(api_libs) $(unit_libs)

tests_unit_unit_server_SOURCES = tests/unit/unit_server.c \
	tests/unit/private_munge.c tests/unit/private_munge.h
tests_unit_unit_server_CFLAGS = $(unit_cflags) $(MUNGE_CFLAGS) -I$(srcdir)/tests/unit
tests_unit_unit_server_LDADD = $(api_libs) $(unit_libs)
endif

# guests of kubevirt-lite
if HAVE_CHECK
unit_tests += \
	tests/unit/unit_machine

tests_unit_unit_machine_SOURCES = tests/unit/unit_machine.c
tests_unit_unit_machine_CFLAGS = $(unit_cflags)
tests_unit_unit_machine_LDADD = $(guest_libs) $(base_libs) $(unit_libs)
endif

# the pure core
if HAVE_CHECK
core_test_libs = $(core_libs) $(unit_libs)
unit_tests += \
	tests/unit/unit_image \
	tests/unit/unit_inflight \
	tests/unit/unit_job_spec \
	tests/unit/unit_plan \
	tests/unit/unit_reconciler

tests_unit_unit_image_SOURCES = tests/unit/unit_image.c
tests_unit_unit_image_CFLAGS = $(unit_cflags)
tests_unit_unit_image_LDADD = $(core_test_libs)

tests_unit_unit_inflight_SOURCES = tests/unit/unit_inflight.c tests/unit/little_world.c tests/unit/little_world.h
tests_unit_unit_inflight_CFLAGS = $(unit_cflags)
tests_unit_unit_inflight_LDADD = $(core_test_libs)

tests_unit_unit_job_spec_SOURCES = tests/unit/unit_job_spec.c
tests_unit_unit_job_spec_CFLAGS = $(unit_cflags)
tests_unit_unit_job_spec_LDADD = $(core_test_libs)

tests_unit_unit_plan_SOURCES = tests/unit/unit_plan.c tests/unit/little_world.c tests/unit/little_world.h
tests_unit_unit_plan_CFLAGS = $(unit_cflags)
tests_unit_unit_plan_LDADD = $(core_test_libs)

tests_unit_unit_reconciler_SOURCES = tests/unit/unit_reconciler.c tests/unit/little_world.c tests/unit/little_world.h
tests_unit_unit_reconciler_CFLAGS = $(unit_cflags)
tests_unit_unit_reconciler_LDADD = $(core_test_libs)
endif

include tests/lint/local.mk
include tests/lab/local.mk
include tests/plugin/local.mk
include tests/fuzz/local.mk
include tests/daemon.mk
