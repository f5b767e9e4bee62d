/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "print.h"
#include "targets.h"
#include "values.h"

static void
print_json (GVariant *split, GVariant *kept)
{
  g_autoptr (GVariant) object = g_variant_ref_sink (
    g_variant_new_parsed ("{'split_bytes': <%*>, 'kept_bytes': <%*>}", split, kept));

  hctl_print_json (object, TRUE);
}

static void
print_text (GVariant *split, GVariant *kept)
{
  g_autoptr (HctlTable) table = hctl_table_new ();
  g_autofree char *split_text = hctl_value_to_text ("split-bytes", split);
  g_autofree char *kept_text = hctl_value_to_text ("kept-bytes", kept);

  hctl_table_add (table, "Split", split_text, NULL);
  hctl_table_add (table, "Kept", kept_text, NULL);
  hctl_table_print (table);
}

gboolean
hctl_undo (HctlContext *context, char **arguments, GError **error)
{
  g_autofree char *path = hctl_targets_find (context, arguments[0], error);
  g_autoptr (GVariant) reply = NULL, split = NULL, kept = NULL;

  if (path == NULL)
    return FALSE;
  reply = hctl_target_call (context, path, "Undo", NULL, "(tt)", HCTL_ASK_AT_ONCE, error);
  if (reply == NULL)
    return FALSE;

  split = g_variant_get_child_value (reply, 0);
  kept = g_variant_get_child_value (reply, 1);
  if (context->options.json)
    print_json (split, kept);
  else
    print_text (split, kept);
  return TRUE;
}
