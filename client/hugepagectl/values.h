/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "print.h"

/* @value of the property or statistic @name as a person reads it, with its unit where it has one.
 * Returns: (transfer full), not made printable yet. */
char *hctl_value_to_text (const char *name, GVariant *value);

/* Adds @value of @name to @table: a row @label and the text; of a dictionary, such as Limits, a row
 * for each of its entries. */
void hctl_value_add_rows (HctlTable *table, const char *label, const char *name, GVariant *value);

/* The number of bytes @name in @dictionary, with a unit; empty where it is not known.
 * Returns: (transfer full). */
char *hctl_value_lookup_size (GVariant *dictionary, const char *name);

/* The unit of a process, from @details of it: its system unit's name, or, of a user's manager,
 * which its user can name as he likes, with "user:" before it. Empty where there is none. Returns:
 * (transfer full), not made printable yet. */
char *hctl_value_lookup_unit (GVariant *details);

/* Returns: (transfer full): the name of the user @uid, or the number where he has none. */
char *hctl_user_to_text (guint32 uid);

/* The essence of what GetStatistics returned, in a line. Returns: (transfer full). */
char *hctl_statistics_to_text (GVariant *statistics);

/* What the kernel calls the process @pid now. Returns: (transfer full) (nullable): printable. */
char *hctl_process_dup_name (guint32 pid);
