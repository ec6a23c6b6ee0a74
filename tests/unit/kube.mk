# SPDX-License-Identifier: GPL-2.0-or-later

# the adapter to Kubernetes
EXTRA_DIST += tests/unit/fake_api.h tests/unit/kube_fixture.h tests/unit/kube_objects.h tests/unit/schema.h
kube_test_libs = $(kube_libs) $(unit_libs)
if HAVE_CHECK
unit_tests += \
	tests/unit/unit_kube_answers \
	tests/unit/unit_kube_cache \
	tests/unit/unit_kube_decode \
	tests/unit/unit_kube_encode \
	tests/unit/unit_kube_guest \
	tests/unit/unit_kube_http \
	tests/unit/unit_kube_node \
	tests/unit/unit_kube_request \
	tests/unit/unit_kube_samples \
	tests/unit/unit_kube_site \
	tests/unit/unit_kube_schema \
	tests/unit/unit_kube_lease \
	tests/unit/unit_kube_vm \
	tests/unit/unit_kube_watch

tests_unit_unit_kube_lease_SOURCES = tests/unit/unit_kube_lease.c
tests_unit_unit_kube_lease_CFLAGS = $(unit_cflags)
tests_unit_unit_kube_lease_LDADD = $(kube_test_libs)

tests_unit_unit_kube_answers_SOURCES = tests/unit/unit_kube_answers.c tests/unit/kube_fixture.c
tests_unit_unit_kube_answers_CFLAGS = $(unit_cflags)
tests_unit_unit_kube_answers_LDADD = $(kube_test_libs)

tests_unit_unit_kube_site_SOURCES = tests/unit/unit_kube_site.c tests/unit/kube_fixture.c
tests_unit_unit_kube_site_CFLAGS = $(unit_cflags)
tests_unit_unit_kube_site_LDADD = $(kube_test_libs)

tests_unit_unit_kube_decode_SOURCES = tests/unit/unit_kube_decode.c tests/unit/kube_fixture.c
tests_unit_unit_kube_decode_CFLAGS = $(unit_cflags)
tests_unit_unit_kube_decode_LDADD = $(kube_test_libs)

tests_unit_unit_kube_cache_SOURCES = tests/unit/unit_kube_cache.c tests/unit/kube_fixture.c
tests_unit_unit_kube_cache_CFLAGS = $(unit_cflags)
tests_unit_unit_kube_cache_LDADD = $(kube_test_libs)

tests_unit_unit_kube_node_SOURCES = tests/unit/unit_kube_node.c tests/unit/kube_fixture.c
tests_unit_unit_kube_node_CFLAGS = $(unit_cflags)
tests_unit_unit_kube_node_LDADD = $(kube_test_libs)

tests_unit_unit_kube_vm_SOURCES = tests/unit/unit_kube_vm.c tests/unit/kube_fixture.c
tests_unit_unit_kube_vm_CFLAGS = $(unit_cflags)
tests_unit_unit_kube_vm_LDADD = $(kube_test_libs)

tests_unit_unit_kube_encode_SOURCES = tests/unit/unit_kube_encode.c tests/unit/kube_fixture.c
tests_unit_unit_kube_encode_CFLAGS = $(unit_cflags)
tests_unit_unit_kube_encode_LDADD = $(kube_test_libs)

tests_unit_unit_kube_guest_SOURCES = tests/unit/unit_kube_guest.c
tests_unit_unit_kube_guest_CFLAGS = $(unit_cflags)
tests_unit_unit_kube_guest_LDADD = $(kube_test_libs)

http_fixture = tests/unit/http_fixture.c tests/unit/http_fixture.h tests/unit/fake_api.c
tests_unit_unit_kube_http_SOURCES = tests/unit/unit_kube_http.c $(http_fixture)
tests_unit_unit_kube_http_CFLAGS = $(unit_cflags) $(MHD_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_unit_kube_http_LDADD = $(kube_test_libs) $(MHD_LIBS)

tests_unit_unit_kube_watch_SOURCES = tests/unit/unit_kube_watch.c $(http_fixture)
tests_unit_unit_kube_watch_CFLAGS = $(unit_cflags) $(MHD_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_unit_kube_watch_LDADD = $(kube_test_libs) $(MHD_LIBS)

tests_unit_unit_kube_request_SOURCES = tests/unit/unit_kube_request.c tests/unit/fake_api.c \
	tests/unit/kube_fixture.c
tests_unit_unit_kube_request_CFLAGS = $(unit_cflags) $(MHD_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_unit_kube_request_LDADD = $(kube_test_libs) $(MHD_LIBS)

tests_unit_unit_kube_samples_SOURCES = tests/unit/unit_kube_samples.c tests/unit/kube_fixture.c
tests_unit_unit_kube_samples_CFLAGS = $(unit_cflags)
tests_unit_unit_kube_samples_LDADD = $(kube_test_libs)

tests_unit_unit_kube_schema_SOURCES = tests/unit/unit_kube_schema.c tests/unit/kube_fixture.c \
	tests/unit/schema.c
tests_unit_unit_kube_schema_CFLAGS = $(unit_cflags) $(YAML_CFLAGS)
tests_unit_unit_kube_schema_LDADD = $(kube_test_libs) $(YAML_LIBS)
endif

# the adapter against kubevirt-lite
if HAVE_CHECK
check_PROGRAMS += tests/integration/kube_adapter_test
tests_integration_kube_adapter_test_SOURCES = tests/integration/kube_adapter_test.c \
	tests/unit/kube_fixture.c
tests_integration_kube_adapter_test_CFLAGS = $(unit_cflags) $(SYSTEMD_CFLAGS)
tests_integration_kube_adapter_test_LDADD = $(kube_test_libs)
TESTS += tests/integration/0110-kube.t
endif
EXTRA_DIST += tests/integration/0110-kube.t

# what comes from the API server
check_PROGRAMS += tests/fuzz/fuzz_watch_line tests/fuzz/fuzz_kube_object tests/fuzz/fuzz_kube_status
tests_fuzz_fuzz_watch_line_SOURCES = tests/fuzz/fuzz_watch_line.c
nodist_tests_fuzz_fuzz_watch_line_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_watch_line_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_watch_line_LDADD = $(kube_libs)
tests_fuzz_fuzz_kube_object_SOURCES = tests/fuzz/fuzz_kube_object.c tests/unit/kube_fixture.c
nodist_tests_fuzz_fuzz_kube_object_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_kube_object_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_kube_object_LDADD = $(kube_libs)
check_PROGRAMS += tests/fuzz/fuzz_kube_exec
tests_fuzz_fuzz_kube_exec_SOURCES = tests/fuzz/fuzz_kube_exec.c
nodist_tests_fuzz_fuzz_kube_exec_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_kube_exec_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_kube_exec_LDADD = $(kube_libs)
check_PROGRAMS += tests/fuzz/fuzz_kube_lease
tests_fuzz_fuzz_kube_lease_SOURCES = tests/fuzz/fuzz_kube_lease.c
nodist_tests_fuzz_fuzz_kube_lease_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_kube_lease_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_kube_lease_LDADD = $(kube_libs)
tests_fuzz_fuzz_kube_status_SOURCES = tests/fuzz/fuzz_kube_status.c tests/unit/kube_fixture.c
nodist_tests_fuzz_fuzz_kube_status_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_kube_status_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_kube_status_LDADD = $(kube_libs)
