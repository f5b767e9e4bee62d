/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "options.h"

#include "error.h"
#include "text.h"

#include <string.h>

#define MAX_QUOTED_BYTES 64

static DhOption *
find_option (DhOption *wanted, guint n_wanted, const char *name)
{
  for (guint i = 0; i < n_wanted; i++)
    if (g_str_equal (wanted[i].name, name))
      return &wanted[i];
  return NULL;
}

/* @value: (transfer full). */
static gboolean
take_option (DhOption *wanted, guint n_wanted, const char *name, GVariant *value, GError **error)
{
  g_autoptr (GVariant) owned = value;
  DhOption *option = find_option (wanted, n_wanted, name);

  if (!option) {
    g_autofree char *quoted = dh_text_printable (name, -1, MAX_QUOTED_BYTES);

    g_set_error (error, DH_ERROR, DH_ERROR_INVALID_ARGS, "There is no option “%s”", quoted);
    return FALSE;
  }
  if (option->value) {
    g_set_error (error, DH_ERROR, DH_ERROR_INVALID_ARGS, "The option %s is given twice", name);
    return FALSE;
  }
  if (!g_variant_is_of_type (owned, G_VARIANT_TYPE (option->type))) {
    g_set_error (error, DH_ERROR, DH_ERROR_INVALID_ARGS, "The option %s is of type \"%s\"", name,
                 option->type);
    return FALSE;
  }
  option->value = g_steal_pointer (&owned);
  return TRUE;
}

gboolean
dh_options_parse (GVariant *options, DhOption *wanted, guint n_wanted, GError **error)
{
  GVariantIter iter;
  GVariant *value;
  const char *name;

  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    if (!take_option (wanted, n_wanted, name, value, error))
      return FALSE;
  return TRUE;
}

void
dh_options_clear (DhOption *wanted, guint n_wanted)
{
  for (guint i = 0; i < n_wanted; i++)
    g_clear_pointer (&wanted[i].value, g_variant_unref);
}

gboolean
dh_option_is_true (const DhOption *option)
{
  return option->value && g_variant_get_boolean (option->value);
}

static gboolean
is_valid (const char *text, gboolean (*is_allowed) (char c))
{
  if (!dh_text_is_printable (text))
    return FALSE;
  for (const char *c = text; is_allowed && *c; c++)
    if (!is_allowed (*c))
      return FALSE;
  return TRUE;
}

gboolean
dh_option_dup_text (const DhOption *option, gsize max_bytes, gboolean (*is_allowed) (char c),
                    char **ret_text, GError **error)
{
  const char *text = option->value ? g_variant_get_string (option->value, NULL) : "";
  const gsize length = strlen (text);
  g_autofree char *quoted = NULL;

  *ret_text = NULL;
  if (length > 0 && length <= max_bytes && is_valid (text, is_allowed)) {
    *ret_text = g_strdup (text);
    return TRUE;
  }
  if (length == 0)
    return TRUE;
  quoted = dh_text_printable (text, -1, MAX_QUOTED_BYTES);
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID_VALUE,
               "The option %s cannot be “%s”: it must have at most %" G_GSIZE_FORMAT " bytes, %s",
               option->name, quoted, max_bytes,
               is_allowed ? "letters, digits, \".\", \"-\" and \"_\" only" : "all printable");
  return FALSE;
}
