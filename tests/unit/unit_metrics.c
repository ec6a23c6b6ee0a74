/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The metrics text: the values stand where they belong, and every line is of the format. */
#include "tests/unit/check_main.h"
#include "vmd/api/metrics.h"

#include <check.h>
#include <string.h>

static struct metrics m;
static struct metrics_view view;
static struct strbuf text;

static void setup(void)
{
	memset(&m, 0, sizeof(m));
	memset(&view, 0, sizeof(view));
	metrics_action(&m, ACT_CREATE_VM, ERR_NONE, 1500000);
	metrics_action(&m, ACT_CREATE_VM, ERR_NONE, 500000);
	metrics_action(&m, ACT_RECORD, ERR_INVALID, 1);
	metrics_hint_to_create(&m, 5000, 100);
	metrics_hint_to_create(&m, 5001, 200);
	metrics_hint_to_create(&m, INT64_C(3600) * 1000000, 6000);
	m.kube_request[ERR_RETRY] = 7;
	m.hint = 9;
	view.counts =
		(struct reconciler_counts){.rounds = 11, .in_flight = 2, .approval_wanted = true};
	view.jobs[VM_STATE_READY] = 4;
	view.moves[MOVE_QUEUED] = 2;
	view.vms_known = true;
	view.leads = true;
	(void)str_copy(view.leader, sizeof(view.leader), "masternode");
	view.held = 12;
	view.n_worker = 1;
	view.worker[0] = (struct metrics_worker){.name = "munge", .age_us = 250000};
	view.resident_bytes = 4096;
	view.start_s = 1700000000;
	metrics_text(&m, &view, &text);
	ck_assert(!text.overflow);
}

static const char *const lines[] = {
	"vmd_rounds_total 11",
	"vmd_actions_in_flight 2",
	"vmd_approval_wanted 1",
	"vmd_held_vms 12",
	"vmd_actions_total{action=\"create-vm\",result=\"ok\"} 2",
	"vmd_actions_total{action=\"create-vm\",result=\"retry\"} 0",
	"vmd_actions_total{action=\"record\",result=\"invalid\"} 1",
	"vmd_action_seconds_total{action=\"create-vm\"} 2.000000",
	"vmd_calls_total{source=\"kube\",result=\"retry\"} 7",
	"vmd_calls_total{source=\"slurm\",result=\"ok\"} 0",
	"vmd_hints_total 9",
	"vmd_leads 1",
	"vmd_leader_info{host=\"masternode\"} 1",
	"vmd_hint_to_create_seconds_bucket{le=\"0.005\"} 1",
	"vmd_hint_to_create_seconds_bucket{le=\"0.01\"} 2",
	"vmd_hint_to_create_seconds_bucket{le=\"30\"} 2",
	"vmd_hint_to_create_seconds_bucket{le=\"+Inf\"} 3",
	"vmd_hint_to_create_seconds_count 3",
	"vmd_hint_to_create_seconds_sum 3600.010001",
	"vmd_hint_to_create_own_seconds_bucket{le=\"0.005\"} 2",
	"vmd_hint_to_create_own_seconds_sum 0.006300",
	"vmd_jobs{state=\"READY\"} 4",
	"vmd_jobs{state=\"FAILED\"} 0",
	"vmd_moves{phase=\"queued\"} 2",
	"vmd_moves{phase=\"blocked\"} 0",
	"vmd_known{list=\"jobs\"} 0",
	"vmd_known{list=\"vms\"} 1",
	"vmd_worker_oldest_job_seconds{worker=\"munge\"} 0.250000",
	"process_resident_memory_bytes 4096",
	"process_start_time_seconds 1700000000",
};

START_TEST(line_rows)
{
	char line[160];

	setup();
	(void)snprintf(line, sizeof(line), "\n%s\n", lines[_i]);
	ck_assert_msg(strstr(text.s, line), "%s is not in\n%s", lines[_i], text.s);
}
END_TEST

/* "name{label="value",...} number", with a HELP and a TYPE of its family before. */
START_TEST(format)
{
	char *rest, *line, *type_of = NULL;
	size_t n = 0;

	setup();
	rest = text.s;
	while ((line = strsep(&rest, "\n"))) {
		char name[80], *end;
		size_t len = strspn(line, "abcdefghijklmnopqrstuvwxyz_");

		if (strncmp(line, "# TYPE ", 7) == 0)
			type_of = line + 7;
		if (*line == '#' || !*line)
			continue;
		n++;
		ck_assert_msg(len > 0 && len < sizeof(name), "%s", line);
		memcpy(name, line, len);
		name[len] = '\0';
		ck_assert_msg(type_of && strncmp(name, type_of, strcspn(type_of, " ")) == 0,
			      "%s after TYPE %s", line, type_of);
		(void)strtod(strrchr(line, ' ') + 1, &end);
		ck_assert_msg(*end == '\0', "%s", line);
		ck_assert_msg(line[len] == ' ' || (line[len] == '{' && strstr(line, "\"} ")), "%s",
			      line);
	}
	ck_assert_uint_gt(n, 100);
}
END_TEST

START_TEST(resident)
{
	ck_assert_uint_gt(metrics_resident_bytes(), 100000);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("metrics");
	int failed;

	tcase_add_loop_test(t, line_rows, 0, ARRAY_LEN(lines));
	tcase_add_test(t, format);
	tcase_add_test(t, resident);
	failed = CHECK_MAIN(t);
	strbuf_done(&text);
	return failed;
}
