# SPDX-License-Identifier: GPL-2.0-or-later

# the adapter to Kubernetes
kube_test_libs = libtestkube.a $(kube_libs) $(MHD_LIBS) $(YAML_LIBS) $(unit_libs)
if HAVE_CHECK
# an API server that answers as it is told, its objects, and the schemas that they must be of
check_LIBRARIES += libtestkube.a
libtestkube_a_SOURCES = \
	tests/unit/fake_api.c tests/unit/fake_api.h \
	tests/unit/http_fixture.c tests/unit/http_fixture.h \
	tests/unit/kube_fixture.c tests/unit/kube_fixture.h \
	tests/unit/kube_objects.h \
	tests/unit/request_fixture.c tests/unit/request_fixture.h \
	tests/unit/schema.c tests/unit/schema.h
libtestkube_a_CFLAGS = $(AM_CFLAGS) $(MHD_CFLAGS) $(SYSTEMD_CFLAGS) $(YAML_CFLAGS)

unit_tests += \
	tests/unit/unit_kube_answers \
	tests/unit/unit_kube_cache \
	tests/unit/unit_kube_decode \
	tests/unit/unit_kube_encode \
	tests/unit/unit_kube_guest \
	tests/unit/unit_kube_http \
	tests/unit/unit_kube_lease \
	tests/unit/unit_kube_node \
	tests/unit/unit_kube_pod \
	tests/unit/unit_kube_request \
	tests/unit/unit_kube_samples \
	tests/unit/unit_kube_schema \
	tests/unit/unit_kube_secret \
	tests/unit/unit_kube_site \
	tests/unit/unit_kube_vm \
	tests/unit/unit_kube_watch

tests_unit_unit_kube_answers_LDADD = $(kube_test_libs)
tests_unit_unit_kube_cache_LDADD = $(kube_test_libs)
tests_unit_unit_kube_decode_LDADD = $(kube_test_libs)
tests_unit_unit_kube_encode_LDADD = $(kube_test_libs)
tests_unit_unit_kube_guest_LDADD = $(kube_test_libs)
tests_unit_unit_kube_http_LDADD = $(kube_test_libs)
tests_unit_unit_kube_lease_LDADD = $(kube_test_libs)
tests_unit_unit_kube_node_LDADD = $(kube_test_libs)
tests_unit_unit_kube_pod_LDADD = $(kube_test_libs)
tests_unit_unit_kube_request_LDADD = $(kube_test_libs)
tests_unit_unit_kube_samples_LDADD = $(kube_test_libs)
tests_unit_unit_kube_schema_LDADD = $(kube_test_libs)
tests_unit_unit_kube_secret_LDADD = $(kube_test_libs)
tests_unit_unit_kube_site_LDADD = $(kube_test_libs)
tests_unit_unit_kube_vm_LDADD = $(kube_test_libs)
tests_unit_unit_kube_watch_LDADD = $(kube_test_libs)
tests_unit_unit_kube_http_CFLAGS = $(AM_CFLAGS) $(MHD_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_unit_kube_pod_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_unit_kube_request_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_unit_kube_secret_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_unit_kube_watch_CFLAGS = $(AM_CFLAGS) $(MHD_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_unit_kube_schema_CFLAGS = $(AM_CFLAGS) $(YAML_CFLAGS)
endif

# the adapter against kubevirt-lite
if HAVE_CHECK
check_PROGRAMS += tests/integration/kube_adapter_test
tests_integration_kube_adapter_test_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_integration_kube_adapter_test_LDADD = $(kube_test_libs)
TESTS += tests/integration/0110-kube.t
endif
EXTRA_DIST += tests/integration/0110-kube.t

# what comes from the API server
check_PROGRAMS += tests/fuzz/fuzz_watch_line tests/fuzz/fuzz_kube_object tests/fuzz/fuzz_kube_status
tests_fuzz_fuzz_watch_line_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_watch_line_LDADD = $(fuzz_main) $(kube_libs)
tests_fuzz_fuzz_kube_object_SOURCES = tests/fuzz/fuzz_kube_object.c tests/unit/kube_fixture.c
tests_fuzz_fuzz_kube_object_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_kube_object_LDADD = $(fuzz_main) $(kube_libs)
check_PROGRAMS += tests/fuzz/fuzz_kube_exec
tests_fuzz_fuzz_kube_exec_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_kube_exec_LDADD = $(fuzz_main) $(kube_libs)
check_PROGRAMS += tests/fuzz/fuzz_kube_lease
tests_fuzz_fuzz_kube_lease_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_kube_lease_LDADD = $(fuzz_main) $(kube_libs)
tests_fuzz_fuzz_kube_status_SOURCES = tests/fuzz/fuzz_kube_status.c tests/unit/kube_fixture.c
tests_fuzz_fuzz_kube_status_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_kube_status_LDADD = $(fuzz_main) $(kube_libs)
