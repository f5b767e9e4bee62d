/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "targets.h"

#include "child.h"
#include "failure.h"

#include <fcntl.h>

static void
test_words (void)
{
  static const struct {
    const char *word;
    const char *path; /* or NULL */
    guint32 pid;
  } rows[] = {
    { "4711", NULL, 4711 },
    { "0", NULL, 0 },
    { "4294967295", NULL, G_MAXUINT32 },
    { "t1", "/org/damon/Hugepage/targets/t1", 0 },
    { "t18446744073709551615", "/org/damon/Hugepage/targets/t18446744073709551615", 0 },
    { "/org/damon/Hugepage/targets/t7", "/org/damon/Hugepage/targets/t7", 0 },
    { "/elsewhere", "/elsewhere", 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *path = NULL;
    guint32 pid;

    g_assert_true (hctl_target_parse_word (rows[i].word, &path, &pid, &error));
    g_assert_no_error (error);
    g_assert_cmpstr (path, ==, rows[i].path);
    g_assert_cmpuint (pid, ==, rows[i].pid);
  }
}

static void
test_nonsense (void)
{
  static const char *const words[] = { "",     " 1",   "-1",         "+1",    "1.5",
                                       "0x10", "self", "4294967296", "t 1",   "t1/../t2",
                                       "t-1",  "/t/",  "T1",         "t\xff", "//t1" };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++) {
    g_autoptr (GError) error = NULL;
    char *path;
    guint32 pid;

    g_assert_false (hctl_target_parse_word (words[i], &path, &pid, &error));
    g_assert_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
    g_assert_null (path);
  }
}

static void
test_the_word_of_a_path (void)
{
  g_assert_cmpstr (hctl_target_get_word ("/org/damon/Hugepage/targets/t12"), ==, "t12");
  g_assert_cmpstr (hctl_target_get_word ("t12"), ==, "t12");
}

static void
test_options (void)
{
  static const struct {
    HctlOptions options;
    gboolean bind;
    const char *value;
  } rows[] = {
    { { 0 }, FALSE, "@a{sv} {}" },
    { { 0 }, TRUE, "{'bind': <true>}" },
    { { .primary = TRUE }, FALSE, "{'primary': <true>}" },
    { { .ratio = (char *) "50%" }, FALSE, "{'ratio': <@u 5000>}" },
    { { .ratio = (char *) "0" }, FALSE, "{'ratio': <@u 0>}" },
    { { .feedback = (char *) "90.5%" }, FALSE, "{'feedback': <@u 9050>}" },
    { { .reason = (char *) "nightly “batch”" }, FALSE, "{'reason': <'nightly “batch”'>}" },
    { { .reason = (char *) "" }, FALSE, "{'reason': <''>}" },
    { { .application_id = (char *) "org.x.Y" }, FALSE, "{'application-id': <'org.x.Y'>}" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) value = hctl_target_make_options (&rows[i].options, rows[i].bind, &error);
    g_autoptr (GVariant) wanted = NULL;

    g_assert_no_error (error);
    wanted = g_variant_parse (G_VARIANT_TYPE_VARDICT, rows[i].value, NULL, NULL, &error);
    g_assert_no_error (error);
    g_assert_cmpvariant (value, wanted);
  }
}

static void
test_wrong_options (void)
{
  static const HctlOptions rows[] = { { .ratio = (char *) "much" },
                                      { .ratio = (char *) "-1" },
                                      { .ratio = (char *) "4294967296" },
                                      { .feedback = (char *) "" } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (hctl_target_make_options (&rows[i], FALSE, &error));
    g_assert_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
  }
}

static void
test_list (void)
{
  static const char notation[] =
    "@a{oa{sa{sv}}} {"
    "'/org/damon/Hugepage/targets/t10': {'org.damon.Hugepage1.Target': {'Pid': <@u 3>}},"
    "'/org/damon/Hugepage/other': {'org.damon.Hugepage1.Other': {'Pid': <@u 4>}},"
    "'/org/damon/Hugepage/targets/t2': {'org.damon.Hugepage1.Target':"
    "  {'Pid': <@u 2>, 'Primary': <true>}, 'org.damon.Hugepage1.Other': {}},"
    "'/org/damon/Hugepage/targets/t1': {'org.damon.Hugepage1.Target': {'Pid': <'x'>}}}";
  static const struct {
    const char *word;
    guint32 pid;
    gboolean primary;
  } rows[] = { { "t1", 0, FALSE }, { "t2", 2, TRUE }, { "t10", 3, FALSE } };
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) objects = g_variant_parse (NULL, notation, NULL, NULL, &error);
  g_autoptr (GPtrArray) targets = NULL;

  g_assert_no_error (error);
  targets = hctl_targets_parse (objects);
  g_assert_cmpuint (targets->len, ==, G_N_ELEMENTS (rows));
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    const HctlTarget *target = targets->pdata[i];

    g_assert_cmpstr (hctl_target_get_word (target->path), ==, rows[i].word);
    g_assert_cmpuint (target->pid, ==, rows[i].pid);
    g_assert_cmpint (target->primary, ==, rows[i].primary);
  }
}

/* Whether @error reads as the service's own would. */
static void
assert_remote (const GError *error, const char *name, int exit_code)
{
  g_assert_true (hctl_failure_is (error, name));
  g_assert_cmpint (hctl_failure_get_exit_code (error), ==, exit_code);
}

static void
test_pidfd (void)
{
  g_autoptr (GError) error = NULL;
  int pidfd;

  g_assert_true (hctl_target_open_pidfd ((guint32) getpid (), &pidfd, &error));
  g_assert_no_error (error);
  g_assert_cmpint (pidfd, >=, 0);
  g_assert_cmpint (fcntl (pidfd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
  close (pidfd);
}

static void
test_no_pidfd (void)
{
  static const guint32 never[] = { 0, (guint32) G_MAXINT32 + 1, G_MAXUINT32 };
  g_autoptr (Child) child = child_new (NULL);
  g_autoptr (GError) error = NULL;
  int pidfd;

  for (gsize i = 0; i < G_N_ELEMENTS (never); i++) {
    g_assert_false (hctl_target_open_pidfd (never[i], &pidfd, &error));
    assert_remote (error, HCTL_ERROR_NO_SUCH_PROCESS, HCTL_EXIT_NO_PROCESS);
    g_clear_error (&error);
  }

  child_reap (child);
  g_assert_false (hctl_target_open_pidfd ((guint32) child->pid, &pidfd, &error));
  assert_remote (error, HCTL_ERROR_NO_SUCH_PROCESS, HCTL_EXIT_NO_PROCESS);
  g_assert_cmpint (pidfd, ==, -1);
}

static gpointer
try_own_thread (gpointer data)
{
  GError *error = NULL;
  int pidfd;

  g_assert_false (hctl_target_open_pidfd ((guint32) gettid (), &pidfd, &error));
  return error;
}

static void
test_a_thread_is_no_process (void)
{
  g_autoptr (GError) error = g_thread_join (g_thread_new ("thread", try_own_thread, NULL));

  assert_remote (error, HCTL_ERROR_PROCESS_NOT_PERMITTED, HCTL_EXIT_FAILED);
}

static void
test_a_target_that_is_gone (void)
{
  static const char *const names[] = { "UnknownMethod", "UnknownObject", "UnknownInterface" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *name = g_strconcat ("org.freedesktop.DBus.Error.", names[i], NULL);
    g_autoptr (GError) error = g_dbus_error_new_for_dbus_error (name, "It is so");

    hctl_target_interpret_error ("/org/damon/Hugepage/targets/t3", &error);
    assert_remote (error, HCTL_ERROR_UNKNOWN_TARGET, HCTL_EXIT_NO_PROCESS);
    g_assert_nonnull (strstr (error->message, "t3 is no target any more"));
  }
}

static void
test_other_errors_stay (void)
{
  g_autoptr (GError) error =
    g_dbus_error_new_for_dbus_error ("org.freedesktop.DBus.Error.AccessDenied", "It is so");

  hctl_target_interpret_error ("/org/damon/Hugepage/targets/t3", &error);
  assert_remote (error, "org.freedesktop.DBus.Error.AccessDenied", HCTL_EXIT_DENIED);
  hctl_target_interpret_error ("/org/damon/Hugepage/targets/t3", NULL);
}

static void
test_the_call_that_adds (void)
{
  g_autoptr (GVariant) options = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  HctlCall by_number = hctl_target_describe_add (4711, -1, options);
  HctlCall by_pidfd = hctl_target_describe_add (4711, 0, options);
  g_autoptr (GVariant) first = g_variant_ref_sink (by_number.parameters);
  g_autoptr (GVariant) second = g_variant_ref_sink (by_pidfd.parameters);

  g_assert_cmpstr (by_number.method, ==, "AddTargetByPid");
  g_assert_cmpstr (g_variant_get_type_string (first), ==, "(ua{sv})");
  g_assert_null (by_number.fds);
  g_assert_cmpstr (by_pidfd.method, ==, "AddTarget");
  g_assert_cmpstr (g_variant_get_type_string (second), ==, "(ha{sv})");
  g_assert_cmpint (g_unix_fd_list_get_length (by_pidfd.fds), ==, 1);
  g_object_unref (by_pidfd.fds);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/targets/words", test_words);
  g_test_add_func ("/targets/nonsense", test_nonsense);
  g_test_add_func ("/targets/the-word-of-a-path", test_the_word_of_a_path);
  g_test_add_func ("/targets/in-the-order-in-which-they-came", test_list);
  g_test_add_func ("/targets/options-of-a-new-one", test_options);
  g_test_add_func ("/targets/wrong-options-of-a-new-one", test_wrong_options);
  g_test_add_func ("/targets/a-process-is-held-by-a-pidfd", test_pidfd);
  g_test_add_func ("/targets/what-is-no-process", test_no_pidfd);
  g_test_add_func ("/targets/a-thread-is-no-process", test_a_thread_is_no_process);
  g_test_add_func ("/targets/one-that-is-gone", test_a_target_that_is_gone);
  g_test_add_func ("/targets/other-errors-stay", test_other_errors_stay);
  g_test_add_func ("/targets/the-call-that-adds-one", test_the_call_that_adds);
  return g_test_run ();
}
