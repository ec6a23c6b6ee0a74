/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A row per state. vmd's reason, where there is one, says more than any text here could; one that
 * only says the state again is left out. */
#include "vmd/vmctl/sentence.h"

#include "vmd/base/str.h"

#include <string.h>

/* clang-format off */
static const struct {
	const char *state;
	const char *what; /* %N: " on NODE", %A: " at ADDRESS", or nothing if not known */
	const char *same; /* how a reason begins that says no more; only the rest of it is told */
	const char *next; /* %J: the job's id; %M: -w and the machine; %I: the ways in */
} sentences[] = {
	{"PENDING", "The job waits in Slurm's queue", "the job waits for a node",
	 "When Slurm thinks that it will start: squeue --start -j %J"},
	{"PROVISIONING", "Its virtual machine is being made%N", "making its disks and virtual machine",
	 "To be told when it is ready: vmctl wait %J"},
	{"BOOTING", "The guest boots%N", NULL, "To be told when it is ready: vmctl wait %J"},
	{"READY", "The guest answers%A%N", NULL, "To get in: %I"},
	{"STOPPING", "The job ends", "the job is ending", "There is nothing to do but to wait: vmctl show %J"},
	{"STOPPED", "The job is over, and its virtual machine gone", NULL, "How the job ended: sacct -j %J"},
	{"FAILED", "The virtual machine cannot become ready, and its job ends", NULL,
	 "How the job ended: sacct -j %J; disks that were kept: vmctl list --kept"},
	{"UNKNOWN", "vmd has not looked at the job yet", NULL, "Ask again in a moment: vmctl show %J"},
};
/* clang-format on */

static void place_add(struct strbuf *b, const char *word, const char *text)
{
	if (text && *text)
		strbuf_addf(b, " %s %s", word, text);
}

/* Of several machines it is not said where: each is elsewhere. */
static const char *text_of_one(struct json_object *vm, const char *key)
{
	return json_at(vm, "each") ? NULL : json_str_at(vm, key);
}

/* "-w 2 ": of several machines the one that is told of. */
static void machine_add(struct strbuf *b, struct json_object *vm)
{
	if (json_at(vm, "each"))
		strbuf_addf(b, "-w RANK ");
	else if (json_at(vm, "machines"))
		strbuf_addf(b, "-w %lld ", (long long)json_object_get_int64(json_at(vm, "rank")));
}

static const char *ways_in(struct json_object *vm)
{
	if (str_eq(json_str_at(vm, "profile"), "windows"))
		return "vmctl rdp %M%J, vmctl ssh %M%J, vmctl exec %M%J -- COMMAND";
	return "vmctl ssh %M%J, vmctl exec %M%J -- COMMAND, vmctl vnc %M%J";
}

static void text_add(struct strbuf *b, struct json_object *vm, const char *text)
{
	for (; *text; text++) {
		if (*text != '%') {
			strbuf_add(b, text, 1);
			continue;
		}
		switch (*++text) {
		case 'N': place_add(b, "on", text_of_one(vm, "node")); break;
		case 'A': place_add(b, "at", text_of_one(vm, "address")); break;
		case 'I': text_add(b, vm, ways_in(vm)); break;
		case 'M': machine_add(b, vm); break;
		case 'J':
			strbuf_addf(b, "%lld",
				    (long long)json_object_get_int64(json_at(vm, "job")));
			break;
		}
	}
}

/* same: how a part of a reason begins that only says the state again, of which the rest is told;
 * NULL: none does. */
static void reason_add(struct strbuf *b, const char *reason, const char *same)
{
	const char *again = same && reason ? strstr(reason, same) : NULL;

	if (!reason || !*reason)
		return;
	if (again == reason)
		strbuf_addf(b, "%s", reason + strlen(same));
	else if (again && again - reason > 2 && str_starts(again - 2, "; ")) /* what went wrong */
		strbuf_addf(b, ": %.*s%s", (int)(again - 2 - reason), reason, again + strlen(same));
	else
		strbuf_addf(b, ": %s", reason);
}

/* Where it goes, and why it does not yet. */
static void move_add(struct strbuf *b, struct json_object *vm)
{
	const char *phase = json_str_at(vm, "move/phase"), *why = json_str_at(vm, "move/reason");

	if (phase && why && *why)
		strbuf_addf(b, "%s: %s",
			    str_eq(phase, "blocked") ? ", and stays there" : "; it moves", why);
}

void sentence_of(struct json_object *vm, struct strbuf *ret)
{
	const char *state = json_str_at(vm, "state"), *reason = json_str_at(vm, "reason");

	for (size_t i = 0; i < ARRAY_LEN(sentences); i++) {
		if (!str_eq(state, sentences[i].state))
			continue;
		if (json_at(vm, "each"))
			strbuf_addf(ret, "%lld machines: ",
				    (long long)json_object_get_int64(json_at(vm, "machines")));
		text_add(ret, vm, sentences[i].what);
		reason_add(ret, reason, sentences[i].same);
		move_add(ret, vm);
		strbuf_addf(ret, ". ");
		if (str_eq(state, "STOPPED") &&
		    json_object_get_int64(json_at(vm, "kept_until")) > 0)
			text_add(ret, vm, "To go on from that disk: vmctl recover %J. ");
		text_add(ret, vm, sentences[i].next);
		return;
	}
	strbuf_addf(ret, "This vmctl does not know the state %s; is vmd of a later release?",
		    state ? state : "(none)");
}
