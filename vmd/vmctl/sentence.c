/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A row per state. vmd's reason, where there is one, says more than any text here could. */
#include "vmd/vmctl/sentence.h"

#include "vmd/base/str.h"

static const struct {
	const char *state;
	const char *what; /* %N: " on NODE", %A: " at ADDRESS", or nothing if not known */
	const char *next; /* %J: the job's id */
} sentences[] = {
	{"PENDING",      "The job waits in Slurm's queue",
	 "Slurm's own reason, and its guess of the start: squeue --start -j %J"                                                   },
	{"PROVISIONING", "Its virtual machine is being made%N",
	 "To be told when it is ready: vmctl wait %J"									     },
	{"BOOTING",      "The guest boots%N",					 "To be told when it is ready: vmctl wait %J"},
	{"READY",        "The guest answers%A%N",
	 "To get in: vmctl ssh %J, vmctl exec %J -- COMMAND, vmctl rdp %J"                                                        },
	{"STOPPING",     "The job ends",					      "To be told when all is gone: vmctl stop %J"},
	{"STOPPED",      "The job is over, and its virtual machine gone",
	 "How the job ended: sacct -j %J"											 },
	{"FAILED",       "The virtual machine cannot become ready, and its job ends",
	 "How the job ended: sacct -j %J"											 },
	{"UNKNOWN",      "vmd has not looked at the job yet",                         "Ask again in a moment: vmctl show %J"      },
};

static void place_add(struct strbuf *b, const char *word, const char *text)
{
	if (text && *text)
		strbuf_addf(b, " %s %s", word, text);
}

static void text_add(struct strbuf *b, struct json_object *vm, const char *text)
{
	for (; *text; text++) {
		if (*text != '%') {
			strbuf_add(b, text, 1);
			continue;
		}
		switch (*++text) {
		case 'N': place_add(b, "on", json_str_at(vm, "node")); break;
		case 'A': place_add(b, "at", json_str_at(vm, "address")); break;
		case 'J':
			strbuf_addf(b, "%lld",
				    (long long)json_object_get_int64(json_at(vm, "job")));
			break;
		}
	}
}

void sentence_of(struct json_object *vm, struct strbuf *ret)
{
	const char *state = json_str_at(vm, "state"), *reason = json_str_at(vm, "reason");

	for (size_t i = 0; i < ARRAY_LEN(sentences); i++) {
		if (!str_eq(state, sentences[i].state))
			continue;
		text_add(ret, vm, sentences[i].what);
		if (reason && *reason)
			strbuf_addf(ret, ": %s", reason);
		strbuf_addf(ret, ". ");
		text_add(ret, vm, sentences[i].next);
		return;
	}
	strbuf_addf(ret, "This vmctl does not know the state %s; is vmd of a later release?",
		    state ? state : "(none)");
}
