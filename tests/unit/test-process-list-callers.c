/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "process-list.h"

#include "error.h"
#include "fake-root.h"
#include "process-list-case.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* Who asks when, and how often the processes are looked at for it. */

#define SECONDS 20

/* A /proc of our own with one process in it, whose name is a pipe: he who reads it waits until the
 * test lets him go on. */
typedef struct {
  FakeRoot root;
  Child *child;
  char *pipe;
  DhProcessList *list;
} Fixture;

static gint64 now;

static gint64
get_now (void)
{
  return now;
}

static void
set_up (Fixture *self, gconstpointer data)
{
  fake_root_set_up (&self->root, data);
  self->child = child_new (NULL);
  fake_root_add_process (&self->root, self->child->pid);
  self->pipe = g_strdup_printf ("%s/proc/%d/comm", self->root.path, self->child->pid);
  self->list = dh_process_list_new (self->root.path);
  now = 1000;
  dh_process_list_set_clock (self->list, get_now);
}

static void
set_up_pipe (Fixture *self, gconstpointer data)
{
  set_up (self, data);
  g_assert_no_errno (unlink (self->pipe));
  g_assert_no_errno (mkfifo (self->pipe, 0600));
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_clear_object (&self->list);
  child_free (self->child);
  g_free (self->pipe);
  fake_root_tear_down (&self->root, data);
}

/* Waits until the thread is at the name. Returns: the other end. */
static int
stop_thread (Fixture *self)
{
  const gint64 end = g_get_monotonic_time () + SECONDS * G_USEC_PER_SEC;
  int fd;

  while ((fd = open (self->pipe, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0) {
    g_assert_cmpint (errno, ==, ENXIO);
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_usleep (1000);
  }
  return fd;
}

static void
let_thread_go (int fd)
{
  g_assert_cmpint (write (fd, "name\n", 5), ==, 5);
  g_assert_no_errno (close (fd));
}

static void
iterate (guint times)
{
  for (guint i = 0; i < times; i++)
    g_main_context_iteration (NULL, FALSE);
}

static void
assert_listed (Fixture *self, const Caller *caller)
{
  const DhListedProcess *listed = caller_find (caller, self->child->pid);

  g_assert_nonnull (listed);
  g_assert_cmpstr (listed->name, ==, "name");
}

static void
test_all_have_one_result (Fixture *self, gconstpointer data)
{
  g_autofree Caller *callers = g_new0 (Caller, 10000);
  int fd;

  for (guint i = 0; i < 9000; i++)
    caller_ask (&callers[i], self->list);
  fd = stop_thread (self);
  /* However long it takes. */
  now += 10 * DH_PROCESS_LIST_USEC;
  for (guint i = 9000; i < 9999; i++)
    caller_ask (&callers[i], self->list);
  let_thread_go (fd);
  caller_wait (&callers[0]);
  caller_ask (&callers[9999], self->list);
  for (guint i = 0; i < 10000; i++) {
    caller_wait (&callers[i]);
    g_assert_true (callers[i].list == callers[0].list);
  }
  assert_listed (self, &callers[0]);
  for (guint i = 0; i < 10000; i++)
    caller_clear (&callers[i]);
}

static void
test_a_result_is_good_for_a_while (Fixture *self, gconstpointer data)
{
  static const struct {
    gint64 after;
    gboolean same;
  } rows[] = { { 0, TRUE },
               { 1, TRUE },
               { DH_PROCESS_LIST_USEC - 1, TRUE },
               { DH_PROCESS_LIST_USEC, FALSE },
               { 10 * DH_PROCESS_LIST_USEC, FALSE } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_auto (Caller) first = { 0 }, next = { 0 };

    now += 10 * DH_PROCESS_LIST_USEC;
    caller_get (&first, self->list);
    now += rows[i].after;
    caller_get (&next, self->list);
    g_assert_cmpint (next.list == first.list, ==, rows[i].same);
  }
}

static void
test_a_failure_lasts_as_long (Fixture *self, gconstpointer data)
{
  g_autofree char *proc = g_build_filename (self->root.path, "proc", NULL);
  g_autofree char *hidden = g_build_filename (self->root.path, "hidden", NULL);
  g_auto (Caller) caller = { 0 };

  g_assert_no_errno (rename (proc, hidden));
  caller_get (&caller, self->list);
  g_assert_error (caller.error, DH_ERROR, DH_ERROR_NOT_AVAILABLE);
  g_assert_no_errno (rename (hidden, proc));
  now += DH_PROCESS_LIST_USEC - 1;
  caller_get (&caller, self->list);
  g_assert_error (caller.error, DH_ERROR, DH_ERROR_NOT_AVAILABLE);
  g_assert_no_errno (rename (proc, hidden));
  now++;
  caller_get (&caller, self->list);
  g_assert_error (caller.error, DH_ERROR, DH_ERROR_NOT_AVAILABLE);
  g_assert_no_errno (rename (hidden, proc));
  now += DH_PROCESS_LIST_USEC;
  caller_get (&caller, self->list);
  g_assert_nonnull (caller_find (&caller, self->child->pid));
}

static void
return_at_once (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_boolean (task, TRUE);
}

static void
on_returned (GObject *source, GAsyncResult *result, gpointer data)
{
  *(gboolean *) data = TRUE;
}

/* As many ask as there could be threads, and one of them is at work. */
static void
test_a_process_that_blocks_holds_up_nobody_else (Fixture *self, gconstpointer data)
{
  Caller callers[100] = { 0 };
  g_autoptr (GTask) task = NULL;
  gboolean returned = FALSE;
  int fd;

  for (guint i = 0; i < G_N_ELEMENTS (callers); i++)
    caller_ask (&callers[i], self->list);
  fd = stop_thread (self);
  task = g_task_new (NULL, NULL, on_returned, &returned);
  g_task_run_in_thread (task, return_at_once);
  while (!returned)
    iterate (1);
  iterate (1000);
  for (guint i = 0; i < G_N_ELEMENTS (callers); i++)
    g_assert_false (callers[i].done);
  let_thread_go (fd);
  caller_wait (&callers[0]);
  for (guint i = 0; i < G_N_ELEMENTS (callers); i++) {
    caller_wait (&callers[i]);
    caller_clear (&callers[i]);
  }
}

static void
test_who_cancels_is_told_at_once (Fixture *self, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Caller) patient = { 0 }, cancelling = { 0 }, late = { 0 };
  int fd;

  dh_process_list_read_async (self->list, cancellable, caller_on_read, &cancelling);
  caller_ask (&patient, self->list);
  fd = stop_thread (self);
  g_cancellable_cancel (cancellable);
  caller_wait (&cancelling);
  g_assert_error (cancelling.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  dh_process_list_read_async (self->list, cancellable, caller_on_read, &late);
  caller_wait (&late);
  g_assert_error (late.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (patient.done);
  let_thread_go (fd);
  caller_wait (&patient);
  assert_listed (self, &patient);
}

/* What was found for those who left is there for the next. */
static void
test_goes_on_when_all_have_cancelled (Fixture *self, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Caller) cancelling = { 0 }, next = { 0 };
  int fd;

  dh_process_list_read_async (self->list, cancellable, caller_on_read, &cancelling);
  fd = stop_thread (self);
  g_cancellable_cancel (cancellable);
  caller_wait (&cancelling);
  caller_ask (&next, self->list);
  let_thread_go (fd);
  caller_wait (&next);
  assert_listed (self, &next);
}

static void
test_a_cancellable_outlives_the_answer (Fixture *self, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Caller) caller = { 0 };

  dh_process_list_read_async (self->list, cancellable, caller_on_read, &caller);
  caller_wait (&caller);
  g_assert_nonnull (caller_find (&caller, self->child->pid));
  g_cancellable_cancel (cancellable);
  iterate (100);
}

static void
test_answers_after_the_last_reference_is_gone (Fixture *self, gconstpointer data)
{
  g_auto (Caller) caller = { 0 };
  gpointer list = self->list;
  int fd;

  g_object_add_weak_pointer (G_OBJECT (self->list), &list);
  caller_ask (&caller, self->list);
  fd = stop_thread (self);
  g_clear_object (&self->list);
  let_thread_go (fd);
  caller_wait (&caller);
  assert_listed (self, &caller);
  g_assert_null (list);
}

static void
test_who_dies_meanwhile_is_left_out (Fixture *self, gconstpointer data)
{
  g_auto (Caller) caller = { 0 };
  int fd;

  caller_ask (&caller, self->list);
  fd = stop_thread (self);
  child_kill (self->child);
  let_thread_go (fd);
  caller_wait (&caller);
  g_assert_no_error (caller.error);
  g_assert_cmpuint (caller.list->len, ==, 0);
}

static void
test_who_becomes_somebody_elses_meanwhile_is_left_out (Fixture *self, gconstpointer data)
{
  g_autofree char *name = g_strdup_printf ("proc/%d/status", self->child->pid);
  g_auto (Caller) caller = { 0 };
  g_autofree char *status = g_strdup_printf (
    "Tgid:\t%d\nUid:\t7\t7\t7\t7\nGid:\t7\t7\t7\t7\nCapPrm:\t0\nRssAnon:\t100 kB\n",
    self->child->pid);
  int fd;

  caller_ask (&caller, self->list);
  fd = stop_thread (self);
  fake_root_add_file (&self->root, name, status);
  let_thread_go (fd);
  caller_wait (&caller);
  g_assert_no_error (caller.error);
  g_assert_cmpuint (caller.list->len, ==, 0);
}

#define ADD_WITH(name, set_up, function)                                                           \
  g_test_add ("/process-list-callers/" name, Fixture, NULL, set_up, function, tear_down)
#define ADD(name, function) ADD_WITH (name, set_up, function)
#define ADD_PIPE(name, function) ADD_WITH (name, set_up_pipe, function)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD_PIPE ("all-have-one-result", test_all_have_one_result);
  ADD ("a-result-is-good-for-a-while", test_a_result_is_good_for_a_while);
  ADD ("a-failure-lasts-as-long", test_a_failure_lasts_as_long);
  ADD_PIPE ("a-process-that-blocks-holds-up-nobody-else",
            test_a_process_that_blocks_holds_up_nobody_else);
  ADD_PIPE ("who-cancels-is-told-at-once", test_who_cancels_is_told_at_once);
  ADD_PIPE ("goes-on-when-all-have-cancelled", test_goes_on_when_all_have_cancelled);
  ADD ("a-cancellable-outlives-the-answer", test_a_cancellable_outlives_the_answer);
  ADD_PIPE ("answers-after-the-last-reference-is-gone",
            test_answers_after_the_last_reference_is_gone);
  ADD_PIPE ("who-dies-meanwhile-is-left-out", test_who_dies_meanwhile_is_left_out);
  ADD_PIPE ("who-becomes-somebody-elses-meanwhile-is-left-out",
            test_who_becomes_somebody_elses_meanwhile_is_left_out);
  return g_test_run ();
}
