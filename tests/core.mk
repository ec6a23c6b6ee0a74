# SPDX-License-Identifier: GPL-2.0-or-later

# the pure core
if HAVE_CHECK
core_test_libs = $(core_libs) $(unit_libs)
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
	tests/unit/unit_recover \
	tests/unit/unit_reservation \
	tests/unit/unit_share \
	tests/unit/unit_status

little_world = tests/unit/little_world.c tests/unit/little_world.h tests/unit/little_row.h
story = tests/unit/story.c tests/unit/story.h tests/unit/move_story.h $(little_world)

tests_unit_unit_attachment_SOURCES = tests/unit/unit_attachment.c $(little_world)
tests_unit_unit_attachment_CFLAGS = $(unit_cflags)
tests_unit_unit_attachment_LDADD = $(core_test_libs)

tests_unit_unit_companion_SOURCES = tests/unit/unit_companion.c $(little_world)
tests_unit_unit_companion_CFLAGS = $(unit_cflags)
tests_unit_unit_companion_LDADD = $(core_test_libs)

tests_unit_unit_drain_SOURCES = tests/unit/unit_drain.c $(little_world)
tests_unit_unit_drain_CFLAGS = $(unit_cflags)
tests_unit_unit_drain_LDADD = $(core_test_libs)

tests_unit_unit_fence_SOURCES = tests/unit/unit_fence.c $(little_world)
tests_unit_unit_fence_CFLAGS = $(unit_cflags)
tests_unit_unit_fence_LDADD = $(core_test_libs)

tests_unit_unit_heir_SOURCES = tests/unit/unit_heir.c
tests_unit_unit_heir_CFLAGS = $(unit_cflags)
tests_unit_unit_heir_LDADD = $(core_test_libs)

tests_unit_unit_heir_story_SOURCES = tests/unit/unit_heir_story.c $(story)
tests_unit_unit_heir_story_CFLAGS = $(unit_cflags)
tests_unit_unit_heir_story_LDADD = $(core_test_libs)

tests_unit_unit_site_SOURCES = tests/unit/unit_site.c
tests_unit_unit_site_CFLAGS = $(unit_cflags)
tests_unit_unit_site_LDADD = $(core_test_libs)

tests_unit_unit_growth_SOURCES = tests/unit/unit_growth.c
tests_unit_unit_growth_CFLAGS = $(unit_cflags)
tests_unit_unit_growth_LDADD = $(core_test_libs)

tests_unit_unit_image_SOURCES = tests/unit/unit_image.c
tests_unit_unit_image_CFLAGS = $(unit_cflags)
tests_unit_unit_image_LDADD = $(core_test_libs)

tests_unit_unit_inflight_SOURCES = tests/unit/unit_inflight.c $(little_world)
tests_unit_unit_inflight_CFLAGS = $(unit_cflags)
tests_unit_unit_inflight_LDADD = $(core_test_libs)

tests_unit_unit_job_spec_SOURCES = tests/unit/unit_job_spec.c
tests_unit_unit_job_spec_CFLAGS = $(unit_cflags)
tests_unit_unit_job_spec_LDADD = $(core_test_libs)

tests_unit_unit_job_words_SOURCES = tests/unit/unit_job_words.c
tests_unit_unit_job_words_CFLAGS = $(unit_cflags)
tests_unit_unit_job_words_LDADD = $(core_test_libs)

tests_unit_unit_move_SOURCES = tests/unit/unit_move.c $(little_world)
tests_unit_unit_move_CFLAGS = $(unit_cflags)
tests_unit_unit_move_LDADD = $(core_test_libs)

tests_unit_unit_move_growth_SOURCES = tests/unit/unit_move_growth.c $(story)
tests_unit_unit_move_growth_CFLAGS = $(unit_cflags)
tests_unit_unit_move_growth_LDADD = $(core_test_libs)

tests_unit_unit_move_mark_SOURCES = tests/unit/unit_move_mark.c $(story)
tests_unit_unit_move_mark_CFLAGS = $(unit_cflags)
tests_unit_unit_move_mark_LDADD = $(core_test_libs)

tests_unit_unit_move_story_SOURCES = tests/unit/unit_move_story.c $(story)
tests_unit_unit_move_story_CFLAGS = $(unit_cflags)
tests_unit_unit_move_story_LDADD = $(core_test_libs)

tests_unit_unit_reservation_SOURCES = tests/unit/unit_reservation.c $(little_world)
tests_unit_unit_reservation_CFLAGS = $(unit_cflags)
tests_unit_unit_reservation_LDADD = $(core_test_libs)

tests_unit_unit_lease_SOURCES = tests/unit/unit_lease.c
tests_unit_unit_lease_CFLAGS = $(unit_cflags)
tests_unit_unit_lease_LDADD = $(core_test_libs)

tests_unit_unit_named_disk_SOURCES = tests/unit/unit_named_disk.c
tests_unit_unit_named_disk_CFLAGS = $(unit_cflags)
tests_unit_unit_named_disk_LDADD = $(core_test_libs)

tests_unit_unit_plan_SOURCES = tests/unit/unit_plan.c $(little_world)
tests_unit_unit_plan_CFLAGS = $(unit_cflags)
tests_unit_unit_plan_LDADD = $(core_test_libs)

tests_unit_unit_plan_action_SOURCES = tests/unit/unit_plan_action.c $(little_world)
tests_unit_unit_plan_action_CFLAGS = $(unit_cflags)
tests_unit_unit_plan_action_LDADD = $(core_test_libs)

tests_unit_unit_plan_limits_SOURCES = tests/unit/unit_plan_limits.c $(little_world)
tests_unit_unit_plan_limits_CFLAGS = $(unit_cflags)
tests_unit_unit_plan_limits_LDADD = $(core_test_libs)

tests_unit_unit_progress_SOURCES = tests/unit/unit_progress.c $(little_world)
tests_unit_unit_progress_CFLAGS = $(unit_cflags)
tests_unit_unit_progress_LDADD = $(core_test_libs)

tests_unit_unit_ranks_SOURCES = tests/unit/unit_ranks.c
tests_unit_unit_ranks_CFLAGS = $(unit_cflags)
tests_unit_unit_ranks_LDADD = $(core_test_libs)

tests_unit_unit_reconciler_SOURCES = tests/unit/unit_reconciler.c $(story)
tests_unit_unit_reconciler_CFLAGS = $(unit_cflags)
tests_unit_unit_reconciler_LDADD = $(core_test_libs)

tests_unit_unit_account_SOURCES = tests/unit/unit_account.c
tests_unit_unit_account_CFLAGS = $(unit_cflags)
tests_unit_unit_account_LDADD = $(core_test_libs)

tests_unit_unit_share_SOURCES = tests/unit/unit_share.c
tests_unit_unit_share_CFLAGS = $(unit_cflags)
tests_unit_unit_share_LDADD = $(core_test_libs)

tests_unit_unit_status_SOURCES = tests/unit/unit_status.c $(story)
tests_unit_unit_status_CFLAGS = $(unit_cflags)
tests_unit_unit_status_LDADD = $(core_test_libs)

tests_unit_unit_recover_SOURCES = tests/unit/unit_recover.c $(little_world)
tests_unit_unit_recover_CFLAGS = $(unit_cflags)
tests_unit_unit_recover_LDADD = $(core_test_libs)
endif

# every reachable small world
check_PROGRAMS += tests/model/explore
TESTS += tests/model/explore
tests_model_explore_SOURCES = tests/model/explore.c \
	tests/model/little_model.c tests/model/little_model.h tests/model/model_round.c
tests_model_explore_LDADD = $(core_libs)

check_PROGRAMS += tests/fuzz/fuzz_disk_origin
tests_fuzz_fuzz_disk_origin_SOURCES = tests/fuzz/fuzz_disk_origin.c
nodist_tests_fuzz_fuzz_disk_origin_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_disk_origin_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_disk_origin_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_disk_origin_LDADD = $(core_libs)

check_PROGRAMS += tests/fuzz/fuzz_named_disk
tests_fuzz_fuzz_named_disk_SOURCES = tests/fuzz/fuzz_named_disk.c
nodist_tests_fuzz_fuzz_named_disk_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_named_disk_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_named_disk_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_named_disk_LDADD = $(core_libs)

# any number of vmd
check_PROGRAMS += tests/model/many_vmd
TESTS += tests/model/many_vmd
tests_model_many_vmd_SOURCES = tests/model/many_vmd.c
tests_model_many_vmd_LDADD = $(core_libs)

# every state of a move
check_PROGRAMS += tests/model/moves
TESTS += tests/model/moves
tests_model_moves_SOURCES = tests/model/moves.c tests/model/move_world.c tests/model/move_world.h \
	tests/model/move_kube.c tests/model/move_kube.h tests/model/search.c tests/model/search.h
tests_model_moves_LDADD = $(core_libs)

# every state of an allocation and its heirs
check_PROGRAMS += tests/model/heirs
TESTS += tests/model/heirs
tests_model_heirs_SOURCES = tests/model/heirs.c tests/model/heir_world.c tests/model/heir_world.h \
	tests/model/heir_sight.c \
	tests/model/move_kube.c tests/model/move_kube.h tests/model/search.c tests/model/search.h
tests_model_heirs_LDADD = $(core_libs)

# every state of a job whose node is lost
check_PROGRAMS += tests/model/lost_node
TESTS += tests/model/lost_node
tests_model_lost_node_SOURCES = tests/model/lost_node.c tests/model/search.c tests/model/search.h
tests_model_lost_node_LDADD = $(core_libs)

# every state of a named disk
check_PROGRAMS += tests/model/named_disk
TESTS += tests/model/named_disk
tests_model_named_disk_SOURCES = tests/model/named_disk.c tests/model/search.c tests/model/search.h
tests_model_named_disk_LDADD = $(core_libs)

check_PROGRAMS += tests/fuzz/fuzz_job_spec
tests_fuzz_fuzz_job_spec_SOURCES = tests/fuzz/fuzz_job_spec.c
nodist_tests_fuzz_fuzz_job_spec_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_job_spec_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_job_spec_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_job_spec_LDADD = $(core_libs)

# lives of jobs under faults and crashes, with virtual time
check_PROGRAMS += tests/sim/sim_seeds
tests_sim_sim_seeds_SOURCES = tests/sim/sim_disks.c tests/sim/sim_drain.c tests/sim/sim_faults.c \
	tests/sim/sim_grow.c tests/sim/sim_heir.c tests/sim/sim_lease.c tests/sim/sim_move.c tests/sim/sim_named.c \
	tests/sim/sim_node.c tests/sim/sim_request.c tests/sim/sim_reservation.c tests/sim/sim_seeds.c tests/sim/sim_several.c \
	tests/sim/sim_view.c tests/sim/sim_vmd.c tests/sim/sim_volume.c \
	tests/sim/sim_world.c tests/sim/sim_world.h
tests_sim_sim_seeds_LDADD = $(core_libs)
