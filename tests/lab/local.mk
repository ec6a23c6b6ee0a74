# SPDX-License-Identifier: GPL-2.0-or-later

# The tests on the one-host lab: as root, minutes rather than seconds; with those that scripts/check
# leaves out because they are long, and with more moves in which vmd is killed (MOVES=N).
check-lab: all
	MOVES=$${MOVES-10} $(top_srcdir)/tests/lab/run --build $(abs_top_builddir) --all
# Real faults, one after the other: as root, three quarters of an hour. FAULTS="NAME ...": those only.
check-faults: all
	$(top_srcdir)/tests/faults/run --build $(abs_top_builddir) $(FAULTS)
# One VM, moved 50 times through a cluster that another user fills, for each kind of rival: as root, ten
# minutes each. RIVALS="KIND ..." and MOVES=N: those only, and so often. tests/lab/0029-rival.t is one such move.
check-hungry: all
	@bad=0; for r in $${RIVALS-priority reservation below preempt above}; do \
		$(top_srcdir)/tests/faults/hungry --build $(abs_top_builddir) --moves $${MOVES-50} --rival $$r || bad=1; \
	done; exit $$bad
.PHONY: check-lab check-faults check-hungry

EXTRA_DIST += .ci/run scripts/demo scripts/guest scripts/guest-debian scripts/lab scripts/lab.d tests/.shellcheckrc tests/faults tests/lab
