/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "daemon.h"

/* What only the executable made for tests accepts: another root, and calls into the kernel that
 * block. */
GOptionGroup *dh_test_seams_get_options (void);
void dh_test_seams_apply (DhDaemonOptions *options);
