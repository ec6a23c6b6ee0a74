# SPDX-License-Identifier: GPL-2.0-or-later

# What takes too long for `make check`; docs/reliability.md tells of the runs.
EXTRA_DIST += docs/findings.md docs/reliability.md scripts/reliability tests/mutations tests/unit/reliability.t
TESTS += tests/unit/reliability.t
.PHONY: check-long check-valgrind

# many seeds with faults and crashes, a crash at every effect, and every state of the models
check-long: tests/sim/sim_seeds tests/model/explore tests/model/lost_node \
	tests/model/heirs tests/model/moves tests/model/named_disk
	tests/sim/sim_seeds $${SEEDS-20000}
	tests/model/lost_node all
	tests/model/named_disk 2000000
	tests/model/moves all
	tests/model/heirs all
	tests/model/explore all

# The unit tests under valgrind: errors, and memory that is lost. CK_FORK=no: in one process, so that
# an error ends the program with 99.
check-valgrind: $(unit_tests)
	@bad=0; for t in $${VALGRIND_TESTS-$(unit_tests)}; do \
		if CK_FORK=no CK_VERBOSITY=silent srcdir=$(srcdir) KUBE_SAMPLES=$${KUBE_SAMPLES-$(abs_top_srcdir)/../shared/kube-samples} \
			$(LIBTOOL) --quiet --mode=execute valgrind -q --error-exitcode=99 --leak-check=full \
			--errors-for-leak-kinds=definite $$t >$$t.valgrind 2>&1 || test $$? = 77; \
		then echo "ok: $$t"; \
		else echo "FAILED: $$t"; tail -n 40 $$t.valgrind; bad=1; fi; \
	done; exit $$bad
