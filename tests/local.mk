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

include tests/api.mk

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
