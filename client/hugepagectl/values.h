/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* @value of the property or statistic @name as a person reads it, with its unit where it has one.
 * Returns: (transfer full), not made printable yet. */
char *hctl_value_to_text (const char *name, GVariant *value);

/* The essence of what GetStatistics returned, in a line. Returns: (transfer full). */
char *hctl_statistics_to_text (GVariant *statistics);

/* What the kernel calls the process @pid now. Returns: (transfer full) (nullable), not made
 * printable yet. */
char *hctl_process_dup_name (guint32 pid);
