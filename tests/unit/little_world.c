/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The world of one job from words; see little_world.h. Words of what is seen: little_seen.c. Pure
 * but for malloc in the inflight table. */
#include "tests/unit/little_world.h"

#include "tests/unit/little_seen.h"
#include "vmd/base/str.h"
#include "vmd/job/job_option.h"

#include <string.h>

static void bad_word(const char *word)
{
	fprintf(stderr, "little_world: '%s' is not understood\n", word);
	exit(99);
}

static void each_word(struct little_world *w, const char *text,
		      bool (*fn)(struct little_world *w, const char *word))
{
	char copy[512];
	char *rest = copy;
	char *word;

	if (str_copy(copy, sizeof(copy), text) < 0)
		bad_word(text);
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word && !fn(w, word))
			bad_word(word);
}

static bool companion_word(struct little_world *w, const char *s)
{
	static const char *const phases[] = {"pending", "running", "ending", "ended"};
	struct companion *c = &w->companion[w->want.n_companion];
	const char *at = strchr(s, '@');
	char phase[16];

	*c = (struct companion){.id = 23 + (uint32_t)w->want.n_companion++,
				.start_s = LITTLE_NOW_S - 300};
	(void)str_copy(c->job_key, sizeof(c->job_key), LITTLE_KEY);
	(void)str_copy(c->node, sizeof(c->node), at ? at + 1 : "");
	(void)str_fmt(phase, sizeof(phase), "%.*s", (int)strcspn(s, "@"), s);
	for (size_t i = 0; i < ARRAY_LEN(phases); i++)
		if (str_eq(phase, phases[i])) {
			c->phase = (enum job_phase)i;
			return true;
		}
	return false;
}

/* Words about reservations; -1: none of them. */
static int reservation_word(struct little_world *w, const char *s)
{
	struct reservation *r = &w->reservation[w->want.n_reservation];

	if (str_eq(s, "reserves"))
		w->policy.move_reserve = true;
	else if (str_eq(s, "reserves-own"))
		w->job.reserves_own = true;
	else if (str_starts(s, "reserved:"))
		w->job.reserved = (uint32_t)strtoul(s + 9, NULL, 10);
	else if (!str_starts(s, "reservation:"))
		return -1;
	if (!str_starts(s, "reservation:"))
		return true;
	w->want.n_reservation++;
	return reservation_parse(s + strlen("reservation:"), r);
}

/* Words about a move; -1: none of them. */
static int move_word(struct little_world *w, const char *s)
{
	static const struct job_size large = {.cpus = 4, .memory_bytes = UINT64_C(4) << 30};
	struct job *j = &w->job;
	struct err e;

	if (str_starts(s, "companion:"))
		return companion_word(w, s + strlen("companion:"));
	if (str_starts(s, "for:")) /* the last one is for the VM of that uid */
		return str_copy(w->companion[w->want.n_companion - 1].vm_uid,
				sizeof(w->companion[0].vm_uid), s + 4) == 0;
	if (str_starts(s, "not:"))
		return str_copy(w->companion[w->want.n_companion - 1].not_on,
				sizeof(w->companion[0].not_on), s + 4) == 0;
	if (str_starts(s, "excludes:"))
		return str_copy(j->not_on, sizeof(j->not_on), s + 9) == 0;
	if (str_eq(s, "limit")) /* of the last companion, or of the job that waits */
		return *(w->want.n_companion && j->phase != JOB_PENDING
				 ? &w->companion[w->want.n_companion - 1].limited
				 : &j->limited) = true;
	if (str_starts(s, "grows:")) {
		j->request.grow = large;
		j->request.grow.cpus = (uint32_t)(s[6] - '0');
		return true;
	}
	if (str_starts(s, "holds:")) /* the last companion */
		return (w->companion[w->want.n_companion - 1].cpus = (uint32_t)(s[6] - '0')) > 0;
	if (str_eq(s, "grow")) /* as its progress has it, and as its record has it */
		w->progress.grow = large;
	else if (str_eq(s, "grows"))
		j->request.grow = large;
	else if (str_eq(s, "large"))
		w->companion[w->want.n_companion - 1].size = large;
	if (str_starts(s, "grow") || str_eq(s, "large"))
		return true;
	if (str_starts(s, "drain:"))
		return job_option_on_drain(s + 6, &j->request.on_drain, &e) == 0;
	if (str_starts(s, "site:"))
		return job_option_on_drain(s + 5, &w->policy.on_drain, &e) == 0;
	if (str_starts(s, "nodes:"))
		return str_copy(j->request.nodes, sizeof(j->request.nodes), s + 6) == 0;
	if (str_starts(s, "aimed:"))
		return str_copy(j->asked_node, sizeof(j->asked_node), s + 6) == 0;
	if (str_starts(s, "migrate:"))
		return str_copy(w->progress.move_to, sizeof(w->progress.move_to), s + 8) == 0;
	if (str_eq(s, "claims")) { /* the last companion */
		w->companion[w->want.n_companion - 1].after = j->id;
		return true;
	}
	if (str_starts(s, "told:")) /* so many seconds ago: its script may be ending */
		return (j->told_to_end_s = LITTLE_NOW_S - strtol(s + 5, NULL, 10)) > 0;
	if (str_starts(s, "fan:")) { /* why it is drained, and by whom */
		(void)str_copy(j->drain_reason, sizeof(j->drain_reason), "a fan");
		return str_copy(j->drained_by, sizeof(j->drained_by), s + 4) == 0;
	}
	if (str_eq(s, "drained"))
		j->drained = true;
	else if (str_eq(s, "noshell"))
		j->request.no_shell = true;
	else if (str_eq(s, "heir"))
		j->request.heir = 23;
	else if (str_eq(s, "as17")) {
		j->id = 23;
		j->request.as = j->request.after = 17;
	} else if (str_eq(s, "requeue"))
		j->batch = j->requeue = true;
	else if (str_eq(s, "held"))
		j->held = true;
	else if (str_eq(s, "moved"))
		j->request.moved_run = j->restarts;
	else if (str_eq(s, "marked"))
		j->request.moved_run = j->restarts + 1;
	else if (str_eq(s, "pause"))
		w->progress.pause_until_us = LITTLE_NOW_US + 1;
	else if (str_eq(s, "alone") || str_eq(s, "waits")) {
		w->progress.alone_since_us =
			LITTLE_NOW_US - (*s == 'w' ? MOVE_WAIT_S : MOVE_GAP_S) * INT64_C(1000000);
		w->progress.alone_run = j->restarts;
	} else if (str_eq(s, "noted") || str_eq(s, "heard")) {
		w->progress.noted_us = LITTLE_NOW_US - 5;
		w->want.asked_us = w->progress.noted_us + (*s == 'h' ? 1 : 0);
	} else if (str_eq(s, "late"))
		w->progress.behind_since_us = LITTLE_NOW_US - MOVE_BEHIND_S * INT64_C(1000000);
	else
		return -1;
	return true;
}

static bool slurm_node_word(struct little_world *w, const char *s)
{
	struct slurm_node *n = &w->slurm_node[w->want.n_node++];

	*n = (struct slurm_node){.drained = s[2] == ':'};
	(void)str_fmt(n->name, sizeof(n->name), "n%c", s[1]);
	(void)str_copy(n->reason, sizeof(n->reason),
		       str_eq(s + 2, ":ours") ? DRAIN_REASON : "a fan");
	return !s[2] || str_eq(s + 2, ":drained") || str_eq(s + 2, ":ours");
}

static void from_set(struct job *j, const char *from)
{
	j->request.image[0] = '\0';
	(void)str_copy(j->request.from, sizeof(j->request.from), from);
}

static bool job_word(struct little_world *w, const char *s)
{
	static const char *const phases[] = {"pending", "running", "ending", "ended"};
	struct job *j = &w->job;

	int move = move_word(w, s);

	if (move < 0)
		move = reservation_word(w, s);
	if (move >= 0)
		return move;
	if (s[0] == 's' && s[1] >= '1' && s[1] <= '3')
		return slurm_node_word(w, s);
	for (size_t i = 0; i < ARRAY_LEN(phases); i++)
		if (str_eq(s, phases[i])) {
			j->phase = (enum job_phase)i;
			return true;
		}
	if (str_eq(s, "absent"))
		w->want.n = 0;
	else if (str_eq(s, "unknown"))
		w->want.known = false;
	else if (str_eq(s, "live"))
		w->want.n_live = 1;
	else if (str_starts(s, "attach"))
		j->request.attach = (struct vm_attach_list){
			.n = 1, .at = {{.name = "data", .read_only = str_eq(s, "attach:ro")}}};
	else if (str_eq(s, "from16"))
		from_set(j, "16");
	else if (str_eq(s, "fromkey"))
		from_set(j, LITTLE_OTHER);
	else if (str_starts(s, "warned:")) {
		w->progress.warned_s = LITTLE_NOW_S - strtol(s + strlen("warned:"), NULL, 10);
		(void)progress_text(&w->progress, w->progress.recorded);
	} else if (str_starts(s, "answers:")) {
		w->progress.status.state = VM_STATE_READY;
		w->progress.status.since_s[VM_STATE_READY] =
			LITTLE_NOW_S - strtol(s + strlen("answers:"), NULL, 10);
		(void)progress_text(&w->progress, w->progress.recorded);
	} else if (str_eq(s, "told")) {
		w->progress.told_s = LITTLE_NOW_S - 5;
		(void)progress_text(&w->progress, w->progress.recorded);
	} else if (str_eq(s, "hook")) {
		w->policy.tell_ready = true;
	} else if (str_starts(s, "ends:")) {
		j->end_s = LITTLE_NOW_S + strtol(s + strlen("ends:"), NULL, 10);
		j->start_s = j->end_s - 10000;
	} else if (str_starts(s, "short:")) {
		j->end_s = LITTLE_NOW_S + strtol(s + strlen("short:"), NULL, 10);
		j->start_s = j->end_s - 600;
	} else if (str_eq(s, "bob"))
		j->uid = 1001;
	else if (str_eq(s, "slurm"))
		j->uid = w->policy.slurm_uid;
	else if (str_eq(s, "r1"))
		j->restarts = 1;
	else if (str_eq(s, "r2"))
		j->restarts = 2;
	else if (str_eq(s, "batch"))
		j->batch = true;
	else if (str_eq(s, "scratch"))
		j->request.scratch_bytes = UINT64_C(1) << 30;
	else if (str_eq(s, "normal"))
		j->end = JOB_END_NORMAL;
	else if (str_eq(s, "abnormal"))
		j->end = JOB_END_ABNORMAL;
	else if (str_eq(s, "never"))
		j->request.keep = VM_KEEP_NEVER;
	else if (str_eq(s, "always"))
		j->request.keep = VM_KEEP_ALWAYS;
	else if (str_eq(s, "badimage"))
		(void)str_copy(j->request.image, sizeof(j->request.image), "nosuch");
	else if (str_eq(s, "failed"))
		w->progress.failed_us = LITTLE_NOW_US - 2 * FAILED_GRACE_US;
	else if (str_eq(s, "lately"))
		w->progress.failed_us = LITTLE_NOW_US - FAILED_GRACE_US / 2;
	else if (str_eq(s, "ready"))
		w->progress.status.since_s[VM_STATE_READY] = LITTLE_NOW_S - 1000;
	else if (str_eq(s, "unrecorded"))
		w->progress.recorded[0] = '\0';
	else if (str_eq(s, "recording"))
		w->progress.record_ticket = 5;
	else
		return false;
	return true;
}

static const char *flight_object(enum action_kind k)
{
	switch (action_class(k)) {
	case CLASS_DISK:
		if (k == ACT_TAKE_DISK)
			return "vm-" LITTLE_OTHER "-root";
		return k == ACT_CREATE_DISK ? "vm-" LITTLE_KEY "-scratch"
					    : "vm-" LITTLE_KEY "-root";
	case CLASS_CLAIM: return LITTLE_DATA;
	case CLASS_VOLUME: return "disk-data";
	case CLASS_PV: return "vm-" LITTLE_KEY "-root";
	case CLASS_PVC: return "vm-" LITTLE_KEY "-r0-root";
	case CLASS_SECRET: return "vm-" LITTLE_KEY;
	case CLASS_POD:
	case CLASS_GUEST:
	case CLASS_HOOK:
	case CLASS_VM: return "vm-" LITTLE_KEY "-r0";
	case CLASS_MIGRATION: return "vm-" LITTLE_KEY "-r0-m23-1";
	case CLASS_COMPANION: return k == ACT_END_COMPANION ? "23" : LITTLE_KEY;
	case CLASS_RESERVATION: return "vm-move-" LITTLE_KEY "-23";
	case CLASS_JOB_END:
	case CLASS_JOB_RECORD:
	case CLASS_JOB_WORD:
	case CLASS_JOB_MOVE:
	case CLASS_NODE:
	case CLASS_SLURM_NODE: break;
	}
	return LITTLE_KEY;
}

static bool flight_word(struct little_world *w, const char *s)
{
	for (int k = ACT_CLONE_DISK; k < ACTION_KINDS; k++) {
		struct action a = {.kind = (enum action_kind)k, .job_id = 17};
		struct err e = {.kind = ERR_NONE};
		uint64_t ticket;

		if (!str_eq(s + 1, action_name(a.kind)))
			continue;
		(void)str_copy(a.job_key, sizeof(a.job_key), LITTLE_KEY);
		(void)str_copy(a.object, sizeof(a.object), flight_object(a.kind));
		/* 6 s ago: a success has settled, a first back-off is over */
		ticket = inflight_start(&w->flight, &a, LITTLE_NOW_US - 6000000);
		if (*s == '!')
			err_set(&e, ERR_UNSURE, "no answer");
		if (*s == '-')
			err_set(&e, ERR_DENIED, "not here");
		if (*s != '~')
			(void)inflight_finish(&w->flight, ticket, &e, LITTLE_NOW_US - 6000000);
		return strchr("~+!-", *s) != NULL;
	}
	return false;
}

static void image_init(struct image *i)
{
	*i = (struct image){
		.name = "tiny",
		.user = "user",
		.n_revision = 1,
		.revision = {{.name = "v1", .pool = "rbd", .rbd_image = "tiny", .snapshot = "v1"}},
		.scratch_max_bytes = UINT64_C(1) << 40,
		.memory_min_bytes = UINT64_C(128) << 20,
		.n_network = 1,
		.network = {"lan"}};
}

void little_world_init(struct little_world *w, const char *job, const char *seen,
		       const char *flight)
{
	*w = (struct little_world){.live = {17, 18}};
	image_init(&w->image);
	w->catalogue = (struct catalogue){.n = 1, .image = &w->image};
	w->policy = (struct policy){.pool = "rbd",
				    .slurm_uid = 64030,
				    .ready_timeout_s = 900,
				    .trouble_timeout_s = 1800,
				    .keep_s = 3600,
				    .shutdown_s = 120,
				    .n_warn = 2,
				    .warn_s = {600, 60},
				    .actions_per_round = 64,
				    .fence_after_s = 60,
				    .drain = {.follow_cordon = true, .follow_drain = true},
				    .delete_share_percent = 50,
				    .delete_share_min = 8};
	w->job = (struct job){.id = 17,
			      .uid = 1000,
			      .user = "alice",
			      .n_nodes = 1,
			      .node = "n1",
			      .cpus = 2,
			      .memory_bytes = UINT64_C(512) << 20,
			      .request = {.image = "tiny", .nonce = "9f3c12ab45de6701"}};
	w->want = (struct desired){.known = true,
				   .n = 1,
				   .job = &w->job,
				   .live = w->live,
				   .companion = w->companion,
				   .reservation = w->reservation,
				   .node = w->slurm_node};
	w->seen = (struct observed){.vms_known = true,
				    .moves_known = true,
				    .vm = w->vm,
				    .disks_known = true,
				    .named_known = true,
				    .named = w->named,
				    .attachment = w->attachment,
				    .disk = w->disk,
				    .pvs_known = true,
				    .pv = w->pv,
				    .pvcs_known = true,
				    .pvc = w->pvc,
				    .secrets_known = true,
				    .secret = w->secret,
				    .nodes_known = true,
				    .node = w->node};
	/* What the record would say: rows about records set it otherwise. */
	(void)progress_text(&w->progress, w->progress.recorded);
	w->context = (struct plan_context){.catalogue = &w->catalogue,
					   .policy = &w->policy,
					   .flight = &w->flight,
					   .progress = &w->progress,
					   .mono_us = LITTLE_NOW_US,
					   .wall_s = LITTLE_NOW_S};
	each_word(w, job, job_word);
	each_word(w, seen, little_seen_word);
	each_word(w, flight, flight_word);
	/* also of a list that is not whole, as disk_view_observe() does it */
	w->seen.n_attachment = attachments_count(w->named, w->seen.n_named);
	attachments_of(w->named, w->seen.n_named, w->attachment);
	extras_of(w->disk, w->seen.n_disk, &w->attachment[w->seen.n_attachment]);
	w->seen.n_attachment += extras_count(w->disk, w->seen.n_disk);
	world_sort(&w->want, &w->seen);
}

void little_world_done(struct little_world *w)
{
	inflight_done(&w->flight);
}

const char *little_plan_text(const struct plan *p, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < p->n; i++) {
		const struct action *a = &p->act[i];
		bool reserves = str_starts(a->object, "vm-move-");
		const char *role = reserves ? a->object + 7 : a->object + strlen("vm-" LITTLE_KEY);
		bool has_role = strlen(a->object) > strlen("vm-" LITTLE_KEY) &&
				str_starts(a->object, "vm-");
		bool other = str_starts(a->object, "vm-16-");
		bool placed = a->kind == ACT_ALLOCATE && *a->node;
		bool turns = a->kind == ACT_POINT_VM && *a->point_vm.turned_down;
		char list[TURNED_DOWN_TEXT];
		int n = snprintf(buf + len, size - len, "%s%s%s%s", len ? " " : "",
				 turns ? "turn-down" : action_name(a->kind),
				 has_role || placed ? ":" : "",
				 turns      ? turned_down_text(a->point_vm.turned_down, list)
				 : other    ? "other"
				 : has_role ? role + 1
				 : placed   ? a->node
					    : "");

		if (n < 0 || (size_t)n >= size - len)
			bad_word(buf);
		len += (size_t)n;
	}
	return buf;
}
