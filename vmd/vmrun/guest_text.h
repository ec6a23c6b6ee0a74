/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts of script.h for each kind of guest. Pure. */
#ifndef VMD_VMRUN_GUEST_TEXT_H
#define VMD_VMRUN_GUEST_TEXT_H

#include "vmd/vmrun/script.h"

/* One line that sets a variable. */
void linux_variable(const char *name, size_t len, const char *value, struct strbuf *ret);
int linux_store(const struct script *s, const char *name, struct strbuf *ret, struct err *e);
int linux_start(const struct script *s, char *const *argv, struct strbuf *ret, struct err *e);
int linux_follow(const struct script *s, uint64_t at, unsigned halves, struct strbuf *ret,
		 struct err *e);
int linux_code(const struct script *s, struct strbuf *ret, struct err *e);
int linux_signal(const struct script *s, const char *signal, struct strbuf *ret, struct err *e);

void windows_variable(const char *name, size_t len, const char *value, struct strbuf *ret);
int windows_store(const struct script *s, const char *name, struct strbuf *ret, struct err *e);
int windows_start(const struct script *s, char *const *argv, struct strbuf *ret, struct err *e);
int windows_follow(const struct script *s, uint64_t at, unsigned halves, struct strbuf *ret,
		   struct err *e);
int windows_code(const struct script *s, struct strbuf *ret, struct err *e);
int windows_stop(const struct script *s, struct strbuf *ret, struct err *e);

#endif
