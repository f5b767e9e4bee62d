/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "tree.h"

/* kernel/mm/damon/admin/kdamonds: as much of the sysfs interface of DAMON as it takes to run as
 * another user. With the model's mutex held. */
void slots_init (Model *model);
