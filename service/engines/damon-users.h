/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* Who else uses DAMON, of which there is one for the whole machine: a module with `enabled` (or
 * `enable`) reading Y, or a kdamond of the sysfs interface whose state is on. Only reads. Blocks.
 * @root: where /sys is found. @except: a module that is not meant (nullable).
 * Returns: (transfer full) (nullable): what to call it in a sentence, as "the module damon_stat
 * (/sys/module/damon_stat/parameters/enabled is Y)" or "kdamond 231 of
 * /sys/kernel/mm/damon/admin/kdamonds/0"; without the number, or the folder, where another user
 * keeps the files busy. */
char *dh_damon_users_describe (const char *root, const char *except);
