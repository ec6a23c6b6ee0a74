/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM as we ask KubeVirt for it. Pure. */
#ifndef VMD_KUBE_KUBE_SPEC_H
#define VMD_KUBE_KUBE_SPEC_H

#include "vmd/base/json.h"
#include "vmd/settings.h"
#include "vmd/vm/vm.h"

/* The VirtualMachine object. ERR_INVALID: the spec or the settings lack something. */
int spec_encode(const struct settings *s, const struct vm_spec *v, struct json_object **ret,
		struct err *e);
/* Firmware UUID: the same for every incarnation of a job, so that the guest (and what is licensed
 * to it) stays the same machine. buf of 37. */
int spec_uuid(const char *job_key, char *buf, size_t size, struct err *e);
/* A quantity of whole MiB: "1Gi", "1300Mi". */
void spec_put_bytes(struct json_object *doc, const char *path, uint64_t bytes);
/* The interface's name in VM and VMI for a network of the settings: dots become dashes. */
int spec_interface_name(const char *network, char *buf, size_t size);

/* kube_profile.c: what the two kinds of guests want from the virtual hardware. domain is
 * spec/template/spec/domain. */
void profile_windows(struct json_object *domain, const struct vm_spec *v);
void profile_linux(struct json_object *domain, const struct vm_spec *v);

#endif
