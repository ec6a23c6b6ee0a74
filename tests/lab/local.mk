# SPDX-License-Identifier: GPL-2.0-or-later

# The tests on the one-host lab: as root, minutes rather than seconds.
check-lab: all
	$(top_srcdir)/tests/lab/run --build $(abs_top_builddir)
.PHONY: check-lab

EXTRA_DIST += .ci/run scripts/demo scripts/guest scripts/lab scripts/lab.d tests/.shellcheckrc tests/lab
