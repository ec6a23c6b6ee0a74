/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of vmctl share. One process, one command; running out of memory aborts. */
#ifndef VMD_VMCTL_VMCTL_H
#define VMD_VMCTL_VMCTL_H

#include "vmd/api/client.h"
#include "vmd/base/json.h"
#include "vmd/vmctl/choice.h"

/* Stable: scripts rely on them. In vmctl(1). */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_FOUND = 3,
	EXIT_NOT_ALLOWED = 4,
	EXIT_NO_VMD = 5,
	EXIT_VM_FAILED = 6,
	EXIT_TIMEOUT = 7,
	EXIT_INTERRUPTED = 130 /* Ctrl-C */
};

struct vmctl {
	/* settings: option, environment or file */
	char servers[512];
	char vmd_user[64];
	char munge_socket[108];
	char prefix[32]; /* of the plugin's options: "vm" */
	/* options */
	bool json;
	bool all;
	bool stopped;
	bool kept;             /* list: disks */
	bool yes;              /* admin: do not ask */
	bool now;              /* stop: at once */
	bool rotate;           /* password: a new one */
	bool print;            /* password: even if stdout is no terminal */
	const char *file;      /* rdp, kubeconfig: where to; NULL: the default */
	bool for_running;      /* wait: running is enough */
	const char *to;        /* migrate: the node; NULL: any */
	bool cancel;           /* migrate, resize: not any more */
	uint32_t cpus;         /* resize; 0: as they are */
	uint64_t memory_bytes; /* resize: the job's; 0: as it is */
	int64_t timeout_s;     /* 0: none */
	bool browser;          /* vnc: with noVNC */
	uint16_t port;         /* vnc: of loopback; 0: any */
	uint32_t machines; /* of a job with several: a bit for each rank that is meant; 0: none said
			    */
	const char *job;   /* first operand: the job, of admin what to do; NULL: left out */
	/* operands; of a command that reads its options itself, all that follows its name */
	int n_arg;
	char **arg;
	char **rest;   /* what stands behind "--", ended by NULL; NULL: there is no "--" */
	int64_t age_s; /* of the list of jobs, if it may lack one; 0 it does not */
	size_t held; /* VMs whose deletion waits for an approval, as list told root and SlurmUser */
	bool old;    /* slurmctld does not answer vmd: list told what was known before */
	/* one exchange */
	char request[4096];
	struct wire_out out;
	char buf[WIRE_MAX + 1];
	struct wire_in in;
};

/* settings.c: what is not set yet, from the environment, then from the file, then the default. */
int settings_read(struct vmctl *v, struct err *e);
/* "90", "15m", "2h", "7d" */
int seconds_parse(const char *text, int64_t *ret_s, struct err *e);

/* ask.c: wire_add() to v->out in between; the reply is v->in. */
void ask_begin(struct vmctl *v, const char *op);
int ask_send(struct vmctl *v, struct err *e);
/* All pages of list or images as one array, which the caller puts. v->held is what list said. */
int ask_pages(struct vmctl *v, const char *op, struct json_object **ret, struct err *e);
/* job=, and which of its machines, if one is said: adds them to v->out. */
void ask_add_job(struct vmctl *v, uint32_t job);
/* The only one that is said; 0 when none is. */
uint32_t ask_machine(const struct vmctl *v);
/* The disks kept of one job that the caller may have, by id or key: an array. */
int ask_kept(struct vmctl *v, const char *job, struct json_object **ret, struct err *e);
/* The state of a job: the object of show. */
int ask_show(struct vmctl *v, uint32_t job, struct json_object **ret, struct err *e);
/* The same of one that is READY, of several machines the first unless another is said.
 * ERR_CONFLICT: it is not, with what to do. */
int ask_ready(struct vmctl *v, uint32_t job, struct json_object **ret, struct err *e);
/* The same; seen is the word of the answer before, of WIRE_SEEN_SIZE, "" for none: vmd answers when
 * it is not true any more, or after 8 s, or after left_s. Then it is the new one; "" from an older
 * vmd. */
int ask_news(struct vmctl *v, uint32_t job, int64_t left_s, char *seen, struct json_object **ret,
	     struct err *e);
void ask_hint(struct vmctl *v, uint32_t job); /* an error is no matter */
/* The job meant by v->job, or by job: by the rule of choice.h, among the caller's own; root finds
 * everybody's by name, too. */
int ask_job(struct vmctl *v, uint32_t *ret, struct err *e);
int ask_job_named(struct vmctl *v, const char *job, uint32_t *ret, struct err *e);

/* await.c: watches a VM, told on stderr, until it is where it shall be (EXIT_DONE), cannot get
 * there (EXIT_VM_FAILED), v->timeout_s has passed, or Ctrl-C. *ret (or NULL): what was said of it
 * last; the caller puts it. */
enum await_goal { AWAIT_READY, AWAIT_RUNNING, AWAIT_GONE };
int await(struct vmctl *v, uint32_t job, enum await_goal goal, struct json_object **ret);

/* confirm.c: does the user want it, who is asked unless there was --yes? EXIT_DONE: yes; else why
 * not, which has been said: EXIT_USAGE without a terminal to ask at. The text goes without "[y/N]".
 */
int confirm(const struct vmctl *v, const char *fmt, ...) PRINTF(2, 3);

/* print.c: text from outside is cleaned of control characters. */
#define TABLE_COLUMNS 10
struct table {
	size_t columns;
	size_t n, cap;
	char **cell; /* row by row */
};
void table_add(struct table *t, const char *text); /* NULL or "": "-" */
void table_addf(struct table *t, const char *fmt, ...) PRINTF(2, 3);
/* The name of the user of its "uid", the number if nobody has it, "-" if there is none. */
void table_add_owner(struct table *t, struct json_object *o);
void table_print(struct table *t); /* and frees it; the last column is not padded */
char *text_clean(char *text);
void print_row(const char *name, const char *fmt, ...) PRINTF(2, 3); /* not if it is empty */
const char *elapsed_text(int64_t s, char *buf, size_t size); /* "0:07", "1:02:03", "2-03:04:05" */
const char *state_of(struct json_object *vm);
int64_t int_of(struct json_object *o, const char *path);      /* 0: not there */
const char *text_of(struct json_object *o, const char *path); /* "": not there. Borrowed */
void json_print(struct json_object *o);
/* Says what is wrong and what to do about it; returns the exit code. */
int fail(const struct vmctl *v, const struct err *e);

void say_held(uint64_t n); /* cmd_admin.c: to an administrator, if deletions are held back */

/* One per command: return an exit code. */
int cmd_list(struct vmctl *v);
int cmd_migrate(struct vmctl *v);
int cmd_resize(struct vmctl *v);
int cmd_show(struct vmctl *v);
int cmd_wait(struct vmctl *v);
int cmd_images(struct vmctl *v);
int cmd_plan(struct vmctl *v);
int cmd_admin(struct vmctl *v);
int cmd_start(struct vmctl *v);
int cmd_stop(struct vmctl *v);
int cmd_kept(struct vmctl *v); /* list --kept */
int cmd_discard(struct vmctl *v);
int cmd_disk(struct vmctl *v);
int cmd_recover(struct vmctl *v);
int cmd_ssh(struct vmctl *v);
int cmd_exec(struct vmctl *v);
int cmd_cp(struct vmctl *v);
int cmd_rdp(struct vmctl *v);
int cmd_password(struct vmctl *v);
int cmd_vnc(struct vmctl *v);
int cmd_console(struct vmctl *v);
int cmd_screenshot(struct vmctl *v);
int cmd_kubeconfig(struct vmctl *v);

#endif
