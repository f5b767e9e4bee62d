/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <gio/gio.h>

/* The options of a method, a{sv}: what is not known is refused, since a caller who asks for it
 * relies on it. */

typedef struct {
  const char *name;
  const char *type; /* D-Bus */
  GVariant *value;  /* set by the parser; NULL: not given */
} DhOption;

/* @wanted: @n_wanted of them; their values borrow from @options, to be released by
 * dh_options_clear(). Errors: DH_ERROR_INVALID_ARGS for one that is unknown, given twice, or of
 * another type. */
gboolean dh_options_parse (GVariant *options, DhOption *wanted, guint n_wanted, GError **error);
void dh_options_clear (DhOption *wanted, guint n_wanted);

/* FALSE where it was not given. */
gboolean dh_option_is_true (const DhOption *option);

/* NULL where it was not given or is empty. @max_bytes: without the NUL. @is_allowed: (nullable):
 * what each character must be, beside printable. Returns: FALSE for what is not valid. Errors:
 * DH_ERROR_INVALID_VALUE, the text in the message cut to a bearable length. */
gboolean dh_option_dup_text (const DhOption *option, gsize max_bytes,
                             gboolean (*is_allowed) (char c), char **ret_text, GError **error);
