/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl show: all that is known of one VM. */
#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/vmctl/books.h"
#include "vmd/vmctl/choice.h"
#include "vmd/vmctl/sentence.h"
#include "vmd/vmctl/vmctl.h"

#include <string.h>
#include <time.h>

#define NEW_JOB_TRIES 10 /* vmd may hear of a job only now: it is hinted, and looks at once */

static const char *const states[] = {"PENDING", "PROVISIONING", "BOOTING", "READY",
				     "FAILED",  "STOPPING",     "STOPPED"};

static int show(struct vmctl *v, uint32_t job, struct json_object **ret, struct err *e)
{
	for (int left = NEW_JOB_TRIES;; left--) {
		static const struct timespec pause = {.tv_nsec = 300000000};

		if (ask_show(v, job, ret, e) == 0)
			return 0;
		if (e->kind != ERR_ABSENT || left == 0)
			return -1;
		ask_hint(v, job);
		(void)nanosleep(&pause, NULL);
	}
}

static void sizes(struct json_object *vm)
{
	int64_t memory = int_of(vm, "memory_bytes"), disk = int_of(vm, "disk_bytes"),
		scratch = int_of(vm, "scratch_bytes");
	char a[24], b[24];

	if (int_of(vm, "cpus") > 0)
		print_row("Size", "%lld CPU%s, %s memory (of the job%s)",
			  (long long)int_of(vm, "cpus"), int_of(vm, "cpus") == 1 ? "" : "s",
			  bytes_to_str((uint64_t)memory, a, sizeof(a)),
			  json_at(vm, "machines") ? ", on each node" : "");
	if (int_of(vm, "guest_cpus") > 0 && int_of(vm, "guest_memory_bytes") > 0)
		print_row("Guest", "%lld CPU%s, %s memory%s", (long long)int_of(vm, "guest_cpus"),
			  int_of(vm, "guest_cpus") == 1 ? "" : "s",
			  bytes_to_str((uint64_t)int_of(vm, "guest_memory_bytes"), a, sizeof(a)),
			  json_object_get_boolean(json_at(vm, "growing")) ? ", is given more" : "");
	if (disk > 0 || scratch > 0)
		print_row("Disks", "root %s%s%s",
			  disk > 0 ? bytes_to_str((uint64_t)disk, a, sizeof(a)) : "as its image",
			  scratch > 0 ? ", scratch " : "",
			  scratch > 0 ? bytes_to_str((uint64_t)scratch, b, sizeof(b)) : "");
}

/* "data 40G, ref 1G (read-only)": the guest finds them by their names, which are their serials. */
static void attached(struct json_object *vm)
{
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};
	struct json_object *list = json_at(vm, "attached");
	char size[24];

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *d = json_object_array_get_idx(list, i);

		strbuf_addf(&b, "%s%s %s%s", i ? ", " : "", text_of(d, "name"),
			    bytes_to_str((uint64_t)int_of(d, "size_bytes"), size, sizeof(size)),
			    json_object_get_boolean(json_at(d, "read_only")) ? " (read-only)" : "");
	}
	if (b.s)
		print_row("Attached", "%s", b.s);
}

static void drives(struct json_object *vm)
{
	struct json_object *list = json_at(vm, "drives");

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		const char *none = text_of(o, "none");

		print_row("Drive", "%s %s%s", text_of(o, "name"), *none ? "none: " : "",
			  *none ? none : text_of(o, "path"));
	}
}

/* The state that came next after those that are done; of two in one second that of a life's order.
 * -1: none. */
static int state_next(struct json_object *vm, unsigned done, int64_t *ret_since)
{
	int found = -1;

	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		char path[40];
		int64_t since;

		(void)str_fmt(path, sizeof(path), "since/%s", states[i]);
		since = int_of(vm, path);
		if (done & 1U << i || since <= 0 || (found >= 0 && since >= *ret_since))
			continue;
		found = (int)i;
		*ret_since = since;
	}
	return found;
}

/* "PENDING 0:00, PROVISIONING 0:03": seconds since the first state seen. */
static void history(struct json_object *vm)
{
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};
	int64_t first = 0, since = 0;
	unsigned done = 0;
	char when[32];
	int i;

	while ((i = state_next(vm, done, &since)) >= 0) {
		done |= 1U << i;
		first = first ? first : since;
		strbuf_addf(&b, "%s%s %s", b.len ? ", " : "", states[i],
			    elapsed_text(since - first, when, sizeof(when)));
	}
	if (b.s)
		print_row("History", "%s", b.s);
}

/* "since 2026-11-26 14:22:13 on worker2node, where it came live within 5 s", a line each. */
static void stays(struct json_object *vm)
{
	struct json_object *list = json_at(vm, "nodes");

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		time_t since = (time_t)int_of(o, "since");
		char when[32] = "?", took[48] = "";
		struct tm tm;

		if (localtime_r(&since, &tm))
			(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
		if (int_of(o, "took_s") > 0)
			(void)str_fmt(took, sizeof(took), ", where it came live within %lld s",
				      (long long)int_of(o, "took_s"));
		print_row(i ? "" : "Moved", "since %s on %s%s", when, text_of(o, "node"), took);
	}
}

static void job_end(struct json_object *vm)
{
	time_t end = (time_t)int_of(vm, "job_end");
	int64_t left = end - clock_wall_s();
	char when[64], in[32];
	struct tm tm;

	if (end <= 0 || left <= 0 || !localtime_r(&end, &tm))
		return;
	(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	print_row("Job ends", "%s (in %s)", when, elapsed_text(left, in, sizeof(in)));
}

/* "sending, to worker2node in job 23: migrates to worker2node" */
static void move(struct json_object *vm)
{
	const char *node = text_of(vm, "move/node");
	int64_t job = int_of(vm, "move/job"), since = int_of(vm, "move/since");
	char in[32] = "", for_[32] = "", time[32];

	if (!*text_of(vm, "move/phase"))
		return;
	if (job > 0)
		(void)str_fmt(in, sizeof(in), " in job %lld", (long long)job);
	if (since > 0)
		(void)str_fmt(for_, sizeof(for_), ", for %s",
			      elapsed_text(clock_wall_s() - since, time, sizeof(time)));
	print_row("Move", "%s%s%s%s%s%s%s", text_of(vm, "move/phase"), *node ? ", to " : "", node,
		  in, for_, *text_of(vm, "move/reason") ? ": " : "", text_of(vm, "move/reason"));
}

/* Of a job with several machines: where each is, and how far. */
static void print_each(struct json_object *vm)
{
	static const char *const head[] = {"MACHINE", "STATE", "TIME", "NODE", "ADDRESS", "REASON"};
	struct table t = {.columns = ARRAY_LEN(head)};
	struct json_object *each = json_at(vm, "each");

	for (size_t i = 0; i < ARRAY_LEN(head); i++)
		table_add(&t, head[i]);
	for (size_t i = 0; i < json_length(each); i++) {
		struct json_object *o = json_object_array_get_idx(each, i);
		char time[32];

		table_addf(&t, "%s-%lld", text_of(o, "name"), (long long)int_of(o, "rank"));
		table_add(&t, state_of(o));
		table_add(&t, elapsed_text(int_of(o, "elapsed_s"), time, sizeof(time)));
		table_add(&t, text_of(o, "node"));
		table_add(&t, text_of(o, "address"));
		table_add(&t, text_of(o, "reason"));
	}
	printf("\n");
	table_print(&t);
}

static void print(struct json_object *vm)
{
	bool several = json_at(vm, "each") != NULL;
	const char *revision = text_of(vm, "revision");
	AUTO(strbuf_done) struct strbuf sentence = {.s = NULL};
	char time[32];

	sentence_of(vm, &sentence);
	printf("%s\n\n", text_clean(sentence.s));
	print_row("Job", "%lld of %s%s%s", (long long)int_of(vm, "job"), text_of(vm, "user"),
		  *text_of(vm, "task") ? ", array task " : "", text_of(vm, "task"));
	if (int_of(vm, "was") > 0)
		print_row("Was", "job %lld, until its virtual machine moved",
			  (long long)int_of(vm, "was"));
	print_row("Name", "%s", text_of(vm, "name"));
	print_row("State", "%s for %s", state_of(vm),
		  elapsed_text(int_of(vm, "elapsed_s"), time, sizeof(time)));
	print_row("Reason", "%s", text_of(vm, "reason"));
	if (!several)
		print_row("VM", "%s", text_of(vm, "vm"));
	print_row("Image", "%s%s%s", text_of(vm, "image"), *revision ? "@" : "", revision);
	if (*text_of(vm, "from"))
		print_row("Disk", "that was kept of job %s", text_of(vm, "from"));
	if (!several)
		print_row("Node", "%s", text_of(vm, "node"));
	move(vm);
	if (*text_of(vm, "pinned"))
		print_row("Live move", "not possible: %s", text_of(vm, "pinned"));
	if (!several && !choice_is_over(vm)) /* by then it may be another guest's */
		print_row("Address", "%s", text_of(vm, "address"));
	print_row("Account", "%s", text_of(vm, "guest_user"));
	sizes(vm);
	attached(vm);
	print_row("Network", "%s", text_of(vm, "network"));
	drives(vm);
	history(vm);
	stays(vm);
	job_end(vm);
	if (several)
		print_each(vm);
}

/* Of a job that is known no more. false: it is not that, and e says what; of a task of an array
 * what was said before, since it may wait yet. */
static bool show_former(const struct vmctl *v, struct err *e)
{
	AUTO(json_object_put) struct json_object *o = NULL;
	const struct err before = *e;

	if (e->kind != ERR_ABSENT || !books_is_id(v->job))
		return false;
	if (books_find(v->job, &o, e) < 0) {
		if (e->kind == ERR_ABSENT && !choice_id(v->job))
			*e = before;
		return false;
	}
	if (v->json)
		json_print(o);
	else
		books_print(o);
	return true;
}

int cmd_show(struct vmctl *v)
{
	AUTO(json_object_put) struct json_object *vm = NULL;
	uint32_t job = 0;
	struct err e;

	if (ask_job(v, &job, &e) < 0 || show(v, job, &vm, &e) < 0)
		return show_former(v, &e) ? EXIT_DONE : fail(v, &e);
	if (v->json)
		json_print(vm);
	else
		print(vm);
	return EXIT_DONE;
}
