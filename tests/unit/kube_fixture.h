/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings and specs that the tests of vmd/kube share. */
#ifndef TESTS_UNIT_KUBE_FIXTURE_H
#define TESTS_UNIT_KUBE_FIXTURE_H

#include "vmd/disk/disk.h"
#include "vmd/kube/kube_secret.h"

#define FIXTURE_KEY "17-9f3c12ab45de6701"

/* Two images (tiny: linux, win11: windows), network "lan". Valid for ever. */
struct settings *fixture_settings(void);
struct vm_spec fixture_vm(enum vm_profile profile);
struct disk_spec fixture_disk(enum disk_role role, const char *golden);
struct credentials fixture_credentials(void);
/* alice's job 17 with that image. */
struct secret_job fixture_secret_job(const char *image);

/* The recordings' folder: KUBE_SAMPLES, else ../shared/kube-samples beside the source tree. NULL:
 * there is none, and why has been said: the test ends with 77. */
const char *fixture_samples(void);
/* A whole file; the caller frees it. Ends the test if it cannot be read. */
char *fixture_file(const char *dir, const char *name, size_t *ret_len);

#endif
