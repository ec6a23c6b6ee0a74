# SPDX-License-Identifier: GPL-2.0-or-later

# guests: QEMU by QMP and guest agent, or simulated
noinst_LIBRARIES += libguest.a
libguest_a_SOURCES = \
	kubevirt-lite/guest/agent.c kubevirt-lite/guest/agent.h \
	kubevirt-lite/guest/argv.c \
	kubevirt-lite/guest/guest.c kubevirt-lite/guest/guest.h \
	kubevirt-lite/guest/host.c kubevirt-lite/guest/host.h \
	kubevirt-lite/guest/line.c kubevirt-lite/guest/line.h \
	kubevirt-lite/guest/machine.c kubevirt-lite/guest/machine.h \
	kubevirt-lite/guest/process.c kubevirt-lite/guest/process.h \
	kubevirt-lite/guest/qemu.c kubevirt-lite/guest/qemu.h \
	kubevirt-lite/guest/qemu_agent.c \
	kubevirt-lite/guest/qemu_start.c \
	kubevirt-lite/guest/qmp.c kubevirt-lite/guest/qmp.h \
	kubevirt-lite/guest/simulated.c
libguest_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
guest_libs = libguest.a -lm

# the API: store, HTTP, kinds; needs of the guests only what admission knows of quantities
noinst_LIBRARIES += libkubeapi.a
libkubeapi_a_SOURCES = \
	kubevirt-lite/admission.c kubevirt-lite/admission.h \
	kubevirt-lite/admission_shape.c kubevirt-lite/admission_vm.c \
	kubevirt-lite/review.c kubevirt-lite/review.h \
	kubevirt-lite/api.c kubevirt-lite/api.h kubevirt-lite/call.h \
	kubevirt-lite/api_delete.c \
	kubevirt-lite/api_hook.c kubevirt-lite/subresource.h \
	kubevirt-lite/api_read.c \
	kubevirt-lite/api_watch.c \
	kubevirt-lite/api_write.c \
	kubevirt-lite/auth.c kubevirt-lite/auth.h \
	kubevirt-lite/base64.c kubevirt-lite/base64.h \
	kubevirt-lite/defaults.c kubevirt-lite/defaults.h \
	kubevirt-lite/discovery.c \
	kubevirt-lite/disk.c kubevirt-lite/disk.h \
	kubevirt-lite/form.c kubevirt-lite/form.h \
	kubevirt-lite/gc.c kubevirt-lite/gc.h \
	kubevirt-lite/history.c kubevirt-lite/history.h \
	kubevirt-lite/http.c kubevirt-lite/http.h \
	kubevirt-lite/kinds.c kubevirt-lite/kinds.h \
	kubevirt-lite/lifetime.c kubevirt-lite/lifetime.h \
	kubevirt-lite/listen.c kubevirt-lite/listen.h \
	kubevirt-lite/object.c kubevirt-lite/store.h \
	kubevirt-lite/openapi.c kubevirt-lite/openapi.h \
	kubevirt-lite/output.c kubevirt-lite/output.h \
	kubevirt-lite/patch.c kubevirt-lite/patch.h \
	kubevirt-lite/patch_strategic.c \
	kubevirt-lite/request.c kubevirt-lite/request.h \
	kubevirt-lite/say.c \
	kubevirt-lite/selector.c kubevirt-lite/selector.h \
	kubevirt-lite/shelf.c kubevirt-lite/shelf.h \
	kubevirt-lite/snapshot.c \
	kubevirt-lite/status.c kubevirt-lite/status.h \
	kubevirt-lite/store.c \
	kubevirt-lite/table.c kubevirt-lite/table.h \
	kubevirt-lite/table_cell.c kubevirt-lite/table_cell.h
libkubeapi_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(MHD_CFLAGS) $(SQLITE_CFLAGS)
kubeapi_libs = libkubeapi.a $(guest_libs) $(base_libs) $(MHD_LIBS) $(SQLITE_LIBS)

# the controllers: what the objects mean
noinst_LIBRARIES += libcontrollers.a
libcontrollers_a_SOURCES = \
	kubevirt-lite/controllers.h \
	kubevirt-lite/controllers/controller.h \
	kubevirt-lite/controllers/condition.c \
	kubevirt-lite/controllers/controllers.c \
	kubevirt-lite/controllers/credentials.c \
	kubevirt-lite/controllers/iso.c kubevirt-lite/controllers/iso.h \
	kubevirt-lite/controllers/launcher.c \
	kubevirt-lite/controllers/media.c kubevirt-lite/controllers/media.h \
	kubevirt-lite/controllers/migration.c \
	kubevirt-lite/controllers/network.c \
	kubevirt-lite/controllers/node.c \
	kubevirt-lite/controllers/pod.c \
	kubevirt-lite/controllers/questions.c kubevirt-lite/controllers/questions.h \
	kubevirt-lite/controllers/queue.c \
	kubevirt-lite/controllers/scheduler.c \
	kubevirt-lite/controllers/secret.c kubevirt-lite/controllers/secret.h \
	kubevirt-lite/controllers/settings.c \
	kubevirt-lite/controllers/subresources.c \
	kubevirt-lite/controllers/vm.c \
	kubevirt-lite/controllers/vmi.c \
	kubevirt-lite/controllers/vmi_status.c \
	kubevirt-lite/controllers/volume.c
libcontrollers_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)

sbin_PROGRAMS += kubevirt-lite/kubevirt-lite
kubevirt_lite_kubevirt_lite_SOURCES = kubevirt-lite/kubevirt-lite.c
kubevirt_lite_kubevirt_lite_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
kubevirt_lite_kubevirt_lite_LDADD = libcontrollers.a $(kubeapi_libs)

dist_man_MANS += kubevirt-lite/kubevirt-lite.8
