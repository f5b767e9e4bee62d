/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "signal-tape.h"
#include "starvation.h"
#include "target-objects.h"
#include "target-state.h"
#include "targets.h"

#include <signal.h>
#include <string.h>

/* The table of states as clients see it: what can be brought about from outside. The rest, and
 * what happens while a target is starting, is the unit tests' of the manager. */

#define WAIT_SECONDS 10

/* One machine for all cells. */
static Fixture machine;

typedef struct {
  DhTargetState state;
  DhTargetEvent event;
  gboolean primary;
} Cell;

/* The target of a cell: bound to a client of its own. */
typedef struct {
  const Cell *cell;
  GDBusConnection *client;
  Child *process;
  guint32 pid;
  char *path;
  SignalTape *tape;
} Subject;

static gboolean
is_failed (gpointer data)
{
  const Subject *self = data;

  return strstr (self->tape->text->str, "failed ") != NULL;
}

/* The engine cannot look at its process any more. */
static void
let_engine_fail (Subject *self)
{
  g_assert_true (fixture_service_starve_until (&machine, is_failed, self, WAIT_SECONDS));
}

static void
set_on_root (const char *name, GVariant *value)
{
  g_autoptr (GError) error = NULL;

  set_property (machine.connection, name, value, CALL_PLAIN, &error);
  g_assert_no_error (error);
}

static void
undo (Subject *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
    call_target (machine.connection, self->path, "Undo", NULL, CALL_PLAIN, &error);

  g_assert_no_error (error);
  g_assert_true (g_variant_is_of_type (reply, G_VARIANT_TYPE ("(tt)")));
}

static void
bring_into (Subject *self)
{
  const DhTargetState state = self->cell->state;

  self->path =
    added_target (self->client, self->pid,
                  self->cell->primary ? "{'primary': <true>, 'bind': <true>}" : "{'bind': <true>}");
  assert_target_eventually (machine.connection, self->path, "State", "'running'", WAIT_SECONDS);
  if (state == DH_TARGET_DISABLED)
    undo (self);
  else if (state == DH_TARGET_FAILED)
    let_engine_fail (self);
  else if (state == DH_TARGET_EXITED || state == DH_TARGET_GONE)
    child_signal (self->process, SIGKILL);
  if (state == DH_TARGET_EXITED || state == DH_TARGET_GONE)
    assert_target_gone (machine.connection, self->path, WAIT_SECONDS);
  if (state == DH_TARGET_GONE)
    set_on_root ("Pid", g_variant_new_uint32 (0));
}

static void
subject_set_up (Subject *self, gconstpointer data)
{
  g_autofree char *program = fixture_install_privileged (&machine, PRIVILEGE_SETUID);
  g_autofree char *become = g_strconcat ("--become=", program, NULL);

  self->cell = data;
  self->client = fixture_connection_as (&machine, "root");
  self->process = fixture_poser_as (&machine, "alice", &self->pid, become, NULL);
  self->tape = signal_tape_new (machine.connection);
  bring_into (self);
  signal_tape_rewind (self->tape);
}

static void
subject_tear_down (Subject *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  signal_tape_free (self->tape);
  g_dbus_connection_close_sync (self->client, NULL, NULL);
  g_object_unref (self->client);
  set_on_root ("Pid", g_variant_new_uint32 (0));
  assert_target_gone (machine.connection, self->path, WAIT_SECONDS);
  if (!child_has_exited (self->process))
    child_signal (self->process, SIGKILL);
  g_assert_true (child_wait (self->process, WAIT_SECONDS, NULL));
  g_free (self->path);
}

/* @error_name: NULL: it succeeds. */
static void
assert_set (const char *name, GVariant *value, const char *error_name)
{
  g_autoptr (GError) error = NULL;
  gboolean set = set_property (machine.connection, name, value, CALL_PLAIN, &error);

  if (error_name != NULL)
    assert_error_name (error, error_name);
  g_assert_no_error (error);
  g_assert_cmpint (set, ==, error_name == NULL);
}

static void
let_remove (Subject *self, gboolean there)
{
  g_autoptr (GError) error = NULL;
  gboolean removed = remove_target (machine.connection, self->path, &error);

  if (!there)
    assert_error_name (error, SERVICE_ERROR "UnknownTarget");
  g_assert_no_error (error);
  g_assert_cmpint (removed, ==, there);
  /* What has exited is removed from the root alone. */
  if (self->cell->state == DH_TARGET_EXITED)
    set_on_root ("Pid", g_variant_new_uint32 (0));
}

static void
let_undo (Subject *self, gboolean there)
{
  g_autoptr (GError) error = NULL;

  if (there) {
    undo (self);
    return;
  }
  call_target (machine.connection, self->path, "Undo", NULL, CALL_PLAIN, &error);
  assert_error_name (error, BUS_ERROR "UnknownMethod");
}

static void
let_happen (Subject *self)
{
  const DhTargetState state = self->cell->state;
  const gboolean there = state != DH_TARGET_GONE && state != DH_TARGET_EXITED;

  switch (self->cell->event) {
  case DH_EVENT_SET:
    assert_set ("Pid", g_variant_new_uint32 (self->pid),
                there ? NULL : SERVICE_ERROR "NoSuchProcess");
    break;
  case DH_EVENT_ENABLE:
    assert_set ("Enabled", g_variant_new_boolean (TRUE),
                there                       ? NULL
                : state == DH_TARGET_EXITED ? SERVICE_ERROR "ProcessExited"
                                            : SERVICE_ERROR "NoSuchProcess");
    break;
  case DH_EVENT_DISABLE:
    assert_set ("Enabled", g_variant_new_boolean (FALSE), NULL);
    break;
  case DH_EVENT_EXIT:
    child_signal (self->process, SIGKILL);
    break;
  case DH_EVENT_OWNER_CHANGED:
    child_signal (self->process, SIGUSR1);
    break;
  case DH_EVENT_REMOVE:
    let_remove (self, there);
    break;
  case DH_EVENT_UNDO:
    let_undo (self, there);
    break;
  case DH_EVENT_ENGINE_FAILED:
    let_engine_fail (self);
    break;
  case DH_EVENT_CLIENT_GONE:
    g_dbus_connection_close_sync (self->client, NULL, NULL);
    break;
  default:
    g_assert_not_reached ();
  }
}

static gboolean
can_be_brought_about (const Cell *cell)
{
  const gboolean served = dh_target_state_is_enabled (cell->state);
  const gboolean there = cell->state != DH_TARGET_GONE && cell->state != DH_TARGET_EXITED;

  switch (cell->event) {
  case DH_EVENT_SERVING:
    return FALSE;
  case DH_EVENT_STOP:
    return FALSE; /* has a test of its own */
  case DH_EVENT_OWNER_CHANGED:
  case DH_EVENT_ENGINE_FAILED:
    return served;
  case DH_EVENT_EXIT:
    return there;
  case DH_EVENT_ENABLE:
  case DH_EVENT_DISABLE:
    return cell->primary;
  default:
    /* Of one that has exited nothing is left but the primary's number. */
    return there || cell->primary;
  }
}

/* As the primary shows it. Nobody is told Exited of one that lives. */
static const char *
get_root_state (const Cell *cell, DhTargetState next, gboolean is_primary)
{
  if (next != DH_TARGET_GONE)
    return is_primary ? dh_target_state_to_string (next) : "disabled";
  return cell->primary && cell->event == DH_EVENT_OWNER_CHANGED ? "failed" : "disabled";
}

/* Returns: (transfer full) */
static char *
get_expected_tape (const Cell *cell, DhTransition transition, DhTargetState next,
                   const char *root_before, const char *root_after)
{
  g_autoptr (GString) tape = g_string_new (NULL);

  if (transition.effects & DH_EFFECT_TELL_EXIT)
    g_string_append (tape, "target-exited Exited ");
  else if (next != cell->state && next != DH_TARGET_GONE)
    g_string_append_printf (tape, "%s ", dh_target_state_to_string (next));
  if (transition.effects & DH_EFFECT_DROP)
    g_string_append (tape, "InterfacesRemoved ");
  if (!g_str_equal (root_before, root_after))
    g_string_append_printf (tape, "root:%s ", root_after);
  if (cell->primary && (transition.effects & DH_EFFECT_TELL_EXIT))
    g_string_append (tape, "TargetExited ");
  return g_string_free (g_steal_pointer (&tape), FALSE);
}

/* Which of the files it opens is the first that it cannot, is chance. */
#define ANY_FAILURE "LimitExceeded KernelRejected"

static void
assert_last_error (const char *names)
{
  g_auto (GStrv) allowed = g_strsplit (names, " ", -1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = get_property (machine.connection, "LastError", &error);
  const char *name;

  g_assert_no_error (error);
  name = g_variant_get_string (value, NULL);
  if (g_str_has_prefix (name, SERVICE_ERROR))
    name += strlen (SERVICE_ERROR);
  if (*names == '\0')
    g_assert_cmpstr (name, ==, "");
  else if (!g_strv_contains ((const char *const *) allowed, name))
    g_error ("LastError is %s, not one of %s", name, names);
}

static void
assert_root (const char *state, guint32 pid, guint32 active, const char *last_errors)
{
  assert_property (machine.connection, "State", g_variant_new_string (state));
  assert_property (machine.connection, "Enabled",
                   g_variant_new_boolean (g_str_equal (state, "running")));
  assert_property (machine.connection, "Pid", g_variant_new_uint32 (pid));
  assert_property (machine.connection, "ActiveTargets", g_variant_new_uint32 (active));
  assert_last_error (last_errors);
}

/* What ended serving the primary, until Pid or Enabled says anew what is to become of it. */
static const char *
get_last_errors (const Cell *cell, DhTargetState next)
{
  const gboolean said_anew = cell->event == DH_EVENT_SET || cell->event == DH_EVENT_ENABLE
                             || cell->event == DH_EVENT_DISABLE;

  if (!cell->primary)
    return "";
  if (cell->event == DH_EVENT_OWNER_CHANGED)
    return "ProcessNotPermitted";
  if (next == DH_TARGET_GONE || said_anew)
    return "";
  return cell->state == DH_TARGET_FAILED || cell->event == DH_EVENT_ENGINE_FAILED ? ANY_FAILURE
                                                                                  : "";
}

static void
test_cell (Subject *self, gconstpointer data)
{
  const Cell *cell = data;
  const DhTransition transition = dh_target_state_handle (cell->state, cell->event);
  const gboolean is_primary =
    cell->state != DH_TARGET_GONE && (cell->primary || cell->event == DH_EVENT_SET);
  /* That the engine begins to work follows by itself. */
  const DhTargetState next =
    transition.next == DH_TARGET_STARTING ? DH_TARGET_RUNNING : transition.next;
  const char *before = cell->primary && cell->state != DH_TARGET_GONE
                         ? dh_target_state_to_string (cell->state)
                         : "disabled";
  const char *after = get_root_state (cell, next, is_primary);
  const gboolean there = next != DH_TARGET_GONE && next != DH_TARGET_EXITED;
  g_autofree char *tape = NULL, *state = NULL;

  /* No process is set again once it has gone. */
  if (cell->state == DH_TARGET_GONE) {
    let_happen (self);
    assert_tape (self->tape, "", 0);
    assert_root ("disabled", 0, 0, "");
    return;
  }
  tape = get_expected_tape (cell, transition, next, before, after);
  let_happen (self);
  assert_tape (self->tape, tape, WAIT_SECONDS);
  assert_root (after, is_primary && next != DH_TARGET_GONE ? self->pid : 0,
               next == DH_TARGET_RUNNING ? 1 : 0, get_last_errors (cell, next));
  g_assert_cmpuint (count_targets (machine.connection), ==, there ? 1 : 0);
  state = g_strdup_printf ("'%s'", dh_target_state_to_string (next));
  if (there)
    assert_target (machine.connection, self->path, "State", state);
}

static void
add_cell (DhTargetState state, DhTargetEvent event, gboolean primary)
{
  static Cell cells[DH_N_TARGET_STATES * DH_N_TARGET_EVENTS * 2];
  static guint n_cells;
  Cell *cell = &cells[n_cells];
  g_autofree char *path =
    g_strdup_printf ("/targets-states/%s-%s-%s", dh_target_state_to_string (state),
                     dh_target_event_to_string (event), primary ? "primary" : "added");

  *cell = (Cell){ state, event, primary };
  if (!can_be_brought_about (cell))
    return;
  n_cells++;
  g_test_add (path, Subject, cell, subject_set_up, test_cell, subject_tear_down);
}

static void
tear_down (void)
{
  fixture_tear_down (&machine, NULL);
}

int
main (int argc, char **argv)
{
  static const DhTargetState states[] = { DH_TARGET_GONE, DH_TARGET_DISABLED, DH_TARGET_RUNNING,
                                          DH_TARGET_FAILED, DH_TARGET_EXITED };

  g_test_init (&argc, &argv, NULL);
  fixture_set_up_own (&machine, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    for (DhTargetEvent event = 0; event < DH_N_TARGET_EVENTS; event++)
      for (guint primary = 0; primary <= 1; primary++)
        add_cell (states[i], event, primary);
  g_test_add_func ("/targets-states/service-ends-in-order", tear_down);
  return g_test_run ();
}
