# SPDX-License-Identifier: GPL-2.0-or-later

# Unit tests: one program per file under test, listed in unit_tests; each prints check's summary. One
# of which nothing else is said is made of its own source, the core, and what libtestcore.a has of
# use to it; the others say what is different.
AM_DEFAULT_SOURCE_EXT = .c
LDADD = libtestcore.a $(core_libs) $(unit_libs)
unit_libs = $(CHECK_LIBS)

if HAVE_CHECK
unit_tests = \
	tests/unit/unit_base

check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

# worlds and stories that several tests begin with
check_LIBRARIES += libtestcore.a
libtestcore_a_SOURCES = \
	tests/unit/check_main.h \
	tests/unit/little_row.h \
	tests/unit/little_seen.c tests/unit/little_seen.h \
	tests/unit/little_world.c tests/unit/little_world.h \
	tests/unit/move_story.h \
	tests/unit/story.c tests/unit/story.h

tests_unit_unit_base_LDADD = $(base_libs) $(unit_libs)
endif

include tests/unit/kube.mk

include tests/api.mk

# guests of kubevirt-lite
if HAVE_CHECK
unit_tests += \
	tests/unit/unit_controllers \
	tests/unit/unit_hotplug \
	tests/unit/unit_guest_talk \
	tests/unit/unit_iso \
	tests/unit/unit_machine \
	tests/unit/unit_qemu

tests_unit_unit_qemu_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_unit_qemu_LDADD = $(guest_libs) $(base_libs) $(unit_libs)
tests_unit_unit_iso_LDADD = libcontrollers.a $(base_libs) $(unit_libs)

controllers_world = tests/unit/controllers_world.c tests/unit/controllers_world.h
tests_unit_unit_hotplug_SOURCES = tests/unit/unit_hotplug.c $(controllers_world)
tests_unit_unit_hotplug_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_unit_hotplug_LDADD = libcontrollers.a $(kubeapi_libs) $(unit_libs)
tests_unit_unit_controllers_SOURCES = tests/unit/unit_controllers.c $(controllers_world)
tests_unit_unit_controllers_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_unit_controllers_LDADD = libcontrollers.a $(kubeapi_libs) $(unit_libs)
tests_unit_unit_guest_talk_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_unit_guest_talk_LDADD = $(guest_libs) $(base_libs) $(unit_libs)
tests_unit_unit_machine_LDADD = $(guest_libs) $(base_libs) $(unit_libs)
endif

include tests/lint/local.mk
include tests/lab/local.mk
include tests/plugin/local.mk
include tests/fuzz/local.mk
include tests/daemon.mk
include tests/core.mk
include tests/reliability.mk
include tests/conformance/local.mk
include tests/kubeapi.mk
