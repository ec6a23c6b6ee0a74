/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ready_hook: the facts about a VM that is READY, for the program of the site. No secret is among
 * them. Names of people and jobs are as Slurm tells them: what a user chose, on one line. */
#include "vmd/ready.h"

#include "vmd/base/str.h"

#include <string.h>

#define FACTS    16
#define FACT_MAX 320

struct facts {
	size_t n;
	char text[FACTS][FACT_MAX];
	char *env[FACTS + 1];
};

/* One that is too long is left out: none can be, but for what Slurm did not bound. */
static void fact_add(struct facts *f, const char *name, const char *value)
{
	if (f->n < FACTS && str_fmt(f->text[f->n], FACT_MAX, "%s=%s", name, value) == 0) {
		f->env[f->n] = f->text[f->n];
		f->n++;
	}
}

static void fact_add_number(struct facts *f, const char *name, uint32_t value)
{
	char text[16];

	(void)str_fmt(text, sizeof(text), "%u", value);
	fact_add(f, name, text);
}

int ready_tell(struct daemon *d, const struct action *a, hook_done_fn done, void *ctx,
	       struct err *e)
{
	const struct job *j = world_job(slurm_view_desired(d->slurm), a->job_key);
	const struct vm_status *s = reconciler_status(d->reconciler, a->job_id);
	const struct image *image =
		j ? catalogue_find(&d->settings->catalogue, j->request.image) : NULL;
	struct facts f = {.n = 0};

	if (!j || !s)
		return err_set(e, ERR_ABSENT, "the job is not there any more");
	fact_add(&f, "PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin");
	fact_add_number(&f, "SLURM_JOB_ID", j->id);
	fact_add(&f, "SLURM_JOB_NAME", j->name);
	fact_add(&f, "SLURM_JOB_USER", j->user);
	fact_add_number(&f, "SLURM_JOB_UID", j->uid);
	fact_add(&f, "SLURM_CLUSTER_NAME", d->settings->cluster);
	fact_add(&f, "VM_NAME", a->object);
	fact_add(&f, "VM_HOST", s->node);
	fact_add(&f, "VM_ADDRESS", s->address);
	fact_add(&f, "VM_USER", s->user);
	fact_add(&f, "VM_IMAGE", j->request.image);
	fact_add(&f, "VM_PROFILE", image ? vm_profile_name(image->profile) : "");
	fact_add(&f, "VM_TASK", j->task);
	fact_add_number(&f, "VM_MACHINES", job_is_several(j) ? j->request.machines : 1);
	fact_add(&f, "VM_MAIL", str_eq(j->request.mail, "@") ? j->user : j->request.mail);
	return hook_run(d->hooks, d->settings->ready_hook, f.env, done, ctx, e);
}
