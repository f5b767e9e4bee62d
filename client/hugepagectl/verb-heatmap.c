/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "picture.h"
#include "print.h"
#include "targets.h"
#include "terminal.h"

#include <unistd.h>

/* With the legend below it, a usual terminal's height. */
#define MAX_LINES 16

static void
print_json (guint64 block_size, GVariant *runs)
{
  g_auto (GVariantBuilder) list = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GVariant) object = NULL;

  for (gsize i = 0; i < g_variant_n_children (runs); i++) {
    g_autoptr (GVariant) heat = NULL;
    guint64 n_skipped;

    g_variant_get_child (runs, i, "(t@ay)", &n_skipped, &heat);
    g_variant_builder_add_parsed (&list, "{'skipped': <%t>, 'heat': <%*>}", n_skipped, heat);
  }
  object = g_variant_ref_sink (g_variant_new_parsed ("{'block_size': <%t>, 'runs': <%*>}",
                                                     block_size, g_variant_builder_end (&list)));
  /* A number a line would be too long for people, too. */
  hctl_print_json (object, FALSE);
}

static void
print_picture (guint64 block_size, GVariant *runs, gboolean ascii)
{
  const HctlPictureStyle style = { .width = hctl_terminal_get_width (STDOUT_FILENO),
                                   .max_lines = MAX_LINES,
                                   .utf8 = !ascii && hctl_terminal_has_utf8 (),
                                   .colour = !ascii && hctl_terminal_has_colour (STDOUT_FILENO) };
  g_autofree char *picture = hctl_picture_draw (block_size, runs, &style);

  hctl_print_text (picture);
}

gboolean
hctl_heatmap (HctlContext *context, char **arguments, GError **error)
{
  g_autofree char *path = hctl_targets_find (context, arguments[0], error);
  g_autoptr (GVariant) reply = NULL, runs = NULL;
  guint64 block_size;

  if (path == NULL)
    return FALSE;
  reply = hctl_target_call (context, path, "GetHeatMap", g_variant_new ("(a{sv})", NULL),
                            "(ta(tay))", HCTL_ASK_IF_REFUSED, error);
  if (reply == NULL)
    return FALSE;

  g_variant_get (reply, "(t@a(tay))", &block_size, &runs);
  if (context->options.json)
    print_json (block_size, runs);
  else
    print_picture (block_size, runs, context->options.ascii);
  return TRUE;
}
