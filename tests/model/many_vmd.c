/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any number of vmd, of which each may be stopped for any time, see anything old and send anything
 * late. Two parts, which together are the proof of DESIGN.md, "Why two guests never have one disk":
 *
 * 1. What is sent. plan() is asked on every view of the job that can be put together: each list by
 *    itself known or not, of any age, the objects of three runs. Whatever it wants must be of a
 * kind that stays right for ever after, whenever it lands.
 * 2. What comes of it. A world in which everything of those kinds may land at any moment, any
 * number of times, while the job is queued again and again: every state is visited. The API server,
 * kubelet and the finalizers do what they promise; nobody waits for anything. */
#include "vmd/base/str.h"
#include "vmd/reconcile/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS 3
#define KEY  "17-9f3c12ab45de6701"
#define ROOT "vm-" KEY "-root"

/* ---- 1: what is sent ---- */

/* Ages of an object in a view, and its uids: of a claim there may have been two. */
enum seen { SEEN_NOT, SEEN, SEEN_GOING, SEEN_KINDS };

struct sight {
	unsigned phase, run;    /* of the job */
	unsigned vm[2], pvc[2]; /* of runs low and low + 1 */
	unsigned low;           /* 0, 1: so runs 0 to 2 */
	unsigned pv; /* 0 none; else names claim low + (pv - 1) / 2, of another uid if odd */
	unsigned disk, unknown; /* unknown: bit per list */
};

static struct image image = {.name = "tiny", .n_revision = 1, .revision[0] = {.name = "v1"}};
static const struct catalogue catalogue = {.n = 1, .image = &image};
static const struct policy policy = {.keep_s = 0, .delete_share_min = 8};
static const char *wrong;
static unsigned long plans, actions;

static bool say(bool fine, const char *what)
{
	if (!fine && !wrong)
		wrong = what;
	return fine;
}

static bool is_known(const struct sight *s, unsigned list)
{
	return !(s->unknown >> list & 1);
}
enum list { VMS, PVCS, PVS, DISKS, LISTS };

static unsigned run_of(const struct action *a)
{
	uint32_t run = RUNS;

	(void)vm_incarnation(a->object, KEY, &run);
	return run;
}

/* Never wanted again: the job is past that run, or past running it. */
static bool is_past(const struct sight *s, unsigned run)
{
	return run < s->run || (run == s->run && s->phase >= JOB_ENDING);
}

static void check_action(const struct sight *s, const struct action *a)
{
	bool runs = s->phase == JOB_RUNNING;
	unsigned claim = s->low + (s->pv - 1) / 2;

	switch (a->kind) {
	case ACT_CREATE_VM:
		(void)say(runs && run_of(a) == s->run, "a VM of another run is made");
		(void)say(is_known(s, VMS) && is_known(s, PVCS) && is_known(s, PVS),
			  "a VM is made though a list is not known");
		(void)say(s->pv && claim == s->run && (s->pv - 1) % 2 == 0,
			  "a VM is made though the PV is another's");
		break;
	case ACT_CREATE_PVC:
		(void)say(runs && run_of(a) == s->run && is_known(s, PVCS),
			  "a PVC of another run is made");
		break;
	case ACT_CREATE_PV:
		(void)say(runs && is_known(s, PVCS) && is_known(s, PVS) && *a->disk.claim_uid,
			  "a PV is made that names no PVC");
		(void)say(s->run >= s->low && s->run < s->low + 2 &&
				  s->pvc[s->run - s->low] == SEEN,
			  "a PV is made for a PVC that is not there");
		break;
	case ACT_DELETE_VM:
		(void)say(is_past(s, run_of(a)) && is_known(s, VMS) && *a->uid,
			  "a VM is deleted that may be wanted");
		break;
	case ACT_DELETE_PVC:
		(void)say(is_past(s, run_of(a)) && is_known(s, PVCS) && is_known(s, VMS) && *a->uid,
			  "a PVC is deleted that may be wanted");
		break;
	case ACT_DELETE_PV:
		(void)say(is_known(s, PVS) && is_known(s, VMS) && *a->uid &&
				  (is_past(s, claim) || (claim == s->run && (s->pv - 1) % 2 == 1 &&
							 runs && is_known(s, PVCS))),
			  "a PV is deleted that may be wanted");
		break;
	case ACT_REMOVE_DISK:
		(void)say(s->phase == JOB_ENDED && s->unknown == 0, "a disk is removed too early");
		break;
	default: break; /* of no harm here */
	}
}

struct concrete {
	struct job job;
	struct vm_seen vm[2];
	struct volume_seen pvc[2], pv, secret;
	struct disk_seen disk;
};

static void volume(struct volume_seen *v, const char *name, const char *uid, bool deleting)
{
	*v = (struct volume_seen){.version = "1", .job_key = KEY, .deleting = deleting};
	(void)str_copy(v->name, sizeof(v->name), name);
	(void)str_copy(v->uid, sizeof(v->uid), uid);
}

static void objects_make(const struct sight *s, struct concrete *c, struct observed *o)
{
	char name[VM_NAME_MAX + 1], uid[16];

	for (unsigned i = 0; i < 2; i++) {
		if (s->vm[i] != SEEN_NOT) {
			struct vm_seen *vm = &c->vm[o->n_vm++];

			*vm = (struct vm_seen){.uid = "vm",
					       .version = "1",
					       .job_key = KEY,
					       .phase =
						       s->vm[i] == SEEN ? VM_RUNNING : VM_DELETING};
			(void)str_fmt(vm->name, sizeof(vm->name), "vm-" KEY "-r%u", s->low + i);
		}
		(void)str_fmt(name, sizeof(name), "vm-" KEY "-r%u-root", s->low + i);
		(void)str_fmt(uid, sizeof(uid), "claim%u", s->low + i);
		if (s->pvc[i] != SEEN_NOT)
			volume(&c->pvc[o->n_pvc++], name, uid, s->pvc[i] == SEEN_GOING);
		if (s->pv && (s->pv - 1) / 2 == i) {
			volume(&c->pv, ROOT, "pv", false);
			(void)str_copy(c->pv.claim, sizeof(c->pv.claim), name);
			(void)str_copy(c->pv.claim_uid, sizeof(c->pv.claim_uid),
				       (s->pv - 1) % 2 ? "gone" : uid);
			o->n_pv = 1;
		}
	}
}

static void ask(const struct sight *s)
{
	static struct plan out;
	struct concrete c = {
		.job = {.id = 17,
			.restarts = s->run,
			.phase = (enum job_phase)s->phase,
			.end = s->phase == JOB_ENDED ? JOB_END_NORMAL : JOB_END_NONE,
			.cpus = 1,
			.memory_bytes = UINT64_C(1) << 30,
			.node = "n1",
			.request = {.image = "tiny", .nonce = "9f3c12ab45de6701"}},
		.disk = {.name = ROOT, .job_key = KEY},
	};
	struct desired want = {.known = true, .n = 1, .job = &c.job};
	struct observed seen = {.vms_known = is_known(s, VMS),
				.vm = c.vm,
				.disks_known = is_known(s, DISKS),
				.named_known = true,
				.n_disk = s->disk,
				.disk = &c.disk,
				.pvs_known = is_known(s, PVS),
				.pv = &c.pv,
				.pvcs_known = is_known(s, PVCS),
				.pvc = c.pvc,
				.secrets_known = true,
				.n_secret = 1,
				.secret = &c.secret};
	const struct plan_context context = {.catalogue = &catalogue,
					     .policy = &policy,
					     .mono_us = 1000000000,
					     .wall_s = 1700000000};

	objects_make(s, &c, &seen);
	volume(&c.secret, "vm-" KEY, "secret", false);
	plan(&want, &seen, &context, &out);
	plans++;
	for (size_t i = 0; i < out.n; i++, actions++)
		check_action(s, &out.act[i]);
}

/* Every sight there is, counted through like the digits of a number. */
static bool ask_all(void)
{
	const unsigned base[] = {4,          RUNS, SEEN_KINDS, SEEN_KINDS, SEEN_KINDS,
				 SEEN_KINDS, 2,    5,          2,          1 << LISTS};
	unsigned long all = 1;

	for (size_t i = 0; i < sizeof(base) / sizeof(base[0]); i++)
		all *= base[i];
	for (unsigned long n = 0; n < all && !wrong; n++) {
		unsigned digit[sizeof(base) / sizeof(base[0])];
		unsigned long rest = n;
		struct sight s;

		for (size_t i = 0; i < sizeof(base) / sizeof(base[0]); i++, rest /= base[i - 1])
			digit[i] = (unsigned)(rest % base[i]);
		s = (struct sight){.phase = digit[0],
				   .run = digit[1],
				   .vm = {digit[2], digit[3]},
				   .pvc = {digit[4], digit[5]},
				   .low = digit[6],
				   .pv = digit[7],
				   .disk = digit[8],
				   .unknown = digit[9]};
		ask(&s);
		if (wrong)
			printf("# phase=%u run=%u low=%u vm=%u,%u pvc=%u,%u pv=%u disk=%u "
			       "unknown=%u\n",
			       s.phase, s.run, s.low, s.vm[0], s.vm[1], s.pvc[0], s.pvc[1], s.pv,
			       s.disk, s.unknown);
	}
	return !wrong;
}

/* ---- 2: what comes of it ---- */

enum vm { NO_VM, STARTING, GUEST, GOING };
struct world {
	uint8_t run, ran; /* the run Slurm has got to; does it run? */
	uint8_t vm[RUNS];
	uint8_t pvc[RUNS];  /* 0 none, 1 there, 2 being deleted */
	uint8_t had[RUNS];  /* PVCs of that run have been there before */
	uint8_t pv, pv_run; /* 0 none, 1 names the PVC of pv_run that is there now, 2 one that is
			       gone */
	uint8_t pv_going;
};

static bool has_guest(const struct world *w, unsigned i)
{
	return w->vm[i] == GUEST || w->vm[i] == GOING;
}

/* pvc-protection, pv-protection */
static void volumes_free(struct world *w)
{
	for (unsigned i = 0; i < RUNS; i++)
		if (w->pvc[i] == 2 && !has_guest(w, i)) {
			w->pvc[i] = 0;
			w->had[i] = 1;
			if (w->pv == 1 && w->pv_run == i)
				w->pv = 2;
		}
	if (w->pv_going && w->pv != 1)
		w->pv = w->pv_run = w->pv_going = 0;
}

enum event {
	E_JOB,
	E_VM,
	E_PVC,
	E_PV_NOW,
	E_PV_GONE,
	E_BOOT,
	E_OFF,
	E_DELETE_VM,
	E_VM_GONE,
	E_DELETE_PVC,
	E_DELETE_PV,
	EVENTS
};

/* One thing happens to run i; false: it cannot. */
static bool happen(struct world *w, enum event e, unsigned i)
{
	switch (e) {
	case E_JOB: /* starts, or is queued again */
		if (i || (w->ran && w->run == RUNS - 1))
			return false;
		w->run += w->ran;
		w->ran = !w->ran;
		return true;
	case E_VM:
		if (w->vm[i] != NO_VM)
			return false;
		w->vm[i] = STARTING;
		return true;
	case E_PVC:
		if (w->pvc[i])
			return false;
		w->pvc[i] = 1;
		return true;
	case E_PV_NOW: /* by one who saw that PVC */
		if (w->pv || !w->pvc[i])
			return false;
		w->pv = 1;
		w->pv_run = (uint8_t)i;
		return true;
	case E_PV_GONE: /* ... and saw it long ago */
		if (w->pv || !w->had[i])
			return false;
		w->pv = 2;
		w->pv_run = (uint8_t)i;
		return true;
	case E_BOOT: /* kubelet looks */
		if (w->vm[i] != STARTING || w->pvc[i] != 1 || w->pv != 1 || w->pv_run != i)
			return false;
		w->vm[i] = GUEST;
		return true;
	case E_OFF:
		if (w->vm[i] != GUEST)
			return false;
		w->vm[i] = STARTING;
		break;
	case E_DELETE_VM:
		if (w->vm[i] == NO_VM || w->vm[i] == GOING)
			return false;
		w->vm[i] = w->vm[i] == GUEST ? GOING : NO_VM;
		break;
	case E_VM_GONE:
		if (w->vm[i] != GOING)
			return false;
		w->vm[i] = NO_VM;
		break;
	case E_DELETE_PVC:
		if (w->pvc[i] != 1)
			return false;
		w->pvc[i] = 2;
		break;
	case E_DELETE_PV:
		if (!w->pv || w->pv_going || w->pv_run != i)
			return false;
		w->pv_going = 1;
		break;
	case EVENTS: return false;
	}
	volumes_free(w);
	return true;
}

static const char *broken(const struct world *w)
{
	unsigned guests = 0;

	for (unsigned i = 0; i < RUNS; i++) {
		guests += has_guest(w, i);
		if (has_guest(w, i) && !(w->pv == 1 && w->pv_run == i && w->pvc[i]))
			return "a guest runs on a disk that is not its own any more";
	}
	return guests > 1 ? "two guests have one disk" : NULL;
}

#define WORLDS_MAX (1 << 22)
static struct world *worlds;
static uint32_t *slots; /* index + 1; open addressing, twice as many */
static uint32_t n_worlds;

static bool add(const struct world *w)
{
	const unsigned char *p = (const unsigned char *)w;
	uint64_t h = UINT64_C(1469598103934665603);
	uint32_t i;

	for (size_t k = 0; k < sizeof(*w); k++)
		h = (h ^ p[k]) * UINT64_C(1099511628211);
	for (i = (uint32_t)(h ^ h >> 29) & (2 * WORLDS_MAX - 1); slots[i];
	     i = (i + 1) & (2 * WORLDS_MAX - 1))
		if (memcmp(&worlds[slots[i] - 1], w, sizeof(*w)) == 0)
			return true;
	if (n_worlds == WORLDS_MAX)
		return say(false, "there are more worlds than places");
	worlds[n_worlds] = *w;
	slots[i] = ++n_worlds;
	return true;
}

static unsigned long visit_all(void)
{
	const struct world first = {.run = 0};
	unsigned long steps = 0;

	worlds = calloc(WORLDS_MAX, sizeof(*worlds));
	slots = calloc(2 * (size_t)WORLDS_MAX, sizeof(*slots));
	if (!worlds || !slots)
		abort();
	(void)add(&first);
	for (uint32_t n = 0; n < n_worlds && !wrong; n++)
		for (unsigned e = 0; e < EVENTS * RUNS && !wrong; e++) {
			struct world w = worlds[n];

			if (e % RUNS > w.run || !happen(&w, (enum event)(e / RUNS), e % RUNS))
				continue;
			steps++;
			(void)say(!broken(&w), broken(&w));
			(void)add(&w);
		}
	free(worlds);
	free(slots);
	return steps;
}

int main(void)
{
	unsigned long steps;
	bool fine;

	printf("1..2\n");
	fine = ask_all();
	printf("%s 1 - %lu views of a job, %lu actions: %s\n", fine ? "ok" : "not ok", plans,
	       actions, fine ? "each is right for ever" : wrong);
	wrong = NULL;
	steps = visit_all();
	printf("%s 2 - %u worlds, %lu steps, all requests at any time: %s\n",
	       wrong ? "not ok" : "ok", n_worlds, steps,
	       wrong ? wrong : "never two guests on one disk");
	return !fine || wrong;
}
