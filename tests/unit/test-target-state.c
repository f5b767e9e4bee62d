/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "target-state.h"

#include <string.h>

/* The table of docs/states.md against the one in the code, cell by cell: neither changes alone. */

#define NOTHING "–"

static GPtrArray *rows; /* of GStrv: the cells of a line; the states' names come first */

static void
take_row (const char *line)
{
  g_auto (GStrv) cells = g_strsplit (line + strlen ("|"), "|", -1);

  for (guint i = 0; cells[i]; i++)
    g_strstrip (cells[i]);
  g_ptr_array_add (rows, g_steal_pointer (&cells));
}

static void
load_table (void)
{
  g_autofree char *path = g_build_filename (g_getenv ("DH_DOCS"), "states.md", NULL);
  g_autofree char *page = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GError) error = NULL;
  gboolean inside = FALSE;

  rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_file_get_contents (path, &page, NULL, &error);
  g_assert_no_error (error);
  lines = g_strsplit (page, "\n", -1);
  for (guint i = 0; lines[i]; i++) {
    inside = g_str_has_prefix (lines[i], inside ? "|" : "| event |");
    if (inside && !g_str_has_prefix (lines[i], "|-"))
      take_row (lines[i]);
  }
}

static const char *
get_cell (guint row, guint column)
{
  return ((const char *const *) g_ptr_array_index (rows, row))[column];
}

static guint
find_column (DhTargetState state)
{
  for (guint column = 1; column <= DH_N_TARGET_STATES; column++)
    if (g_str_equal (get_cell (0, column), dh_target_state_to_string (state)))
      return column;
  g_error ("The page has no column for %s", dh_target_state_to_string (state));
}

static guint
find_row (DhTargetEvent event)
{
  for (guint row = 1; row < rows->len; row++)
    if (g_str_equal (get_cell (row, 0), dh_target_event_to_string (event)))
      return row;
  g_error ("The page has no row for %s", dh_target_event_to_string (event));
}

/* As the page puts it. Returns: (transfer full). */
static char *
describe (DhTargetState state, DhTransition transition)
{
  static const struct {
    DhTargetEffect effect;
    const char *word;
  } words[] = {
    { DH_EFFECT_BEGIN, "begin" },    { DH_EFFECT_END, "end" },   { DH_EFFECT_SPLIT, "split" },
    { DH_EFFECT_TELL_EXIT, "tell" }, { DH_EFFECT_DROP, "drop" },
  };
  g_autoptr (GString) text = g_string_new (dh_target_state_to_string (transition.next));
  guint left = transition.effects;

  if (transition.next == state && transition.effects == 0)
    return g_strdup (NOTHING);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++) {
    if (!(left & words[i].effect))
      continue;
    g_string_append (text, left == transition.effects ? ": " : ", ");
    g_string_append (text, words[i].word);
    left &= ~words[i].effect;
  }
  g_assert_cmpuint (left, ==, 0);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_cell (gconstpointer data)
{
  const guint number = GPOINTER_TO_UINT (data);
  const DhTargetState state = number / DH_N_TARGET_EVENTS;
  const DhTargetEvent event = number % DH_N_TARGET_EVENTS;
  g_autofree char *expected = describe (state, dh_target_state_handle (state, event));

  g_assert_cmpstr (get_cell (find_row (event), find_column (state)), ==, expected);
}

/* With a cell found for each pair, the page has every state and event once. */
static void
test_nothing_else_in_the_page (void)
{
  g_assert_cmpuint (rows->len, ==, DH_N_TARGET_EVENTS + 1);
  for (guint row = 0; row < rows->len; row++) {
    /* The last one is what follows the last bar. */
    g_assert_cmpuint (g_strv_length (g_ptr_array_index (rows, row)), ==, DH_N_TARGET_STATES + 2);
    g_assert_cmpstr (get_cell (row, DH_N_TARGET_STATES + 1), ==, "");
  }
}

static void
test_names_are_different (void)
{
  for (guint i = 0; i < DH_N_TARGET_STATES; i++)
    for (guint j = 0; j < i; j++)
      g_assert_cmpstr (dh_target_state_to_string (i), !=, dh_target_state_to_string (j));
  for (guint i = 0; i < DH_N_TARGET_EVENTS; i++)
    for (guint j = 0; j < i; j++)
      g_assert_cmpstr (dh_target_event_to_string (i), !=, dh_target_event_to_string (j));
}

static void
test_only_starting_and_running_are_served (void)
{
  for (DhTargetState state = 0; state < DH_N_TARGET_STATES; state++)
    g_assert_cmpint (dh_target_state_is_enabled (state), ==,
                     state == DH_TARGET_STARTING || state == DH_TARGET_RUNNING);
}

/* Begun is what was not served, ended is what was, and each shows in the next state. */
static void
test_begin_and_end_go_with_the_states (void)
{
  for (DhTargetState state = 0; state < DH_N_TARGET_STATES; state++)
    for (DhTargetEvent event = 0; event < DH_N_TARGET_EVENTS; event++) {
      const DhTransition transition = dh_target_state_handle (state, event);
      const gboolean was = dh_target_state_is_enabled (state),
                     will_be = dh_target_state_is_enabled (transition.next);

      g_assert_cmpint ((transition.effects & DH_EFFECT_BEGIN) != 0, ==, !was && will_be);
      g_assert_cmpint ((transition.effects & DH_EFFECT_END) != 0, ==, was && !will_be);
    }
}

static gboolean
has_object (DhTargetState state)
{
  return state != DH_TARGET_GONE && state != DH_TARGET_EXITED;
}

/* An object goes once, and is never missing. */
static void
test_objects_go_with_the_states (void)
{
  for (DhTargetState state = 0; state < DH_N_TARGET_STATES; state++)
    for (DhTargetEvent event = 0; event < DH_N_TARGET_EVENTS; event++) {
      const DhTransition transition = dh_target_state_handle (state, event);
      const gboolean goes = has_object (state) && !has_object (transition.next);

      g_assert_cmpint ((transition.effects & DH_EFFECT_DROP) != 0, ==, goes);
      g_assert_cmpint ((transition.effects & DH_EFFECT_TELL_EXIT) != 0, ==,
                       goes && transition.next == DH_TARGET_EXITED);
    }
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  load_table ();

  for (DhTargetState state = 0; state < DH_N_TARGET_STATES; state++)
    for (DhTargetEvent event = 0; event < DH_N_TARGET_EVENTS; event++) {
      g_autofree char *path =
        g_strdup_printf ("/target-state/%s/on-%s-is-as-the-page-says",
                         dh_target_state_to_string (state), dh_target_event_to_string (event));

      g_test_add_data_func (path, GUINT_TO_POINTER (state * DH_N_TARGET_EVENTS + event), test_cell);
    }
  g_test_add_func ("/target-state/nothing-else-in-the-page", test_nothing_else_in_the_page);
  g_test_add_func ("/target-state/names-are-different", test_names_are_different);
  g_test_add_func ("/target-state/only-starting-and-running-are-served",
                   test_only_starting_and_running_are_served);
  g_test_add_func ("/target-state/begin-and-end-go-with-the-states",
                   test_begin_and_end_go_with_the_states);
  g_test_add_func ("/target-state/objects-go-with-the-states", test_objects_go_with_the_states);

  result = g_test_run ();
  g_ptr_array_unref (rows);
  return result;
}
