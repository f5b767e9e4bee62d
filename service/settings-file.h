/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "settings.h"

#include <glib.h>

/* Replaces in @settings what @group of @file holds and is valid; of everything else a warning names
 * @path (where @file came from), group and key. @stored_only: settings whose row is not `stored`
 * are not accepted. A group that is not there holds nothing. */
void dh_settings_load_group (DhSettings *settings, GKeyFile *file, const char *path,
                             const char *group, gboolean stored_only);
