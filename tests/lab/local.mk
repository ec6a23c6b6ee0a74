# SPDX-License-Identifier: GPL-2.0-or-later

# The tests on the one-host lab: as root, minutes rather than seconds.
check-lab: all
	$(top_srcdir)/tests/lab/run --build $(abs_top_builddir)
# Real faults, one after the other: as root, three quarters of an hour. FAULTS="NAME ...": those only.
check-faults: all
	$(top_srcdir)/tests/faults/run --build $(abs_top_builddir) $(FAULTS)
.PHONY: check-lab check-faults

EXTRA_DIST += .ci/run scripts/demo scripts/guest scripts/lab scripts/lab.d tests/.shellcheckrc tests/faults tests/lab
