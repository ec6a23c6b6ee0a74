# SPDX-License-Identifier: GPL-2.0-or-later

# guests: QEMU by QMP and guest agent, or simulated
noinst_LIBRARIES += libguest.a
libguest_a_SOURCES = \
	kubevirt-lite/guest/agent.c kubevirt-lite/guest/agent.h \
	kubevirt-lite/guest/argv.c \
	kubevirt-lite/guest/disk_terms.c \
	kubevirt-lite/guest/guest.c kubevirt-lite/guest/guest.h \
	kubevirt-lite/guest/host.c kubevirt-lite/guest/host.h \
	kubevirt-lite/guest/line.c kubevirt-lite/guest/line.h \
	kubevirt-lite/guest/machine.c kubevirt-lite/guest/machine.h \
	kubevirt-lite/guest/machine_disk.c kubevirt-lite/guest/machine_parts.h \
	kubevirt-lite/guest/process.c kubevirt-lite/guest/process.h \
	kubevirt-lite/guest/qemu.c kubevirt-lite/guest/qemu.h \
	kubevirt-lite/guest/qemu_agent.c \
	kubevirt-lite/guest/qemu_disk.c \
	kubevirt-lite/guest/qemu_grow.c \
	kubevirt-lite/guest/qemu_screen.c \
	kubevirt-lite/guest/qemu_start.c \
	kubevirt-lite/guest/qmp.c kubevirt-lite/guest/qmp.h \
	kubevirt-lite/guest/simulated.c \
	kubevirt-lite/guest/simulated_agent.c kubevirt-lite/guest/simulated_agent.h
libguest_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
guest_libs = libguest.a

# the API: objects, what is let in, HTTP
noinst_LIBRARIES += libkubeapi.a
libkubeapi_a_SOURCES = \
	kubevirt-lite/store/base64.c kubevirt-lite/store/base64.h \
	kubevirt-lite/store/disk.c kubevirt-lite/store/disk.h \
	kubevirt-lite/store/gc.c kubevirt-lite/store/gc.h \
	kubevirt-lite/store/history.c kubevirt-lite/store/history.h \
	kubevirt-lite/store/kinds.c kubevirt-lite/store/kinds.h \
	kubevirt-lite/store/lifetime.c kubevirt-lite/store/lifetime.h \
	kubevirt-lite/store/object.c \
	kubevirt-lite/store/say.c \
	kubevirt-lite/store/shelf.c kubevirt-lite/store/shelf.h \
	kubevirt-lite/store/snapshot.c \
	kubevirt-lite/store/store.c kubevirt-lite/store/store.h \
	kubevirt-lite/store/timestamp.c kubevirt-lite/store/timestamp.h \
	kubevirt-lite/admission/admission.c kubevirt-lite/admission/admission.h \
	kubevirt-lite/admission/admission_shape.c \
	kubevirt-lite/admission/admission_vm.c \
	kubevirt-lite/admission/defaults.c kubevirt-lite/admission/defaults.h \
	kubevirt-lite/admission/form.c kubevirt-lite/admission/form.h \
	kubevirt-lite/admission/review.c kubevirt-lite/admission/review.h \
	kubevirt-lite/admission/status.c kubevirt-lite/admission/status.h \
	kubevirt-lite/api/api.c kubevirt-lite/api/api.h \
	kubevirt-lite/api/api_delete.c \
	kubevirt-lite/api/api_hook.c \
	kubevirt-lite/api/api_read.c \
	kubevirt-lite/api/api_review.c \
	kubevirt-lite/api/api_watch.c \
	kubevirt-lite/api/api_write.c \
	kubevirt-lite/api/auth.c kubevirt-lite/api/auth.h \
	kubevirt-lite/api/call.h \
	kubevirt-lite/api/discovery.c \
	kubevirt-lite/api/faults.c kubevirt-lite/api/faults.h \
	kubevirt-lite/api/http.c kubevirt-lite/api/http.h kubevirt-lite/api/http_exchange.h \
	kubevirt-lite/api/http_upgrade.c \
	kubevirt-lite/api/listen.c kubevirt-lite/api/listen.h \
	kubevirt-lite/api/openapi.c kubevirt-lite/api/openapi.h \
	kubevirt-lite/api/output.c kubevirt-lite/api/output.h \
	kubevirt-lite/api/patch.c kubevirt-lite/api/patch.h \
	kubevirt-lite/api/patch_strategic.c \
	kubevirt-lite/api/rbac.c kubevirt-lite/api/rbac.h \
	kubevirt-lite/api/relay.c kubevirt-lite/api/relay.h \
	kubevirt-lite/api/request.c kubevirt-lite/api/request.h \
	kubevirt-lite/api/review_protobuf.c kubevirt-lite/api/review_protobuf.h \
	kubevirt-lite/api/service_token.c kubevirt-lite/api/service_token.h \
	kubevirt-lite/api/selector.c kubevirt-lite/api/selector.h \
	kubevirt-lite/api/subresource.h \
	kubevirt-lite/api/table.c kubevirt-lite/api/table.h \
	kubevirt-lite/api/table_cell.c kubevirt-lite/api/table_cell.h
libkubeapi_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(MHD_CFLAGS) $(GNUTLS_CFLAGS) $(SQLITE_CFLAGS)
kubeapi_libs = libkubeapi.a $(guest_libs) $(frames_libs) $(base_libs) $(MHD_LIBS) $(GNUTLS_LIBS) $(SQLITE_LIBS)

# the controllers: what the objects mean
noinst_LIBRARIES += libcontrollers.a
libcontrollers_a_SOURCES = \
	kubevirt-lite/controllers.h \
	kubevirt-lite/controllers/attachment.c kubevirt-lite/controllers/attachment.h \
	kubevirt-lite/controllers/condition.c kubevirt-lite/controllers/condition.h \
	kubevirt-lite/controllers/controller.c kubevirt-lite/controllers/controller.h \
	kubevirt-lite/controllers/controllers.c \
	kubevirt-lite/controllers/credentials.c kubevirt-lite/controllers/credentials.h \
	kubevirt-lite/controllers/exec.c \
	kubevirt-lite/controllers/growth.c kubevirt-lite/controllers/growth.h \
	kubevirt-lite/controllers/heartbeat.c kubevirt-lite/controllers/heartbeat.h \
	kubevirt-lite/controllers/hotplug.c kubevirt-lite/controllers/hotplug.h \
	kubevirt-lite/controllers/hotplug_call.c \
	kubevirt-lite/controllers/hotplug_update.c \
	kubevirt-lite/controllers/iso.c kubevirt-lite/controllers/iso.h \
	kubevirt-lite/controllers/launcher.c kubevirt-lite/controllers/launcher.h \
	kubevirt-lite/controllers/media.c kubevirt-lite/controllers/media.h \
	kubevirt-lite/controllers/metadata.c kubevirt-lite/controllers/metadata.h \
	kubevirt-lite/controllers/migration.c kubevirt-lite/controllers/migration.h \
	kubevirt-lite/controllers/network.c kubevirt-lite/controllers/network.h \
	kubevirt-lite/controllers/node.c kubevirt-lite/controllers/node.h \
	kubevirt-lite/controllers/pod.c kubevirt-lite/controllers/pod.h \
	kubevirt-lite/controllers/questions.c kubevirt-lite/controllers/questions.h \
	kubevirt-lite/controllers/queue.c kubevirt-lite/controllers/queue.h \
	kubevirt-lite/controllers/scheduler.c kubevirt-lite/controllers/scheduler.h \
	kubevirt-lite/controllers/secret.c kubevirt-lite/controllers/secret.h \
	kubevirt-lite/controllers/settings.c kubevirt-lite/controllers/settings.h \
	kubevirt-lite/controllers/streams.c kubevirt-lite/controllers/streams.h \
	kubevirt-lite/controllers/subresources.c kubevirt-lite/controllers/subresources.h \
	kubevirt-lite/controllers/vm.c kubevirt-lite/controllers/vm.h \
	kubevirt-lite/controllers/vmi.c kubevirt-lite/controllers/vmi.h \
	kubevirt-lite/controllers/vmi_pod.c kubevirt-lite/controllers/vmi_pod.h \
	kubevirt-lite/controllers/vmi_status.c kubevirt-lite/controllers/vmi_status.h \
	kubevirt-lite/controllers/volume.c kubevirt-lite/controllers/volume.h \
	kubevirt-lite/controllers/volume_status.c kubevirt-lite/controllers/volume_status.h
libcontrollers_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)

sbin_PROGRAMS += kubevirt-lite/kubevirt-lite
kubevirt_lite_kubevirt_lite_SOURCES = kubevirt-lite/kubevirt-lite.c
kubevirt_lite_kubevirt_lite_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
kubevirt_lite_kubevirt_lite_LDADD = libcontrollers.a $(kubeapi_libs)

dist_man_MANS += kubevirt-lite/kubevirt-lite.8
