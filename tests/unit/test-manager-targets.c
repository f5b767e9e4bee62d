/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "manager-case.h"

#include "error.h"
#include "wait.h"

/* The table of states, happening: each event in each state, to the primary target and to another
 * one, comes to what the table says, and is told. */

typedef struct {
  DhTargetState state;
  DhTargetEvent event;
  gboolean primary;
} Cell;

static void
assert_made (gboolean made, const GError *error, int code)
{
  if (code < 0)
    g_assert_no_error (error);
  else
    g_assert_error (error, DH_ERROR, code);
  g_assert_cmpint (made, ==, code < 0);
}

/* @change: (transfer full). @code: -1: it succeeds. */
static void
make_or_fail (ManagerCase *self, DhChange *change, int code)
{
  g_autoptr (GError) error = NULL;
  gboolean made = manager_case_apply (self, change, &error);

  assert_made (made, error, code);
}

static void
bring_into (ManagerCase *self, const Cell *cell)
{
  manager_case_add (self, cell->primary);
  if (cell->state != DH_TARGET_STARTING)
    manager_case_tell (self, DH_ENGINE_SERVING);
  switch (cell->state) {
  case DH_TARGET_DISABLED:
    g_assert_true (manager_case_undo (self, NULL));
    break;
  case DH_TARGET_FAILED:
    g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "The test says so");
    manager_case_tell (self, DH_ENGINE_FAILED);
    g_test_assert_expected_messages ();
    break;
  case DH_TARGET_EXITED:
    manager_case_exit (self);
    break;
  default:
    break;
  }
}

/* What lives can be removed by itself; the number of what has exited, by setting another. */
static void
remove_it (ManagerCase *self, DhTargetState state)
{
  if (state == DH_TARGET_EXITED)
    manager_case_make (self, manager_case_set_pid (self, 0));
  else
    manager_case_make (self, manager_case_change_of (self, DH_CHANGE_REMOVE));
}

static void
undo_it (ManagerCase *self, DhTargetState state)
{
  g_autoptr (GError) error = NULL;
  gboolean done = manager_case_undo (self, &error);

  assert_made (done, error, state == DH_TARGET_EXITED ? DH_ERROR_UNKNOWN_TARGET : -1);
}

static void
tell_error (ManagerCase *self, const Cell *cell, DhEngineEvent event)
{
  if (dh_target_state_is_enabled (cell->state))
    g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "The test says so");
  manager_case_tell (self, event);
  g_test_assert_expected_messages ();
}

static void
let_happen (ManagerCase *self, const Cell *cell)
{
  const gboolean exited = cell->state == DH_TARGET_EXITED;

  switch (cell->event) {
  case DH_EVENT_SET:
    make_or_fail (self, manager_case_set_pid (self, self->child->pid),
                  exited ? DH_ERROR_NO_SUCH_PROCESS : -1);
    break;
  case DH_EVENT_ENABLE:
    make_or_fail (self, manager_case_set_enabled (self, TRUE),
                  exited ? DH_ERROR_PROCESS_EXITED : -1);
    break;
  case DH_EVENT_DISABLE:
    manager_case_make (self, manager_case_set_enabled (self, FALSE));
    break;
  case DH_EVENT_SERVING:
    manager_case_tell (self, DH_ENGINE_SERVING);
    break;
  case DH_EVENT_EXIT:
    manager_case_exit (self);
    break;
  case DH_EVENT_OWNER_CHANGED:
    tell_error (self, cell, DH_ENGINE_DROPPED);
    break;
  case DH_EVENT_REMOVE:
    remove_it (self, cell->state);
    break;
  case DH_EVENT_UNDO:
    undo_it (self, cell->state);
    break;
  case DH_EVENT_ENGINE_FAILED:
    tell_error (self, cell, DH_ENGINE_FAILED);
    break;
  case DH_EVENT_CLIENT_GONE:
    dh_manager_note_client_left (self->manager, CASE_CLIENT);
    break;
  case DH_EVENT_STOP:
    manager_case_stop (self);
    break;
  }
  wait_for (20);
}

/* Only what is served is looked at for its owner: the engine says nothing of others. */
static gboolean
can_happen (const Cell *cell)
{
  if (cell->event == DH_EVENT_OWNER_CHANGED && !dh_target_state_is_enabled (cell->state))
    return FALSE;
  if (!cell->primary
      && (cell->event == DH_EVENT_ENABLE || cell->event == DH_EVENT_DISABLE
          || cell->state == DH_TARGET_EXITED))
    return FALSE;
  return cell->state != DH_TARGET_GONE;
}

static void
assert_signals (ManagerCase *self, const Cell *cell, guint effects)
{
  g_autoptr (GString) expected = g_string_new (NULL);

  if (effects & DH_EFFECT_TELL_EXIT)
    g_string_append (expected, "exited ");
  if (effects & DH_EFFECT_DROP)
    g_string_append (expected, "removed ");
  if ((effects & DH_EFFECT_TELL_EXIT) && cell->primary)
    g_string_append (expected, "primary-exited ");
  g_assert_cmpstr (self->signals->str, ==, expected->str);
}

static DhState
get_root_state (const Cell *cell, DhTargetState next)
{
  const gboolean is_primary = cell->primary || cell->event == DH_EVENT_SET;

  if (next == DH_TARGET_GONE || !is_primary)
    return cell->event == DH_EVENT_OWNER_CHANGED && cell->primary ? DH_STATE_FAILED
                                                                  : DH_STATE_DISABLED;
  return dh_state_of_target (next);
}

static void
assert_seen (ManagerCase *self, const Cell *cell, DhTransition transition)
{
  const gboolean served = dh_target_state_is_enabled (transition.next);
  const gboolean listed = transition.next != DH_TARGET_GONE && transition.next != DH_TARGET_EXITED;
  const DhTarget *target = manager_case_find (self);

  g_assert_cmpint (target != NULL, ==, listed);
  if (target)
    g_assert_cmpint (target->state, ==, transition.next);
  g_assert_cmpuint (dh_manager_get_active_targets (self->manager), ==, served ? 1 : 0);
  g_assert_cmpint (fake_engine_serves (self->engine, self->child->pid), ==, served);
  g_assert_cmpint (dh_manager_has_target (self->manager), ==, listed);
  g_assert_cmpstr (dh_state_to_string (dh_manager_get_state (self->manager)), ==,
                   dh_state_to_string (get_root_state (cell, transition.next)));
}

static void
test_cell (ManagerCase *self, gconstpointer data)
{
  const Cell *cell = data;
  const DhTransition transition = dh_target_state_handle (cell->state, cell->event);

  bring_into (self, cell);
  wait_for (20);
  g_string_truncate (self->signals, 0);
  let_happen (self, cell);
  assert_signals (self, cell, transition.effects);
  assert_seen (self, cell, transition);
}

static void
add_cell (DhTargetState state, DhTargetEvent event, gboolean primary)
{
  static Cell cells[DH_N_TARGET_STATES * DH_N_TARGET_EVENTS * 2];
  static guint n_cells;
  Cell *cell = &cells[n_cells];
  g_autofree char *path =
    g_strdup_printf ("/manager-targets/%s/%s/%s", dh_target_state_to_string (state),
                     dh_target_event_to_string (event), primary ? "primary" : "added");

  *cell = (Cell){ state, event, primary };
  if (!can_happen (cell))
    return;
  n_cells++;
  g_test_add (path, ManagerCase, cell, manager_case_set_up, test_cell, manager_case_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (DhTargetState state = 0; state < DH_N_TARGET_STATES; state++)
    for (DhTargetEvent event = 0; event < DH_N_TARGET_EVENTS; event++)
      for (guint primary = 0; primary <= 1; primary++)
        add_cell (state, event, primary);
  return g_test_run ();
}
