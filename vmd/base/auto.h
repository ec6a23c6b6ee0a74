/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cleanup at scope end. AUTO(free) char *s = NULL; frees s when the scope ends, STEAL(s) gives it
 * away. A cleanup function for type T is made once, beside T's free function, by DEFINE_AUTO. */
#ifndef VMD_BASE_AUTO_H
#define VMD_BASE_AUTO_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define AUTO(fn)     __attribute__((cleanup(fn##_auto), unused))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define STEAL(p)                                                                                   \
	({                                                                                         \
		__typeof__(p) stolen_ = (p);                                                       \
		(p) = NULL;                                                                        \
		stolen_;                                                                           \
	})

/* type is a pointer type; fn accepts NULL or is not called for it. */
#define DEFINE_AUTO(type, fn)                                                                      \
	static inline void fn##_auto(type *p)                                                      \
	{                                                                                          \
		if (*p)                                                                            \
			fn(*p);                                                                    \
	}

static inline void free_auto(void *p)
{
	free(*(void **)p);
}

static inline void fd_auto(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline int fd_steal(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

static inline void fclose_auto(FILE **f)
{
	if (*f)
		fclose(*f);
}

#endif
