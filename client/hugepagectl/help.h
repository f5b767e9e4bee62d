/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "hugepagectl.h"

/* The help of @verb, or the general one where it is NULL. Returns: (transfer full). */
char *hctl_help_make_text (const HctlVerb *verb);
