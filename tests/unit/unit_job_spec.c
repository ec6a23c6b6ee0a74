/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of a VM request, and a job's key. */
#include "tests/unit/check_main.h"
#include "vmd/base/str.h"
#include "vmd/job/job_option.h"
#include "vmd/job/job_spec.h"

#include <check.h>
#include <string.h>

#define NONCE "nonce=9f3c12ab45de6701"
#define A64   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* clang-format off */
static const struct {
	const char *text;
	const char *error; /* NULL: fine */
} texts[] = {
	{"image=tiny " NONCE, NULL},
	{NONCE " image=tiny", NULL},
	{"  image=tiny   " NONCE " ", NULL},
	{"image=tiny revision=v1 " NONCE " disk=20G scratch=1T network=lan wait=none keep=always",
	 NULL},
	{"image=tiny " NONCE " keep=never drain=requeue", NULL},
	{"image=tiny " NONCE " attach=data,ref:ro keep=never", NULL},
	{"image=tiny " NONCE " attach=data,data", "request: attach: disk data stands there twice"},
	{"image=tiny " NONCE " attach=", "request: attach: '' is no name of a disk: lower-case letters, digits and '-' between, at "
	 "most 20"},
	{"image=tiny " NONCE " drain=go",
	 "request: drain: 'go' must be one of migrate, requeue, stay"},
	{"image=tiny " NONCE " colour=blue state=ready", NULL},
	{"image=tiny " NONCE " reason=\"a b=c  d\"", NULL},
	{"image=tiny " NONCE " long=" A64 A64 A64, NULL},
	{"image=tiny from=17 " NONCE, NULL},
	{"image=tiny from=17-9f3c12ab45de6701 " NONCE, NULL},
	{"from=0 " NONCE, "request: from: '0' must be the id of a job"},
	{"from=17- " NONCE, "request: from: '17-' must be the id of a job"},
	{"from=4294967296 " NONCE, "request: from: '4294967296' must be the id of a job"},
	{"from= " NONCE, "request: from: '' must be the id of a job"},
	{"", "request: image is missing"},
	{"image=tiny", "request: nonce is missing"},
	{NONCE, "request: image is missing"},
	{"image=tiny image=tiny " NONCE, "request: image stands there twice"},
	{"image= " NONCE,
	 "request: image: '' is not a name: lower-case letters, digits, '-' and '.', at most 63"},
	{"image=Tiny " NONCE,
	 "request: image: 'Tiny' is not a name: lower-case letters, digits, " "'-' and '.', at most 63"},
	{"image=" A64 " " NONCE, "request: image: at most 63 characters are allowed"},
	{"image=a/b " NONCE,
	 "request: image: 'a/b' is not a name: lower-case letters, digits, '-' " "and '.', at most 63"},
	{"image=tiny nonce=9F3c12ab45de6701",
	 "request: nonce: '9F3c12ab45de6701' must be 16 lower-case hex digits"},
	{"image=tiny nonce=9f3c12ab45de670",
	 "request: nonce: '9f3c12ab45de670' must be 16 lower-case hex digits"},
	{"image=tiny nonce=9f3c12ab45de67011",
	 "request: nonce: '9f3c12ab45de67011' must be 16 lower-case hex digits"},
	{"image=tiny " NONCE " disk=10X",
	 "request: disk: '10X' is not a size: give a number and K, M, G or T, as in 40G"},
	{"image=tiny " NONCE " disk=0",
	 "request: disk: '0' is not a size: give a number and K, M, G or T, as in 40G"},
	{"image=tiny " NONCE " wait=soon",
	 "request: wait: 'soon' must be one of ready, running, none"},
	{"image=tiny " NONCE " keep=maybe",
	 "request: keep: 'maybe' must be one of never, abnormal, always"},
	{"image=tiny " NONCE " ready=-1",
	 "request: ready: '-1' must be a number up to 9223372036854775807"},
	{"image=tiny " NONCE " run=4294967296",
	 "request: run: '4294967296' must be a number up to 4294967295"},
	{"image=tiny " NONCE " disk", "request: 'disk' is not key=value"},
	{"image=tiny " NONCE " a-word-that-is-longer-than-forty-characters",
	 "request: 'a-word-that-is-longer-than-forty-charact' is not key=value"},
	{"image=tiny " NONCE " warned=soon",
	 "request: warned: 'soon' must be a number up to 9223372036854775807"},
	{"image=tiny " NONCE " mail=@", NULL},
	{"image=tiny " NONCE " mail=al.ice+x_y%z-1@example.org", NULL},
	{"image=tiny " NONCE " mail=-s@x", "request: mail: '-s@x' is no mail address"},
	{"image=tiny " NONCE " mail=a;b", "request: mail: 'a;b' is no mail address"},
	{"image=tiny " NONCE " mail=", "request: mail: '' is no mail address"},
	{"image=tiny " NONCE " mail=" A64, "request: mail: at most 63 characters are allowed"},
	{"image=tiny " NONCE " migrate=" A64, "request: migrate: at most 63 characters are allowed"},
	{"image=tiny " NONCE " grow=8/17179869184", NULL},
	{"image=tiny " NONCE " shell=no as=17 after=23 heir=31", NULL},
	{"image=tiny " NONCE " exclude=n[1-3,7],gpu-a_b.c", NULL},
	{"image=tiny " NONCE " exclude=*", NULL},
	{"image=tiny " NONCE " exclude=", "request: exclude: '' is no list of nodes"},
	{"image=tiny " NONCE " exclude=n1;n2", "request: exclude: 'n1;n2' is no list of nodes"},
	{"image=tiny " NONCE " exclude=" A64 A64 A64 A64, "request: exclude: at most 255 characters are allowed"},
	{"image=tiny " NONCE " shell=bash", "request: shell: 'bash' must be no"},
	{"image=tiny " NONCE " heir=-1", "request: heir: '-1' must be a number up to 4294967295"},
	{"image=tiny " NONCE " grow=8", "request: grow: '8' must be CPUS/BYTES"},
	{"image=tiny " NONCE " grow=0/1", "request: grow: '0/1' must be CPUS/BYTES"},
	{"image=tiny " NONCE " grow=8/x", "request: grow: '8/x' must be CPUS/BYTES"},
	{"image=tiny " NONCE " nodes=" A64 A64 A64 A64,
	 "request: nodes: at most 255 characters are allowed"},
	{"image=tiny " NONCE " keep=", "request: keep: '' must be one of never, abnormal, always"},
	{NONCE " image=", "request: image: '' is not a name: lower-case letters, digits, '-' and '.', at most 63"},
	{"image=tiny " NONCE " x=a{b", "request: byte 0x7b is not allowed in it"},
	{"image=tiny " NONCE " x=\x7f", "request: byte 0x7f is not allowed in it"},
	{"image=tiny " NONCE " =5", "request: '=5' is not key=value"},
	{"image=tiny " NONCE " a b=5", "request: 'a b=5' is not key=value"},
	{"image=tiny " NONCE " reason=\"open", "request: reason: closing quote is missing"},
	{"image=tiny " NONCE " x=a}b", "request: byte 0x7d is not allowed in it"},
	{"image=tiny\n" NONCE, "request: byte 0x0a is not allowed in it"},
	{"image=tiny " NONCE " thiskeyislongerthanthirtyonechars=5",
	 "request: 'thiskeyislongerthanthirtyonechars=5' is not key=value"},
};
/* clang-format on */

START_TEST(decode_rows)
{
	struct vm_request r = {.disk_bytes = 5};
	struct err e = {.kind = ERR_NONE};
	int rc = job_spec_decode(texts[_i].text, &r, &e);

	if (!texts[_i].error) {
		ck_assert_msg(rc == 0, "'%s': %s", texts[_i].text, e.msg);
		ck_assert_str_eq(r.image, "tiny");
		return;
	}
	ck_assert_msg(rc == -1, "'%s' was accepted", texts[_i].text);
	ck_assert_str_eq(e.msg, texts[_i].error);
	ck_assert_int_eq(e.kind, ERR_INVALID);
	ck_assert_str_eq(r.image, "");
	ck_assert_uint_eq(r.disk_bytes, 0);
}
END_TEST

START_TEST(too_long)
{
	char text[JOB_REQUEST_MAX + 2];
	struct vm_request r;
	struct err e;

	memset(text, ' ', sizeof(text));
	memcpy(text, "image=tiny " NONCE, strlen("image=tiny " NONCE));
	text[JOB_REQUEST_MAX] = '\0';
	ck_assert_int_eq(job_spec_decode(text, &r, &e), 0);
	text[JOB_REQUEST_MAX] = ' ';
	text[JOB_REQUEST_MAX + 1] = '\0';
	ck_assert_int_eq(job_spec_decode(text, &r, &e), -1);
}
END_TEST

START_TEST(there_and_back)
{
	static const char text[] = "image=tiny revision=v1 " NONCE
				   " disk=20G scratch=1536M network=lan wait=running keep=never "
				   "mail=alice@example.org shell=no as=17 after=23 exclude=n[1-3]";
	char again[JOB_REQUEST_MAX + 1];
	struct vm_request r;
	struct err e;

	ck_assert_int_eq(job_spec_decode(text, &r, &e), 0);
	ck_assert_uint_eq(r.disk_bytes, UINT64_C(20) << 30);
	ck_assert_uint_eq(r.scratch_bytes, UINT64_C(1536) << 20);
	ck_assert_int_eq(r.wait, VM_WAIT_RUNNING);
	ck_assert_int_eq(r.keep, VM_KEEP_NEVER);
	ck_assert_int_eq(job_spec_encode(&r, again, sizeof(again), &e), 0);
	ck_assert_str_eq(again, text);
	for (size_t size = 1; size < sizeof(text); size++) { /* no part of it is left */
		memset(again, 'x', sizeof(again));
		ck_assert_int_eq(job_spec_encode(&r, again, size, &e), -1);
		ck_assert_str_eq(again, "");
	}
	ck_assert_int_eq(job_spec_encode(&r, again, sizeof(text), &e), 0);
	ck_assert_int_eq(job_spec_encode(&r, again, 0, &e), -1);
}
END_TEST

/* clang-format off */
static const struct {
	const char *comment;
	int found;
	const char *placed; /* with image=tiny and status " state=ready"; NULL: refused */
} comments[] = {
	{NULL, 0, "slurm-vm{image=tiny " NONCE " state=ready}"},
	{"", 0, "slurm-vm{image=tiny " NONCE " state=ready}"},
	{"site's own", 0, "site's own slurm-vm{image=tiny " NONCE " state=ready}"},
	{"slurm-vm{image=tiny " NONCE "}", 1, "slurm-vm{image=tiny " NONCE " state=ready}"},
	{"a slurm-vm{image=tiny " NONCE " state=booting reason=\"x y\"} b", 1,
	 "a slurm-vm{image=tiny " NONCE " state=ready} b"},
	{"a,slurm-vm{image=tiny " NONCE "},b", 1,
	 "a,slurm-vm{image=tiny " NONCE " state=ready},b"},
	{"my-slurm-vm{image=tiny}", 0,
	 "my-slurm-vm{image=tiny} slurm-vm{image=tiny " NONCE " state=ready}"},
	/* another word's end is not ours, a sign before it is none of it */
	{"aslurm-vm{x} zslurm-vm{x} Aslurm-vm{x} Zslurm-vm{x} 0slurm-vm{x} 9slurm-vm{x} _slurm-vm{x}", 0,
	 "aslurm-vm{x} zslurm-vm{x} Aslurm-vm{x} Zslurm-vm{x} 0slurm-vm{x} 9slurm-vm{x} _slurm-vm{x} "
	 "slurm-vm{image=tiny " NONCE " state=ready}"},
	{"|slurm-vm{image=tiny " NONCE "}", 1, "|slurm-vm{image=tiny " NONCE " state=ready}"},
	{"`slurm-vm{image=tiny " NONCE "}", 1, "`slurm-vm{image=tiny " NONCE " state=ready}"},
	{"[slurm-vm{image=tiny " NONCE "}", 1, "[slurm-vm{image=tiny " NONCE " state=ready}"},
	{"my-slurm-vm{x} slurm-vm{image=tiny " NONCE "}", 1,
	 "my-slurm-vm{x} slurm-vm{image=tiny " NONCE " state=ready}"},
	{"slurm-vm{image=tiny", -1, NULL},
	{"slurm-vm{}", -1, "slurm-vm{image=tiny " NONCE " state=ready}"},
	{"slurm-vm{image=tiny}", -1, "slurm-vm{image=tiny " NONCE " state=ready}"},
	{"slurm-vm{slurm-vm{image=tiny " NONCE "}}", -1,
	 "slurm-vm{image=tiny " NONCE " state=ready}}"},
};
/* clang-format on */

START_TEST(comment_rows)
{
	struct vm_request r = {.image = ""};
	struct vm_request tiny = {.image = "tiny", .nonce = "9f3c12ab45de6701"};
	struct err e = {.kind = ERR_NONE};
	char buf[256];
	int found = job_spec_find(comments[_i].comment, &r, &e);
	int rc;

	ck_assert_msg(found == comments[_i].found, "'%s': %d %s", comments[_i].comment, found,
		      e.msg);
	ck_assert_str_eq(r.image, found == 1 ? "tiny" : "");
	rc = job_spec_place(comments[_i].comment, &tiny, " state=ready", buf, sizeof(buf), &e);
	ck_assert_int_eq(rc, comments[_i].placed ? 0 : -1);
	if (comments[_i].placed)
		ck_assert_str_eq(buf, comments[_i].placed);
}
END_TEST

START_TEST(place_keeps_to_its_braces)
{
	struct vm_request tiny = {.image = "tiny", .nonce = "9f3c12ab45de6701"};
	struct vm_request from = {.from = "17-9f3c12ab45de6702", .nonce = "9f3c12ab45de6701"};
	struct err e;
	char buf[64];

	ck_assert_int_eq(job_spec_place("", &tiny, " reason=}", buf, sizeof(buf), &e), -1);
	ck_assert_int_eq(job_spec_place("0123456789", &tiny, "", buf, sizeof(buf), &e), 0);
	ck_assert_int_eq(
		job_spec_place("0123456789012345678901234", &tiny, "", buf, sizeof(buf), &e), -1);
	ck_assert_int_eq(job_spec_place("", &from, "", buf, sizeof(buf), &e), 0);
	ck_assert_str_eq(buf, "slurm-vm{from=17-9f3c12ab45de6702 " NONCE "}");
}
END_TEST

START_TEST(status_is_read_back)
{
	struct vm_request r;
	struct err e;

	ck_assert_int_eq(
		job_spec_find("slurm-vm{image=tiny " NONCE
			      " state=ready run=3 node=n1 address=192.168.172.57 "
			      "ready=1700000000 base=1 moved=4 until=1700009999 limit=3600 "
			      "crashes=2 crashed=1700000100 warned=1700000050 "
			      "told=1700000001 "
			      "reason=\"image 'tiny': not in the catalogue\" "
			      "migrate=n2 nodes=n1@1700000000,n2@1700000060}",
			      &r, &e),
		1);
	ck_assert_int_eq(r.warned_s, 1700000050);
	ck_assert_int_eq(r.told_s, 1700000001);
	ck_assert_str_eq(r.move_to, "n2");
	ck_assert_str_eq(r.nodes, "n1@1700000000,n2@1700000060");
	ck_assert_uint_eq(r.base_run, 1);
	ck_assert_uint_eq(r.moved_run, 4);
	ck_assert_int_eq(r.moved_until_s, 1700009999);
	ck_assert_int_eq(r.moved_limit_s, 3600);
	ck_assert_uint_eq(r.recorded_run, 3);
	ck_assert_int_eq(r.recorded_ready_s, 1700000000);
	ck_assert_uint_eq(r.recorded_crashes, 2);
	ck_assert_int_eq(r.recorded_crashed_s, 1700000100);
	ck_assert_str_eq(r.recorded_failure, "image 'tiny': not in the catalogue");
}
END_TEST

/* clang-format off */
static const struct {
	const char *text;
	const char *image, *revision; /* image NULL: refused */
} images[] = {
	{"win11", "win11", ""},
	{"win11@v2", "win11", "v2"},
	{"@17", "", ""},
	{"@17-9f3c12ab45de6701", "", ""},
	{"@0", NULL, NULL},
	{"@17@v1", NULL, NULL},
	{"@17_2", NULL, NULL},
	{"win11@", NULL, NULL},
	{"@v2", NULL, NULL},
	{"", NULL, NULL},
	{"win11@v2@v3", NULL, NULL},
	{"win 11", NULL, NULL},
	{"win11@V2", NULL, NULL},
	{A64, NULL, NULL},
	{"tiny@" A64, NULL, NULL},
};
/* clang-format on */

START_TEST(image_rows)
{
	struct vm_request r = {.image = "old", .revision = "old"};
	struct err e = {.kind = ERR_NONE};
	int rc = job_option_image(images[_i].text, &r, &e);

	ck_assert_msg(rc == (images[_i].image ? 0 : -1), "'%s'", images[_i].text);
	ck_assert_str_eq(r.image, rc == 0 ? images[_i].image : "old");
	ck_assert_str_eq(r.revision, rc == 0 ? images[_i].revision : "old");
	ck_assert_str_eq(r.from, rc < 0                      ? ""
				 : images[_i].text[0] == '@' ? images[_i].text + 1
							     : "");
}
END_TEST

START_TEST(keys)
{
	struct job j = {.id = UINT32_MAX, .request = {.nonce = "9f3c12ab45de6701"}};
	char key[JOB_KEY_MAX + 1], nonce[JOB_NONCE_LEN + 1] = "";
	uint32_t id = 0;
	static const char *const bad[] = {"",
					  "17",
					  "-9f3c12ab45de6701",
					  "17-",
					  "17-9f3c12ab45de670",
					  "17-9f3c12ab45de67011",
					  "17-9F3c12ab45de6701",
					  "017-9f3c12ab45de6701",
					  "4294967296-9f3c12ab45de6701",
					  "99999999999-9f3c12ab45de6701",
					  "1x-9f3c12ab45de6701"};

	ck_assert_str_eq(job_key(&j, key, sizeof(key)), "4294967295-9f3c12ab45de6701");
	ck_assert_int_eq(job_key_parse(key, &id, nonce), 0);
	ck_assert_uint_eq(id, UINT32_MAX);
	ck_assert_str_eq(nonce, j.request.nonce);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(job_key_parse(bad[i], &id, nonce) == -1, "'%s'", bad[i]);
}
END_TEST

/* The longest of all that can stand in it has room. */
START_TEST(all_of_it_fits)
{
	struct vm_request r = {.disk_bytes = UINT64_MAX,
			       .scratch_bytes = UINT64_MAX,
			       .nonce = "9f3c12ab45de6701",
			       .wait = VM_WAIT_RUNNING,
			       .keep = VM_KEEP_ABNORMAL,
			       .on_drain = VM_ON_DRAIN_MIGRATE,
			       .machines = JOB_MACHINES_MAX,
			       .no_shell = true,
			       .as = UINT32_MAX,
			       .after = UINT32_MAX,
			       .attach = {.n = JOB_ATTACH_MAX}};
	char text[JOB_REQUEST_MAX + 1];
	struct err e;

	memset(r.image, 'a', JOB_NAME_MAX);
	memset(r.revision, 'a', JOB_NAME_MAX);
	memset(r.network, 'a', JOB_NAME_MAX);
	memset(r.from, '1', JOB_KEY_MAX);
	memset(r.mail, 'a', JOB_MAIL_MAX);
	memset(r.exclude, 'a', JOB_EXCLUDE_MAX);
	for (size_t i = 0; i < JOB_ATTACH_MAX; i++) {
		memset(r.attach.at[i].name, 'a', DISK_LABEL_MAX);
		r.attach.at[i].read_only = true;
	}
	ck_assert_msg(job_spec_encode(&r, text, sizeof(text), &e) == 0, "%s", e.msg);
}
END_TEST

START_TEST(who_excluded_nodes)
{
	struct vm_request r = {.exclude = "old"};
	char many[JOB_EXCLUDE_MAX + 2];

	memset(many, 'n', sizeof(many));
	many[sizeof(many) - 1] = '\0';
	vm_request_exclude(&r, "n[1-3],n7");
	ck_assert_str_eq(r.exclude, "n[1-3],n7");
	vm_request_exclude(&r, many);
	ck_assert_str_eq(r.exclude, "*");
	vm_request_exclude(&r, many + 1);
	ck_assert_str_eq(r.exclude, many + 1);
	vm_request_exclude(&r, "n1}n2");
	ck_assert_str_eq(r.exclude, "*");
	vm_request_exclude(&r, "");
	ck_assert_str_eq(r.exclude, "");
	vm_request_exclude(&r, "*");
	ck_assert_str_eq(r.exclude, "*");
	vm_request_exclude(&r, NULL);
	ck_assert_str_eq(r.exclude, "");
}
END_TEST

START_TEST(from_a_job)
{
	static const char text[] = "from=17 " NONCE " keep=never";
	char again[JOB_REQUEST_MAX + 1];
	struct vm_request r;
	struct err e;

	ck_assert_int_eq(job_spec_decode(text, &r, &e), 0);
	ck_assert_str_eq(r.from, "17");
	ck_assert_str_eq(r.image, "");
	ck_assert_int_eq(job_spec_encode(&r, again, sizeof(again), &e), 0);
	ck_assert_str_eq(again, text);
	ck_assert(job_from_is("17", "17-9f3c12ab45de6701"));
	ck_assert(job_from_is("17-9f3c12ab45de6701", "17-9f3c12ab45de6701"));
	ck_assert(!job_from_is("17-9f3c12ab45de6702", "17-9f3c12ab45de6701"));
	ck_assert(!job_from_is("7", "17-9f3c12ab45de6701"));
	ck_assert(!job_from_is("", "17-9f3c12ab45de6701"));
	ck_assert(!job_from_is("17", "17"));
	ck_assert_int_eq(vm_request_keep(&r), VM_KEEP_NEVER);
	r.keep = VM_KEEP_UNSET;
	ck_assert_int_eq(vm_request_keep(&r), VM_KEEP_ALWAYS);
	r.from[0] = '\0';
	ck_assert_int_eq(vm_request_keep(&r), VM_KEEP_ABNORMAL);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("job_spec");

	tcase_add_loop_test(t, decode_rows, 0, ARRAY_LEN(texts));
	tcase_add_test(t, too_long);
	tcase_add_test(t, there_and_back);
	tcase_add_test(t, all_of_it_fits);
	tcase_add_test(t, who_excluded_nodes);
	tcase_add_loop_test(t, comment_rows, 0, ARRAY_LEN(comments));
	tcase_add_test(t, place_keeps_to_its_braces);
	tcase_add_test(t, status_is_read_back);
	tcase_add_loop_test(t, image_rows, 0, ARRAY_LEN(images));
	tcase_add_test(t, keys);
	tcase_add_test(t, from_a_job);
	return CHECK_MAIN(t);
}
