# SPDX-License-Identifier: GPL-2.0-or-later

# the pure core
if HAVE_CHECK
unit_tests += \
	tests/unit/unit_account \
	tests/unit/unit_attachment \
	tests/unit/unit_companion \
	tests/unit/unit_drain \
	tests/unit/unit_fence \
	tests/unit/unit_growth \
	tests/unit/unit_site \
	tests/unit/unit_heir \
	tests/unit/unit_heir_story \
	tests/unit/unit_image \
	tests/unit/unit_inflight \
	tests/unit/unit_job_spec \
	tests/unit/unit_job_words \
	tests/unit/unit_lease \
	tests/unit/unit_move \
	tests/unit/unit_move_growth \
	tests/unit/unit_move_mark \
	tests/unit/unit_move_story \
	tests/unit/unit_named_disk \
	tests/unit/unit_plan \
	tests/unit/unit_plan_action \
	tests/unit/unit_plan_limits \
	tests/unit/unit_progress \
	tests/unit/unit_ranks \
	tests/unit/unit_reconciler \
	tests/unit/unit_reconciler_jobs \
	tests/unit/unit_recover \
	tests/unit/unit_reservation \
	tests/unit/unit_share \
	tests/unit/unit_status
endif

# every reachable small world
check_PROGRAMS += tests/model/explore
TESTS += tests/model/explore
tests_model_explore_SOURCES = tests/model/explore.c \
	tests/model/little_model.c tests/model/little_model.h tests/model/model_round.c \
	tests/model/search.c tests/model/search.h tests/model/byte_set.c tests/model/byte_set.h
tests_model_explore_LDADD = $(core_libs)

check_PROGRAMS += tests/fuzz/fuzz_disk_origin
tests_fuzz_fuzz_disk_origin_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_disk_origin_LDADD = $(fuzz_main) $(core_libs)

check_PROGRAMS += tests/fuzz/fuzz_named_disk
tests_fuzz_fuzz_named_disk_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_named_disk_LDADD = $(fuzz_main) $(core_libs)

# any number of vmd
check_PROGRAMS += tests/model/many_vmd
TESTS += tests/model/many_vmd
tests_model_many_vmd_SOURCES = tests/model/many_vmd.c
tests_model_many_vmd_LDADD = $(core_libs)

# every state of a move
check_PROGRAMS += tests/model/moves
TESTS += tests/model/moves
tests_model_moves_SOURCES = tests/model/moves.c tests/model/move_world.c tests/model/move_world.h \
	tests/model/move_sight.c \
	tests/model/faults.c tests/model/faults.h \
	tests/model/move_kube.c tests/model/move_kube.h tests/model/search.c tests/model/search.h \
	tests/model/byte_set.c tests/model/byte_set.h
tests_model_moves_LDADD = $(core_libs)

# every state of an allocation and its heirs
check_PROGRAMS += tests/model/heirs
TESTS += tests/model/heirs
tests_model_heirs_SOURCES = tests/model/heirs.c tests/model/heir_world.c tests/model/heir_world.h \
	tests/model/heir_sight.c \
	tests/model/faults.c tests/model/faults.h \
	tests/model/move_kube.c tests/model/move_kube.h tests/model/search.c tests/model/search.h \
	tests/model/byte_set.c tests/model/byte_set.h
tests_model_heirs_LDADD = $(core_libs)

# every state of a job whose node is lost
check_PROGRAMS += tests/model/lost_node
TESTS += tests/model/lost_node
tests_model_lost_node_SOURCES = tests/model/lost_node.c tests/model/search.c tests/model/search.h \
	tests/model/byte_set.c tests/model/byte_set.h
tests_model_lost_node_LDADD = $(core_libs)

# every state of a named disk
check_PROGRAMS += tests/model/named_disk
TESTS += tests/model/named_disk
tests_model_named_disk_SOURCES = tests/model/named_disk.c tests/model/disk_world.c tests/model/disk_world.h \
	tests/model/disk_sight.c tests/model/search.c tests/model/search.h \
	tests/model/byte_set.c tests/model/byte_set.h
tests_model_named_disk_LDADD = $(core_libs)

check_PROGRAMS += tests/fuzz/fuzz_job_spec
tests_fuzz_fuzz_job_spec_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_job_spec_LDADD = $(fuzz_main) $(core_libs)

# lives of jobs under faults and crashes, with virtual time
check_PROGRAMS += tests/sim/sim_seeds
tests_sim_sim_seeds_SOURCES = tests/sim/sim_disks.c tests/sim/sim_drain.c tests/sim/sim_faults.c \
	tests/sim/sim_grow.c tests/sim/sim_heir.c tests/sim/sim_lease.c tests/sim/sim_move.c tests/sim/sim_named.c \
	tests/sim/sim_node.c tests/sim/sim_request.c tests/sim/sim_reservation.c tests/sim/sim_seeds.c tests/sim/sim_several.c \
	tests/sim/sim_view.c tests/sim/sim_vmd.c tests/sim/sim_volume.c \
	tests/sim/sim_world.c tests/sim/sim_world.h
tests_sim_sim_seeds_LDADD = $(core_libs)
