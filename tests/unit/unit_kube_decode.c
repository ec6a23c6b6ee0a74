/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Kubernetes says, decoded: rows of JSON made by hand. */
#include "tests/unit/check_main.h"
#include "tests/unit/kube_fixture.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/kube/kube_cache.h"
#include "vmd/kube/kube_event.h"
#include "vmd/kube/kube_line.h"
#include "vmd/kube/kube_meta.h"
#include "vmd/kube/kube_status.h"
#include "vmd/kube/kube_vm.h"

#include <check.h>
#include <string.h>

static struct json_object *parse(const char *text)
{
	struct json_object *doc = NULL;
	struct err e = {.msg = ""};

	ck_assert_msg(json_parse(text, strlen(text), &doc, &e) == 0, "%s: %s", text, e.msg);
	return doc;
}

/* ---- answers ---- */

#define STATUS(rest) "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\"," rest "}"

/* It takes the commas of macros for columns. */
/* clang-format off */
static const struct {
	const char *method;
	long http;
	const char *body;
	enum err_kind kind;
	const char *text;
} answers[] = {
	{"GET", 200, "", ERR_NONE, ""},
	{"GET", 404, STATUS("\"message\":\"vms \\\"x\\\" not found\",\"code\":404"),
	 ERR_ABSENT, "vms \"x\" not found (HTTP 404)"},
	{"GET", 404, "404 page not found\n", ERR_ABSENT, "404 page not found (HTTP 404)"},
	{"GET", 500, "", ERR_RETRY, "the API server answered HTTP 500"},
	{"POST", 500, "boom\r\n\tline two", ERR_UNSURE, "boom line two (HTTP 500)"},
	{"DELETE", 503, "", ERR_UNSURE, "the API server answered HTTP 503"},
	{"POST", 429, "slow down", ERR_RETRY, "slow down (HTTP 429)"},
	{"POST", 409, STATUS("\"message\":\"x already exists\""),
	 ERR_CONFLICT, "x already exists (HTTP 409)"},
	{"POST", 409, STATUS("\"message\":\"object is being deleted: x already exists\""),
	 ERR_RETRY, "object is being deleted: x already exists (HTTP 409)"},
	{"GET", 401, STATUS("\"reason\":\"Unauthorized\""), ERR_DENIED, "Unauthorized (HTTP 401)"},
	{"POST", 403, STATUS("\"message\":\"pods is forbidden: exceeded quota: q\""),
	 ERR_FULL, "pods is forbidden: exceeded quota: q (HTTP 403)"},
	{"POST", 403, STATUS("\"message\":\"forbidden: User \\\"v\\\"\""),
	 ERR_DENIED, "forbidden: User \"v\" (HTTP 403)"},
	{"GET", 410, STATUS("\"message\":\"too old\",\"code\":410"),
	 ERR_RETRY, "too old (HTTP 410)"},
	{"POST", 422,
	 STATUS("\"message\":\"admission webhook \\\"v.kubevirt.io\\\" denied the request: bad "
		"disk\",\"details\":{\"causes\":[{\"field\":\"spec.a\",\"message\":\"bad disk\"},"
		"{\"field\":\"spec.b\",\"message\":\"is odd\"}]}"),
	 ERR_INVALID, "bad disk; spec.b: is odd (HTTP 422)"},
	{"POST", 400, "{\"kind\":\"Other\"}", ERR_INVALID, "{\"kind\":\"Other\"} (HTTP 400)"},
	{"POST", 302, "", ERR_INVALID, "the API server answered HTTP 302"},
	{"POST", 507, "", ERR_FULL, "the API server answered HTTP 507"},
};
/* clang-format on */

START_TEST(answer_rows)
{
	struct err e = {.kind = ERR_NONE, .msg = ""};
	int rc = status_check(answers[_i].method, answers[_i].http, answers[_i].body,
			      strlen(answers[_i].body), &e);

	ck_assert_int_eq(rc, answers[_i].kind == ERR_NONE ? 0 : -1);
	ck_assert_str_eq(err_kind_name(e.kind), err_kind_name(answers[_i].kind));
	ck_assert_str_eq(e.msg, answers[_i].text);
}
END_TEST

START_TEST(answer_of_any_length)
{
	AUTO(free) char *body = malloc(1 << 20);
	struct err e;

	ck_assert_ptr_nonnull(body);
	memset(body, 'x', 1 << 20);
	ck_assert_int_eq(status_check("GET", 404, body, 1 << 20, &e), -1);
	ck_assert_uint_lt(strlen(e.msg), sizeof(e.msg));
}
END_TEST

/* ---- lines of a watch ---- */

struct lines {
	int n;
	char last[16];
	int refuse; /* the how-manieth is refused */
};

static int on_line(void *ctx, const char *text, size_t len, struct err *e)
{
	struct lines *l = ctx;

	ck_assert_uint_eq(strlen(text), len);
	(void)str_copy(l->last, sizeof(l->last), text);
	return ++l->n == l->refuse ? err_set(e, ERR_RETRY, "no") : 0;
}

START_TEST(lines_in_pieces)
{
	AUTO(strbuf_done) struct strbuf b = {.len = 0};
	struct lines l = {.n = 0};
	struct err e;
	static const char all[] = "ab\n\ncd\nef";

	for (size_t i = 0; i < sizeof(all) - 1; i++)
		ck_assert_int_eq(line_split(&b, all + i, 1, on_line, &l, &e), 0);
	ck_assert_int_eq(l.n, 2);
	ck_assert_str_eq(l.last, "cd");
	ck_assert_int_eq(line_split(&b, "\nx\ny", 4, on_line, &l, &e), 0);
	ck_assert_int_eq(l.n, 4);
	ck_assert_str_eq(l.last, "x");
	ck_assert_uint_eq(b.len, 1);
}
END_TEST

START_TEST(line_too_long_or_refused)
{
	AUTO(strbuf_done) struct strbuf b = {.len = 0}, c = {.len = 0};
	AUTO(free) char *big = malloc(LINE_MAX_BYTES);
	struct lines l = {.refuse = 2};
	struct err e;

	ck_assert_ptr_nonnull(big);
	memset(big, 'x', LINE_MAX_BYTES);
	ck_assert_int_eq(line_split(&b, big, LINE_MAX_BYTES, on_line, &l, &e), 0);
	ck_assert_int_eq(line_split(&b, "y", 1, on_line, &l, &e), -1);
	ck_assert_int_eq(e.kind, ERR_RETRY);
	ck_assert_int_eq(line_split(&c, "a\nb\nc\n", 6, on_line, &l, &e), -1);
	ck_assert_int_eq(l.n, 2);
}
END_TEST

static const struct {
	const char *line;
	int rc;
	enum event_kind kind;
	const char *version;
} events[] = {
	{"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":\"7\"}}}",     0,  EVENT_SET,
	 "7"												    },
	{"{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"resourceVersion\":\"8\"}}}",  0,
	 EVENT_SET,											 "8" },
	{"{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\"}}}",   0,
	 EVENT_GONE,											"9" },
	{"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"10\"}}}", 0,
	 EVENT_BOOKMARK,										    "10"},
	{"{\"type\":\"SHINY\",\"object\":{\"metadata\":{\"resourceVersion\":\"11\"}}}",    0,
	 EVENT_BOOKMARK,										    "11"},
	{"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}",             0,  EVENT_ERROR, ""  },
	{"{\"type\":\"ADDED\",\"object\":{}}",                                             -1, EVENT_SET,   ""  },
	{"{\"type\":\"ADDED\",\"object\":[]}",                                             -1, EVENT_SET,   ""  },
	{"{\"object\":{}}",								-1, EVENT_SET,   ""  },
	{"{\"type\":5,\"object\":{}}",						     -1, EVENT_SET,   ""  },
	{"[]",									     -1, EVENT_SET,   ""  },
	{"{\"type\":\"ADD",								-1, EVENT_SET,   ""  },
};

START_TEST(event_rows)
{
	AUTO(json_object_put) struct json_object *doc = NULL;
	struct watch_event ev = {.kind = EVENT_SET};
	struct err e;
	int rc = event_decode(events[_i].line, strlen(events[_i].line), &doc, &ev, &e);

	ck_assert_msg(rc == events[_i].rc, "%s", events[_i].line);
	if (rc < 0)
		return;
	ck_assert_int_eq(ev.kind, events[_i].kind);
	ck_assert_str_eq(ev.version, events[_i].version);
	ck_assert_int_eq(ev.code, ev.kind == EVENT_ERROR ? 410 : 0);
}
END_TEST

/* ---- VM and VMI ---- */

#define META                                                                                       \
	"\"metadata\":{\"name\":\"vm-1-a-r0\",\"uid\":\"u1\",\"resourceVersion\":\"5\","           \
	"\"creationTimestamp\":\"2026-11-23T08:49:00Z\","                                          \
	"\"labels\":{\"slurm-vm.io/key\":\"1-a\"}}"
#define GOING                                                                                      \
	"\"metadata\":{\"name\":\"vm-1-a-r0\",\"uid\":\"u1\",\"resourceVersion\":\"5\","           \
	"\"deletionTimestamp\":\"2026-11-23T08:49:00Z\"}"
#define RERUN            "\"spec\":{\"runStrategy\":\"RerunOnFailure\"}"
#define ONCE             "\"spec\":{\"runStrategy\":\"Once\"}"
#define VM(spec, status) "{" META "," spec ",\"status\":{" status "}}"
#define VMI(status)      "{" META ",\"status\":{\"nodeName\":\"worker1node\"," status "}}"
#define BEGUN            "\"runStrategy\":\"RerunOnFailure\""
#define CONDITION(t, s, r, m)                                                                      \
	"\"conditions\":[{\"type\":\"" t "\",\"status\":\"" s "\",\"reason\":\"" r                 \
	"\",\"message\":\"" m "\"}]"

/* It takes the commas of macros for columns. */
/* clang-format off */
static const struct {
	const char *why, *vm, *vmi; /* NULL: none */
	bool vmi_gone;
	enum vm_phase phase;
	const char *reason;
} joins[] = {
	{"very new", VM(RERUN, ""), NULL, false, VM_STARTING, ""},
	{"new: Stopped is no end",
	 VM(RERUN, "\"printableStatus\":\"Stopped\""), NULL, false, VM_STARTING, ""},
	{"starting, VMI not seen yet",
	 VM(RERUN, "\"printableStatus\":\"Starting\"," BEGUN), NULL, false, VM_STARTING, ""},
	{"pending", VM(RERUN, BEGUN), VMI("\"phase\":\"Pending\""), false, VM_STARTING, ""},
	{"no phase yet", VM(RERUN, BEGUN), "{" META "}", false, VM_STARTING, ""},
	{"scheduled", VM(RERUN, BEGUN), VMI("\"phase\":\"Scheduled\""), false, VM_STARTING, ""},
	{"running", VM(RERUN, BEGUN), VMI("\"phase\":\"Running\""), false, VM_RUNNING, ""},
	{"running; the VM's watch is behind",
	 VM(RERUN, "\"printableStatus\":\"Stopped\""), VMI("\"phase\":\"Running\""), false,
	 VM_RUNNING, ""},
	{"Ready flickers",
	 VM(RERUN, BEGUN "," CONDITION("Ready", "False", "X", "no")),
	 VMI("\"phase\":\"Running\"," CONDITION("Ready", "False", "X", "no")), false,
	 VM_RUNNING, ""},
	{"powered off", VM(RERUN, BEGUN), VMI("\"phase\":\"Succeeded\""), false, VM_STOPPED, ""},
	{"powered off, VMI gone, VM's watch behind",
	 VM(RERUN, "\"printableStatus\":\"Running\"," BEGUN), VMI("\"phase\":\"Succeeded\""), true,
	 VM_STOPPED, ""},
	{"powered off, seen after a restart of vmd",
	 VM(RERUN, "\"printableStatus\":\"Stopped\"," BEGUN), NULL, false, VM_STOPPED, ""},
	{"the same, told by a condition that stayed",
	 VM(RERUN, "\"printableStatus\":\"Stopped\"," CONDITION("AgentConnected", "True", "", "")),
	 NULL, false, VM_STOPPED, ""},
	{"crashed: will start again",
	 VM(RERUN, BEGUN), VMI("\"phase\":\"Failed\""), false,
	 VM_STARTING, ""},
	{"crashed, VMI gone",
	 VM(RERUN, "\"printableStatus\":\"Stopped\"," BEGUN), VMI("\"phase\":\"Failed\""), true,
	 VM_STARTING, ""},
	{"crashed, start pending, after a restart of vmd",
	 VM(RERUN, "\"printableStatus\":\"Stopped\","
		   "\"stateChangeRequests\":[{\"action\":\"Start\"}]," BEGUN),
	 NULL, false, VM_STARTING, ""},
	{"crashed and not restarted",
	 VM(ONCE, BEGUN), VMI("\"phase\":\"Failed\""), false, VM_FAILED, "the guest crashed"},
	{"going", "{" GOING "," RERUN "}", VMI("\"phase\":\"Running\""), false, VM_DELETING, ""},
	{"a VMI alone", NULL, VMI("\"phase\":\"Running\""), false, VM_RUNNING, ""},
	{"a VMI alone, going", NULL, "{" GOING "}", false, VM_DELETING, ""},
	{"its node is lost",
	 VM(RERUN, BEGUN), VMI("\"phase\":\"Unknown\""), false,
	 VM_RUNNING, "KubeVirt lost contact with its node"},
	{"refused late",
	 VM(RERUN, "\"printableStatus\":\"Stopped\","
		   CONDITION("Failure", "True", "FailedCreate", "denied: no memory")),
	 NULL, false, VM_STARTING, "denied: no memory"},
	{"no place",
	 VM(RERUN, "\"printableStatus\":\"ErrorUnschedulable\"," BEGUN),
	 VMI("\"phase\":\"Scheduling\","
	     CONDITION("PodScheduled", "False", "Unschedulable", "0/3 nodes")),
	 false, VM_STARTING, "no place on the node: 0/3 nodes"},
	{"bad sysprep",
	 VM(RERUN, BEGUN),
	 VMI("\"phase\":\"Pending\"," CONDITION("Synchronized", "False", "FailedCreate", "empty")),
	 false, VM_STARTING, "empty"},
	{"every VM passes through this",
	 VM(RERUN, BEGUN),
	 VMI("\"phase\":\"Pending\","
	     CONDITION("Synchronized", "False", "BackendStorageNotReady", "wait")),
	 false, VM_STARTING, ""},
	{"PVC missing",
	 VM(RERUN, "\"printableStatus\":\"ErrorPvcNotFound\""), NULL, false,
	 VM_STARTING, "its disk's claim (PVC) is missing"},
};
/* clang-format on */

static void load(struct cache *c, enum cache_kind kind, const char *text, bool gone)
{
	AUTO(json_object_put) struct json_object *doc = parse(text);

	cache_item(c, fixture_settings(), kind, doc, gone);
}

START_TEST(join_rows)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};

	if (joins[_i].vm)
		load(c, CACHE_VM, joins[_i].vm, false);
	if (joins[_i].vmi)
		load(c, CACHE_VMI, joins[_i].vmi, joins[_i].vmi_gone);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_msg(seen.n_vm == 1, "%s: %zu VMs", joins[_i].why, seen.n_vm);
	ck_assert_msg(seen.vm[0].phase == joins[_i].phase, "%s: %d", joins[_i].why,
		      (int)seen.vm[0].phase);
	ck_assert_msg(str_eq(seen.vm[0].reason, joins[_i].reason), "%s: '%s'", joins[_i].why,
		      seen.vm[0].reason);
	ck_assert_int_eq(seen.vm[0].has_vmi, joins[_i].vmi && !joins[_i].vmi_gone);
}
END_TEST

#define AGENT      "\"conditions\":[{\"type\":\"AgentConnected\",\"status\":\"True\"}],"
#define NIC(rest)  "\"interfaces\":[{\"name\":\"lan\"," rest "}]"
#define FROM_AGENT "\"infoSource\":\"domain, guest-agent, multus-status\""

static const struct {
	const char *status, *address;
	bool agent;
} addresses[] = {
	{AGENT NIC(FROM_AGENT ",\"ipAddress\":\"192.168.172.57\""),                               "192.168.172.57", true },
	{AGENT NIC(FROM_AGENT ",\"ipAddress\":\"10.0.0.1\",\"ipAddresses\":[\"fe80::1\",5,"
			      "\"192.168.172.58\"]"),
	 "192.168.172.58",											  true },
	{AGENT NIC("\"ipAddress\":\"192.168.172.57\""),                                           "192.168.172.57", true },
	{AGENT NIC("\"infoSource\":\"multus-status\",\"ipAddress\":\"192.168.172.57\""),          "",               true },
	{AGENT NIC(FROM_AGENT ",\"ipAddress\":\"192.168.173.1\""),                                "",               true },
	{NIC(FROM_AGENT ",\"ipAddress\":\"192.168.172.57\""),                                     "",               false},
	{AGENT "\"interfaces\":[{\"name\":\"other\",\"ipAddress\":\"192.168.172.57\"}]",          "",               true },
	{AGENT "\"interfaces\":[5,{\"name\":7},{\"name\":\"lan-b\",\"ipAddress\":\"10.1.1.1\"}]",
	 "10.1.1.1",												true },
	{AGENT "\"interfaces\":{}",							       "",               true },
};

START_TEST(address_rows)
{
	AUTO(cache_free) struct cache *c = cache_new();
	AUTO(strbuf_done) struct strbuf text = {.len = 0};
	struct observed seen = {.vms_known = true};

	strbuf_addf(&text, "{" META ",\"status\":{\"phase\":\"Running\",%s}}",
		    addresses[_i].status);
	load(c, CACHE_VM, VM(RERUN, BEGUN), false);
	load(c, CACHE_VMI, text.s, false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_vm, 1);
	ck_assert_str_eq(seen.vm[0].address, addresses[_i].address);
	ck_assert_int_eq(seen.vm[0].agent, addresses[_i].agent);
}
END_TEST

#define ASKED  "\"accessCredentials\":[{}]"
#define SET(s) ",{\"type\":\"AccessCredentialsSynchronized\",\"status\":\"" s "\"}"
#define REFUSED(m)                                                                                 \
	",{\"type\":\"AccessCredentialsSynchronized\",\"status\":\"False\",\"message\":\"" m "\"}"

/* clang-format off */
static const struct {
	const char *spec, *condition;
	bool pending;
	const char *reason;
} logins[] = {
	{"", "", false, ""}, /* none were asked for */
	{ASKED, "", true, ""}, /* the agent is there, but did not do it yet */
	{ASKED, SET("False"), true, ""}, /* it refused, and nobody says why */
	{ASKED, REFUSED("no\\nuser bob"), true,
	 "the guest agent does not set account and key: no user bob"},
	{ASKED, SET("True"), false, ""},
	{"", REFUSED("not asked"), false, ""},
};
/* clang-format on */

START_TEST(login_rows)
{
	AUTO(cache_free) struct cache *c = cache_new();
	AUTO(strbuf_done) struct strbuf text = {.len = 0};
	struct observed seen = {.vms_known = true};

	strbuf_addf(&text,
		    "{" META ",\"spec\":{%s},\"status\":{\"phase\":\"Running\",\"conditions\":[{"
		    "\"type\":\"AgentConnected\",\"status\":\"True\"}%s]}}",
		    logins[_i].spec, logins[_i].condition);
	load(c, CACHE_VM, VM(RERUN, BEGUN), false);
	load(c, CACHE_VMI, text.s, false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_vm, 1);
	ck_assert(seen.vm[0].agent);
	ck_assert_int_eq(seen.vm[0].login_pending, logins[_i].pending);
	ck_assert_str_eq(seen.vm[0].reason, logins[_i].reason);
}
END_TEST

/* One VMI of the VM: going: it is being deleted. */
static void vmi_of(struct cache *c, const char *uid, const char *status, bool going, bool gone)
{
	AUTO(strbuf_done) struct strbuf text = {.len = 0};

	strbuf_addf(&text,
		    "{\"metadata\":{\"name\":\"vm-1-a-r0\",\"uid\":\"%s\",\"resourceVersion\":\"5\""
		    "%s},\"status\":{%s}}",
		    uid, going ? ",\"deletionTimestamp\":\"2026-11-23T08:49:00Z\"" : "", status);
	load(c, CACHE_VMI, text.s, gone);
}

#define FAILED_AT(t)                                                                               \
	"\"phase\":\"Failed\",\"phaseTransitionTimestamps\":[5,{\"phase\":\"Running\","            \
	"\"phaseTransitionTimestamp\":\"2026-11-23T08:00:00Z\"},{\"phase\":\"Failed\","            \
	"\"phaseTransitionTimestamp\":\"" t "\"}]"

START_TEST(crashes_are_counted)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};

	load(c, CACHE_VM, VM(RERUN, BEGUN), false);
	vmi_of(c, "a", "\"phase\":\"Running\"", false, false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.vm[0].crashes, 0);
	vmi_of(c, "a", FAILED_AT("2026-11-23T08:50:00Z"), false, false);
	vmi_of(c, "a", FAILED_AT("2026-11-23T08:50:00Z"), false, false); /* told again */
	vmi_of(c, "a", FAILED_AT("2026-11-23T08:50:00Z"), true, false);
	vmi_of(c, "a", FAILED_AT("2026-11-23T08:50:00Z"), true, true);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.vm[0].crashes, 1);
	ck_assert_int_eq(seen.vm[0].crashed_s, meta_time_s("2026-11-23T08:50:00Z"));
	vmi_of(c, "b", "\"phase\":\"Running\"", false, false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.vm[0].crashes, 1);
	ck_assert_int_eq(seen.vm[0].phase, VM_RUNNING);
	vmi_of(c, "b", "\"phase\":\"Failed\"", false, false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.vm[0].crashes, 2);
	ck_assert_int_eq(seen.vm[0].crashed_s, 0); /* not told */
}
END_TEST

/* KubeVirt calls Failed what it had to kill when it was told to end it. */
START_TEST(a_guest_that_was_ended_did_not_crash)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};

	load(c, CACHE_VM, VM(RERUN, BEGUN), false);
	vmi_of(c, "a", "\"phase\":\"Running\"", true, false);
	vmi_of(c, "a", "\"phase\":\"Failed\"", true, false);
	vmi_of(c, "a", "\"phase\":\"Failed\"", true, true);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.vm[0].crashes, 0);
}
END_TEST

static const struct {
	const char *address, *cidr;
	bool within;
} cidrs[] = {
	{"192.168.172.57", "192.168.172.0/24", true },
	{"192.168.173.57", "192.168.172.0/24", false},
	{"10.9.8.7",       "0.0.0.0/0",        true },
	{"10.9.8.7",       "10.9.8.7",         true },
	{"10.9.8.8",       "10.9.8.7/32",      false},
	{"10.9.8.8",       "",                 true },
	{"127.0.0.1",      "",                 false},
	{"169.254.3.4",    "",                 false},
	{"fe80::1",        "",                 false},
	{"10.9.8.8",       "10.0.0.0/33",      false},
	{"10.9.8.8",       "what/8",           false},
	{"",	       "",		 false},
};

START_TEST(cidr_rows)
{
	ck_assert_msg(address_within(cidrs[_i].address, cidrs[_i].cidr) == cidrs[_i].within,
		      "%s in %s", cidrs[_i].address, cidrs[_i].cidr);
}
END_TEST

/* ---- the cache ---- */

START_TEST(metadata_of_a_vm)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};

	load(c, CACHE_VM, VM(RERUN, BEGUN), false);
	load(c, CACHE_VMI, VMI("\"phase\":\"Running\""), false);
	load(c, CACHE_VM, "{\"metadata\":{\"name\":\"no uid: not one of ours\"}}", false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_vm, 1);
	ck_assert_str_eq(seen.vm[0].name, "vm-1-a-r0");
	ck_assert_str_eq(seen.vm[0].uid, "u1");
	ck_assert_str_eq(seen.vm[0].version, "5");
	ck_assert_str_eq(seen.vm[0].job_key, "1-a");
	ck_assert_str_eq(seen.vm[0].node, "worker1node");
	ck_assert_int_eq(seen.vm[0].created_s, 1795423740);
	load(c, CACHE_VM, VM(RERUN, BEGUN), true);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_vm, 1);      /* the VMI is still there ... */
	ck_assert_str_eq(seen.vm[0].uid, ""); /* ... and nothing may be deleted by its uid */
	load(c, CACHE_VMI, VMI("\"phase\":\"Running\""), true);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_vm, 0);
}
END_TEST

#define MIGRATION_AT(time, name, more)                                                             \
	"{\"metadata\":{\"name\":\"" name "\",\"uid\":\"m\",\"resourceVersion\":\"1\","            \
	"\"creationTimestamp\":\"2026-11-23T" time                                                 \
	"Z\"},\"spec\":{\"vmiName\":\"vm-1-a-r0\"},\"status\":{" more "}}"
#define MIGRATION(name, more) MIGRATION_AT("08:49:00", name, more)

START_TEST(moves_of_a_vm)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};
	const struct vm_moving *k;

	load(c, CACHE_VM,
	     "{\"metadata\":{\"name\":\"vm-1-a-r0\",\"uid\":\"u1\",\"resourceVersion\":\"5\","
	     "\"annotations\":{\"slurm-vm.io/given-up\":\"true\"}},"
	     "\"spec\":{\"template\":{\"spec\":{\"domain\":{\"cpu\":{\"sockets\":3,\"maxSockets\":"
	     "4,"
	     "\"cores\":2,\"threads\":2},\"memory\":{\"guest\":\"3Gi\",\"maxGuest\":\"4Gi\"},"
	     "\"devices\":{\"tpm\":{}}},\"nodeSelector\":{\"kubernetes.io/"
	     "hostname\":\"n2\"}}}}}",
	     false);
	load(c, CACHE_VMI,
	     "{\"metadata\":{\"name\":\"vm-1-a-r0\",\"uid\":\"u2\",\"resourceVersion\":\"5\"},"
	     "\"spec\":{\"domain\":{\"cpu\":{\"sockets\":2},\"memory\":{\"guest\":\"2048Mi\"}},"
	     "\"nodeSelector\":{\"kubernetes.io/hostname\":\"n1\"}},\"status\":{"
	     "\"currentCPUTopology\":{\"sockets\":1},\"memory\":{\"guestRequested\":\"1Gi\"},"
	     "\"phase\":\"Running\",\"nodeName\":\"n1\",\"evacuationNodeName\":\"n1\","
	     "\"conditions\":["
	     "{\"type\":\"LiveMigratable\",\"status\":\"False\",\"message\":\"a disk "
	     "is\\nlocal\"}]}}",
	     false);
	load(c, CACHE_MIGRATION, MIGRATION("vm-1-a-r0-m7-1", "\"phase\":\"Failed\""), false);
	load(c, CACHE_MIGRATION,
	     MIGRATION("vm-1-a-r0-m7-3",
		       "\"phase\":\"Succeeded\",\"migrationState\":{\"targetNode\":\"n4\"}"),
	     false);
	load(c, CACHE_MIGRATION,
	     MIGRATION("vm-1-a-r0-m7-2",
		       "\"phase\":\"Failed\",\"migrationState\":{\"failureReason\":\"slow\"}"),
	     false);
	load(c, CACHE_MIGRATION, MIGRATION("vm-1-a-r0-m7-0", "\"phase\":\"Failed\""), false);
	load(c, CACHE_MIGRATION, MIGRATION("vm-1-a-r0-m99-x", "\"phase\":\"Failed\""), false);
	load(c, CACHE_MIGRATION, MIGRATION("kubevirt-evacuation-x", "\"phase\":\"Scheduling\""),
	     false);
	load(c, CACHE_MIGRATION, "{\"metadata\":{\"name\":\"no-vmi\",\"uid\":\"m\"}}", false);
	cache_observe(c, fixture_settings(), &seen);
	k = &seen.vm[0].moving;
	ck_assert_str_eq(k->wanted_node, "n2");
	ck_assert_str_eq(k->given_node, "n1");
	ck_assert(k->given_up);
	ck_assert_uint_eq(seen.vm[0].size.cores, 4);
	ck_assert(seen.vm[0].size.tpm);
	ck_assert_uint_eq(seen.vm[0].size.sockets_wanted, 3);
	ck_assert_uint_eq(seen.vm[0].size.sockets_given, 2);
	ck_assert_uint_eq(seen.vm[0].size.sockets, 1);
	ck_assert_uint_eq(seen.vm[0].size.sockets_max, 4);
	ck_assert_uint_eq(seen.vm[0].size.memory_wanted_bytes, UINT64_C(3) << 30);
	ck_assert_uint_eq(seen.vm[0].size.memory_given_bytes, UINT64_C(2) << 30);
	ck_assert_uint_eq(seen.vm[0].size.memory_bytes, UINT64_C(1) << 30);
	ck_assert_uint_eq(seen.vm[0].size.memory_max_bytes, UINT64_C(4) << 30);
	ck_assert(k->evacuating);
	ck_assert_str_eq(k->blocked, "a disk is local");
	ck_assert_str_eq(k->name, "kubevirt-evacuation-x");
	ck_assert_str_eq(k->uid, "m");
	ck_assert(!k->ours);
	ck_assert_int_eq(k->begun_s, 1795423740);
	ck_assert_uint_eq(k->companion, 7);
	ck_assert_uint_eq(k->attempt, 3);
	ck_assert(!k->failed);
	ck_assert_str_eq(k->came_to, "n4");
	load(c, CACHE_MIGRATION,
	     MIGRATION_AT("08:49:01", "kubevirt-evacuation-y",
			  "\"phase\":\"Succeeded\",\"migrationState\":{\"targetNode\":\"n5\"}"),
	     false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_str_eq(seen.vm[0].moving.came_to, "n5"); /* anybody's */
	load(c, CACHE_MIGRATION,
	     MIGRATION_AT("08:49:01", "kubevirt-evacuation-z",
			  "\"phase\":\"Succeeded\",\"migrationState\":{\"targetNode\":\"n6\"}"),
	     false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_str_eq(seen.vm[0].moving.came_to, ""); /* nobody knows which was the last */
	load(c, CACHE_MIGRATION, MIGRATION("vm-1-a-r0-m7-3", ""), true);
	load(c, CACHE_MIGRATION, MIGRATION("kubevirt-evacuation-x", ""), true);
	cache_observe(c, fixture_settings(), &seen);
	k = &seen.vm[0].moving;
	ck_assert_str_eq(k->name, "");
	ck_assert_uint_eq(k->attempt, 2);
	ck_assert(k->failed);
	ck_assert_str_eq(k->failure, "slow");
	load(c, CACHE_MIGRATION, MIGRATION("vm-1-a-r0-m8-1", ""), false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert(seen.vm[0].moving.ours);
}
END_TEST

/* slurmctld lost its state, and companions began with low ids again. The last one is the one that
 * was made last, whatever its number and in whatever order they are listed. */
START_TEST(the_last_move_of_a_vm)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};
	const struct vm_moving *k;

	load(c, CACHE_VM,
	     "{\"metadata\":{\"name\":\"vm-1-a-r0\",\"uid\":\"u1\",\"resourceVersion\":\"5\"}}",
	     false);
	load(c, CACHE_MIGRATION,
	     MIGRATION_AT("08:49:00", "vm-1-a-r0-m90-2", "\"phase\":\"Succeeded\""), false);
	load(c, CACHE_MIGRATION, MIGRATION_AT("08:55:00", "vm-1-a-r0-m7-3", "\"phase\":\"Failed\""),
	     false);
	load(c, CACHE_MIGRATION,
	     MIGRATION_AT("08:48:00", "vm-1-a-r0-m91-1", "\"phase\":\"Succeeded\""), false);
	cache_observe(c, fixture_settings(), &seen);
	k = &seen.vm[0].moving;
	ck_assert(!k->given_up);
	ck_assert_uint_eq(k->companion, 7);
	ck_assert_uint_eq(k->attempt, 3);
	ck_assert(k->failed);
	ck_assert_int_eq(k->last_s, 1795424100);
	ck_assert_uint_eq(k->companion_most, 91);
	ck_assert_uint_eq(k->attempt_most, 3);
	load(c, CACHE_MIGRATION,
	     MIGRATION_AT("08:55:00", "vm-1-a-r0-m8-1", "\"phase\":\"Succeeded\""), false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.vm[0].moving.companion, 8);
	load(c, CACHE_MIGRATION, /* the clock of another API server */
	     MIGRATION_AT("08:54:59", "vm-1-a-r0-m8-2", "\"phase\":\"Failed\""), false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.vm[0].moving.attempt, 2);
}
END_TEST

/* Its disks that come and go: wanted, brought, there, and taken from it; others are none of them.
 */
START_TEST(volumes_of_a_vm)
{
	static const struct {
		const char *name;
		bool wanted, given, ready;
		const char *why;
	} want[] = {
		{"disk-there",   true,  true,  true,  "here it is"    },
		{"disk-brought", true,  true,  false, "a pod\?waits"  },
		{"disk-asked",   true,  false, false, ""              },
		{"disk-taken",   false, true,  false, "is being taken"},
	};
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};

	load(c, CACHE_VM,
	     "{\"metadata\":{\"name\":\"vm-1-a-r0\",\"uid\":\"u1\",\"resourceVersion\":\"5\"},"
	     "\"spec\":{\"template\":{\"spec\":{\"volumes\":["
	     "{\"name\":\"root\",\"persistentVolumeClaim\":{\"claimName\":\"r\"}},"
	     "{\"name\":\"disk-there\",\"persistentVolumeClaim\":{\"claimName\":\"a\","
	     "\"hotpluggable\":true}},"
	     "{\"name\":\"disk-brought\",\"persistentVolumeClaim\":{\"claimName\":\"b\","
	     "\"hotpluggable\":true}},"
	     "{\"name\":\"disk-asked\",\"persistentVolumeClaim\":{\"claimName\":\"c\","
	     "\"hotpluggable\":true}},"
	     "{\"name\":\"a-name-that-is-longer-than-those-of-ours\","
	     "\"persistentVolumeClaim\":{\"hotpluggable\":true}},"
	     "{\"persistentVolumeClaim\":{\"hotpluggable\":true}},7]}}}}",
	     false);
	load(c, CACHE_VMI,
	     "{\"metadata\":{\"name\":\"vm-1-a-r0\",\"uid\":\"u2\",\"resourceVersion\":\"5\"},"
	     "\"spec\":{\"volumes\":["
	     "{\"name\":\"disk-there\",\"persistentVolumeClaim\":{\"hotpluggable\":true}},"
	     "{\"name\":\"disk-brought\",\"persistentVolumeClaim\":{\"hotpluggable\":true}}]},"
	     "\"status\":{\"phase\":\"Running\",\"volumeStatus\":["
	     "{\"name\":\"root\",\"target\":\"vda\"},"
	     "{\"name\":\"disk-there\",\"phase\":\"Ready\",\"message\":\"here it is\","
	     "\"hotplugVolume\":{}},"
	     "{\"name\":\"disk-brought\",\"phase\":\"AttachedToNode\",\"message\":\"a "
	     "pod\\nwaits\"},"
	     "{\"name\":\"disk-taken\",\"phase\":\"Detaching\",\"message\":\"is being taken\","
	     "\"hotplugVolume\":{}},{}]}}",
	     false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.vm[0].n_volume, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		const struct vm_volume *v = vm_volume_find(&seen.vm[0], want[i].name);

		ck_assert_msg(v != NULL, "%s", want[i].name);
		ck_assert_msg(v->wanted == want[i].wanted && v->given == want[i].given &&
				      v->ready == want[i].ready,
			      "%s", want[i].name);
		ck_assert_str_eq(v->why, want[i].why);
	}
}
END_TEST

#define NODE(status, taints)                                                                       \
	"{\"metadata\":{\"name\":\"n1\"},\"spec\":{\"taints\":[" taints                            \
	"]},\"status\":{\"conditions\":[{\"type\":\"DiskPressure\",\"status\":\"False\"}," status  \
	"]}}"
#define READY(status) "{\"type\":\"Ready\",\"status\":\"" status "\"}"
#define TAINT(key)    "{\"key\":\"" key "\",\"effect\":\"NoExecute\"}"
#define OUT           "node.kubernetes.io/out-of-service"

static const struct {
	const char *text;
	bool lost, out;
} nodes[] = {
	{NODE(READY("True"),    ""),          false,             false},
	{NODE(READY("False"),                     ""),               true,         false},
	{NODE(READY("Unknown"),                ""),                            true,                 false},
	{NODE("{}",                 ""),true,false},
	{NODE(READY("Unknown"),  TAINT(OUT)),              true,                             true},
	{NODE(READY("Unknown"), TAINT("x") "," TAINT(OUT)), true, true},
	{NODE(READY("True"),                     TAINT("x")),             false,    false},
	{"{\"metadata\":{\"name\":\"n1\"}}",                 true,                             false                            },
};

START_TEST(node_rows)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};

	load(c, CACHE_NODE, nodes[_i].text, false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_node, 1);
	ck_assert_str_eq(seen.node[0].name, "n1");
	ck_assert_msg((seen.node[0].lost_us != 0) == nodes[_i].lost, "%s", nodes[_i].text);
	ck_assert_msg(seen.node[0].out_of_service == nodes[_i].out, "%s", nodes[_i].text);
}
END_TEST

/* Since when it is lost is since it was first seen so: more of the same changes nothing. */
START_TEST(node_is_lost_since_the_first_time)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};
	int64_t since_us;

	load(c, CACHE_NODE, NODE(READY("Unknown"), ""), false);
	cache_observe(c, fixture_settings(), &seen);
	since_us = seen.node[0].lost_us;
	while (clock_mono_us() == since_us)
		;
	cache_list_begin(c, CACHE_NODE);
	load(c, CACHE_NODE, NODE(READY("False"), TAINT("x")), false);
	cache_list_end(c, CACHE_NODE);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_int_eq(seen.node[0].lost_us, since_us);
	load(c, CACHE_NODE, NODE(READY("True"), ""), false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_int_eq(seen.node[0].lost_us, 0);
	load(c, CACHE_NODE, NODE(READY("False"), ""), false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_int_gt(seen.node[0].lost_us, since_us);
	load(c, CACHE_NODE, NODE(READY("False"), ""), true);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_node, 0);
}
END_TEST

#define CORDONED(mark)                                                                             \
	"{\"metadata\":{\"name\":\"n1\",\"resourceVersion\":\"77\"" mark                           \
	"},\"spec\":{\"unschedulable\":true}}"
#define MARKED(value) ",\"annotations\":{\"slurm-vm.io/drain\":" value "}"

static const struct {
	const char *text;
	bool cordoned;
	enum node_mark mark;
} cordons[] = {
	{NODE(READY("True"), ""),                      false,                 NODE_UNMARKED},
	{CORDONED(""),                  true,			       NODE_UNMARKED                              },
	{CORDONED(",\"annotations\":{\"a\":\"b\"}"),                  true, NODE_UNMARKED},
	{CORDONED(MARKED("\"slurm\"")),                  true,              NODE_FROM_SLURM                                           },
	{CORDONED(MARKED("\"kubernetes\"")),                  true,         NODE_FROM_KUBE},
	{CORDONED(MARKED("\"else\"")),                  true,               NODE_FOREIGN                                                 },
	{CORDONED(MARKED("[1]")),                  true,                    NODE_FOREIGN},
};

START_TEST(cordon_rows)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};

	load(c, CACHE_NODE, cordons[_i].text, false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_node, 1);
	ck_assert_msg(seen.node[0].cordoned == cordons[_i].cordoned, "%s", cordons[_i].text);
	ck_assert_msg(seen.node[0].mark == cordons[_i].mark, "%s", cordons[_i].text);
	ck_assert_str_eq(seen.node[0].version, cordons[_i].cordoned ? "77" : "");
}
END_TEST

static void load_volume(struct cache *c, enum cache_kind kind, const char *name, const char *phase)
{
	AUTO(strbuf_done) struct strbuf text = {.len = 0};

	strbuf_addf(&text,
		    "{\"metadata\":{\"name\":\"%s\",\"uid\":\"u\",\"resourceVersion\":\"1\","
		    "\"labels\":{\"slurm-vm.io/key\":\"1-a\"}},\"status\":{\"phase\":\"%s\"}}",
		    name, phase);
	load(c, kind, text.s, false);
}

/* More objects than there is room for: what was taken in is no list of all. */
START_TEST(too_many_are_unknown)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.pvs_known = true, .pvcs_known = true};
	char name[64];

	cache_list_begin(c, CACHE_PV);
	for (unsigned i = 0; i < 100001; i++) {
		(void)snprintf(name, sizeof(name), "vm-17-9f3c12ab45de6701-%06u", i);
		load_volume(c, CACHE_PV, name, "Bound");
		if (i == 99999) {
			cache_observe(c, fixture_settings(), &seen);
			ck_assert(seen.pvs_known);
		}
	}
	cache_list_end(c, CACHE_PV);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert(!seen.pvs_known && seen.pvcs_known);
	cache_list_begin(c, CACHE_PV); /* the next list is smaller */
	cache_list_end(c, CACHE_PV);
	seen.pvs_known = true;
	cache_observe(c, fixture_settings(), &seen);
	ck_assert(seen.pvs_known);
}
END_TEST

START_TEST(a_new_list_replaces_the_old)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};

	cache_list_begin(c, CACHE_PV);
	load_volume(c, CACHE_PV, "b", "Available");
	load_volume(c, CACHE_PV, "a", "Bound");
	cache_list_end(c, CACHE_PV);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_pv, 2);
	ck_assert_str_eq(seen.pv[0].name, "a");
	ck_assert(seen.pv[0].bound);
	ck_assert(!seen.pv[1].bound);
	cache_list_begin(c, CACHE_PV);
	load_volume(c, CACHE_PV, "b", "Bound");
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_pv, 2); /* not complete: nothing is missing yet */
	cache_list_end(c, CACHE_PV);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_pv, 1);
	ck_assert_str_eq(seen.pv[0].name, "b");
}
END_TEST

START_TEST(parts_of_a_secret_hide_behind_it)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = true};

	load_volume(c, CACHE_SECRET, "vm-1-a-login", "");
	load_volume(c, CACHE_SECRET, "vm-1-a-keys", "");
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_secret, 2); /* left behind: somebody has to remove them */
	load_volume(c, CACHE_SECRET, "vm-1-a", "");
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_secret, 1);
	ck_assert_str_eq(seen.secret[0].name, "vm-1-a");
	ck_assert(seen.secret[0].incomplete); /* these are not its own */
}
END_TEST

static void load_part(struct cache *c, const char *name, const char *owner, const char *more)
{
	AUTO(strbuf_done) struct strbuf text = {.len = 0};

	strbuf_addf(&text,
		    "{\"metadata\":{\"name\":\"%s\",\"uid\":\"p\",\"resourceVersion\":\"1\",%s"
		    "\"labels\":{\"slurm-vm.io/key\":\"1-a\"},"
		    "\"ownerReferences\":[{\"uid\":\"%s\"}]}}",
		    name, more, owner);
	load(c, CACHE_SECRET, text.s, false);
}

static bool is_incomplete(struct cache *c)
{
	struct observed seen = {.secrets_known = true};

	cache_observe(c, fixture_settings(), &seen);
	ck_assert_uint_eq(seen.n_secret, 1);
	return seen.secret[0].incomplete;
}

/* Its parts come after it; all, and its own. */
START_TEST(secret_is_complete_with_its_parts)
{
	AUTO(cache_free) struct cache *c = cache_new();

	load_volume(c, CACHE_SECRET, "vm-1-a", "");
	ck_assert(is_incomplete(c));
	load_part(c, "vm-1-a-login", "u", "");
	load_part(c, "vm-1-a-keys", "u", "");
	ck_assert(is_incomplete(c)); /* the catalogue has an image of either profile */
	load_part(c, "vm-1-a-sysprep", "u", "");
	ck_assert(is_incomplete(c));
	load_part(c, "vm-1-a-init", "u", "");
	ck_assert(!is_incomplete(c));
	load_part(c, "vm-1-a-keys", "earlier", "");
	ck_assert(is_incomplete(c));
	load_part(c, "vm-1-a-keys", "u", "");
	load_part(c, "vm-1-a-login", "u", "\"deletionTimestamp\":\"2026-11-25T12:00:00Z\",");
	ck_assert(is_incomplete(c));
}
END_TEST

#define EVENT(kind, name, type, reason, message, at)                                               \
	"{\"metadata\":{\"name\":\"e\"},\"involvedObject\":{\"kind\":\"" kind                      \
	"\",\"name\":\"" name "\"},\"type\":\"" type "\",\"reason\":\"" reason                     \
	"\",\"message\":\"" message "\",\"lastTimestamp\":\"2026-11-23T08:49:" at "Z\"}"
#define POD "virt-launcher-vm-1-a-r0-x7k2p"

/* It takes the commas of macros for columns. */
/* clang-format off */
static const struct {
	const char *json;
	int rc;
	const char *text;
} warnings[] = {
	{EVENT("Pod", POD, "Warning", "FailedCreatePodSandBox",
	       "Failed to create pod sandbox: rpc error: code = Unknown desc = plugin: cannot find "
	       "a network-attachment-definition (lan) in namespace (slurm-vm)", "01"),
	 1, "its network is missing in Kubernetes: cannot find a network-attachment-definition "
	    "(lan) in namespace (slurm-vm)"},
	{EVENT("Pod", POD, "Warning", "FailedCreatePodSandBox", "rpc error: desc = no runtime", "01"),
	 1, "its launcher cannot start: no runtime"},
	{EVENT("Pod", POD, "Warning", "FailedScheduling", "0/3 nodes", "01"),
	 1, "no place on the node: 0/3 nodes"},
	{EVENT("Pod", POD, "Warning", "FailedAttachVolume", "Multi-Attach", "01"),
	 1, "its disk cannot be attached: Multi-Attach"},
	{EVENT("VirtualMachineInstance", "vm-1-a-r0", "Warning", "SyncFailed", "a\\nb", "01"),
	 1, "KubeVirt cannot start the guest: a b"},
	{EVENT("VirtualMachineInstance", "vm-1-a-r0", "Warning", "Odd", "x", "01"), 1, "Odd: x"},
	{EVENT("Pod", POD, "Normal", "Scheduled", "x", "01"), 0, ""},
	{EVENT("Pod", "nginx-1", "Warning", "FailedMount", "x", "01"), 0, ""},
	{EVENT("Pod", "virt-launcher-", "Warning", "FailedMount", "x", "01"), 0, ""},
	{EVENT("Node", "n", "Warning", "NodeNotReady", "x", "01"), 0, ""},
	{"{}", -1, ""},
	{"{\"type\":\"Warning\",\"reason\":\"x\",\"involvedObject\":5}", -1, ""},
};
/* clang-format on */

START_TEST(warning_rows)
{
	AUTO(json_object_put) struct json_object *doc = parse(warnings[_i].json);
	struct vm_trouble t = {.text = ""};
	struct err e;

	ck_assert_int_eq(trouble_decode(doc, &t, &e), warnings[_i].rc);
	ck_assert_str_eq(t.text, warnings[_i].text);
	if (warnings[_i].rc == 1)
		ck_assert_str_eq(t.vm, "vm-1-a-r0");
}
END_TEST

/* The newest counts, while the guest does not run, and is forgotten with the VM. */
START_TEST(warnings_reach_the_vm)
{
	AUTO(cache_free) struct cache *c = cache_new();
	struct observed seen = {.vms_known = false};

	load(c, CACHE_EVENT, EVENT("Pod", POD, "Warning", "FailedMount", "new", "09"), false);
	load(c, CACHE_EVENT, EVENT("Pod", POD, "Warning", "FailedMount", "old", "01"), false);
	cache_observe(c, fixture_settings(), &seen); /* before the VMs are known: kept */
	load(c, CACHE_VM, VM(RERUN, BEGUN), false);
	seen.vms_known = true;
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_str_eq(seen.vm[0].reason, "its disk cannot be attached: new");
	load(c, CACHE_VMI, VMI("\"phase\":\"Running\""), false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_str_eq(seen.vm[0].reason, "");
	load(c, CACHE_VMI, VMI("\"phase\":\"Running\""), true);
	load(c, CACHE_VM, VM(RERUN, BEGUN), true);
	cache_observe(c, fixture_settings(), &seen);
	load(c, CACHE_VM, VM(RERUN, BEGUN), false);
	cache_observe(c, fixture_settings(), &seen);
	ck_assert_str_eq(seen.vm[0].reason, "");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kube decode");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, answer_rows, 0, ARRAY_LEN(answers));
	tcase_add_test(t, answer_of_any_length);
	tcase_add_test(t, lines_in_pieces);
	tcase_add_test(t, line_too_long_or_refused);
	tcase_add_loop_test(t, event_rows, 0, ARRAY_LEN(events));
	tcase_add_loop_test(t, join_rows, 0, ARRAY_LEN(joins));
	tcase_add_loop_test(t, address_rows, 0, ARRAY_LEN(addresses));
	tcase_add_loop_test(t, login_rows, 0, ARRAY_LEN(logins));
	tcase_add_test(t, crashes_are_counted);
	tcase_add_test(t, a_guest_that_was_ended_did_not_crash);
	tcase_add_loop_test(t, cidr_rows, 0, ARRAY_LEN(cidrs));
	tcase_add_test(t, metadata_of_a_vm);
	tcase_add_test(t, moves_of_a_vm);
	tcase_add_test(t, the_last_move_of_a_vm);
	tcase_add_test(t, volumes_of_a_vm);
	tcase_add_loop_test(t, node_rows, 0, ARRAY_LEN(nodes));
	tcase_add_test(t, node_is_lost_since_the_first_time);
	tcase_add_loop_test(t, cordon_rows, 0, ARRAY_LEN(cordons));
	tcase_add_test(t, a_new_list_replaces_the_old);
	tcase_add_test(t, parts_of_a_secret_hide_behind_it);
	tcase_add_test(t, secret_is_complete_with_its_parts);
	tcase_add_loop_test(t, warning_rows, 0, ARRAY_LEN(warnings));
	tcase_add_test(t, too_many_are_unknown);
	tcase_add_test(t, warnings_reach_the_vm);
	return CHECK_MAIN(t);
}
