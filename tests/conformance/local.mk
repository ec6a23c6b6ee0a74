# SPDX-License-Identifier: GPL-2.0-or-later

# kubevirt-lite against recordings of a real server (KUBE_SAMPLES); skipped without them.
conformance_tests = tests/conformance/errors.t tests/conformance/faults.t \
	tests/conformance/hotplug.t tests/conformance/lifecycle.t \
	tests/conformance/manners.t tests/conformance/websockets.t
TESTS += $(conformance_tests)
tests/conformance/errors.log tests/conformance/faults.log tests/conformance/hotplug.log tests/conformance/lifecycle.log tests/conformance/manners.log tests/conformance/websockets.log: kubevirt-lite/kubevirt-lite
EXTRA_DIST += $(conformance_tests) tests/conformance/errors.tsv tests/conformance/lib.sh
