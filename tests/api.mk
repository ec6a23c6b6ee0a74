# SPDX-License-Identifier: GPL-2.0-or-later

# api
if HAVE_CHECK
unit_tests += \
	tests/unit/unit_http_reply \
	tests/unit/unit_listener \
	tests/unit/unit_metrics \
	tests/unit/unit_public_key \
	tests/unit/unit_quote \
	tests/unit/unit_requests \
	tests/unit/unit_requests_disks \
	tests/unit/unit_requests_guest \
	tests/unit/unit_requests_news \
	tests/unit/unit_requests_several \
	tests/unit/unit_server \
	tests/unit/unit_several \
	tests/unit/unit_vmctl \
	tests/unit/unit_vmrun \
	tests/unit/unit_wire

tests_unit_unit_http_reply_SOURCES = tests/unit/unit_http_reply.c
tests_unit_unit_http_reply_CFLAGS = $(unit_cflags)
tests_unit_unit_http_reply_LDADD = $(client_libs) $(unit_libs)

tests_unit_unit_listener_SOURCES = tests/unit/unit_listener.c
tests_unit_unit_listener_CFLAGS = $(unit_cflags) $(MHD_CFLAGS)
tests_unit_unit_listener_LDADD = $(api_libs) $(unit_libs)

tests_unit_unit_several_SOURCES = tests/unit/unit_several.c vmd/vmctl/child.c vmd/vmctl/choice.c vmd/vmctl/fan.c vmd/vmctl/login.c
tests_unit_unit_several_CFLAGS = $(unit_cflags)
tests_unit_unit_several_LDADD = $(core_libs) $(JSONC_LIBS) $(base_libs) $(unit_libs)

tests_unit_unit_vmctl_SOURCES = tests/unit/unit_vmctl.c \
	tests/unit/private_munge.c tests/unit/private_munge.h
tests_unit_unit_vmctl_CFLAGS = $(unit_cflags) -I$(srcdir)/tests/unit
tests_unit_unit_vmctl_LDADD = $(api_libs) $(unit_libs)
EXTRA_tests_unit_unit_vmctl_DEPENDENCIES = vmctl$(EXEEXT)

tests_unit_unit_public_key_SOURCES = tests/unit/unit_public_key.c
tests_unit_unit_public_key_CFLAGS = $(unit_cflags)
tests_unit_unit_public_key_LDADD = $(core_libs) $(base_libs) $(unit_libs)

tests_unit_unit_vmrun_SOURCES = tests/unit/unit_vmrun.c \
	vmd/vmctl/quote.c \
	vmd/vmrun/guest_linux.c \
	vmd/vmrun/guest_windows.c \
	vmd/vmrun/script.c
tests_unit_unit_vmrun_CFLAGS = $(unit_cflags)
tests_unit_unit_vmrun_LDADD = $(base_libs) $(unit_libs)

tests_unit_unit_quote_SOURCES = tests/unit/unit_quote.c \
	vmd/vmctl/quote.c vmd/vmctl/quote.h
tests_unit_unit_quote_CFLAGS = $(unit_cflags)
tests_unit_unit_quote_LDADD = $(base_libs) $(unit_libs)

tests_unit_unit_wire_SOURCES = tests/unit/unit_wire.c
tests_unit_unit_wire_CFLAGS = $(unit_cflags)
tests_unit_unit_wire_LDADD = $(client_libs) $(unit_libs)

tests_unit_unit_metrics_SOURCES = tests/unit/unit_metrics.c
tests_unit_unit_metrics_CFLAGS = $(unit_cflags)
tests_unit_unit_metrics_LDADD = $(api_libs) $(unit_libs)

requests_world = tests/unit/requests_world.c tests/unit/requests_world.h
tests_unit_unit_requests_SOURCES = tests/unit/unit_requests.c $(requests_world)
tests_unit_unit_requests_CFLAGS = $(unit_cflags)
tests_unit_unit_requests_LDADD = $(api_libs) $(unit_libs)

tests_unit_unit_requests_disks_SOURCES = tests/unit/unit_requests_disks.c $(requests_world)
tests_unit_unit_requests_disks_CFLAGS = $(unit_cflags)
tests_unit_unit_requests_disks_LDADD = $(api_libs) $(unit_libs)

tests_unit_unit_requests_guest_SOURCES = tests/unit/unit_requests_guest.c $(requests_world)
tests_unit_unit_requests_guest_CFLAGS = $(unit_cflags)
tests_unit_unit_requests_guest_LDADD = $(api_libs) $(unit_libs)

tests_unit_unit_requests_news_SOURCES = tests/unit/unit_requests_news.c $(requests_world)
tests_unit_unit_requests_news_CFLAGS = $(unit_cflags)
tests_unit_unit_requests_news_LDADD = $(api_libs) $(unit_libs)

tests_unit_unit_requests_several_SOURCES = tests/unit/unit_requests_several.c $(requests_world)
tests_unit_unit_requests_several_CFLAGS = $(unit_cflags)
tests_unit_unit_requests_several_LDADD = $(api_libs) $(unit_libs)

tests_unit_unit_server_SOURCES = tests/unit/unit_server.c \
	tests/unit/private_munge.c tests/unit/private_munge.h
tests_unit_unit_server_CFLAGS = $(unit_cflags) $(MUNGE_CFLAGS) -I$(srcdir)/tests/unit
tests_unit_unit_server_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=peer_self_test
tests_unit_unit_server_LDADD = $(api_libs) $(unit_libs)
endif

TESTS += tests/unit/completion.t tests/unit/manual.t
tests/unit/manual.log: vmctl$(EXEEXT)
EXTRA_DIST += tests/unit/completion.t tests/unit/manual.t

# websocket: both ends
if HAVE_CHECK
unit_tests += tests/unit/unit_websocket
tests_unit_unit_websocket_SOURCES = tests/unit/unit_websocket.c
tests_unit_unit_websocket_CFLAGS = $(unit_cflags) $(SYSTEMD_CFLAGS)
tests_unit_unit_websocket_LDADD = $(kubeapi_libs) $(websocket_libs) $(unit_libs)
endif

# vmctl: the screen on loopback
if HAVE_CHECK
unit_tests += tests/unit/unit_screen
tests_unit_unit_screen_SOURCES = tests/unit/unit_screen.c vmd/vmctl/loopback.c vmd/vmctl/novnc.c
tests_unit_unit_screen_CFLAGS = $(unit_cflags) $(MHD_CFLAGS)
tests_unit_unit_screen_LDADD = $(websocket_libs) $(MHD_LIBS) $(unit_libs)
endif
