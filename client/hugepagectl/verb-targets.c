/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "failure.h"
#include "print.h"
#include "targets.h"
#include "units.h"
#include "values.h"

/* What this user may know of @target: an empty dictionary if nothing, or if it has just gone.
 * Returns: (transfer full): a{sv}, or NULL with an error if nobody answers. */
static GVariant *
get_details (HctlContext *context, const HctlTarget *target, GError **error)
{
  g_autoptr (GError) refusal = NULL;
  g_autoptr (GVariant) reply = hctl_target_call (context, target->path, "GetDetails", NULL,
                                                 "(a{sv})", HCTL_ASK_NEVER, &refusal);

  if (reply != NULL)
    return g_variant_get_child_value (reply, 0);
  if (g_dbus_error_is_remote_error (refusal))
    return g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  g_propagate_error (error, g_steal_pointer (&refusal));
  return NULL;
}

/* @zero: what 0 means. Returns: (transfer full). */
static char *
lookup_share (const HctlTarget *target, const char *name, const char *zero)
{
  guint32 share = 0;

  g_variant_lookup (target->properties, name, "u", &share);
  return share > 0 ? hctl_units_format (name, share) : g_strdup (zero);
}

static const char *
mark (const HctlTarget *target)
{
  gboolean bound = FALSE;

  g_variant_lookup (target->properties, "Bound", "b", &bound);
  if (target->primary)
    return bound ? "primary bound" : "primary";
  return bound ? "bound" : "";
}

static void
add_row (HctlTable *table, const HctlTarget *target, GVariant *details)
{
  g_autofree char *pid = g_strdup_printf ("%u", target->pid);
  g_autofree char *ratio = lookup_share (target, "Ratio", "");
  g_autofree char *feedback = lookup_share (target, "Feedback", "off");
  g_autofree char *user = NULL;
  const char *name = "", *state = "";
  guint32 uid;

  g_variant_lookup (details, "name", "&s", &name);
  g_variant_lookup (target->properties, "State", "&s", &state);
  if (g_variant_lookup (target->properties, "Uid", "u", &uid))
    user = hctl_user_to_text (uid);
  hctl_table_add (table, hctl_target_get_word (target->path), pid, name, user != NULL ? user : "",
                  state, ratio, feedback, mark (target), NULL);
}

/* Adds an object of the properties, and what is known besides. */
static void
add_object (GVariantBuilder *objects, const HctlTarget *target, GVariant *details)
{
  g_variant_builder_open (objects, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add_parsed (objects, "{'Path', <%s>}", target->path);
  for (gsize i = 0; i < g_variant_n_children (target->properties); i++) {
    g_autoptr (GVariant) property = g_variant_get_child_value (target->properties, i);

    g_variant_builder_add_value (objects, property);
  }
  if (g_variant_n_children (details) > 0)
    g_variant_builder_add (objects, "{sv}", "Details", details);
  g_variant_builder_close (objects);
}

gboolean
hctl_targets (HctlContext *context, char **arguments, GError **error)
{
  g_autoptr (GPtrArray) targets = hctl_targets_list (context, error);
  g_auto (GVariantBuilder) objects = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (HctlTable) table = hctl_table_new ();
  g_autoptr (GVariant) list = NULL;

  if (targets == NULL)
    return FALSE;

  hctl_table_add (table, "TARGET", "PID", "NAME", "USER", "STATE", "RATIO", "FEEDBACK", "MARKS",
                  NULL);
  for (guint i = 0; i < targets->len; i++) {
    g_autoptr (GVariant) details = get_details (context, targets->pdata[i], error);

    if (details == NULL)
      return FALSE;
    add_row (table, targets->pdata[i], details);
    add_object (&objects, targets->pdata[i], details);
  }

  list = g_variant_ref_sink (g_variant_builder_end (&objects));
  if (context->options.json)
    hctl_print_json (list, TRUE);
  else
    hctl_table_print (table);
  return TRUE;
}
