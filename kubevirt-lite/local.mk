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
	kubevirt-lite/guest/qemu.c \
	kubevirt-lite/guest/qmp.c kubevirt-lite/guest/qmp.h \
	kubevirt-lite/guest/simulated.c
libguest_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
guest_libs = libguest.a -lm
