/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See controllers_world.h. */
#include "tests/unit/controllers_world.h"

#include "kubevirt-lite/guest/host.h"
#include "kubevirt-lite/store/gc.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <check.h>
#include <stdarg.h>
#include <string.h>

static const char settings_text[] =
	"run_dir: /nonexistent\n"
	"guests: simulated\n"
	"simulated: {boot: 5ms, agent: 5ms, shutdown: 5ms, migration: 5ms}\n"
	"nodes:\n"
	"  - {name: cn01, cpus: 8, memory: 4G, address: 192.0.2.1}\n"
	"  - {name: cn02, cpus: 8, memory: 4G}\n";

char dir[] = "/tmp/unit_controllers.XXXXXX";
static char store_file[64];
sd_event *loop;
struct store *store;
static struct gc *gc;
static struct controllers *ctl;
struct strbuf vm_log, vmi_log, vmim_log; /* states in order, repetitions once */

/* --- the world --- */

static void log_state(struct strbuf *b, const char *state)
{
	size_t len = strlen(state);

	if (!len || (b->len >= len + 1 && strncmp(b->s + b->len - len - 1, state, len) == 0 &&
		     (b->len == len + 1 || b->s[b->len - len - 2] == ' ')))
		return;
	strbuf_addf(b, "%s ", state);
}

static void on_event(void *ctx, enum store_event event, enum kind_id kind,
		     struct json_object *object, struct json_object *old)
{
	const char *path = kind == KIND_VM ? "status/printableStatus" : "status/phase";
	struct strbuf *b = kind == KIND_VM     ? &vm_log
			   : kind == KIND_VMI  ? &vmi_log
			   : kind == KIND_VMIM ? &vmim_log
					       : NULL;
	const char *state = json_str_at(object, path);

	(void)ctx, (void)old;
	if (b)
		log_state(b, event == STORE_DELETED ? "gone" : state ? state : "");
}

static void controllers_up(const char *text)
{
	struct conf *conf;
	struct err e = {.kind = ERR_NONE};

	ck_assert_msg(conf_parse("test.yaml", text, strlen(text), &conf, &e) == 0, "%s", e.msg);
	ck_assert_msg(controllers_new(conf, &ctl, &e) == 0, "%s", e.msg);
	ck_assert_msg(conf_check_used(conf, &e) == 0, "%s", e.msg);
	ck_assert_msg(controllers_start(ctl, store, loop, &e) == 0, "%s", e.msg);
	conf_free(conf);
}

struct json_object *json(const char *fmt, ...)
{
	char text[8192];
	struct json_object *doc;
	struct err e = {.kind = ERR_NONE};
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *c = text; *c; c++) /* '' for "": readable in C */
		if (*c == '\'')
			*c = '"';
	ck_assert_msg(json_parse(text, strlen(text), &doc, &e) == 0, "%s: %s", e.msg, text);
	return doc;
}

void create(enum kind_id kind, struct json_object *doc)
{
	struct err e = {.kind = ERR_NONE};

	ck_assert_msg(store_create(store, kind, doc, NULL, &e) == 0, "%s", e.msg);
}

void remove_object(enum kind_id kind, const char *ns, const char *name)
{
	struct err e = {.kind = ERR_NONE};

	ck_assert_msg(store_delete(store, kind, ns, name, NULL, NULL, &e) == 0, "%s", e.msg);
}

void nad_create(void)
{
	create(KIND_NAD, json("{'metadata':{'name':'lan','namespace':'" NS "'},'spec':{'config':"
			      "'{\\'type\\':\\'bridge\\',\\'bridge\\':\\'br1\\'}'}}"));
}

void pv_create(const char *name)
{
	create(KIND_PV, json("{'metadata':{'name':'%s'},'spec':{'accessModes':['ReadWriteMany'],"
			     "'capacity':{'storage':'1Gi'},'claimRef':{'namespace':'" NS
			     "','name':'%s'},'csi':{'driver':'rbd.csi.ceph.com'}}}",
			     name, name));
}

void pvc_create(const char *name)
{
	create(KIND_PVC, json("{'metadata':{'name':'%s','namespace':'" NS "'},'spec':"
			      "{'accessModes':['ReadWriteMany'],'volumeName':'%s'}}",
			      name, name));
}

void disk_create(const char *name)
{
	pv_create(name);
	pvc_create(name);
}

void vm_create(const char *name, const char *strategy, const char *fault)
{
	create(KIND_VM,
	       json("{'metadata':{'name':'%s','namespace':'" NS "'},'spec':{'runStrategy':'%s',"
		    "'template':{'metadata':{'annotations':{'kubevirt-lite/fault':'%s'}},'spec':{"
		    "'evictionStrategy':'LiveMigrate','terminationGracePeriodSeconds':1,"
		    "'domain':{'memory':{'guest':'512Mi'},'devices':{'disks':[{'name':'root',"
		    "'disk':{'bus':'virtio'}}],'interfaces':[{'name':'lan','bridge':{}}]}},"
		    "'networks':[{'name':'lan','multus':{'networkName':'" NS "/lan'}}],"
		    "'volumes':[{'name':'root','persistentVolumeClaim':{'claimName':'disk'}}]}}}}",
		    name, strategy, fault));
}

/* A process's life: everything but the store's file is new. */
void process_up_with(const char *settings)
{
	struct err e = {.kind = ERR_NONE};

	ck_assert_int_ge(sd_event_new(&loop), 0);
	ck_assert_msg(store_open(store_file, loop, &store, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(store_subscribe(store, on_event, NULL, &e), 0);
	ck_assert_int_eq(gc_start(store, loop, &gc, &e), 0);
	controllers_up(settings);
}

void process_up(void)
{
	process_up_with(settings_text);
}

void process_down(void)
{
	controllers_free(ctl);
	gc_free(gc);
	store_close(store);
	loop = sd_event_unref(loop);
}

void setup(void)
{
	(void)strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(store_file, sizeof(store_file), "%s/objects.sqlite", dir);
	process_up();
	create(KIND_NAMESPACE, json("{'metadata':{'name':'" NS "'}}"));
}

/* --- waiting --- */

bool is(enum kind_id kind, const char *name, const char *path, const char *value)
{
	struct json_object *o = store_get(store, kind, kind_get(kind)->namespaced ? NS : "", name);
	struct json_object *v = o ? json_at(o, path) : NULL;

	return value ? v && str_eq(json_object_get_string(v), value) : !v;
}

void until(enum kind_id kind, const char *name, const char *path, const char *value)
{
	int64_t last = clock_mono_us() + LAST_US;

	while (!is(kind, name, path, value)) {
		struct json_object *o =
			store_get(store, kind, kind_get(kind)->namespaced ? NS : "", name);

		ck_assert_msg(clock_mono_us() < last,
			      "%s: %s does not become %s\nvm: %s\nvmi: %s\n%s", name, path,
			      value ? value : "absent", vm_log.s, vmi_log.s,
			      o ? json_object_to_json_string(o) : "no such object");
		ck_assert_int_ge(sd_event_run(loop, 100000), 0);
	}
	for (int i = 0; i < 8; i++) /* subscribers are told by the loop, after the write */
		(void)sd_event_run(loop, 0);
}

void until_gone(enum kind_id kind, const char *name)
{
	until(kind, name, "metadata/name", NULL);
}

size_t count_where(enum kind_id kind, store_match_fn match)
{
	AUTO(json_object_put) struct json_object *list = store_list(store, kind, NULL, match, NULL);

	return json_object_array_length(list);
}

size_t count(enum kind_id kind)
{
	return count_where(kind, NULL);
}

struct json_object *event_of(const char *reason)
{
	AUTO(json_object_put)
	struct json_object *list = store_list(store, KIND_EVENT, NULL, NULL, NULL);

	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (str_eq(json_str_at(json_object_array_get_idx(list, i), "reason"), reason))
			return json_object_array_get_idx(list, i);
	return NULL;
}

void until_event(const char *reason)
{
	int64_t last = clock_mono_us() + LAST_US;

	while (!event_of(reason)) {
		ck_assert_msg(clock_mono_us() < last, "no event %s", reason);
		ck_assert_int_ge(sd_event_run(loop, 100000), 0);
	}
}

void running(const char *strategy, const char *fault)
{
	nad_create();
	disk_create("disk");
	vm_create("vm1", strategy, fault);
	until(KIND_VM, "vm1", "status/printableStatus", "Running");
}

const char *pod_name(void)
{
	AUTO(json_object_put)
	struct json_object *list = store_list(store, KIND_POD, NS, NULL, NULL);

	ck_assert_int_gt((int)json_object_array_length(list), 0);
	return object_name(json_object_array_get_idx(list, 0));
}

void teardown(void)
{
	process_down();
	host_dir_remove(dir);
	strbuf_done(&vm_log);
	strbuf_done(&vmi_log);
	strbuf_done(&vmim_log);
}

void migrate_vm(const char *vm, const char *name)
{
	create(KIND_VMIM,
	       json("{'metadata':{'name':'%s','namespace':'" NS "'},'spec':{'vmiName':'%s'}}", name,
		    vm));
}

void migrate(const char *name)
{
	migrate_vm("vm1", name);
}

void some_turns(void)
{
	for (int i = 0; i < 40; i++)
		(void)sd_event_run(loop, 5000);
}
