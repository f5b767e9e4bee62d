/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "hugepagectl.h"

/* The verbs, a row each. */

/* Returns: (transfer none): all, in the order of the help. */
const HctlVerb *hctl_verbs_get_all (gsize *ret_n_verbs);

/* Returns: (transfer none) (nullable). */
const HctlVerb *hctl_verbs_find (const char *name);
