/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "turns.h"

#define ALICE 1000
#define BOB 1001
#define CAROL 1002

static void
note (gpointer user_data)
{
  ++*(guint *) user_data;
}

static void
test_so_many_of_a_user (void)
{
  DhTurns *turns = dh_turns_new (4, 2);
  guint begun[4] = { 0 };
  DhTurn *of_alice[3];
  DhTurn *of_bob;

  for (guint i = 0; i < 3; i++)
    of_alice[i] = dh_turns_wait (turns, ALICE, note, &begun[i]);
  of_bob = dh_turns_wait (turns, BOB, note, &begun[3]);
  g_assert_cmpuint (begun[0] + begun[1], ==, 2);
  g_assert_cmpuint (begun[2], ==, 0);
  g_assert_cmpuint (begun[3], ==, 1);
  dh_turn_end (of_bob);
  g_assert_cmpuint (begun[2], ==, 0);
  dh_turn_end (of_alice[1]);
  g_assert_cmpuint (begun[2], ==, 1);
  dh_turn_end (of_alice[0]);
  dh_turn_end (of_alice[2]);
  dh_turns_free (turns);
}

static void
test_so_many_in_all (void)
{
  DhTurns *turns = dh_turns_new (2, 2);
  guint begun[5] = { 0 };
  DhTurn *all[5];

  all[0] = dh_turns_wait (turns, ALICE, note, &begun[0]);
  all[1] = dh_turns_wait (turns, ALICE, note, &begun[1]);
  all[2] = dh_turns_wait (turns, ALICE, note, &begun[2]);
  all[3] = dh_turns_wait (turns, BOB, note, &begun[3]);
  all[4] = dh_turns_wait (turns, CAROL, note, &begun[4]);
  g_assert_cmpuint (begun[2] + begun[3] + begun[4], ==, 0);
  dh_turn_end (all[0]);
  g_assert_cmpuint (begun[2], ==, 1);
  dh_turn_end (all[1]);
  g_assert_cmpuint (begun[3], ==, 1);
  g_assert_cmpuint (begun[4], ==, 0);
  dh_turn_end (all[3]);
  g_assert_cmpuint (begun[4], ==, 1);
  dh_turn_end (all[2]);
  dh_turn_end (all[4]);
  dh_turns_free (turns);
}

static void
test_gives_up (void)
{
  DhTurns *turns = dh_turns_new (1, 1);
  guint begun[3] = { 0 };
  DhTurn *first = dh_turns_wait (turns, ALICE, note, &begun[0]);
  DhTurn *second = dh_turns_wait (turns, BOB, note, &begun[1]);
  DhTurn *third = dh_turns_wait (turns, CAROL, note, &begun[2]);

  dh_turn_end (second);
  dh_turn_end (first);
  g_assert_cmpuint (begun[1], ==, 0);
  g_assert_cmpuint (begun[2], ==, 1);
  dh_turn_end (third);
  dh_turns_free (turns);
}

static void
end (gpointer user_data)
{
  DhTurn **turn = user_data;

  g_clear_pointer (turn, dh_turn_end);
}

/* One that begins ends another, which lets a third begin. */
static void
test_ends_within (void)
{
  DhTurns *turns = dh_turns_new (2, 2);
  guint begun[3] = { 0 };
  DhTurn *first = dh_turns_wait (turns, ALICE, note, &begun[0]);
  DhTurn *second = dh_turns_wait (turns, ALICE, note, &begun[1]);
  DhTurn *third = dh_turns_wait (turns, BOB, end, &first);
  DhTurn *fourth = dh_turns_wait (turns, BOB, note, &begun[2]);

  dh_turn_end (second);
  g_assert_null (first);
  g_assert_cmpuint (begun[2], ==, 1);
  dh_turn_end (third);
  dh_turn_end (fourth);
  dh_turns_free (turns);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/turns/so-many-of-a-user", test_so_many_of_a_user);
  g_test_add_func ("/turns/so-many-in-all-first-come-first-served", test_so_many_in_all);
  g_test_add_func ("/turns/one-who-waits-may-give-up", test_gives_up);
  g_test_add_func ("/turns/one-that-begins-may-end-another", test_ends_within);
  return g_test_run ();
}
