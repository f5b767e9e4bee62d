/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "target-case.h"

#include "wait.h"

#define SECONDS 10

static void
test_begins_as_nobodys (void)
{
  g_autoptr (Child) child = child_new (NULL);
  g_autoptr (DhTarget) target = new_target (7, child, 1000);

  g_assert_cmpuint (target->id, ==, 7);
  g_assert_cmpuint (target->adder, ==, 1000);
  g_assert_cmpint (dh_process_get_pid (target->process), ==, child->pid);
  g_assert_cmpint (target->state, ==, DH_TARGET_GONE);
  g_assert_false (target->set || target->added);
  g_assert_false (dh_target_is_enabled (target));
}

/* What an event comes to is the table's business. */
static void
test_goes_by_the_table (void)
{
  static const DhTargetEvent events[] = { DH_EVENT_SET,     DH_EVENT_ENABLE,
                                          DH_EVENT_SERVING, DH_EVENT_UNDO,
                                          DH_EVENT_ENABLE,  DH_EVENT_ENGINE_FAILED,
                                          DH_EVENT_EXIT,    DH_EVENT_OWNER_CHANGED,
                                          DH_EVENT_REMOVE };
  g_autoptr (Child) child = child_new (NULL);
  g_autoptr (DhTarget) target = new_target (1, child, 0);

  for (guint i = 0; i < G_N_ELEMENTS (events); i++) {
    const DhTransition expected = dh_target_state_handle (target->state, events[i]);

    g_assert_cmpuint (dh_target_handle (target, events[i]), ==, expected.effects);
    g_assert_cmpint (target->state, ==, expected.next);
    g_assert_cmpint (dh_target_is_enabled (target), ==, dh_target_state_is_enabled (expected.next));
  }
  g_assert_cmpint (target->state, ==, DH_TARGET_GONE);
}

static void
test_has_a_process_until_it_has_exited (void)
{
  g_autoptr (Child) child = child_new (NULL);
  g_autoptr (DhTarget) target = new_target (1, child, 0);

  for (DhTargetState state = 0; state < DH_N_TARGET_STATES; state++) {
    target->state = state;
    g_assert_cmpint (dh_target_is_alive (target), ==, state != DH_TARGET_EXITED);
    g_assert_true (dh_target_get_live_process (target)
                   == (state != DH_TARGET_EXITED ? target->process : NULL));
  }
  g_assert_null (dh_target_get_live_process (NULL));
}

static void
count_exit (DhTarget *target, gpointer data)
{
  ++*(guint *) data;
}

static gboolean
is_told (gpointer data)
{
  return *(guint *) data > 0;
}

static void
test_tells_the_exit_once (void)
{
  g_autoptr (Child) child = child_new (NULL);
  g_autoptr (DhTarget) target = new_target (1, child, 0);
  guint exits = 0;

  dh_target_watch (target, count_exit, &exits);
  wait_for (50);
  g_assert_cmpuint (exits, ==, 0);
  /* A zombie has exited, whoever fetches its status. */
  child_kill (child);
  g_assert_true (wait_until (is_told, &exits, SECONDS));
  child_reap (child);
  wait_for (50);
  g_assert_cmpuint (exits, ==, 1);
}

/* Before the watch began. */
static void
test_tells_an_early_exit (void)
{
  g_autoptr (Child) child = child_new (NULL);
  g_autoptr (DhTarget) target = new_target (1, child, 0);
  guint exits = 0;

  child_reap (child);
  dh_target_watch (target, count_exit, &exits);
  g_assert_true (wait_until (is_told, &exits, SECONDS));
}

static void
test_is_silent_when_not_watched (gconstpointer data)
{
  const gboolean frees = GPOINTER_TO_INT (data);
  g_autoptr (Child) child = child_new (NULL);
  g_autoptr (DhTarget) target = new_target (1, child, 0);
  guint exits = 0;

  dh_target_watch (target, count_exit, &exits);
  if (frees)
    g_clear_pointer (&target, dh_target_unref);
  else
    dh_target_unwatch (target);
  child_kill (child);
  wait_for (100);
  g_assert_cmpuint (exits, ==, 0);
}

typedef struct {
  DhTarget *target;
  guint exits;
} LastHolder;

static void
let_go (DhTarget *target, gpointer data)
{
  LastHolder *holder = data;

  dh_target_unwatch (target);
  g_clear_pointer (&holder->target, dh_target_unref);
  holder->exits++;
  g_assert_cmpuint (target->id, ==, 5);
}

static gboolean
is_let_go (gpointer data)
{
  return ((LastHolder *) data)->exits > 0;
}

/* As the list of targets does when it is told. */
static void
test_may_be_let_go_when_told (void)
{
  g_autoptr (Child) child = child_new (NULL);
  LastHolder holder = { .target = new_target (5, child, 0) };

  dh_target_watch (holder.target, let_go, &holder);
  child_kill (child);
  g_assert_true (wait_until (is_let_go, &holder, SECONDS));
  wait_for (50);
  g_assert_cmpuint (holder.exits, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/target/begins-as-nobody's", test_begins_as_nobodys);
  g_test_add_func ("/target/goes-by-the-table", test_goes_by_the_table);
  g_test_add_func ("/target/has-a-process-until-it-has-exited",
                   test_has_a_process_until_it_has_exited);
  g_test_add_func ("/target/tells-the-exit-once", test_tells_the_exit_once);
  g_test_add_func ("/target/tells-an-early-exit", test_tells_an_early_exit);
  g_test_add_data_func ("/target/is-silent-when-not-watched", GINT_TO_POINTER (FALSE),
                        test_is_silent_when_not_watched);
  g_test_add_data_func ("/target/is-silent-when-freed", GINT_TO_POINTER (TRUE),
                        test_is_silent_when_not_watched);
  g_test_add_func ("/target/may-be-let-go-when-told", test_may_be_let_go_when_told);

  return g_test_run ();
}
