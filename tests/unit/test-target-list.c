/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "target-list.h"

#include "target-case.h"

#include <time.h>

#define N_TARGETS 4

typedef struct {
  DhTargetList *list;
  Child *children[N_TARGETS];
  DhTarget *targets[N_TARGETS]; /* ids 10, 20, … of the users 0, 1, 0, 1 */
} ListCase;

static void
set_up (ListCase *self, gconstpointer data)
{
  self->list = dh_target_list_new ();
  for (guint i = 0; i < N_TARGETS; i++) {
    self->children[i] = child_new (NULL);
    self->targets[i] = new_target (10 * (i + 1), self->children[i], i % 2);
    dh_target_list_add (self->list, self->targets[i]);
  }
}

static void
tear_down (ListCase *self, gconstpointer data)
{
  dh_target_list_free (self->list);
  for (guint i = 0; i < N_TARGETS; i++) {
    dh_target_unref (self->targets[i]);
    child_free (self->children[i]);
  }
}

static void
test_keeps_the_order (ListCase *self, gconstpointer data)
{
  static const guint left[] = { 0, 2, 3 };

  g_assert_cmpuint (dh_target_list_get_size (self->list), ==, N_TARGETS);
  for (guint i = 0; i < N_TARGETS; i++)
    g_assert_true (dh_target_list_get (self->list, i) == self->targets[i]);
  dh_target_list_remove (self->list, self->targets[1]);
  g_assert_cmpuint (dh_target_list_get_size (self->list), ==, G_N_ELEMENTS (left));
  for (guint i = 0; i < G_N_ELEMENTS (left); i++)
    g_assert_true (dh_target_list_get (self->list, i) == self->targets[left[i]]);
}

static void
test_finds_by_number (ListCase *self, gconstpointer data)
{
  g_assert_true (dh_target_list_find (self->list, 30) == self->targets[2]);
  g_assert_null (dh_target_list_find (self->list, 0));
  g_assert_null (dh_target_list_find (self->list, 31));
  dh_target_list_remove (self->list, self->targets[2]);
  g_assert_null (dh_target_list_find (self->list, 30));
}

/* However often it was opened. */
static void
test_finds_by_process (ListCase *self, gconstpointer data)
{
  g_autoptr (DhProcess) again = open_process (self->children[3]);
  g_autoptr (Child) stranger = child_new (NULL);
  g_autoptr (DhProcess) other = open_process (stranger);

  g_assert_true (dh_target_list_find_process (self->list, again) == self->targets[3]);
  g_assert_null (dh_target_list_find_process (self->list, other));
}

static void
test_counts_of_each_user (ListCase *self, gconstpointer data)
{
  dh_target_list_remove (self->list, self->targets[0]);
  g_assert_cmpuint (dh_target_list_count_of (self->list, 0), ==, 1);
  g_assert_cmpuint (dh_target_list_count_of (self->list, 1), ==, 2);
  g_assert_cmpuint (dh_target_list_count_of (self->list, 2), ==, 0);
}

static void
test_counts_what_is_served (ListCase *self, gconstpointer data)
{
  static const DhTargetState states[N_TARGETS] = { DH_TARGET_RUNNING, DH_TARGET_DISABLED,
                                                   DH_TARGET_STARTING, DH_TARGET_FAILED };

  g_assert_cmpuint (dh_target_list_count_enabled (self->list), ==, 0);
  for (guint i = 0; i < N_TARGETS; i++)
    self->targets[i]->state = states[i];
  g_assert_cmpuint (dh_target_list_count_enabled (self->list), ==, 2);
}

static guint64
boot_usec (void)
{
  struct timespec now;

  clock_gettime (CLOCK_BOOTTIME, &now);
  return (guint64) now.tv_sec * G_USEC_PER_SEC + (guint64) now.tv_nsec / 1000;
}

/* Not even by the next service of this boot, which knows nothing of the first. */
static void
test_numbers_never_come_again (void)
{
  const guint64 before = boot_usec ();
  g_autoptr (DhTargetList) first = dh_target_list_new ();
  const guint64 began = dh_target_list_next_id (first);
  g_autoptr (DhTargetList) next = NULL;
  guint64 last = began;

  g_assert_cmpuint (began, >=, before);
  g_assert_cmpuint (began, <=, boot_usec ());
  for (guint i = 0; i < 100; i++) {
    const guint64 id = dh_target_list_next_id (first);

    g_assert_cmpuint (id, ==, last + 1);
    last = id;
  }
  while (boot_usec () <= last)
    g_usleep (10);
  next = dh_target_list_new ();
  g_assert_cmpuint (dh_target_list_next_id (next), >, last);
}

static void
add (const char *path, void (*test) (ListCase *, gconstpointer))
{
  g_test_add (path, ListCase, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/target-list/keeps-the-order", test_keeps_the_order);
  add ("/target-list/finds-by-number", test_finds_by_number);
  add ("/target-list/finds-by-process", test_finds_by_process);
  add ("/target-list/counts-of-each-user", test_counts_of_each_user);
  add ("/target-list/counts-what-is-served", test_counts_what_is_served);
  g_test_add_func ("/target-list/numbers-never-come-again", test_numbers_never_come_again);

  return g_test_run ();
}
