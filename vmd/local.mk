# SPDX-License-Identifier: GPL-2.0-or-later

# base: no domain word in it
noinst_LIBRARIES += libbase.a
libbase_a_SOURCES = \
	vmd/base/auto.h \
	vmd/base/clock.c vmd/base/clock.h \
	vmd/base/conf.c vmd/base/conf.h \
	vmd/base/err.c vmd/base/err.h \
	vmd/base/json.c vmd/base/json.h \
	vmd/base/lock.h \
	vmd/base/log.c vmd/base/log.h \
	vmd/base/quantity.c vmd/base/quantity.h \
	vmd/base/str.c vmd/base/str.h \
	vmd/base/strbuf.c vmd/base/strbuf.h \
	vmd/base/worker.c vmd/base/worker.h
libbase_a_CFLAGS = $(AM_CFLAGS) $(YAML_CFLAGS) $(SYSTEMD_CFLAGS)
base_libs = libbase.a $(JSONC_LIBS) $(YAML_LIBS) $(SYSTEMD_LIBS) -lpthread

# websocket: the client, and what both ends share (handshake, frames)
noinst_LIBRARIES += libwebsocket.a
libwebsocket_a_SOURCES = \
	vmd/websocket/frames.c vmd/websocket/frames.h \
	vmd/websocket/handshake.c vmd/websocket/handshake.h \
	vmd/websocket/websocket.c vmd/websocket/websocket.h
libwebsocket_a_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(CURL_CFLAGS)
frames_libs = libwebsocket.a $(WSLAY_LIBS) $(CRYPTO_LIBS)
websocket_libs = $(frames_libs) $(CURL_LIBS) $(base_libs)

# vmcore: the pure core. It calls nothing that reads or changes the world: tests/lint/pure.t
noinst_LIBRARIES += libvmcore.a
libvmcore_a_SOURCES = \
	vmd/disk/attachment.c vmd/disk/attachment.h \
	vmd/disk/disk.c vmd/disk/disk.h \
	vmd/disk/disk_client.c \
	vmd/disk/named.c vmd/disk/named.h \
	vmd/disk/origin.c vmd/disk/origin.h \
	vmd/job/attach.c vmd/job/attach.h \
	vmd/job/job.c vmd/job/job.h \
	vmd/job/job_nodes.c vmd/job/job_nodes.h \
	vmd/job/job_option.c vmd/job/job_option.h \
	vmd/job/job_spec.c vmd/job/job_spec.h \
	vmd/job/job_words.c vmd/job/job_words.h \
	vmd/lease/lease.c vmd/lease/lease.h vmd/lease/lease_gate.h \
	vmd/migration/companion.c vmd/migration/companion.h \
	vmd/migration/heir.c vmd/migration/heir.h \
	vmd/migration/move.c vmd/migration/move.h vmd/migration/move_rules.h \
	vmd/migration/move_astray.c \
	vmd/migration/move_gap.c \
	vmd/migration/move_mark.c \
	vmd/migration/move_need.c \
	vmd/migration/move_on.c \
	vmd/migration/move_send.c \
	vmd/migration/reservation.c vmd/migration/reservation.h \
	vmd/node/drain.c vmd/node/drain.h \
	vmd/node/node.c vmd/node/node.h \
	vmd/reconcile/action.c vmd/reconcile/action.h \
	vmd/reconcile/crashes.c vmd/reconcile/crashes.h \
	vmd/reconcile/flight.c vmd/reconcile/flight.h \
	vmd/reconcile/inflight.c vmd/reconcile/inflight.h \
	vmd/reconcile/limit.c vmd/reconcile/limit.h \
	vmd/reconcile/move_view.c vmd/reconcile/move_view.h \
	vmd/reconcile/plan.c vmd/reconcile/plan.h vmd/reconcile/plan_rules.h \
	vmd/reconcile/plan_attachment.c \
	vmd/reconcile/plan_disk.c \
	vmd/reconcile/plan_drain.c \
	vmd/reconcile/plan_fence.c \
	vmd/reconcile/plan_limit.c \
	vmd/reconcile/plan_move.c \
	vmd/reconcile/plan_reservation.c \
	vmd/reconcile/plan_ready.c \
	vmd/reconcile/plan_vm.c \
	vmd/reconcile/plan_volume.c \
	vmd/reconcile/port.h \
	vmd/reconcile/progress.c vmd/reconcile/progress.h vmd/reconcile/progress_parts.h \
	vmd/reconcile/progress_making.c \
	vmd/reconcile/progress_move.c \
	vmd/reconcile/progress_text.c \
	vmd/reconcile/progress_trouble.c \
	vmd/reconcile/ranks.c vmd/reconcile/ranks.h \
	vmd/reconcile/reconciler.c vmd/reconcile/reconciler.h \
	vmd/reconcile/recover.c vmd/reconcile/recover.h \
	vmd/reconcile/trouble.h \
	vmd/reconcile/unreadable.c vmd/reconcile/unreadable.h \
	vmd/reconcile/world.c vmd/reconcile/world.h \
	vmd/site/facts.h \
	vmd/site/judge.c vmd/site/judge.h vmd/site/judge_parts.h \
	vmd/site/judge_ceph.c \
	vmd/site/judge_host.c \
	vmd/site/judge_kube.c \
	vmd/site/judge_slurm.c \
	vmd/site/rights.c vmd/site/rights.h \
	vmd/vm/growth.c vmd/vm/growth.h \
	vmd/vm/image.c vmd/vm/image.h \
	vmd/vm/account.c vmd/vm/account.h \
	vmd/vm/public_key.c vmd/vm/public_key.h \
	vmd/vm/share.c vmd/vm/share.h \
	vmd/vm/vm.c vmd/vm/vm.h \
	vmd/vm/vm_status.c vmd/vm/vm_status.h vmd/vm/turned_down.c vmd/vm/turned_down.h
core_libs = libvmcore.a libbase.a

# api, both ends of the wire. The plugin compiles api_client_sources itself (shared object): they
# need base/err.c, base/str.c and libmunge only.
api_client_sources = \
	vmd/api/client.c vmd/api/client.h \
	vmd/api/http_reply.c vmd/api/http_reply.h \
	vmd/api/peer.c vmd/api/peer.h \
	vmd/api/wire.c vmd/api/wire.h
noinst_LIBRARIES += libclient.a
libclient_a_SOURCES = $(api_client_sources)
libclient_a_CFLAGS = $(AM_CFLAGS) $(MUNGE_CFLAGS)
client_libs = libclient.a libbase.a $(MUNGE_LIBS)

# daemon: vmd itself, and its adapters to Slurm, Ceph and the LAN
noinst_LIBRARIES += libsettings.a libslurmjobs.a librbddisk.a libdaemon.a
libsettings_a_SOURCES = \
	vmd/catalogue_file.c vmd/catalogue_file.h \
	vmd/settings.c vmd/settings.h \
	vmd/settings_images.c vmd/settings_images.h
libslurmjobs_a_SOURCES = \
	vmd/slurm/compat.h \
	vmd/slurm/slurm_jobs.c vmd/slurm/slurm_jobs.h \
	vmd/slurm/slurm_heir.c vmd/slurm/slurm_heir.h \
	vmd/slurm/slurm_list.c \
	vmd/slurm/slurm_move.c vmd/slurm/slurm_move.h \
	vmd/slurm/slurm_node.c vmd/slurm/slurm_node.h \
	vmd/slurm/slurm_record.c vmd/slurm/slurm_record.h \
	vmd/slurm/slurm_reservation.c vmd/slurm/slurm_reservation.h \
	vmd/slurm/slurm_site.c vmd/slurm/slurm_site.h \
	vmd/slurm/slurm_state.c vmd/slurm/slurm_state.h
libslurmjobs_a_CFLAGS = $(AM_CFLAGS) $(SLURM_CFLAGS)
librbddisk_a_SOURCES = \
	vmd/rbd/rbd_blocklist.c vmd/rbd/rbd_blocklist.h \
	vmd/rbd/rbd_client.c \
	vmd/rbd/rbd_disk.c vmd/rbd/rbd_disk.h \
	vmd/rbd/rbd_error.c vmd/rbd/rbd_error.h \
	vmd/rbd/rbd_leftover.c \
	vmd/rbd/rbd_list.c \
	vmd/rbd/rbd_mark.c vmd/rbd/rbd_mark.h \
	vmd/rbd/rbd_named.c vmd/rbd/rbd_named.h \
	vmd/rbd/rbd_session.c vmd/rbd/rbd_session.h \
	vmd/rbd/rbd_site.c vmd/rbd/rbd_site.h \
	vmd/rbd/rbd_store.h
libdaemon_a_SOURCES = \
	vmd/hook.c vmd/hook.h \
	vmd/network/probe.c vmd/network/probe.h \
	vmd/timing.c vmd/timing.h \
	vmd/vm/credentials.c vmd/vm/credentials.h
libdaemon_a_CFLAGS = $(AM_CFLAGS) $(SSH_CFLAGS) $(SYSTEMD_CFLAGS)
sbin_PROGRAMS += vmd/vmd
vmd_vmd_SOURCES = \
	vmd/answer.c \
	vmd/apply.c \
	vmd/check_host.c \
	vmd/check_site.c vmd/check_site.h \
	vmd/daemon.c vmd/daemon.h \
	vmd/disk_view.c vmd/disk_view.h vmd/disk_view_parts.h \
	vmd/disk_view_order.c \
	vmd/lead.c vmd/lead.h \
	vmd/ready.c vmd/ready.h \
	vmd/slurm_declined.c vmd/slurm_declined.h \
	vmd/slurm_ending.c vmd/slurm_ending.h \
	vmd/slurm_view.c vmd/slurm_view.h vmd/slurm_view_parts.h \
	vmd/slurm_view_apply.c \
	vmd/slurm_view_hint.c \
	vmd/slurm_look.c vmd/slurm_look.h \
	vmd/vmd.c
vmd_vmd_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
vmd_vmd_LDADD = libapi.a libclient.a libvmkube.a $(frames_libs) libdaemon.a libsettings.a libslurmjobs.a \
	librbddisk.a libvmcore.a $(base_libs) $(CURL_LIBS) $(MHD_LIBS) $(MUNGE_LIBS) \
	$(SLURM_LIBS) $(RBD_LIBS) $(SSH_LIBS)
dist_man_MANS += vmd/vmd.8 vmd/vmd.yaml.5

# kube: the adapter to Kubernetes and KubeVirt
noinst_LIBRARIES += libvmkube.a
libvmkube_a_SOURCES = \
	vmd/kube/kube.c vmd/kube/kube.h \
	vmd/kube/kube_access.c vmd/kube/kube_access.h \
	vmd/kube/kube_answers.c vmd/kube/kube_answers.h \
	vmd/kube/kube_cache.c vmd/kube/kube_cache.h \
	vmd/kube/kube_event.c vmd/kube/kube_event.h \
	vmd/kube/kube_migration.c vmd/kube/kube_migration.h \
	vmd/kube/kube_guest.c vmd/kube/kube_guest.h \
	vmd/kube/kube_hotplug.c vmd/kube/kube_hotplug.h \
	vmd/kube/kube_http.c vmd/kube/kube_http.h \
	vmd/kube/kube_lease.c vmd/kube/kube_lease.h \
	vmd/kube/kube_line.c vmd/kube/kube_line.h \
	vmd/kube/kube_meta.c vmd/kube/kube_meta.h \
	vmd/kube/kube_node.c vmd/kube/kube_node.h \
	vmd/kube/kube_login.c vmd/kube/kube_login.h \
	vmd/kube/kube_pod.c vmd/kube/kube_pod.h \
	vmd/kube/kube_profile.c \
	vmd/kube/kube_request.c vmd/kube/kube_request.h \
	vmd/kube/kube_secret.c vmd/kube/kube_secret.h \
	vmd/kube/kube_site.c vmd/kube/kube_site.h \
	vmd/kube/kube_site_text.c \
	vmd/kube/kube_spec.c vmd/kube/kube_spec.h \
	vmd/kube/kube_status.c vmd/kube/kube_status.h \
	vmd/kube/kube_table.c vmd/kube/kube_table.h \
	vmd/kube/kube_timer.c vmd/kube/kube_timer.h \
	vmd/kube/kube_token.c vmd/kube/kube_token.h \
	vmd/kube/kube_transfer.c vmd/kube/kube_transfer.h \
	vmd/kube/kube_vm.c vmd/kube/kube_vm.h \
	vmd/kube/kube_volume.c vmd/kube/kube_volume.h \
	vmd/kube/kube_watch.c vmd/kube/kube_watch.h \
	vmd/lease/holder.c vmd/lease/holder.h
libvmkube_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(SYSTEMD_CFLAGS)
kube_libs = libvmkube.a $(frames_libs) libsettings.a libvmcore.a $(CURL_LIBS) $(base_libs)
# api, vmd's side
noinst_LIBRARIES += libapi.a
libapi_a_SOURCES = \
	vmd/api/listener.c vmd/api/listener.h \
	vmd/api/metrics.c vmd/api/metrics.h \
	vmd/api/requests.c vmd/api/requests.h \
	vmd/api/requests_ask.h \
	vmd/api/requests_disks.c \
	vmd/api/requests_drives.c \
	vmd/api/requests_former.c vmd/api/requests_former.h \
	vmd/api/requests_held.c vmd/api/requests_held.h \
	vmd/api/requests_list.c vmd/api/requests_list.h \
	vmd/api/requests_images.c \
	vmd/api/requests_kept.c \
	vmd/api/requests_login.c \
	vmd/api/requests_migrate.c \
	vmd/api/requests_plan.c \
	vmd/api/requests_resize.c \
	vmd/api/requests_stop.c \
	vmd/api/requests_whole.c vmd/api/requests_whole.h \
	vmd/api/server.c vmd/api/server.h
libapi_a_CFLAGS = $(AM_CFLAGS) $(MHD_CFLAGS) $(SYSTEMD_CFLAGS)
api_libs = libapi.a libclient.a $(core_libs) $(base_libs) $(MHD_LIBS) $(MUNGE_LIBS)

# vmctl
bin_PROGRAMS += vmctl
vmctl_SOURCES = \
	vmd/job/attach.c vmd/job/attach.h \
	vmd/job/job.c vmd/job/job.h \
	vmd/job/job_option.c vmd/job/job_option.h \
	vmd/job/job_spec.c vmd/job/job_spec.h \
	vmd/vmctl.c \
	vmd/vmctl/access.c vmd/vmctl/access.h \
	vmd/vmctl/ask.c \
	vmd/vmctl/await.c \
	vmd/vmctl/books.c vmd/vmctl/books.h \
	vmd/vmctl/child.c vmd/vmctl/child.h \
	vmd/vmctl/choice.c vmd/vmctl/choice.h \
	vmd/vmctl/cmd_admin.c \
	vmd/vmctl/cmd_console.c \
	vmd/vmctl/cmd_disk.c \
	vmd/vmctl/cmd_kubeconfig.c \
	vmd/vmctl/cmd_kept.c \
	vmd/vmctl/cmd_list.c \
	vmd/vmctl/cmd_login.c \
	vmd/vmctl/cmd_migrate.c \
	vmd/vmctl/cmd_resize.c \
	vmd/vmctl/cmd_recover.c \
	vmd/vmctl/cmd_password.c \
	vmd/vmctl/cmd_rdp.c \
	vmd/vmctl/cmd_screenshot.c \
	vmd/vmctl/cmd_show.c \
	vmd/vmctl/cmd_start.c \
	vmd/vmctl/cmd_stop.c \
	vmd/vmctl/cmd_vnc.c \
	vmd/vmctl/cmd_wait.c \
	vmd/vmctl/confirm.c \
	vmd/vmctl/file.c vmd/vmctl/file.h \
	vmd/vmctl/interrupt.c vmd/vmctl/interrupt.h \
	vmd/vmctl/login.c vmd/vmctl/login.h \
	vmd/vmctl/fan.c vmd/vmctl/fan.h \
	vmd/vmctl/login_ask.c \
	vmd/vmctl/loopback.c vmd/vmctl/loopback.h \
	vmd/vmctl/move_watch.c vmd/vmctl/move_watch.h \
	vmd/vmctl/novnc.c vmd/vmctl/novnc.h \
	vmd/vmctl/options.c vmd/vmctl/options.h \
	vmd/vmctl/print.c \
	vmd/vmctl/pump.c vmd/vmctl/pump.h \
	vmd/vmctl/quote.c vmd/vmctl/quote.h \
	vmd/vmctl/sentence.c vmd/vmctl/sentence.h \
	vmd/vmctl/settings.c \
	vmd/vmctl/vmctl.h
vmctl_CPPFLAGS = $(AM_CPPFLAGS) -DNOVNC_DIR='"$(novncdir)"'
vmctl_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(CURL_CFLAGS) $(MHD_CFLAGS)
vmctl_LDADD = $(client_libs) $(websocket_libs) $(MHD_LIBS)
dist_man_MANS += vmd/vmctl.1

# vmrun: on the compute nodes; it asks nobody but the guest
bin_PROGRAMS += vmrun
vmrun_SOURCES = \
	vmd/vmctl/child.c vmd/vmctl/child.h \
	vmd/vmctl/login.c vmd/vmctl/login.h \
	vmd/vmctl/quote.c vmd/vmctl/quote.h \
	vmd/vmrun.c \
	vmd/vmrun/guest_linux.c vmd/vmrun/guest_text.h \
	vmd/vmrun/guest_windows.c \
	vmd/vmrun/remote.c vmd/vmrun/remote.h \
	vmd/vmrun/script.c vmd/vmrun/script.h
vmrun_LDADD = libbase.a
dist_man_MANS += vmd/vmrun.1
