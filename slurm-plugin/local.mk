# SPDX-License-Identifier: GPL-2.0-or-later

# The plugins: loaded into Slurm's own processes, so they bring libmunge and nothing else.
plugin_parts = \
	slurm-plugin/ask.c slurm-plugin/ask.h \
	slurm-plugin/compute.c slurm-plugin/compute.h \
	slurm-plugin/dispatch.c slurm-plugin/plugin.h \
	slurm-plugin/environment.c slurm-plugin/environment.h \
	slurm-plugin/epilog.c slurm-plugin/epilog.h \
	slurm-plugin/key_file.c slurm-plugin/key_file.h \
	slurm-plugin/options.c slurm-plugin/options.h \
	slurm-plugin/machines.c slurm-plugin/machines.h \
	slurm-plugin/own_keys.c slurm-plugin/own_keys.h \
	slurm-plugin/settings.c slurm-plugin/settings.h \
	slurm-plugin/shell.c slurm-plugin/shell.h \
	slurm-plugin/step.c slurm-plugin/step.h \
	slurm-plugin/submit.c slurm-plugin/submit.h \
	slurm-plugin/task.c slurm-plugin/task.h \
	slurm-plugin/wait.c slurm-plugin/wait.h \
	vmd/base/err.c vmd/base/str.c \
	vmd/job/attach.c vmd/job/job.c vmd/job/job_option.c vmd/job/job_spec.c \
	vmd/vm/public_key.c
plugin_ldflags = $(AM_LDFLAGS) -module -avoid-version -shared \
	-Wl,--gc-sections -Wl,--version-script=$(top_srcdir)/slurm-plugin/plugin.lds

slurmplugin_LTLIBRARIES = slurm_vm.la slurm_vm_prolog.la
slurm_vm_la_SOURCES = $(plugin_parts) vmd/base/clock.c $(api_client_sources)
# What the plugin does not use of base/str.c, and could abort, is left out.
slurm_vm_la_CFLAGS = $(AM_CFLAGS) $(SLURM_CFLAGS) $(MUNGE_CFLAGS) -ffunction-sections
slurm_vm_la_LDFLAGS = $(plugin_ldflags)
slurm_vm_la_LIBADD = $(MUNGE_LIBS)
slurm_vm_la_DEPENDENCIES = slurm-plugin/plugin.lds

# For a site without job_submit.lua: the one callback that costs every job of a cluster something.
prolog_parts = slurm-plugin/prolog.c slurm-plugin/ask.c slurm-plugin/options.c slurm-plugin/settings.c \
	vmd/base/err.c vmd/base/str.c \
	vmd/job/attach.c vmd/job/job.c vmd/job/job_option.c vmd/job/job_spec.c
slurm_vm_prolog_la_SOURCES = $(prolog_parts) vmd/base/clock.c $(api_client_sources)
slurm_vm_prolog_la_CFLAGS = $(slurm_vm_la_CFLAGS)
slurm_vm_prolog_la_LDFLAGS = $(plugin_ldflags)
slurm_vm_prolog_la_LIBADD = $(MUNGE_LIBS)
slurm_vm_prolog_la_DEPENDENCIES = slurm-plugin/plugin.lds

dist_man_MANS += slurm-plugin/slurm-vm.7 slurm-plugin/slurm-vm.8

# The site's job_submit.lua is its own: the module lies beside it, to be loaded from there.
dist_pkgdata_DATA = slurm-plugin/job_submit.lua
EXTRA_DIST += slurm-plugin/plugin.lds scripts/check-slurm-versions
