/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes a job's Secret, and its parts after it (kube_secret.h). Loop thread only. */
#ifndef VMD_KUBE_KUBE_LOGIN_H
#define VMD_KUBE_KUBE_LOGIN_H

#include "vmd/kube/kube_request.h"
#include "vmd/kube/kube_secret.h"

struct logins;

/* settings are borrowed until others are given. */
struct logins *logins_new(struct http *h, struct requests *rs, const struct settings *s);
void logins_settings(struct logins *ls, const struct settings *s);
void logins_free(struct logins *ls); /* before http_free; done is not called */

/* j and c are copied. When there is such a Secret already, what is in it counts, and c is not used.
 * May be repeated; success: the Secret is there, and all parts of it. ERR_CONFLICT: it is another
 * job's.
 */
int login_start(struct logins *ls, const char *name, const struct secret_job *j,
		const struct credentials *c, kube_done_fn done, void *ctx, struct err *e);

#endif
