# SPDX-License-Identifier: GPL-2.0-or-later

# plugin: its parts, and the whole of it loaded by a host that plays Slurm
plugin_test_base = -DKEY_FILE_BASE='"tests-plugin-keys"'
if HAVE_CHECK
unit_tests += \
	tests/unit/unit_plugin \
	tests/plugin/host

tests_unit_unit_plugin_SOURCES = tests/unit/unit_plugin.c \
	slurm-plugin/key_file.c slurm-plugin/machines.c slurm-plugin/options.c slurm-plugin/own_keys.c \
	slurm-plugin/settings.c slurm-plugin/shell.c slurm-plugin/wait.c
tests_unit_unit_plugin_CFLAGS = $(AM_CFLAGS) $(SLURM_CFLAGS) $(plugin_test_base)
tests_unit_unit_plugin_LDADD = $(core_libs) $(unit_libs)

# The plugins without their client and their clock: the host answers for vmd, in a time of its own.
check_LTLIBRARIES = tests/plugin/slurm_vm_hosted.la tests/plugin/slurm_vm_prolog_hosted.la
tests_plugin_slurm_vm_hosted_la_SOURCES = $(plugin_parts) vmd/api/wire.c
tests_plugin_slurm_vm_hosted_la_CFLAGS = $(slurm_vm_la_CFLAGS) $(plugin_test_base)
tests_plugin_slurm_vm_hosted_la_LDFLAGS = $(plugin_ldflags) -rpath /nowhere
tests_plugin_slurm_vm_prolog_hosted_la_SOURCES = $(prolog_parts) vmd/api/wire.c
tests_plugin_slurm_vm_prolog_hosted_la_CFLAGS = $(slurm_vm_la_CFLAGS)
tests_plugin_slurm_vm_prolog_hosted_la_LDFLAGS = $(plugin_ldflags) -rpath /nowhere

tests_plugin_host_SOURCES = tests/plugin/host.c tests/plugin/host_epilog.c tests/plugin/host_submit.c \
	tests/plugin/host_task.c tests/plugin/slurm_host.c tests/plugin/slurm_host.h vmd/api/wire.c
tests_plugin_host_CFLAGS = $(AM_CFLAGS) $(SLURM_CFLAGS) $(plugin_test_base) \
	-DPLUGIN='"$(abs_top_builddir)/.libs/slurm_vm.so"' \
	-DHOSTED='"$(abs_top_builddir)/tests/plugin/.libs/slurm_vm_hosted.so"' \
	-DPROLOG='"$(abs_top_builddir)/.libs/slurm_vm_prolog.so"' \
	-DPROLOG_HOSTED='"$(abs_top_builddir)/tests/plugin/.libs/slurm_vm_prolog_hosted.so"'
tests_plugin_host_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
tests_plugin_host_LDADD = libbase.a $(unit_libs) -ldl
endif
check_PROGRAMS += tests/plugin/spec_check
tests_plugin_spec_check_SOURCES = tests/plugin/spec_check.c
tests_plugin_spec_check_LDADD = $(core_libs)
plugin_scripts = tests/plugin/exports.t tests/plugin/job_submit.t
TESTS += $(plugin_scripts)
EXTRA_DIST += $(plugin_scripts) tests/plugin/job_submit_fuzz.lua tests/plugin/job_submit_test.lua \
	tests/plugin/slurmctld.lua

clean-local:
	rm -rf tests-plugin-keys
