/* SPDX-License-Identifier: GPL-2.0-or-later */
/* errno of Ceph's libraries as kinds of error; see rbd_error.h. Pure. */
#include "vmd/rbd/rbd_error.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

enum err_kind rbd_error_kind(int code)
{
	switch (-code) {
	case 0: return ERR_NONE;
	case ENOENT: return ERR_ABSENT;
	case EEXIST:
	case ENOTEMPTY: /* it has snapshots: somebody works with it */ return ERR_CONFLICT;
	case EACCES:
	case EPERM: return ERR_DENIED;
	case ENOSPC:
	case EDQUOT: return ERR_FULL;
	case EBUSY:
	case EROFS:     /* another client holds the lock */
	case ESHUTDOWN: /* we are blocklisted: a new connection is needed */
	case ENOTCONN: return ERR_RETRY;
	case EINVAL:
	case ENOSYS:
	case EOPNOTSUPP:
	case EDOM:
	case ENAMETOOLONG: return ERR_INVALID;
	default: return ERR_UNSURE; /* ETIMEDOUT, EIO, ...: it may have been done */
	}
}

static const char *code_text(int code)
{
	switch (-code) {
	case EBUSY: return "in use";
	case ENOTEMPTY: return "has snapshots";
	case ESHUTDOWN: return "this client is blocklisted";
	case ETIMEDOUT: return "no answer in time";
	default: return strerrordesc_np(-code) ? strerrordesc_np(-code) : "unknown error";
	}
}

static int set(struct err *e, enum err_kind kind, int code, const char *what, va_list ap)
{
	char text[sizeof(e->msg)];

	(void)vsnprintf(text, sizeof(text), what, ap);
	return err_set(e, kind, "Ceph: %s: %s", text, code_text(code));
}

int rbd_error(struct err *e, int code, const char *what, ...)
{
	va_list ap;

	va_start(ap, what);
	(void)set(e, rbd_error_kind(code), code, what, ap);
	va_end(ap);
	return -1;
}

int rbd_connect_error(struct err *e, int code, const char *what, ...)
{
	enum err_kind kind = rbd_error_kind(code) == ERR_DENIED ? ERR_DENIED : ERR_RETRY;
	va_list ap;

	va_start(ap, what);
	(void)set(e, kind, code, what, ap);
	va_end(ap);
	return -1;
}
