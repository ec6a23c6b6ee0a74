/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plays Slurm: loads the plugin as srun, sbatch, slurmd and slurmstepd do, calls its callbacks in
 * their order and records what it asks for. HOSTED and PROLOG_HOSTED are the plugins without their
 * client and their clock, so that vmd is played, too, in virtual time; PLUGIN and PROLOG are those
 * that are installed. check runs each test in a process of its own. */
#ifndef TESTS_PLUGIN_SLURM_HOST_H
#define TESTS_PLUGIN_SLURM_HOST_H

#include "vmd/api/client.h"
#include "vmd/job/job.h"

#include <check.h>
#include <slurm/spank.h>

#define JOB_ID       17
#define IMAGE_OPTION "_SLURM_SPANK_OPTION_slurm_vm_vm"

/* What the plugin sees of the host. The names are Slurm's, so they are exported by this program. */
struct spank_handle {
	int unused;
};

extern struct slurm_host {
	void *handle;
	spank_context_t context;
	uint32_t step, task;
	struct spank_option option[16];
	int n_option;
	char env[16][2][256]; /* the step's environment */
	int n_env;
	char control[16][2][256]; /* job control environment */
	int n_control;
	char log[4096];
	int calls; /* of spank_*, but for those that only look */
} host;

extern struct played_vmd {
	int64_t now_us;
	int64_t slept_us;
	struct {
		const char *state, *reason; /* state NULL: error */
		enum err_kind kind;
		bool clear;
		const char *address;
	} answer[16];
	int n_answer; /* the last one is repeated */
	int n_show;
	int hints;
	char hint_request[JOB_REQUEST_MAX + 1];
	char hint_uid[16];
	int hint_timeout_ms;
	bool tell_hints; /* on stderr: the task is another process */
	int keyless;     /* so many questions for the key fail, with this kind and reason */
	enum err_kind keyless_kind;
	const char *keyless_reason;
	bool several;  /* the job has three machines, on worker1node to worker3node */
	char node[64]; /* of the last question */
	bool scancel;  /* in the first pause */
	int n_other;   /* questions for job 16, and what is answered then */
	enum err_kind other_kind;
} vmd;

/* Lines of plugstack.conf: as it should be; with a slip; with nobody to talk to. */
#define AV_GOOD 3
#define AV_BAD  2
#define AV_DEAD 4
extern char *av_good[AV_GOOD], *av_bad[AV_BAD], *av_dead[AV_DEAD];

void load(const char *path);
spank_f *callback_find(const char *name);
int call(const char *name, int ac, char **av);
#define CALL(name) call("slurm_spank_" name, AV_GOOD, av_good)
/* load() and the first callback, in that context. */
void start(const char *path, spank_context_t context);
/* sbatch --NAME=VALUE, or what slurmstepd got from it. */
int option(const char *name, const char *value, int remote);
void table_set(char table[16][2][256], int *n, const char *name, const char *value);
/* NULL: not set. */
const char *table_get(char table[16][2][256], int n, const char *name);
/* The SPANK variables of a job with a VM, as its prolog and epilog see them. */
void job_environment(void);
void in_file(char *buf, size_t size, const char *path);
/* Runs the two task callbacks in a child with stderr in a file; its exit code, 0 when the script
 * would have started. */
int task_run(char *text, size_t size);

/* host_*.c */
TCase *submit_cases(void);
TCase *epilog_cases(void);
TCase *task_cases(void);

#endif
