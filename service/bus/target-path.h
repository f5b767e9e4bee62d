/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* Between a target's number and the path of its object. */

/* Returns: (transfer full). */
char *dh_target_path_new (guint64 id);

/* Returns: FALSE for what is not the path of a target. */
gboolean dh_target_path_parse (const char *path, guint64 *ret_id);
