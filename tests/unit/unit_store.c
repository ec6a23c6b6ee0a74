/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kubevirt-lite's store: versions, conflicts, finalizers, owners, history, what a restart keeps.
 * The loop is turned by hand until nothing is left to do. */
#include "kubevirt-lite/store/gc.h"
#include "kubevirt-lite/store/store.h"
#include "kubevirt-lite/store/timestamp.h"
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"

#include <check.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

static char dir[] = "/tmp/unit_store.XXXXXX";
static char path[64];
static sd_event *loop;
static struct store *store;
static struct gc *gc;

static void turn(void)
{
	while (sd_event_run(loop, 0) > 0)
		;
}

static void open_store(const char *at)
{
	struct err e = {.kind = ERR_NONE};

	ck_assert_int_ge(sd_event_new(&loop), 0);
	ck_assert_msg(store_open(at, loop, &store, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(gc_start(store, loop, &gc, &e), 0);
}

static void close_store(void)
{
	gc_free(STEAL(gc));
	store_close(STEAL(store));
	loop = sd_event_unref(loop);
}

static void setup(void)
{
	open_store(NULL);
}

static struct json_object *parse(const char *text)
{
	struct json_object *o = NULL;
	struct err e = {.kind = ERR_NONE};

	ck_assert_msg(json_parse(text, strlen(text), &o, &e) == 0, "%s: %s", text, e.msg);
	return o;
}

static struct json_object *create(enum kind_id kind, const char *text)
{
	struct json_object *created = NULL;
	struct err e = {.kind = ERR_NONE};

	ck_assert_msg(store_create(store, kind, parse(text), &created, &e) == 0, "%s", e.msg);
	return created;
}

static const char vm_a[] = "{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\"},\"spec\":{\"x\":1}}";

START_TEST(versions_rise)
{
	struct json_object *a = json_object_get(create(KIND_VM, vm_a));
	struct json_object *copy = object_copy(a), *updated, *stale;
	struct err e = {.kind = ERR_NONE};

	json_put_int(copy, "spec/x", 2);
	ck_assert_int_eq(store_update(store, KIND_VM, copy, &updated, &e), 0);
	ck_assert_uint_gt(object_version(updated), object_version(a));
	ck_assert_int_eq(json_object_get_int(json_at(updated, "metadata/generation")), 2);
	ck_assert_int_eq(json_object_get_int(json_at(a, "spec/x")), 1); /* ours stays as it was */

	stale = object_copy(a);
	ck_assert_int_eq(store_update(store, KIND_VM, stale, NULL, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);

	copy = object_copy(updated); /* nothing new: nothing written */
	ck_assert_int_eq(store_update(store, KIND_VM, copy, NULL, &e), 0);
	ck_assert_uint_eq(store_version(store),
			  object_version(store_get(store, KIND_VM, "n", "a")));

	ck_assert_int_eq(store_create(store, KIND_VM, parse(vm_a), NULL, &e), -1);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	json_object_put(a);
}
END_TEST

START_TEST(status_is_no_new_generation)
{
	struct json_object *copy = object_copy(create(KIND_VM, vm_a)), *updated;
	struct err e = {.kind = ERR_NONE};

	json_put_str(copy, "status/printableStatus", "Running");
	ck_assert_int_eq(store_update(store, KIND_VM, copy, &updated, &e), 0);
	ck_assert_int_eq(json_object_get_int(json_at(updated, "metadata/generation")), 1);
}
END_TEST

static int drop(void *ctx, struct json_object *copy, struct err *e)
{
	(void)e;
	object_remove_finalizer(copy, ctx);
	return 0;
}

START_TEST(finalizers_hold)
{
	struct err e = {.kind = ERR_NONE};
	char wait[] = "test/wait";
	bool removed = true;

	create(KIND_VM, "{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\","
			"\"finalizers\":[\"test/wait\"]}}");
	ck_assert_int_eq(store_delete(store, KIND_VM, "n", "a", NULL, &removed, &e), 0);
	ck_assert(!removed);
	ck_assert(object_is_deleting(store_get(store, KIND_VM, "n", "a")));
	ck_assert_int_eq(store_delete(store, KIND_VM, "n", "a", NULL, &removed, &e), 0);
	ck_assert(!removed);
	ck_assert_int_eq(store_mutate(store, KIND_VM, "n", "a", drop, wait, &e), 0);
	ck_assert_ptr_null(store_get(store, KIND_VM, "n", "a"));
	ck_assert_int_eq(store_delete(store, KIND_VM, "n", "a", NULL, &removed, &e), -1);
	ck_assert_int_eq(e.kind, ERR_ABSENT);
}
END_TEST

START_TEST(pods_have_grace)
{
	static const char pod[] = "{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\"},\"spec\":{"
				  "\"nodeName\":\"w\",\"terminationGracePeriodSeconds\":60}}";
	struct store_delete now = {.grace_s = 0};
	struct err e = {.kind = ERR_NONE};
	struct json_object *p;
	bool removed = true;

	create(KIND_POD, pod);
	ck_assert_int_eq(store_delete(store, KIND_POD, "n", "p", NULL, &removed, &e), 0);
	ck_assert(!removed);
	p = store_get(store, KIND_POD, "n", "p");
	ck_assert_int_eq(json_object_get_int(json_at(p, "metadata/deletionGracePeriodSeconds")),
			 60);
	ck_assert_int_eq(store_delete(store, KIND_POD, "n", "p", &now, &removed, &e), 0);
	ck_assert(removed);
	ck_assert_ptr_null(store_get(store, KIND_POD, "n", "p"));
}
END_TEST

/* --- owners --- */

static void create_owned(const char *name, const char *finalizers)
{
	struct json_object *o = parse("{\"metadata\":{\"namespace\":\"n\"}}");
	struct err e = {.kind = ERR_NONE};

	json_put_str(o, "metadata/name", name);
	json_put_at(o, "metadata/finalizers", parse(finalizers));
	object_set_owner(o, store_get(store, KIND_VM, "n", "a"));
	ck_assert_int_eq(store_create(store, KIND_VMI, o, NULL, &e), 0);
}

static void delete_owner(enum store_propagation how)
{
	struct store_delete d = {.propagation = how, .grace_s = -1};
	struct err e = {.kind = ERR_NONE};

	ck_assert_int_eq(store_delete(store, KIND_VM, "n", "a", &d, NULL, &e), 0);
	turn();
}

START_TEST(dependents_follow)
{
	create(KIND_VM, vm_a);
	create_owned("i", "[]");
	turn();
	ck_assert_ptr_nonnull(store_get(store, KIND_VMI, "n", "i"));
	delete_owner(STORE_BACKGROUND);
	ck_assert_ptr_null(store_get(store, KIND_VM, "n", "a"));
	ck_assert_ptr_null(store_get(store, KIND_VMI, "n", "i"));
}
END_TEST

START_TEST(owner_waits_in_foreground)
{
	char wait[] = "test/wait";
	struct err e = {.kind = ERR_NONE};

	create(KIND_VM, vm_a);
	create_owned("i", "[\"test/wait\"]");
	delete_owner(STORE_FOREGROUND);
	ck_assert_ptr_nonnull(store_get(store, KIND_VM, "n", "a"));
	ck_assert(object_is_deleting(store_get(store, KIND_VMI, "n", "i")));
	ck_assert_int_eq(store_mutate(store, KIND_VMI, "n", "i", drop, wait, &e), 0);
	turn();
	ck_assert_ptr_null(store_get(store, KIND_VMI, "n", "i"));
	ck_assert_ptr_null(store_get(store, KIND_VM, "n", "a"));
}
END_TEST

START_TEST(orphans_stay)
{
	create(KIND_VM, vm_a);
	create_owned("i", "[]");
	delete_owner(STORE_ORPHAN);
	ck_assert_ptr_null(store_get(store, KIND_VM, "n", "a"));
	ck_assert_ptr_nonnull(store_get(store, KIND_VMI, "n", "i"));
	ck_assert_ptr_null(
		json_at(store_get(store, KIND_VMI, "n", "i"), "metadata/ownerReferences"));
}
END_TEST

START_TEST(an_owner_that_never_was)
{
	create(KIND_POD, "{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\",\"ownerReferences\":[{"
			 "\"apiVersion\":\"kubevirt.io/v1\",\"kind\":\"VirtualMachineInstance\","
			 "\"name\":\"no\",\"uid\":\"0\"}]}}");
	create(KIND_POD, "{\"metadata\":{\"name\":\"q\",\"namespace\":\"n\",\"ownerReferences\":[{"
			 "\"apiVersion\":\"apps/v1\",\"kind\":\"DaemonSet\",\"name\":\"no\","
			 "\"uid\":\"0\"}]}}");
	turn();
	ck_assert_ptr_null(store_get(store, KIND_POD, "n", "p"));
	ck_assert_ptr_nonnull(store_get(store, KIND_POD, "n", "q")); /* a kind we do not know */
}
END_TEST

START_TEST(a_namespace_takes_all_with_it)
{
	struct err e = {.kind = ERR_NONE};

	create(KIND_NAMESPACE, "{\"metadata\":{\"name\":\"n\"},"
			       "\"spec\":{\"finalizers\":[\"kubernetes\"]}}");
	create(KIND_VM, vm_a);
	create(KIND_SECRET, "{\"metadata\":{\"name\":\"s\",\"namespace\":\"other\"}}");
	ck_assert_int_eq(store_delete(store, KIND_NAMESPACE, NULL, "n", NULL, NULL, &e), 0);
	turn();
	ck_assert_ptr_null(store_get(store, KIND_VM, "n", "a"));
	ck_assert_ptr_null(store_get(store, KIND_NAMESPACE, NULL, "n"));
	ck_assert_ptr_nonnull(store_get(store, KIND_SECRET, "other", "s"));
}
END_TEST

/* --- events and history --- */

static void note(void *ctx, enum store_event event, enum kind_id kind, struct json_object *object,
		 struct json_object *old)
{
	static const char *const names[] = {"+", "~", "-"};

	if (kind == KIND_VM)
		strbuf_addf(ctx, "%s%s%s", names[event], object_name(object), old ? "o" : "");
}

static int touch(void *ctx, struct json_object *copy, struct err *e)
{
	(void)e;
	json_put_int(copy, "spec/x", *(int *)ctx);
	return 0;
}

START_TEST(events_come_in_order_and_later)
{
	AUTO(strbuf_done) struct strbuf told = {.max = 256};
	struct err e = {.kind = ERR_NONE};
	int n = 5;

	ck_assert_int_eq(store_subscribe(store, note, &told, &e), 0);
	create(KIND_VM, vm_a);
	ck_assert_int_eq(store_mutate(store, KIND_VM, "n", "a", touch, &n, &e), 0);
	ck_assert_int_eq(store_delete(store, KIND_VM, "n", "a", NULL, NULL, &e), 0);
	ck_assert_uint_eq(told.len, 0); /* never from inside a write */
	turn();
	ck_assert_str_eq(told.s, "+a~ao-ao");
}
END_TEST

static void count(void *ctx, uint64_t version, enum store_event event, struct json_object *object,
		  struct json_object *old)
{
	(void)version, (void)event, (void)object, (void)old;
	++*(int *)ctx;
}

START_TEST(history_is_bounded)
{
	struct err e = {.kind = ERR_NONE};
	uint64_t start = store_version(store), oldest;
	int n = 0;

	create(KIND_VM, vm_a);
	ck_assert_int_eq(store_replay(store, KIND_VM, start, &oldest, count, &n, &e), 0);
	ck_assert_int_eq(n, 1);
	for (int i = 100; i < 1200; i++)
		ck_assert_int_eq(store_mutate(store, KIND_VM, "n", "a", touch, &i, &e), 0);
	ck_assert_int_eq(store_replay(store, KIND_VM, start, &oldest, count, &n, &e), -1);
	ck_assert_int_eq(e.kind, ERR_ABSENT);
	n = 0;
	ck_assert_int_eq(store_replay(store, KIND_VM, oldest, &oldest, count, &n, &e), 0);
	ck_assert_int_eq(n, 1024);
	/* what happens to one kind does not age another's history */
	ck_assert_int_eq(store_replay(store, KIND_POD, start, &oldest, count, &n, &e), 0);
}
END_TEST

START_TEST(a_list_of_the_past)
{
	AUTO(json_object_put) struct json_object *list = NULL;
	struct err e = {.kind = ERR_NONE};
	uint64_t then;
	int n = 7;

	create(KIND_VM, vm_a);
	create(KIND_VM, "{\"metadata\":{\"name\":\"b\",\"namespace\":\"n\"}}");
	then = store_version(store);
	ck_assert_int_eq(store_mutate(store, KIND_VM, "n", "a", touch, &n, &e), 0);
	ck_assert_int_eq(store_delete(store, KIND_VM, "n", "b", NULL, NULL, &e), 0);
	create(KIND_VM, "{\"metadata\":{\"name\":\"c\",\"namespace\":\"n\"}}");
	ck_assert_int_eq(store_list_at(store, KIND_VM, "n", then, NULL, NULL, &list, &e), 0);
	ck_assert_uint_eq(json_object_array_length(list), 2);
	ck_assert_str_eq(object_name(json_object_array_get_idx(list, 0)), "a");
	ck_assert_int_eq(json_object_get_int(json_at(list, "0/spec/x")), 1);
	ck_assert_str_eq(object_name(json_object_array_get_idx(list, 1)), "b");
}
END_TEST

/* --- disk --- */

START_TEST(a_restart_keeps_all)
{
	struct err e = {.kind = ERR_NONE};
	uint64_t before;

	(void)unlink(path);
	open_store(path);
	create(KIND_VM, vm_a);
	create(KIND_SECRET, "{\"metadata\":{\"name\":\"gone\",\"namespace\":\"n\"}}");
	ck_assert_int_eq(store_delete(store, KIND_SECRET, "n", "gone", NULL, NULL, &e), 0);
	turn();
	before = store_version(store);
	close_store();
	open_store(path);
	ck_assert_uint_ge(store_version(store), before);
	ck_assert_ptr_nonnull(store_get(store, KIND_VM, "n", "a"));
	ck_assert_ptr_null(store_get(store, KIND_SECRET, "n", "gone"));
	create(KIND_VM, "{\"metadata\":{\"name\":\"b\",\"namespace\":\"n\"}}");
	ck_assert_uint_gt(object_version(store_get(store, KIND_VM, "n", "b")), before);
	close_store();
}
END_TEST

static void die_without_close(void)
{
	int n = 3;
	struct err e = {.kind = ERR_NONE};

	open_store(path);
	create(KIND_VM, vm_a);
	turn(); /* what the loop has turned over is on the disk */
	for (n = 0; n < 50; n++)
		(void)store_mutate(store, KIND_VM, "n", "a", touch, &n, &e);
	_exit(store_version(store) > 1000 ? 0 : 1);
}

START_TEST(versions_do_not_go_back_after_a_kill)
{
	struct json_object *a;
	pid_t pid;

	(void)unlink(path);
	pid = fork();
	if (pid == 0)
		die_without_close();
	ck_assert_int_eq(waitpid(pid, &(int){0}, 0), pid);
	open_store(path);
	a = store_get(store, KIND_VM, "n", "a");
	ck_assert_ptr_nonnull(a);
	/* the 50 versions that were given out and lost are not given out again */
	ck_assert_uint_ge(store_version(store), object_version(a) + 50);
	close_store();
}
END_TEST

static void die_when_told(void)
{
	open_store(path);
	create(KIND_VM, vm_a);
	store_commit(store);
	_exit(0);
}

START_TEST(what_was_told_outlives_a_kill)
{
	pid_t pid;

	(void)unlink(path);
	pid = fork();
	if (pid == 0)
		die_when_told();
	ck_assert_int_eq(waitpid(pid, &(int){0}, 0), pid);
	open_store(path);
	ck_assert_ptr_nonnull(store_get(store, KIND_VM, "n", "a"));
	close_store();
}
END_TEST

START_TEST(times_are_text)
{
	char text[32];

	ck_assert_str_eq(timestamp_text(1795685045, text, sizeof(text)), "2026-11-26T09:24:05Z");
	ck_assert_int_eq(timestamp_parse(text), 1795685045);
	ck_assert_int_eq(timestamp_parse("2026-11-26T09:24:05.123456Z"), 1795685045);
	ck_assert_int_eq(timestamp_parse("yesterday"), 0);
	ck_assert_int_eq(timestamp_parse(NULL), 0);
}
END_TEST

START_TEST(new_names_fit)
{
	char name[OBJECT_NAME_SIZE], other[OBJECT_NAME_SIZE], prefix[400];

	ck_assert_uint_eq(strlen(object_name_new("twin-", name, sizeof(name))), 10);
	ck_assert_int_eq(strncmp(name, "twin-", 5), 0);
	ck_assert_str_ne(object_name_new("twin-", other, sizeof(other)), name);
	memset(prefix, 'a', sizeof(prefix) - 1); /* a vowel: none of the random ones */
	prefix[sizeof(prefix) - 1] = '\0';
	ck_assert_uint_eq(strlen(object_name_new(prefix, name, sizeof(name))), 253);
	ck_assert_uint_eq(strspn(name, "a"), 248);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("memory"), *d = tcase_create("disk");
	int failed;

	if (!mkdtemp(dir) || str_fmt(path, sizeof(path), "%s/store", dir) < 0)
		return 99;
	tcase_add_checked_fixture(t, setup, close_store);
	tcase_add_test(t, versions_rise);
	tcase_add_test(t, status_is_no_new_generation);
	tcase_add_test(t, finalizers_hold);
	tcase_add_test(t, pods_have_grace);
	tcase_add_test(t, dependents_follow);
	tcase_add_test(t, owner_waits_in_foreground);
	tcase_add_test(t, orphans_stay);
	tcase_add_test(t, an_owner_that_never_was);
	tcase_add_test(t, a_namespace_takes_all_with_it);
	tcase_add_test(t, events_come_in_order_and_later);
	tcase_add_test(t, history_is_bounded);
	tcase_add_test(t, a_list_of_the_past);
	tcase_add_test(t, times_are_text);
	tcase_add_test(t, new_names_fit);
	tcase_add_test(d, a_restart_keeps_all);
	tcase_add_test(d, versions_do_not_go_back_after_a_kill);
	tcase_add_test(d, what_was_told_outlives_a_kill);
	failed = CHECK_MAIN(t, d);
	(void)unlink(path);
	(void)rmdir(dir);
	return failed;
}
