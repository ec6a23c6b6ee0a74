# SPDX-License-Identifier: GPL-2.0-or-later

# Tests written in bash are called NAME.t.
TEST_EXTENSIONS = .t
T_LOG_COMPILER = bash
# libcheck gives each test 4 s, which are too few on a busy machine.
AM_TESTS_ENVIRONMENT = top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' CC='$(CC)'; \
	export top_srcdir top_builddir CC; \
	CK_DEFAULT_TIMEOUT=$${CK_DEFAULT_TIMEOUT-60}; export CK_DEFAULT_TIMEOUT;

lint_tests = tests/lint/alerts.t tests/lint/configure.t tests/lint/docs.t tests/lint/layers.t tests/lint/pure.t \
	tests/lint/rights.t
# They look at the sources, so once is enough.
if !SANITIZERS
TESTS += $(lint_tests)
endif
tests/lint/pure.log: libvmcore.a
EXTRA_DIST += $(lint_tests) \
	scripts/check scripts/check-docs scripts/check-layers scripts/check-pure scripts/codespell-words scripts/cppcheck.cfg \
	scripts/coverage scripts/fuzz scripts/mutate tests/mutations scripts/packages scripts/packages.list
