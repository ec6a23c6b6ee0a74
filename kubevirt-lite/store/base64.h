/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base64: the standard alphabet for Secrets, the one for URLs (without padding) for tokens. Pure.
 */
#ifndef KUBEVIRT_LITE_BASE64_H
#define KUBEVIRT_LITE_BASE64_H

#include <stddef.h>

/* URL alphabet, no padding; len 0: strlen(data). -1: does not fit. */
int base64_encode(const char *data, size_t len, char *ret, size_t size);
/* Standard alphabet with padding, allocated. */
char *base64_encode_alloc(const char *data, size_t len);
/* Either alphabet, with or without padding. ret is terminated; -1: not base64 or does not fit. */
int base64_decode(const char *text, char *ret, size_t size, size_t *ret_len);

#endif
