/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See books.h. By the site's own sacct, as the user: what slurmdbd hides from others (PrivateData)
 * it hides here, too. */
#include "vmd/vmctl/books.h"

#include "vmd/base/str.h"
#include "vmd/base/strbuf.h"
#include "vmd/job/job_spec.h"
#include "vmd/vmctl/child.h"

#include <string.h>
#include <unistd.h>

#define SAID_MAX 16384
#define BETWEEN  "\037" /* in no name of a job */

/* In the order that sacct is asked for. */
enum column { ID, TASK, UID, USER, NAME, STATE, EXIT_CODE, START, END, NODES, COMMENT, COLUMNS };
#define COLUMN_NAMES                                                                               \
	"--format=JobIDRaw,JobID,UID,User,JobName,State,ExitCode,Start,End,NodeList,AdminComment"

bool books_is_id(const char *text)
{
	static const char digits[] = "0123456789";
	size_t id = text ? strspn(text, digits) : 0;

	if (id == 0 || id > 10)
		return false;
	if (text[id] != '_')
		return !text[id];
	return strspn(text + id + 1, digits) > 0 && strlen(text) < 30 &&
	       !text[id + 1 + strspn(text + id + 1, digits)];
}

/* The last line is of the job's last run, and of several jobs with that id of the last one. */
static bool last_line(char *said, char *ret[COLUMNS])
{
	char *line = NULL, *next;

	for (char *at = said; at && *at; at = next) {
		next = strchr(at, '\n');
		if (next)
			*next++ = '\0';
		if (strstr(at, BETWEEN))
			line = at;
	}
	for (size_t i = 0; i < COLUMNS; i++) {
		ret[i] = strsep(&line, BETWEEN);
		if (!ret[i])
			return false;
	}
	return true;
}

static int ask(const char *job, char said[SAID_MAX], char *ret[COLUMNS], struct err *e)
{
	char program[] = "sacct", lines[] = "-XnP", delimiter[] = "--delimiter=" BETWEEN;
	char columns[] = COLUMN_NAMES, option[] = "-j", id[32];
	char *argv[] = {program, lines, delimiter, columns, option, id, NULL};
	int code = 0;

	/* Where the user's own form of times is set, these would not be those of vmctl(1). */
	(void)setenv("SLURM_TIME_FORMAT", "standard", 1);
	if (str_copy(id, sizeof(id), job) < 0)
		return err_set(e, ERR_INVALID, "'%.40s' is no job's id", job);
	if (child_run(argv, said, SAID_MAX, &code, e) < 0)
		return err_set(e, ERR_RETRY,
			       "Slurm's daemon does not know job %s any more, and %.100s: ask on a "
			       "host of the cluster",
			       job, e->msg);
	if (code != 0)
		return err_set(e, ERR_RETRY,
			       "Slurm's daemon does not know job %s any more, and its accounting "
			       "does not answer (see above)",
			       job);
	return last_line(said, ret)
		       ? 0
		       : err_set(e, ERR_ABSENT,
				 "there is no job %s, as far as Slurm's daemon and its accounting "
				 "know",
				 job);
}

static bool may_see(const char *uid)
{
	uint64_t owner;

	return geteuid() == 0 || (str_to_u64(uid, UINT32_MAX, &owner) == 0 && owner == geteuid());
}

/* Of several machines the first that failed; ret is of that one, or of the first of all. */
static int record_read(const char *comment, struct vm_request *ret, uint32_t *ret_rank,
		       struct err *e)
{
	uint32_t machines;
	int rc = job_spec_find(comment, ret, e);

	*ret_rank = 0;
	machines = rc > 0 ? ret->machines : 0;
	for (uint32_t i = 0; i < machines && rc > 0 && !*ret->recorded_failure; i++) {
		rc = job_spec_find_rank(comment, i, ret, e);
		*ret_rank = i;
	}
	return rc;
}

static void reason_put(struct json_object *o, const struct vm_request *r, uint32_t rank)
{
	char text[JOB_WHY_MAX + 32];

	(void)snprintf(text, sizeof(text), "machine %u: %s", rank, r->recorded_failure);
	json_put_str(o, "reason", r->machines && *r->recorded_failure ? text : r->recorded_failure);
}

static struct json_object *object(char *const col[COLUMNS], const struct vm_request *r,
				  uint32_t rank)
{
	struct json_object *o = json_object_new_object();
	uint64_t n = 0;

	json_put_int(o, "job", choice_id(col[ID]));
	json_put_str(o, "task", strchr(col[TASK], '_') ? col[TASK] : "");
	(void)str_to_u64(col[UID], UINT32_MAX, &n);
	json_put_int(o, "uid", (int64_t)n);
	json_put_str(o, "user", col[USER]);
	json_put_str(o, "name", col[NAME]);
	json_put_str(o, "image", r->image);
	json_put_str(o, "revision", r->revision);
	json_put_str(o, "from", r->from);
	if (r->machines)
		json_put_int(o, "machines", r->machines);
	json_put_str(o, "state", *r->recorded_failure ? "FAILED" : "STOPPED");
	reason_put(o, r, rank);
	json_put_str(o, "node", col[NODES]);
	json_put_bool(o, "forgotten", true);
	json_put_str(o, "job_state", col[STATE]);
	json_put_str(o, "exit_code", col[EXIT_CODE]);
	json_put_str(o, "start", col[START]);
	json_put_str(o, "end", col[END]);
	return o;
}

int books_find(const char *job, struct json_object **ret, struct err *e)
{
	struct vm_request r;
	uint32_t rank = 0;
	char said[SAID_MAX], *col[COLUMNS];
	int found;

	if (ask(job, said, col, e) < 0)
		return -1;
	if (!may_see(col[UID]))
		return err_set(e, ERR_DENIED, "job %s belongs to another user", job);
	found = record_read(col[COMMENT], &r, &rank, e);
	if (found < 0)
		return err_wrap(e, "AdminComment of job %s", job);
	if (found == 0)
		return err_set(e, ERR_ABSENT,
			       "job %s has no VM: it was submitted without --vm, and is %.40s", job,
			       col[STATE]);
	*ret = object(col, &r, rank);
	return 0;
}

void books_print(struct json_object *o)
{
	const char *reason = text_of(o, "reason"), *revision = text_of(o, "revision");
	bool failed = str_eq(state_of(o), "FAILED");
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};
	long long job = int_of(o, "job");

	strbuf_addf(&b,
		    "The job has ended (%s), and Slurm's daemon has forgotten it; this is from "
		    "its accounting. ",
		    text_of(o, "job_state"));
	if (failed)
		strbuf_addf(&b, "Its virtual machine could not become ready: %s. ", reason);
	strbuf_addf(&b, "More: sacct -j %lld; disks that were kept: vmctl list --kept", job);
	printf("%s\n\n", text_clean(b.s));
	print_row("Job", "%lld of %s%s%s", job, text_of(o, "user"),
		  *text_of(o, "task") ? ", array task " : "", text_of(o, "task"));
	print_row("Name", "%s", text_of(o, "name"));
	print_row("State", "%s", state_of(o));
	print_row("Reason", "%s", reason);
	print_row("Exit code", "%s", text_of(o, "exit_code"));
	print_row("Image", "%s%s%s", text_of(o, "image"), *revision ? "@" : "", revision);
	print_row("Node", "%s", text_of(o, "node"));
	print_row("Began", "%s", text_of(o, "start"));
	print_row("Ended", "%s", text_of(o, "end"));
}
