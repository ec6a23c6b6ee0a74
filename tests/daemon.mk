# SPDX-License-Identifier: GPL-2.0-or-later

# daemon: settings and the adapters of vmd
if HAVE_CHECK
unit_tests += \
	tests/unit/unit_credentials \
	tests/unit/unit_disk_view \
	tests/unit/unit_hook \
	tests/unit/unit_probe \
	tests/unit/unit_rbd_error \
	tests/unit/unit_settings \
	tests/unit/unit_slurm_state \
	tests/unit/unit_slurm_view \
	tests/unit/unit_timing

tests_unit_unit_credentials_CFLAGS = $(AM_CFLAGS) $(SSH_CFLAGS)
tests_unit_unit_credentials_LDADD = libdaemon.a $(base_libs) $(SSH_LIBS) $(unit_libs)
tests_unit_unit_hook_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_unit_hook_LDADD = libdaemon.a $(base_libs) $(unit_libs)
tests_unit_unit_probe_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_unit_probe_LDADD = libdaemon.a $(base_libs) $(unit_libs)
tests_unit_unit_rbd_error_LDADD = librbddisk.a $(base_libs) $(unit_libs)
tests_unit_unit_settings_LDADD = libsettings.a libvmcore.a $(base_libs) $(unit_libs)
tests_unit_unit_slurm_state_CFLAGS = $(AM_CFLAGS) $(SLURM_CFLAGS)
tests_unit_unit_slurm_state_LDADD = libslurmjobs.a libvmcore.a $(base_libs) $(SLURM_LIBS) \
	$(unit_libs)

# The views, with a Slurm and a Ceph that the tests play.
tests_unit_unit_slurm_view_SOURCES = tests/unit/unit_slurm_view.c \
	tests/unit/played_slurm.c tests/unit/played_slurm.h vmd/slurm/slurm_list.c \
	vmd/slurm_view.c vmd/slurm_view_apply.c vmd/slurm_view_hint.c vmd/slurm_look.c vmd/slurm_ending.c \
	vmd/slurm_declined.c
tests_unit_unit_slurm_view_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_unit_slurm_view_LDADD = libvmcore.a $(base_libs) $(unit_libs)
tests_unit_unit_disk_view_SOURCES = tests/unit/unit_disk_view.c \
	tests/unit/played_ceph.c tests/unit/played_ceph.h \
	vmd/disk_view.c vmd/disk_view_order.c
tests_unit_unit_disk_view_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_unit_disk_view_LDADD = libvmcore.a $(base_libs) $(unit_libs)
tests_unit_unit_timing_LDADD = libdaemon.a $(base_libs) $(unit_libs)
endif

# daemon: integration with a real Ceph
if HAVE_CHECK
check_PROGRAMS += tests/integration/rbd_disk_test
tests_integration_rbd_disk_test_SOURCES = tests/integration/rbd_disk_test.c tests/integration/rbd_fence_test.c \
	tests/integration/rbd_damaged_test.c tests/integration/rbd_named_test.c tests/integration/rbd_test.c \
	tests/integration/rbd_test.h tests/integration/rbd_guest.c tests/integration/rbd_guest.h
tests_integration_rbd_disk_test_LDADD = librbddisk.a libvmcore.a $(base_libs) $(RBD_LIBS) $(unit_libs)
TESTS += tests/integration/0100-rbd.t
endif
EXTRA_DIST += tests/integration/0100-rbd.t

# daemon: vmd.yaml of any bytes
check_PROGRAMS += tests/fuzz/fuzz_settings
tests_fuzz_fuzz_settings_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_settings_LDADD = $(fuzz_main) libsettings.a libvmcore.a $(base_libs)

# daemon: manuals, example and program agree
TESTS += tests/lint/docs.t
tests/lint/docs.log: vmd/vmd
EXTRA_DIST += tests/lint/docs.t

# what a guest's port says
check_PROGRAMS += tests/fuzz/fuzz_probe
tests_fuzz_fuzz_probe_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_probe_LDADD = $(fuzz_main) libdaemon.a libvmcore.a $(base_libs) $(SSH_LIBS)
