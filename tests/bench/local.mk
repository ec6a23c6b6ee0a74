# SPDX-License-Identifier: GPL-2.0-or-later

# As root: each benchmark starts labs of its own. Prints figures, judges nothing.
bench: all
	$(top_srcdir)/tests/bench/run $(abs_top_builddir)
.PHONY: bench
EXTRA_DIST += tests/bench/boot tests/bench/empty_spank.c tests/bench/jobs tests/bench/lib.sh tests/bench/move tests/bench/move_many tests/bench/run tests/bench/vmd docs/benchmarks.md
