/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bus.h"
#include "failure.h"
#include "print.h"
#include "values.h"

typedef struct {
  const char *state;
  const char *engine;
  const char *unavailable_reason;
  const char *last_error;
  guint32 pid;
  guint32 ratio;
} Overview;

/* @ret_overview borrows from @properties. A property of another version that is missing shows as
 * empty. */
static void
read_overview (GVariant *properties, Overview *ret_overview)
{
  *ret_overview =
    (Overview){ .state = "", .engine = "", .unavailable_reason = "", .last_error = "" };
  g_variant_lookup (properties, "State", "&s", &ret_overview->state);
  g_variant_lookup (properties, "Engine", "&s", &ret_overview->engine);
  g_variant_lookup (properties, "UnavailableReason", "&s", &ret_overview->unavailable_reason);
  g_variant_lookup (properties, "LastError", "&s", &ret_overview->last_error);
  g_variant_lookup (properties, "Pid", "u", &ret_overview->pid);
  g_variant_lookup (properties, "Ratio", "u", &ret_overview->ratio);
}

static void
print_json (const Overview *overview, const char *name, GVariant *statistics)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) value = NULL;

  g_variant_builder_add_parsed (&builder, "{'State', <%s>}", overview->state);
  g_variant_builder_add_parsed (&builder, "{'UnavailableReason', <%s>}",
                                overview->unavailable_reason);
  g_variant_builder_add_parsed (&builder, "{'LastError', <%s>}", overview->last_error);
  g_variant_builder_add_parsed (&builder, "{'Engine', <%s>}", overview->engine);
  g_variant_builder_add_parsed (&builder, "{'Pid', <%u>}", overview->pid);
  if (name != NULL)
    g_variant_builder_add_parsed (&builder, "{'Name', <%s>}", name);
  g_variant_builder_add_parsed (&builder, "{'Ratio', <%u>}", overview->ratio);
  if (statistics != NULL)
    g_variant_builder_add (&builder, "{sv}", "Statistics", statistics);
  value = g_variant_ref_sink (g_variant_builder_end (&builder));
  hctl_print_json (value, TRUE);
}

/* A row for @problem, a word or an error's name, and one for what to do about it. */
static void
add_problem (HctlTable *table, const char *label, const char *problem, const char *remedy)
{
  if (*problem == '\0')
    return;
  hctl_table_add (table, label, problem, NULL);
  if (remedy != NULL)
    hctl_table_add (table, "", remedy, NULL);
}

static void
print_text (const Overview *overview, const char *name, GVariant *statistics, gboolean denied)
{
  g_autoptr (HctlTable) table = hctl_table_new ();
  g_autoptr (GVariant) ratio = g_variant_ref_sink (g_variant_new_uint32 (overview->ratio));
  g_autofree char *process = name != NULL ? g_strdup_printf ("%u (%s)", overview->pid, name)
                                          : g_strdup_printf ("%u", overview->pid);
  g_autofree char *wanted = hctl_value_to_text ("Ratio", ratio);

  hctl_table_add (table, "State", overview->state, NULL);
  add_problem (table, "Reason", overview->unavailable_reason,
               hctl_failure_get_reason_remedy (overview->unavailable_reason));
  add_problem (table, "Last error", overview->last_error,
               hctl_failure_get_remedy (overview->last_error));
  hctl_table_add (table, "Engine", *overview->engine != '\0' ? overview->engine : "none", NULL);
  hctl_table_add (table, "Process", overview->pid != 0 ? process : "none", NULL);
  hctl_table_add (table, "Ratio wanted", wanted, NULL);
  if (statistics != NULL) {
    g_autofree char *measured = hctl_statistics_to_text (statistics);

    hctl_table_add (table, "Measured", measured, NULL);
  } else if (denied) {
    hctl_table_add (table, "Measured", "not permitted: the process is another user's", NULL);
  }
  hctl_table_print (table);
}

gboolean
hctl_status (HctlContext *context, char **arguments, GError **error)
{
  g_autoptr (GVariant) properties = hctl_bus_get_properties (context, error);
  g_autoptr (GVariant) statistics = NULL;
  g_autoptr (GError) no_statistics = NULL;
  g_autofree char *name = NULL;
  Overview overview;

  if (properties == NULL)
    return FALSE;

  read_overview (properties, &overview);
  /* After the exit the number may be another process's. */
  if (overview.pid != 0 && !g_str_equal (overview.state, "target-exited")) {
    name = hctl_process_dup_name (overview.pid);
    statistics = hctl_bus_get_statistics (context, HCTL_ASK_NEVER, &no_statistics);
  }
  if (context->options.json)
    print_json (&overview, name, statistics);
  else
    print_text (&overview, name, statistics,
                no_statistics != NULL
                  && hctl_failure_get_exit_code (no_statistics) == HCTL_EXIT_DENIED);
  return TRUE;
}
