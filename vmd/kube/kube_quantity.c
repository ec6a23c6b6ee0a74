/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See kube_quantity.h; the suffixes are those of k8s.io/apimachinery/pkg/api/resource. Pure. */
#include "vmd/kube/kube_quantity.h"

#include "vmd/base/str.h"

#include <string.h>

int quantity_read(const char *text, uint64_t *ret)
{
	static const struct {
		const char *suffix;
		uint64_t factor;
	} units[] = {
		{"",   1		      },
		{"k",  1000                   },
		{"M",  1000000                },
		{"G",  1000000000             },
		{"T",  UINT64_C(1000000000000)},
		{"Ki", UINT64_C(1) << 10      },
		{"Mi", UINT64_C(1) << 20      },
		{"Gi", UINT64_C(1) << 30      },
		{"Ti", UINT64_C(1) << 40      },
	};
	size_t len = strspn(text, "0123456789");
	char digits[24];
	uint64_t n;

	if (len == 0 || str_fmt(digits, sizeof(digits), "%.*s", (int)len, text) < 0 ||
	    str_to_u64(digits, INT64_MAX, &n) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (!str_eq(text + len, units[i].suffix))
			continue;
		if (n > INT64_MAX / units[i].factor)
			return -1;
		*ret = n * units[i].factor;
		return 0;
	}
	return -1;
}
