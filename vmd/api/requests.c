/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answers. Each op is a function that either fills in the reply or fails; who may ask is
 * decided here and nowhere else, by the uid munge vouches for against the uid in Slurm's record.
 * Long lists are cut at a page: the client asks for the next. Loop thread, no state of its own. */
#include "vmd/api/requests.h"

#include "vmd/api/requests_ask.h"
#include "vmd/api/requests_former.h"
#include "vmd/api/requests_held.h"
#include "vmd/api/requests_whole.h"
#include "vmd/base/json.h"
#include "vmd/base/str.h"
#include "vmd/job/job_nodes.h"
#include "vmd/job/job_spec.h"

#include <string.h>

#define OBJECT_MAX 4096 /* one VM or image as JSON, coded */
/* No further object beyond, nor further machines of a job: a page is asked for by job. */
#define PAGE_END (WIRE_MAX - OBJECT_MAX * JOB_MACHINES_MAX)
#define PAGE_MAX (WIRE_FIELDS - 16 - JOB_MACHINES_MAX)

bool ask_is_admin(const struct ask *a)
{
	return a->who->uid == 0 || a->who->uid == a->q->slurm_uid;
}

/* Of several jobs with one id (slurmctld lost its state) the one that has not ended; of its
 * machines the first. An id that none has may be that of the allocation before: of a job that goes
 * on as another one (migration/heir.h). */
const struct job *ask_job_find(const struct desired *d, uint32_t id)
{
	const struct job *found = NULL, *heir = NULL;

	for (size_t i = 0; i < d->n; i++) {
		const struct job *j = &d->job[i];

		if (j->id == id && j->rank == 0 && (!found || j->phase != JOB_ENDED))
			found = j;
		if ((j->request.as == id || j->request.after == id) && id &&
		    (!heir || j->phase != JOB_ENDED))
			heir = j;
	}
	return found ? found : heir;
}

static int id_get(const struct ask *a, uint32_t *ret, struct err *e)
{
	uint64_t n;

	if (wire_get_u64(a->in, "job", UINT32_MAX, &n, e) < 0)
		return -1;
	if (n == 0)
		return err_set(e, ERR_INVALID, "job=0 is no job");
	*ret = (uint32_t)n;
	return 0;
}

int ask_unknown(struct err *e)
{
	return err_set(e, ERR_RETRY, "vmd has no list of jobs from slurmctld at the moment");
}

/* ERR_ABSENT all the same: there is no VM, and will be none. */
static int absent(const struct ask *a, uint32_t id, struct err *e)
{
	const struct requests_port *p = &a->q->port;
	uint32_t uid = 0;
	const char *why = p->declined ? p->declined(p->self, id, &uid) : NULL;

	if (why && (ask_is_admin(a) || a->who->uid == uid))
		return err_set(e, ERR_ABSENT, "vmd has not taken the request of job %u: %s", id,
			       why);
	return err_set(
		e, ERR_ABSENT,
		"job %u has no VM, or ended so long ago that Slurm's daemon has forgotten it; "
		"what is known of it: vmctl show %u",
		id, id);
}

int ask_job_get(const struct ask *a, const struct job **ret, struct err *e)
{
	const struct desired *d = a->q->port.desired(a->q->port.self);
	const struct job *j;
	uint32_t id = 0;
	int rank;

	if (id_get(a, &id, e) < 0)
		return -1;
	j = ask_job_find(d, id);
	if (!j && !d->known)
		return ask_unknown(e);
	if (!j)
		return absent(a, id, e);
	if (!ask_is_admin(a) && a->who->uid != j->uid)
		return err_set(e, ERR_DENIED, "job %u belongs to another user", id);
	if (whole_rank_get(a, j, &rank, e) < 0)
		return -1;
	*ret = rank > 0 ? whole_machine(d, j, (uint32_t)rank) : j;
	return 0;
}

const struct vm_status *ask_status_get(const struct ask *a, const struct job *j)
{
	static const struct vm_status unknown = {.state = VM_STATE_UNKNOWN};
	const struct vm_status *s = a->q->port.status(a->q->port.self, j->id, j->rank);

	return s ? s : &unknown;
}

bool ask_stands_by(const struct ask *a)
{
	char host[80];

	return a->q->port.stands_by && a->q->port.stands_by(a->q->port.self, host, sizeof(host));
}

static int64_t elapsed_s(const struct ask *a, const struct vm_status *s)
{
	int64_t since = s->since_s[s->state];
	int64_t now = a->q->port.wall_s(a->q->port.self);

	return since > 0 && now > since ? now - since : 0;
}

/* NULL when it has left the catalogue. */
static const struct image *image_of(const struct ask *a, const struct job *j)
{
	return catalogue_find(a->q->port.catalogue(a->q->port.self), j->request.image);
}

/* A VM for vmctl: what list and show print. s is of it, or of all machines of its job. */
struct json_object *ask_vm_json(const struct ask *a, const struct job *j, const struct vm_status *s)
{
	const struct image *image = image_of(a, j);
	struct json_object *o = json_object_new_object();

	json_put_int(o, "job", j->id);
	if (j->request.as)
		json_put_int(o, "was", j->request.as);
	if (job_is_several(j)) {
		json_put_int(o, "rank", j->rank);
		json_put_int(o, "machines", j->request.machines);
	}
	json_put_int(o, "uid", j->uid);
	json_put_str(o, "user", j->user);
	json_put_str(o, "task", j->task);
	json_put_str(o, "name", j->name);
	json_put_str(o, "image", j->request.image);
	json_put_str(o, "profile", image ? vm_profile_name(image->profile) : "");
	json_put_str(o, "revision", j->request.revision);
	json_put_str(o, "from", j->request.from);
	json_put_str(o, "state", vm_state_name(s->state));
	json_put_str(o, "reason", s->reason);
	json_put_str(o, "vm", s->vm);
	json_put_str(o, "node", s->node[0] ? s->node : j->node);
	json_put_str(o, "address", s->address);
	json_put_str(o, "guest_user", s->user);
	json_put_int(o, "cpus", j->cpus);
	json_put_int(o, "memory_bytes", (int64_t)j->memory_bytes);
	json_put_int(o, "disk_bytes", (int64_t)j->request.disk_bytes);
	json_put_int(o, "scratch_bytes", (int64_t)j->request.scratch_bytes);
	json_put_str(o, "network", j->request.network);
	json_put_int(o, "restarts", j->restarts);
	json_put_int(o, "crashes", s->crashes);
	json_put_int(o, "crashed", s->crashed_s);
	json_put_int(o, "kept_until", s->kept_until_s);
	json_put_int(o, "elapsed_s", elapsed_s(a, s));
	json_put_int(o, "job_end", j->end_s);
	json_put_int(o, "guest_cpus", s->guest_cpus);
	json_put_int(o, "guest_memory_bytes", (int64_t)s->guest_memory_bytes);
	json_put_bool(o, "growing", s->growing);
	json_put_str(o, "pinned", s->pinned);
	if (*s->move) {
		json_put_str(o, "move/phase", s->move);
		json_put_str(o, "move/reason", s->move_reason);
		json_put_str(o, "move/node", s->move_node);
		json_put_int(o, "move/job", s->move_job);
		json_put_int(o, "move/since", s->move_since_s);
	}
	json_put_at(o, "since", json_object_new_object());
	for (int i = VM_STATE_PENDING; i <= VM_STATE_FAILED; i++)
		if (s->since_s[i] > 0)
			json_object_object_add(json_object_object_get(o, "since"),
					       vm_state_name((enum vm_state)i),
					       json_object_new_int64(s->since_s[i]));
	return o;
}

void ask_add_json(struct wire_out *out, const char *key, struct json_object *o)
{
	wire_add(out, key,
		 json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
							   JSON_C_TO_STRING_NOSLASHESCAPE));
}

void ask_done(void *reply, const struct err *e)
{
	if (e->kind != ERR_NONE)
		reply_error(reply, e);
	else
		reply_send(reply);
}

bool ask_page_full(const struct wire_out *out)
{
	return out->len > PAGE_END || out->n >= PAGE_MAX;
}

static int op_hint(const struct ask *a, struct err *e)
{
	const char *text = a->who->uid == 0 ? wire_get(a->in, "request") : NULL;
	struct vm_request request;
	uint64_t uid = 0;
	uint32_t id = 0;

	if (id_get(a, &id, e) < 0)
		return -1;
	if (text && (job_spec_decode(text, &request, e) < 0 ||
		     wire_get_u64(a->in, "uid", UINT32_MAX, &uid, e) < 0))
		return -1;
	a->q->port.hint(a->q->port.self, id, text ? &request : NULL, (uint32_t)uid);
	return ANSWERED;
}

static void leftover_add(const struct ask *a, uint32_t id, const struct vm_seen *vm)
{
	static const char reason[] = "the job's VM request is gone from its AdminComment";
	AUTO(json_object_put) struct json_object *o = json_object_new_object();
	const char *state = vm_state_name(VM_STATE_UNKNOWN);

	json_put_int(o, "job", id);
	json_put_str(o, "state", state);
	json_put_str(o, "reason", reason);
	json_put_str(o, "vm", vm->name);
	json_put_str(o, "node", vm->node);
	wire_addf(a->out, "job", "%u", id);
	wire_add(a->out, "state", state);
	wire_add(a->out, "reason", reason);
	wire_add(a->out, "vm", vm->name);
	wire_add(a->out, "node", vm->node);
	wire_add(a->out, "node_clear", "0");
	ask_add_json(a->out, "json", o);
}

/* A job without a readable request may still have a VM: its admin_comment was overwritten. The node
 * must not be given back for that. */
static int show_leftover(const struct ask *a, struct err *e)
{
	const struct observed *seen =
		a->q->port.observed ? a->q->port.observed(a->q->port.self) : NULL;
	uint32_t id = 0;

	if (e->kind != ERR_ABSENT || !ask_is_admin(a) || !seen)
		return -1;
	if (!seen->vms_known)
		return err_set(e, ERR_RETRY, "vmd has not got the list of VMs from Kubernetes yet");
	(void)id_get(a, &id, e);
	for (size_t i = 0; i < seen->n_vm; i++) {
		const struct vm_seen *vm = &seen->vm[i];
		char nonce[JOB_NONCE_LEN + 1];
		uint32_t vm_job;

		if (job_key_parse(vm->job_key, &vm_job, nonce) < 0 || vm_job != id)
			continue;
		leftover_add(a, id, vm);
		return ANSWERED;
	}
	return -1;
}

/* Of a guest that is READY there is nothing to wait for, but this is worth to be known early. */
static void reason_add(const struct ask *a, const struct vm_status *s)
{
	if (s->state == VM_STATE_READY && !*s->reason && *s->pinned)
		wire_addf(a->out, "reason", "it cannot move live, should its node be drained: %s",
			  s->pinned);
	else
		wire_add(a->out, "reason", s->reason);
}

/* Of a job with several machines that is shown as one: each of them. */
static void machines_add(const struct ask *a, const struct job *first, struct json_object *o)
{
	const struct desired *d = a->q->port.desired(a->q->port.self);
	struct json_object *list = json_object_new_array();

	for (uint32_t i = 0; i < first->request.machines; i++) {
		const struct job *j = whole_machine(d, first, i);

		if (j)
			json_object_array_add(list, ask_vm_json(a, j, ask_status_get(a, j)));
	}
	json_object_object_del(o, "rank");
	json_put_at(o, "each", list);
}

/* The nodes that its VM has been on, once it has moved. */
static void stays_add(const struct job *j, struct json_object *o)
{
	struct json_object *list = json_object_new_array();
	const char *at = j->request.nodes;

	for (struct job_node_stay s; job_nodes_next(&at, &s);) {
		struct json_object *one = json_object_new_object();

		json_put_str(one, "node", s.node);
		json_put_int(one, "since", s.since_s);
		json_put_int(one, "took_s", s.took_s);
		json_object_array_add(list, one);
	}
	json_put_at(o, "nodes", list);
}

/* The epilog of the first node, where the script was, has nothing left to wait for but the VM. */
static void script_over(const struct ask *a, const struct job *j)
{
	const char *node = wire_get(a->in, "node");

	if (j->told_to_end_s && j->rank == 0 && node && ask_is_admin(a) &&
	    job_node_same(node, j->node))
		a->q->port.script_over(a->q->port.self, j);
}

static int op_show(const struct ask *a, struct err *e)
{
	AUTO(json_object_put) struct json_object *o = NULL;
	const struct image *image;
	const struct vm_status *s;
	const struct job *j = NULL;
	struct vm_status buf;
	char token[WIRE_SEEN_SIZE];
	const char *node;
	int kept, rank = WHOLE;
	bool elsewhere, former, clear;

	if (ask_job_get(a, &j, e) < 0)
		return show_leftover(a, e);
	if (whole_rank_get(a, j, &rank, e) < 0)
		return -1;
	script_over(a, j);
	s = whole_status(a->q, j, rank, &buf);
	elsewhere = whole_is_elsewhere(a, j);
	former = former_is_asked(a, j);
	kept = elsewhere || former ? 0 : held_keep(a, j->id, rank, s, e);
	if (kept)
		return kept < 0 ? -1 : LATER;
	wire_add(a->out, "seen", held_token(s, token));
	node = s->node[0] ? s->node : j->node;
	o = ask_vm_json(a, j, s);
	ask_attached(a, j, o);
	stays_add(j, o);
	image = image_of(a, j);
	ask_put_drives(o, image, j->user);
	if (rank == WHOLE && job_is_several(j))
		machines_add(a, j, o);
	whole_lists_add(a, j);
	wire_addf(a->out, "job", "%u", j->id);
	wire_add(a->out, "state", vm_state_name(s->state));
	reason_add(a, s);
	wire_add(a->out, "vm", s->vm);
	wire_add(a->out, "node", node);
	wire_add(a->out, "address", s->address);
	wire_add(a->out, "user", s->user);
	wire_add(a->out, "profile", image ? vm_profile_name(image->profile) : "");
	wire_add(a->out, "host", node);
	/* Who only looks does not know what is under way. */
	clear = former ? former_is_clear(a, j) : s->node_clear || elsewhere;
	wire_add(a->out, "node_clear", clear && !ask_stands_by(a) ? "1" : "0");
	if (image)
		wire_addf(a->out, "grace", "%lld", (long long)image->grace_s);
	wire_addf(a->out, "elapsed", "%lld", (long long)elapsed_s(a, s));
	ask_add_json(a->out, "json", o);
	return ANSWERED;
}

static const struct {
	const char *op;
	int (*answer)(const struct ask *a, struct err *e);
	bool for_leader; /* another vmd would not hear of it */
} ops[] = {
	{"hint", op_hint, true},
	{"show", op_show, false},
	{"key", op_key, false},
	{"access", op_access, true},
	{"list", op_list, false},
	{"images", op_images, false},
	{"plan", op_plan, false},
	{"approve", op_approve, true},
	{"stop", op_stop, true},
	{"kept", op_kept, false},
	{"discard", op_discard, true},
	{"password", op_password, true},
	{"keys", op_keys, true},
	{"migrate", op_migrate, true},
	{"resize", op_resize, true},
	{"disks", op_disks, false},
	{"disk-add", op_disk_add, true},
	{"disk-remove", op_disk_remove, true},
	{"disk-create", op_disk_create, true},
	{"disk-delete", op_disk_delete, true},
};

/* What only looks may be old, and it says so: the client asks on. */
static int stand_by(const struct ask *a, bool for_leader, struct err *e)
{
	const struct requests_port *port = &a->q->port;
	char host[80];

	if (!port->stands_by || !port->stands_by(port->self, host, sizeof(host)))
		return 0;
	if (for_leader)
		return err_set(e, ERR_RETRY, "this vmd stands by, that on %s leads", host);
	wire_add(a->out, "standby", host);
	return 0;
}

static int answer(const struct ask *a, struct err *e)
{
	const char *op = wire_get(a->in, "op");

	for (size_t i = 0; op && i < ARRAY_LEN(ops); i++)
		if (strcmp(op, ops[i].op) == 0)
			return stand_by(a, ops[i].for_leader, e) < 0 ? -1 : ops[i].answer(a, e);
	return err_set(e, ERR_INVALID, "op='%.40s' is not known to this vmd", op ? op : "");
}

void requests_handle(void *ctx, const struct caller *who, const struct wire_in *in, struct reply *r)
{
	struct ask a = {.q = ctx, .who = who, .in = in, .reply = r, .out = reply_out(r)};
	struct err e = {.kind = ERR_NONE};

	switch (answer(&a, &e)) {
	case ANSWERED: reply_send(r); break;
	case LATER: break;
	default: reply_error(r, &e); break; /* -1 */
	}
}
