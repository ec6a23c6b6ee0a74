# SPDX-License-Identifier: GPL-2.0-or-later

# Unit tests: one program per file under test; each prints check's summary.
unit_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS)
unit_libs = $(CHECK_LIBS)

if HAVE_CHECK
unit_tests = \
	tests/unit/unit_base

check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

tests_unit_unit_base_SOURCES = tests/unit/unit_base.c tests/unit/check_main.h
tests_unit_unit_base_CFLAGS = $(unit_cflags)
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

tests_unit_unit_qemu_SOURCES = tests/unit/unit_qemu.c
tests_unit_unit_qemu_CFLAGS = $(unit_cflags) $(SYSTEMD_CFLAGS)
tests_unit_unit_qemu_LDADD = $(guest_libs) $(base_libs) $(unit_libs)

tests_unit_unit_iso_SOURCES = tests/unit/unit_iso.c
tests_unit_unit_iso_CFLAGS = $(unit_cflags)
tests_unit_unit_iso_LDADD = libcontrollers.a $(base_libs) $(unit_libs)

EXTRA_DIST += tests/unit/controllers_world.h
tests_unit_unit_hotplug_SOURCES = tests/unit/unit_hotplug.c tests/unit/controllers_world.c
tests_unit_unit_hotplug_CFLAGS = $(unit_cflags) $(SYSTEMD_CFLAGS)
tests_unit_unit_hotplug_LDADD = libcontrollers.a $(kubeapi_libs) $(unit_libs)
tests_unit_unit_controllers_SOURCES = tests/unit/unit_controllers.c tests/unit/controllers_world.c
tests_unit_unit_controllers_CFLAGS = $(unit_cflags) $(SYSTEMD_CFLAGS)
tests_unit_unit_controllers_LDADD = libcontrollers.a $(kubeapi_libs) $(unit_libs)

tests_unit_unit_guest_talk_SOURCES = tests/unit/unit_guest_talk.c
tests_unit_unit_guest_talk_CFLAGS = $(unit_cflags) $(SYSTEMD_CFLAGS)
tests_unit_unit_guest_talk_LDADD = $(guest_libs) $(base_libs) $(unit_libs)

tests_unit_unit_machine_SOURCES = tests/unit/unit_machine.c
tests_unit_unit_machine_CFLAGS = $(unit_cflags)
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
