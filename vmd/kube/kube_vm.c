/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VM + VMI -> what vmd sees. Pure. The two come by two watches, each may be ahead of the other; so
 * the VMI's word counts where there is one, and the VM's where there is none:
 *
 * - A new VM says "Stopped" several times before "Starting". That is no end: KubeVirt fills in
 *   status.runStrategy when it has made the first VMI, and the conditions AgentConnected and
 *   LiveMigratable stay behind. Without one of these marks "Stopped" means "not yet".
 * - With RerunOnFailure a guest that powered itself off leaves: VMI Succeeded, then no VMI and VM
 *   "Stopped". A crashed one leaves the same for a moment, but with a start request pending.
 * - Ready flickers at a migration's switch: it is not looked at.
 * - A VMI that was deleted is kept (gone) until the VM's own status follows. */
#include "vmd/kube/kube_vm.h"

#include "vmd/base/quantity.h"
#include "vmd/base/str.h"
#include "vmd/kube/kube_spec.h"

#include <arpa/inet.h>
#include <string.h>

/* CPUs, sockets: more than any machine has. */
#define COUNT_MAX 65536

struct vm_text {
	char printable[40];
	char run_strategy[24];
};
static const struct json_field vm_fields[] = {
	JSON_FIELD(struct vm_text, printable, "status/printableStatus", J_STR, false),
	JSON_FIELD(struct vm_text, run_strategy, "spec/runStrategy", J_STR, false),
};

struct vmi_text {
	char phase[24];
	char node[JOB_NODE_MAX + 1];
};
static const struct json_field vmi_fields[] = {
	JSON_FIELD(struct vmi_text, phase, "status/phase", J_STR, false),
	JSON_FIELD(struct vmi_text, node, "status/nodeName", J_STR, false),
};

/* One line without control characters, cut where it is full. */
static void reason_set(char *to, size_t size, const char *title, const char *text)
{
	size_t at;

	(void)snprintf(to, size, "%s%s%s", title, *title && text ? ": " : "", text ? text : "");
	for (at = 0; to[at]; at++)
		if ((unsigned char)to[at] < 0x20 || to[at] == 0x7f)
			to[at] = ' ';
}

static struct json_object *condition(struct json_object *doc, const char *type, const char *status)
{
	struct json_object *list = json_at(doc, "status/conditions");

	if (!json_object_is_type(list, json_type_array))
		return NULL;
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *c = json_object_array_get_idx(list, i);

		if (str_eq(json_str_at(c, "type"), type) &&
		    (!status || str_eq(json_str_at(c, "status"), status)))
			return c;
	}
	return NULL;
}

/* Conditions that mean trouble, the most telling first. */
static const struct {
	const char *type, *status, *reason; /* reason NULL: any */
	const char *title;
} bad_conditions[] = {
	{"Failure", "True", NULL, ""},
	{"PodScheduled", "False", "Unschedulable", "no place on the node"},
	{"Synchronized", "False", NULL, ""},
	{"Provisioning", "False", NULL, "the launcher is not prepared"},
};

/* Said while things still fall into place; every VM passes through. */
static bool is_passing(const char *reason)
{
	return str_eq(reason, "BackendStorageNotReady");
}

static void condition_reason(struct json_object *doc, char *to, size_t size)
{
	for (size_t i = 0; i < ARRAY_LEN(bad_conditions); i++) {
		struct json_object *c =
			condition(doc, bad_conditions[i].type, bad_conditions[i].status);
		const char *reason = c ? json_str_at(c, "reason") : NULL;
		const char *text = c ? json_str_at(c, "message") : NULL;

		if (!c || is_passing(reason) ||
		    (bad_conditions[i].reason && !str_eq(reason, bad_conditions[i].reason)))
			continue;
		reason_set(to, size, bad_conditions[i].title, text && *text ? text : reason);
		return;
	}
}

/* Words of printableStatus that mean trouble (others are stations of a life). */
static const struct {
	const char *word, *text;
} bad_words[] = {
	{"CrashLoopBackOff", "the guest fails again and again; KubeVirt waits before the next try"},
	{"ErrorUnschedulable", "Kubernetes finds no place for it on the node"},
	{"ErrImagePull", "KubeVirt's launcher image cannot be pulled"},
	{"ImagePullBackOff", "KubeVirt's launcher image cannot be pulled"},
	{"ErrorPvcNotFound", "its disk's claim (PVC) is missing"},
	{"ErrorDataVolumeNotFound", "its data volume is missing"},
	{"DataVolumeError", "its data volume failed"},
	{"Unknown", "KubeVirt lost contact with its node"},
};

static const char *bad_word(const char *printable)
{
	for (size_t i = 0; i < ARRAY_LEN(bad_words); i++)
		if (str_eq(bad_words[i].word, printable))
			return bad_words[i].text;
	return NULL;
}

static uint32_t count_at(struct json_object *doc, const char *path)
{
	struct json_object *v = json_at(doc, path);
	int64_t n = v ? json_object_get_int64(v) : 0;

	return n > 0 && n <= COUNT_MAX ? (uint32_t)n : 0;
}

static uint64_t bytes_at(struct json_object *doc, const char *path)
{
	const char *text = json_str_at(doc, path);
	uint64_t bytes = 0;
	struct err e;

	return text && quantity_read(text, &bytes, &e) == 0 ? bytes : 0;
}

/* What is not told is 0, and then nothing is concluded from it. */
static void size_wanted_read(struct json_object *doc, struct vm_size *s)
{
	static const char domain[] = "spec/template/spec/domain";
	struct json_object *d = json_at(doc, domain);
	uint32_t threads = count_at(d, "cpu/threads");

	s->cores = count_at(d, "cpu/cores") * (threads ? threads : 1);
	s->sockets_wanted = count_at(d, "cpu/sockets");
	s->sockets_max = count_at(d, "cpu/maxSockets");
	s->memory_wanted_bytes = bytes_at(d, "memory/guest");
	s->memory_max_bytes = bytes_at(d, "memory/maxGuest");
	s->tpm = json_at(d, "devices/tpm") != NULL;
}

static void size_given_read(struct json_object *doc, struct vm_size *s)
{
	s->sockets_given = count_at(doc, "spec/domain/cpu/sockets");
	s->sockets = count_at(doc, "status/currentCPUTopology/sockets");
	s->memory_given_bytes = bytes_at(doc, "spec/domain/memory/guest");
	s->memory_bytes = bytes_at(doc, "status/memory/guestRequested");
}

static bool start_requested(struct json_object *doc)
{
	struct json_object *list = json_at(doc, "status/stateChangeRequests");

	if (!json_object_is_type(list, json_type_array))
		return false;
	for (size_t i = 0; i < json_length(list); i++)
		if (str_eq(json_str_at(json_object_array_get_idx(list, i), "action"), "Start"))
			return true;
	return false;
}

/* An annotation's name has a slash, so that it is no path of json_at(). The value of the first says
 * nothing. */
static void notes_read(struct json_object *doc, struct kube_vm *ret)
{
	struct json_object *annotations = json_at(doc, "metadata/annotations"), *list;

	if (!json_object_is_type(annotations, json_type_object))
		return;
	ret->given_up = json_object_object_get_ex(annotations, ANNO_GIVEN_UP, NULL);
	if (json_object_object_get_ex(annotations, ANNO_TURNED_DOWN, &list) &&
	    json_object_is_type(list, json_type_string))
		turned_down_parse(json_object_get_string(list), ret->turned_down);
}

int kube_vm_decode(struct json_object *doc, struct kube_vm *ret, struct err *e)
{
	struct kube_vm vm = {.begun = false};
	struct vm_text text = {.printable = ""};

	if (meta_decode(doc, &vm.meta, e) < 0 ||
	    json_read(doc, vm_fields, ARRAY_LEN(vm_fields), &text, e) < 0)
		return err_wrap(e, "virtual machine");
	memcpy(vm.printable, text.printable, sizeof(vm.printable));
	memcpy(vm.run_strategy, text.run_strategy, sizeof(vm.run_strategy));
	vm.begun = json_at(doc, "status/runStrategy") || condition(doc, "AgentConnected", NULL) ||
		   condition(doc, "LiveMigratable", NULL);
	vm.start_wanted = start_requested(doc);
	meta_selector(doc, "spec/template/spec/nodeSelector", vm.wanted_node,
		      sizeof(vm.wanted_node));
	notes_read(doc, &vm);
	size_wanted_read(doc, &vm.size);
	hotplug_wanted_read(doc, &vm.volumes);
	condition_reason(doc, vm.reason, sizeof(vm.reason));
	if (!vm.reason[0] && bad_word(vm.printable))
		reason_set(vm.reason, sizeof(vm.reason), "", bad_word(vm.printable));
	*ret = vm;
	return 0;
}

bool address_within(const char *address, const char *cidr)
{
	char net_text[48];
	struct in_addr a, net;
	uint64_t bits = 32;
	uint32_t mask;
	const char *slash = strchr(cidr, '/');

	if (inet_pton(AF_INET, address, &a) != 1)
		return false;
	if (!*cidr)
		return (ntohl(a.s_addr) >> 24) != 127 && (ntohl(a.s_addr) >> 16) != 0xa9fe;
	if (str_fmt(net_text, sizeof(net_text), "%.*s",
		    (int)(slash ? slash - cidr : (ptrdiff_t)strlen(cidr)), cidr) < 0 ||
	    inet_pton(AF_INET, net_text, &net) != 1 ||
	    (slash && str_to_u64(slash + 1, 32, &bits) < 0))
		return false;
	mask = bits == 0 ? 0 : htonl(UINT32_MAX << (32 - bits));
	return ((a.s_addr ^ net.s_addr) & mask) == 0;
}

/* Of the interface's addresses, the first in the LAN. */
static bool address_take(struct json_object *interface, const char *cidr, char *to, size_t size)
{
	struct json_object *list = json_at(interface, "ipAddresses");
	const char *one = json_str_at(interface, "ipAddress");

	if (one && address_within(one, cidr))
		return str_copy(to, size, one) == 0;
	if (!json_object_is_type(list, json_type_array))
		return false;
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *v = json_object_array_get_idx(list, i);

		one = json_object_is_type(v, json_type_string) ? json_object_get_string(v) : "";
		if (address_within(one, cidr))
			return str_copy(to, size, one) == 0;
	}
	return false;
}

static const char *cidr_of(const struct settings *s, const char *interface)
{
	for (size_t i = 0; i < s->n_network; i++) {
		char name[JOB_NAME_MAX + 1];

		if (spec_interface_name(s->network[i].name, name, sizeof(name)) == 0 &&
		    str_eq(name, interface))
			return s->network[i].cidr;
	}
	return NULL;
}

/* Only the guest agent knows the address: DHCP is outside. */
static void address_read(struct json_object *doc, const struct settings *s, char *to, size_t size)
{
	struct json_object *list = json_at(doc, "status/interfaces");

	if (!json_object_is_type(list, json_type_array))
		return;
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		const char *name = json_str_at(one, "name");
		const char *source = json_str_at(one, "infoSource");
		const char *cidr = name ? cidr_of(s, name) : NULL;

		if (cidr && (!source || strstr(source, "guest-agent")) &&
		    address_take(one, cidr, to, size))
			return;
	}
}

static enum vmi_phase vmi_phase_of(const char *text)
{
	if (str_eq(text, "Running"))
		return VMI_RUNNING;
	if (str_eq(text, "Succeeded"))
		return VMI_SUCCEEDED;
	if (str_eq(text, "Failed"))
		return VMI_FAILED;
	if (str_eq(text, "Unknown"))
		return VMI_LOST;
	return VMI_STARTING; /* "", Pending, Scheduling, Scheduled, and words yet to be invented */
}

static void moving_read(struct json_object *doc, struct kube_vmi *vmi)
{
	struct json_object *c = condition(doc, "LiveMigratable", "False");
	const char *from = json_str_at(doc, "status/evacuationNodeName");
	const char *text = c ? json_str_at(c, "message") : NULL;

	meta_selector(doc, "spec/nodeSelector", vmi->given_node, sizeof(vmi->given_node));
	/* It stays set after the move: then it names another node. */
	vmi->evacuating = from && str_eq(from, vmi->node);
	if (c)
		reason_set(vmi->blocked, sizeof(vmi->blocked), "",
			   text && *text ? text : "KubeVirt says so and not why");
}

/* virt-handler says by this condition how the guest agent took account and key: False with the
 * agent's words when it refused (virt-handler's updateAccessCredentialConditions; no reason field).
 */
static void login_read(struct json_object *doc, struct kube_vmi *vmi)
{
	static const char type[] = "AccessCredentialsSynchronized";
	struct json_object *refused = condition(doc, type, "False");
	const char *text = refused ? json_str_at(refused, "message") : NULL;

	vmi->login_pending =
		json_at(doc, "spec/accessCredentials") != NULL && !condition(doc, type, "True");
	if (vmi->login_pending && text && *text)
		reason_set(vmi->login_error, sizeof(vmi->login_error),
			   "the guest agent does not set account and key", text);
}

/* When the VMI became Failed: KubeVirt notes when each phase began. */
static int64_t failed_at(struct json_object *doc)
{
	struct json_object *list = json_at(doc, "status/phaseTransitionTimestamps");
	size_t n = json_length(list);

	for (size_t i = n; i-- > 0;) {
		struct json_object *one = json_object_array_get_idx(list, i);

		if (str_eq(json_str_at(one, "phase"), "Failed"))
			return meta_time_s(json_str_at(one, "phaseTransitionTimestamp"));
	}
	return 0;
}

int kube_vmi_decode(struct json_object *doc, const struct settings *s, struct kube_vmi *ret,
		    struct err *e)
{
	struct kube_vmi vmi = {.gone = false};
	struct vmi_text text = {.phase = ""};

	if (meta_decode(doc, &vmi.meta, e) < 0 ||
	    json_read(doc, vmi_fields, ARRAY_LEN(vmi_fields), &text, e) < 0)
		return err_wrap(e, "virtual machine instance");
	vmi.phase = vmi_phase_of(text.phase);
	memcpy(vmi.node, text.node, sizeof(vmi.node));
	vmi.agent = condition(doc, "AgentConnected", "True") != NULL;
	login_read(doc, &vmi);
	if (vmi.phase == VMI_FAILED)
		vmi.failed_s = failed_at(doc);
	address_read(doc, s, vmi.address, sizeof(vmi.address));
	moving_read(doc, &vmi);
	size_given_read(doc, &vmi.size);
	hotplug_given_read(doc, &vmi.volumes);
	condition_reason(doc, vmi.reason, sizeof(vmi.reason));
	*ret = vmi;
	return 0;
}

/* A VMI that is being deleted ends as Failed, too, when its guest does not shut down in time: that
 * is no crash. One that failed first, and is deleted to be followed by the next, was seen before.
 */
void kube_vmi_count(const struct kube_vmi *old, struct kube_vmi *next)
{
	next->crashes = old->crashes;
	next->crashed_s = old->crashed_s;
	memcpy(next->crashed_uid, old->crashed_uid, sizeof(next->crashed_uid));
	if (next->phase != VMI_FAILED || next->meta.deleting ||
	    str_eq(next->crashed_uid, next->meta.uid))
		return;
	next->crashes++;
	next->crashed_s = next->failed_s;
	memcpy(next->crashed_uid, next->meta.uid, sizeof(next->crashed_uid));
}

static bool runs_again(const struct kube_vm *vm)
{
	return !vm || str_eq(vm->run_strategy, "RerunOnFailure") ||
	       str_eq(vm->run_strategy, "Always");
}

static enum vm_phase phase_without_vmi(const struct kube_vm *vm, enum vmi_phase last)
{
	if (last == VMI_SUCCEEDED && !vm->start_wanted)
		return VM_STOPPED;
	if (last == VMI_FAILED && runs_again(vm))
		return VM_STARTING;
	if (str_eq(vm->printable, "Stopped") && vm->begun && !vm->start_wanted)
		return VM_STOPPED;
	return VM_STARTING;
}

static enum vm_phase phase_with_vmi(const struct kube_vm *vm, const struct kube_vmi *vmi)
{
	switch (vmi->phase) {
	case VMI_NONE:
	case VMI_STARTING: return VM_STARTING;
	case VMI_RUNNING:
	case VMI_LOST: return VM_RUNNING;
	case VMI_SUCCEEDED: return VM_STOPPED;
	case VMI_FAILED: return runs_again(vm) ? VM_STARTING : VM_FAILED;
	}
	return VM_STARTING;
}

static void join_reason(const struct kube_vm *vm, const struct kube_vmi *vmi, const char *trouble,
			struct vm_seen *v)
{
	if (v->phase == VM_RUNNING) {
		if (vmi && vmi->phase == VMI_LOST)
			reason_set(v->reason, sizeof(v->reason), "",
				   "KubeVirt lost contact with its node");
		else if (vmi && vmi->login_error[0])
			reason_set(v->reason, sizeof(v->reason), "", vmi->login_error);
		return;
	}
	if (v->phase == VM_STOPPED || v->phase == VM_DELETING)
		return;
	if (trouble && *trouble)
		reason_set(v->reason, sizeof(v->reason), "", trouble);
	else if (vmi && !vmi->gone && vmi->reason[0])
		reason_set(v->reason, sizeof(v->reason), "", vmi->reason);
	else if (vm && vm->reason[0])
		reason_set(v->reason, sizeof(v->reason), "", vm->reason);
	else if (vmi && vmi->phase == VMI_FAILED && v->phase == VM_FAILED)
		reason_set(v->reason, sizeof(v->reason), "", "the guest crashed");
}

void kube_vm_join(const struct kube_vm *vm, const struct kube_vmi *vmi, const char *trouble,
		  struct vm_seen *ret)
{
	const struct meta *m = vm ? &vm->meta : &vmi->meta;
	bool here = vmi && !vmi->gone;
	struct vm_seen v = {.has_vmi = here, .created_s = m->created_s};

	if (vmi) {
		v.crashes = vmi->crashes;
		v.crashed_s = vmi->crashed_s;
	}
	memcpy(v.name, m->name, sizeof(v.name));
	memcpy(v.job_key, m->job_key, sizeof(v.job_key));
	if (vm) { /* a VMI's uid and version are not the VM's: nothing may be deleted by them */
		memcpy(v.uid, m->uid, sizeof(v.uid));
		memcpy(v.version, m->version, sizeof(v.version));
		memcpy(v.moving.wanted_node, vm->wanted_node, sizeof(v.moving.wanted_node));
		v.moving.given_up = vm->given_up;
		memcpy(v.moving.turned_down, vm->turned_down, sizeof(vm->turned_down));
		v.size = vm->size;
	}
	if (here) {
		memcpy(v.node, vmi->node, sizeof(v.node));
		memcpy(v.moving.given_node, vmi->given_node, sizeof(v.moving.given_node));
		memcpy(v.moving.blocked, vmi->blocked, sizeof(v.moving.blocked));
		v.moving.evacuating = vmi->evacuating;
		v.size.sockets_given = vmi->size.sockets_given;
		v.size.sockets = vmi->size.sockets;
		v.size.memory_given_bytes = vmi->size.memory_given_bytes;
		v.size.memory_bytes = vmi->size.memory_bytes;
		v.agent = vmi->agent && vmi->phase == VMI_RUNNING;
		v.login_pending = vmi->login_pending;
		if (v.agent)
			memcpy(v.address, vmi->address, sizeof(v.address));
	}
	if (m->deleting)
		v.phase = VM_DELETING;
	else if (here)
		v.phase = phase_with_vmi(vm, vmi);
	else
		v.phase = phase_without_vmi(vm, vmi ? vmi->phase : VMI_NONE);
	hotplug_join(vm ? &vm->volumes : NULL, here ? &vmi->volumes : NULL, &v);
	join_reason(vm, vmi, trouble, &v);
	*ret = v;
}
