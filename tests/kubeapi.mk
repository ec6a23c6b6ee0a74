# SPDX-License-Identifier: GPL-2.0-or-later

# kubevirt-lite's API: the store, the pure parts, and what decodes bytes from clients
if HAVE_CHECK
unit_tests += \
	tests/unit/unit_kube_text \
	tests/unit/unit_store

tests_unit_unit_kube_text_LDADD = $(kubeapi_libs) $(unit_libs)
tests_unit_unit_store_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_unit_store_LDADD = $(kubeapi_libs) $(unit_libs)
endif

check_PROGRAMS += tests/fuzz/fuzz_kube_request tests/fuzz/fuzz_kube_selector tests/fuzz/fuzz_kube_patch
tests_fuzz_fuzz_kube_request_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_kube_request_LDADD = $(fuzz_main) $(kubeapi_libs)
tests_fuzz_fuzz_kube_selector_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_kube_selector_LDADD = $(fuzz_main) $(kubeapi_libs)
tests_fuzz_fuzz_kube_patch_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_kube_patch_LDADD = $(fuzz_main) $(kubeapi_libs)
check_PROGRAMS += tests/fuzz/fuzz_kube_api
tests_fuzz_fuzz_kube_api_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_fuzz_fuzz_kube_api_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_kube_api_LDADD = $(fuzz_main) $(kubeapi_libs)
check_PROGRAMS += tests/fuzz/fuzz_kube_machine
tests_fuzz_fuzz_kube_machine_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_fuzz_fuzz_kube_machine_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_kube_machine_LDADD = $(fuzz_main) $(guest_libs) $(base_libs)
check_PROGRAMS += tests/fuzz/fuzz_kube_text
tests_fuzz_fuzz_kube_text_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_fuzz_fuzz_kube_text_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_kube_text_LDADD = $(fuzz_main) $(kubeapi_libs)

# kubevirt-lite's watches over TLS, seen by vmd's
check_PROGRAMS += tests/integration/watch_stress
TESTS += tests/integration/watch_stress
tests_integration_watch_stress_SOURCES = tests/integration/watch_stress.c \
	tests/integration/watch_stress.h tests/integration/watch_stress_client.c
tests_integration_watch_stress_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_integration_watch_stress_LDADD = libvmkube.a $(kubeapi_libs) $(CURL_LIBS)
