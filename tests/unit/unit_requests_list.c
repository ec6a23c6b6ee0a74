/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is answered in lists: jobs, page after page, images, and the drives of one. */
#include "tests/unit/check_main.h"
#include "tests/unit/requests_world.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <check.h>
#include <string.h>

static uint32_t listed(size_t *at)
{
	AUTO(json_object_put) struct json_object *o = NULL;
	const char *text = wire_next(&in, "vm[]", at);
	struct err e;

	if (!text)
		return 0;
	ck_assert_int_eq(json_parse(text, strlen(text), &o, &e), 0);
	return (uint32_t)json_object_get_int64(json_at(o, "job"));
}

START_TEST(lists)
{
	size_t at = 0;

	setup();
	ask_as(ALICE, "op=list\n");
	ck_assert_uint_eq(listed(&at), 17);
	ck_assert_uint_eq(listed(&at), 0);
	ask_as(0, "op=list\n");
	ck_assert_ptr_null(wire_get(&in, "vm[]"));
	ask_as(0, "op=list\nall=1\n");
	at = 0;
	ck_assert_uint_eq(listed(&at), 17);
	ck_assert_uint_eq(listed(&at), 18);
	ck_assert_uint_eq(listed(&at), 0);
	ck_assert_ptr_null(wire_get(&in, "more"));
}
END_TEST

/* A job id that came again: only the one that lives is shown. */
START_TEST(one_id_twice)
{
	size_t at = 0;

	setup();
	job_add(17, ALICE, "0000000000000000");
	desired.job[2].phase = JOB_ENDED;
	ask_as(ALICE, "op=list\n");
	ck_assert_uint_eq(listed(&at), 17);
	ck_assert_uint_eq(listed(&at), 0);
	desired.job[2].uid = BOB; /* an ended job of the same id gives no right to the living */
	ask_as(BOB, "op=show\njob=17\n");
	ck_assert_int_eq(reply.e.kind, ERR_DENIED);
}
END_TEST

/* More than fits into one message: page after page, each job once. */
START_TEST(page_after_page)
{
	uint32_t last = 0, n = 0, pages = 0;

	setup();
	desired.n = 0;
	for (uint32_t i = 0; i < ARRAY_LEN(jobs); i++)
		job_add((uint32_t)ARRAY_LEN(jobs) - i, ALICE, NONCE);
	for (;;) {
		char text[64];
		size_t at = 0;
		uint32_t id;

		(void)snprintf(text, sizeof(text), "op=list\nafter=%u\n", last);
		ask_as(ALICE, text);
		ck_assert_int_eq(reply.e.kind, ERR_NONE);
		while ((id = listed(&at))) {
			ck_assert_uint_eq(id, last + 1);
			last = id;
			n++;
		}
		pages++;
		if (!wire_get(&in, "more"))
			break;
	}
	ck_assert_uint_eq(n, ARRAY_LEN(jobs));
	ck_assert_uint_gt(pages, 1);
}
END_TEST

/* Which drives the guest has, and why not: by its owner's name and its image. */
START_TEST(drives_are_shown)
{
	static const struct share shares[] = {{.drive = 'H', .path = "\\\\s\\home\\%USER%"},
					      {.drive = 'P', .path = "\\\\s\\p"}};
	static const char *const want[] = {
		"[{\"name\":\"/mnt/h\",\"path\":\"//s/home/alice\"},"
		"{\"name\":\"/mnt/p\",\"path\":\"//s/p\"}]",
		"[{\"name\":\"H:\",\"path\":\"\\\\\\\\s\\\\home\\\\alice\"},"
		"{\"name\":\"P:\",\"path\":\"\\\\\\\\s\\\\p\"}]",
		"[{\"name\":\"H:\",\"path\":\"\",\"none\":\"Slurm does not know the name of the "
		"job's "
		"owner\"},{\"name\":\"P:\",\"path\":\"\\\\\\\\s\\\\p\"}]",
	};

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		AUTO(json_object_put) struct json_object *o = json_object_new_object();

		memset(images, 0, sizeof(images));
		images[0].n_share = ARRAY_LEN(shares);
		memcpy(images[0].share, shares, sizeof(shares));
		images[0].profile = i == 0 ? VM_PROFILE_LINUX : VM_PROFILE_WINDOWS;
		ask_put_drives(o, &images[0], i == 2 ? "" : "alice");
		ck_assert_str_eq(json_object_to_json_string_ext(
					 json_at(o, "drives"),
					 JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
				 want[i]);
		images[0].n_share = 0;
		json_object_object_del(o, "drives");
		ask_put_drives(o, &images[0], "alice");
		ask_put_drives(o, NULL, "alice");
		ck_assert_ptr_null(json_at(o, "drives"));
	}
}
END_TEST

START_TEST(image_list)
{
	AUTO(json_object_put) struct json_object *tiny = NULL, *win = NULL;
	size_t at = 0;
	const char *text;
	struct err e;

	setup();
	ask_as(ALICE, "op=images\n");
	text = wire_next(&in, "image[]", &at);
	ck_assert_int_eq(json_parse(text, strlen(text), &tiny, &e), 0);
	text = wire_next(&in, "image[]", &at);
	ck_assert_int_eq(json_parse(text, strlen(text), &win, &e), 0);
	ck_assert_pstr_eq(json_str_at(tiny, "name"), "tiny");
	ck_assert_pstr_eq(json_str_at(tiny, "revisions/0"), "v2");
	ck_assert(json_object_get_boolean(json_at(tiny, "allowed")));
	ck_assert(!json_object_get_boolean(json_at(win, "allowed")));
	ck_assert_pstr_eq(json_str_at(win, "profile"), "windows");
	/* what --mem must be: the guest's and what its host needs for it */
	ck_assert_int_eq(json_object_get_int64(json_at(tiny, "memory_min_bytes")),
			 (int64_t)vm_allocation_bytes(images[0].memory_min_bytes, 1, false));
	ck_assert_int_gt(json_object_get_int64(json_at(tiny, "memory_min_bytes")),
			 (int64_t)images[0].memory_min_bytes);
	at = 0;
	ask_as(ALICE, "op=images\nafter=tiny\n");
	ck_assert_ptr_nonnull(strstr(wire_next(&in, "image[]", &at), "win11"));
	ck_assert_ptr_null(wire_next(&in, "image[]", &at));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("requests_list");

	tcase_add_test(t, lists);
	tcase_add_test(t, one_id_twice);
	tcase_add_test(t, page_after_page);
	tcase_add_test(t, drives_are_shown);
	tcase_add_test(t, image_list);
	tcase_set_timeout(t, 60);
	return CHECK_MAIN(t);
}
