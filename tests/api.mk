# SPDX-License-Identifier: GPL-2.0-or-later

# api
if HAVE_CHECK
unit_tests += \
	tests/unit/unit_client \
	tests/unit/unit_http_reply \
	tests/unit/unit_listener \
	tests/unit/unit_metrics \
	tests/unit/unit_powershell \
	tests/unit/unit_public_key \
	tests/unit/unit_quote \
	tests/unit/unit_requests \
	tests/unit/unit_requests_disks \
	tests/unit/unit_requests_guest \
	tests/unit/unit_requests_list \
	tests/unit/unit_requests_news \
	tests/unit/unit_requests_several \
	tests/unit/unit_server \
	tests/unit/unit_several \
	tests/unit/unit_vmctl \
	tests/unit/unit_vmrun \
	tests/unit/unit_wire

# What vmd would know, and how it would answer. A munged of one's own is for those with the server.
check_LIBRARIES += libtestapi.a
private_munge = tests/unit/private_munge.c tests/unit/private_munge.h
libtestapi_a_SOURCES = tests/unit/requests_world.c tests/unit/requests_world.h tests/unit/port_views.h
api_test_libs = libtestapi.a $(api_libs) $(unit_libs)

tests_unit_unit_http_reply_LDADD = $(client_libs) $(unit_libs)
tests_unit_unit_listener_CFLAGS = $(AM_CFLAGS) $(MHD_CFLAGS)
tests_unit_unit_listener_LDADD = $(api_libs) $(unit_libs)
tests_unit_unit_several_SOURCES = tests/unit/unit_several.c \
	vmd/vmctl/child.c vmd/vmctl/choice.c vmd/vmctl/fan.c vmd/vmctl/login.c
tests_unit_unit_several_LDADD = $(core_libs) $(JSONC_LIBS) $(base_libs) $(unit_libs)
tests_unit_unit_vmctl_SOURCES = tests/unit/unit_vmctl.c $(private_munge) \
	tests/unit/vmctl_world.c tests/unit/vmctl_world.h tests/unit/port_views.h
tests_unit_unit_vmctl_LDADD = $(api_libs) $(unit_libs)
EXTRA_tests_unit_unit_vmctl_DEPENDENCIES = vmctl$(EXEEXT)

tests_unit_unit_public_key_LDADD = $(core_libs) $(base_libs) $(unit_libs)
tests_unit_unit_vmrun_SOURCES = tests/unit/unit_vmrun.c vmd/vmctl/quote.c \
	vmd/vmrun/guest_linux.c vmd/vmrun/guest_windows.c vmd/vmrun/script.c
tests_unit_unit_vmrun_LDADD = $(base_libs) $(unit_libs)
tests_unit_unit_powershell_SOURCES = tests/unit/unit_powershell.c tests/unit/powershell.c tests/unit/powershell.h \
	vmd/vmctl/quote.c vmd/vmrun/guest_linux.c vmd/vmrun/guest_windows.c vmd/vmrun/script.c
tests_unit_unit_powershell_LDADD = $(base_libs) $(unit_libs)
tests_unit_unit_quote_SOURCES = tests/unit/unit_quote.c vmd/vmctl/quote.c
tests_unit_unit_quote_LDADD = $(base_libs) $(unit_libs)
tests_unit_unit_wire_LDADD = $(client_libs) $(unit_libs)
tests_unit_unit_metrics_LDADD = $(api_libs) $(unit_libs)

tests_unit_unit_requests_LDADD = $(api_test_libs)
tests_unit_unit_requests_disks_LDADD = $(api_test_libs)
tests_unit_unit_requests_guest_LDADD = $(api_test_libs)
tests_unit_unit_requests_list_LDADD = $(api_test_libs)
tests_unit_unit_requests_news_LDADD = $(api_test_libs)
tests_unit_unit_requests_several_LDADD = $(api_test_libs)
served = tests/unit/served.c tests/unit/served.h $(private_munge)
tests_unit_unit_client_SOURCES = tests/unit/unit_client.c $(served)
tests_unit_unit_client_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_unit_client_LDADD = $(api_libs) $(unit_libs)
tests_unit_unit_server_SOURCES = tests/unit/unit_server.c $(served)
tests_unit_unit_server_CFLAGS = $(AM_CFLAGS) $(MUNGE_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_unit_server_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=peer_self_test
tests_unit_unit_server_LDADD = $(api_libs) $(unit_libs)
endif

TESTS += tests/unit/completion.t tests/unit/manual.t
tests/unit/manual.log: vmctl$(EXEEXT)
EXTRA_DIST += tests/unit/completion.t tests/unit/manual.t

# websocket: both ends
if HAVE_CHECK
unit_tests += tests/unit/unit_websocket
tests_unit_unit_websocket_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_unit_websocket_LDADD = $(kubeapi_libs) $(websocket_libs) $(unit_libs)
endif

# vmctl: the screen on loopback
if HAVE_CHECK
unit_tests += tests/unit/unit_screen
tests_unit_unit_screen_SOURCES = tests/unit/unit_screen.c vmd/vmctl/loopback.c vmd/vmctl/novnc.c
tests_unit_unit_screen_CFLAGS = $(AM_CFLAGS) $(MHD_CFLAGS)
tests_unit_unit_screen_LDADD = $(websocket_libs) $(MHD_LIBS) $(unit_libs)
endif
