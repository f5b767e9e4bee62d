/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* All that goes to stdout. What comes from others is escaped here, unless it is printable. */

/* @text as a terminal may be shown it: as it is where it is printable, as names from the service
 * are, which has escaped them; else escaped, and cut to @max_bytes. Returns: (transfer full). */
char *hctl_make_printable (const char *text, gsize max_bytes);

typedef struct _HctlTable HctlTable;

HctlTable *hctl_table_new (void);
void hctl_table_free (HctlTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HctlTable, hctl_table_free)

/* Adds a row of @cell and what follows it up to NULL; all are copied, and made printable. */
void hctl_table_add (HctlTable *table, const char *cell, ...) G_GNUC_NULL_TERMINATED;

/* Prints the rows, the columns aligned. */
void hctl_table_print (const HctlTable *table);

/* Prints a line, made printable. */
void hctl_print_line (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* Prints what this tool made itself, as it is. */
void hctl_print_text (const char *text);

/* Prints @value as JSON: dictionaries are objects, microseconds, bytes and basis points stay
 * numbers. @pretty: on several lines, else on one. */
void hctl_print_json (GVariant *value, gboolean pretty);

/* Whether everything reached its reader. */
gboolean hctl_print_finish (GError **error);
