# SPDX-License-Identifier: GPL-2.0-or-later
EXTRA_DIST += \
	etc/kubernetes/10-namespace.yaml \
	etc/kubernetes/20-rbac.yaml \
	etc/kubernetes/25-warnings.yaml \
	etc/kubernetes/30-network.yaml \
	etc/kubernetes/40-ceph-secret.example.yaml \
	etc/plugstack.conf.d/slurm-vm.conf \
	etc/prometheus/vmd.dashboard.json \
	etc/prometheus/vmd.rules.yaml \
	etc/ready-mail.example \
	etc/vmd.service.in \
	etc/vmd.sysusers.conf \
	etc/vmd.yaml.example

# configure leaves ${prefix} in its variables; make knows them.
etc/vmd.service: etc/vmd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) etc && sed -e 's|@sbindir[@]|$(sbindir)|g' \
		$(srcdir)/etc/vmd.service.in >$@.part && mv $@.part $@
CLEANFILES += etc/vmd.service

systemdunitdir = $(prefix)/lib/systemd/system
nodist_systemdunit_DATA = etc/vmd.service
sysusersdir = $(prefix)/lib/sysusers.d
install-data-local:
	$(MKDIR_P) $(DESTDIR)$(sysusersdir) $(DESTDIR)$(docdir)/kubernetes
	$(INSTALL_DATA) $(srcdir)/etc/vmd.sysusers.conf $(DESTDIR)$(sysusersdir)/slurm-vm.conf
	$(INSTALL_DATA) $(srcdir)/etc/vmd.yaml.example $(DESTDIR)$(docdir)/vmd.yaml.example
	$(INSTALL_DATA) $(srcdir)/etc/ready-mail.example $(DESTDIR)$(docdir)/ready-mail.example
	$(INSTALL_DATA) $(srcdir)/etc/plugstack.conf.d/slurm-vm.conf $(DESTDIR)$(docdir)/plugstack.conf.example
	$(INSTALL_DATA) $(srcdir)/etc/vmctl.conf.example $(DESTDIR)$(docdir)/vmctl.conf.example
	$(INSTALL_DATA) $(srcdir)/etc/prometheus/vmd.rules.yaml $(DESTDIR)$(docdir)/vmd.rules.yaml
	$(INSTALL_DATA) $(srcdir)/etc/prometheus/vmd.dashboard.json $(DESTDIR)$(docdir)/vmd.dashboard.json
	for f in $(srcdir)/etc/kubernetes/*.yaml; do $(INSTALL_DATA) $$f $(DESTDIR)$(docdir)/kubernetes/; done
uninstall-local:
	rm -f $(DESTDIR)$(sysusersdir)/slurm-vm.conf $(DESTDIR)$(docdir)/vmd.yaml.example \
		$(DESTDIR)$(docdir)/ready-mail.example \
		$(DESTDIR)$(docdir)/plugstack.conf.example $(DESTDIR)$(docdir)/vmctl.conf.example \
		$(DESTDIR)$(docdir)/vmd.rules.yaml $(DESTDIR)$(docdir)/vmd.dashboard.json
	rm -rf $(DESTDIR)$(docdir)/kubernetes
EXTRA_DIST += etc/vmd.yaml.example

# vmctl
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = etc/bash-completion/vmctl
EXTRA_DIST += etc/vmctl.conf.example
