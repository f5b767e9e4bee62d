/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "listing.h"
#include "target-objects.h"
#include "targets.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* ListProcesses: who sees which processes, what is said of them, and that nobody else waits. */

#define WAIT_SECONDS 10
#define DENIED BUS_ERROR "InteractiveAuthorizationRequired"

/* An answer is good for so long, and a bit. */
#define UNTIL_THE_NEXT 2300 /* milliseconds */

#define INSPECT_RULE                                                                               \
  ALLOW_OWN "polkit.addRule (function (action, subject) {\n"                                       \
            "  if (action.id == 'org.damon.Hugepage.inspect' && subject.user == 'alice')\n"        \
            "    return polkit.Result.YES;\n"                                                      \
            "});\n"

/* A process of alice's that has a privilege from its program. */
static guint32
start_privileged (Fixture *self, Privilege privilege)
{
  g_autofree char *program = fixture_install_privileged (self, privilege);
  Child *child = fixture_spawn_as (self, "alice", program, NULL);
  g_autofree char *ready = child_expect_line (child, "ready ", WAIT_SECONDS);

  return (guint32) child_get_pid (child);
}

static guint32
start_poser (Fixture *self, const char *option)
{
  return (guint32) child_get_pid (fixture_poser_as (self, "alice", NULL, option, NULL));
}

static void
test_own_for_all (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (User) user = user_lookup ("alice");
  const guint32 first = fixture_process_of (self, "alice"),
                second = fixture_process_of (self, "alice"),
                bobs = fixture_process_of (self, "bob"), roots = fixture_process_of (self, "root");
  g_autoptr (GVariant) processes = NULL;
  guint32 last = 0;

  fixture_polkit_rules (self, NULL);
  processes = listed_processes (alice, FALSE);
  assert_listed (processes, first, TRUE);
  assert_listed (processes, second, TRUE);
  assert_listed (processes, bobs, FALSE);
  assert_listed (processes, roots, FALSE);
  for (gsize i = 0; i < g_variant_n_children (processes); i++) {
    g_autoptr (GVariant) process = g_variant_get_child_value (processes, i);
    guint32 pid, uid;

    g_assert_true (g_variant_lookup (process, "pid", "u", &pid));
    g_assert_true (g_variant_lookup (process, "uid", "u", &uid));
    g_assert_cmpuint (uid, ==, user->uid);
    g_assert_cmpuint (pid, >, last);
    last = pid;
  }
}

/* With her uid, but not hers to do with as she likes. */
static void
test_privileged_are_not_own (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  const guint32 strangers[] = {
    start_privileged (self, PRIVILEGE_SETUID),
    start_privileged (self, PRIVILEGE_SETGID),
    start_privileged (self, PRIVILEGE_CAPABILITY),
    start_poser (self, "--not-dumpable"),
  };
  g_autoptr (GVariant) own = listed_processes (alice, FALSE), all = NULL;

  all = listed_processes (self->connection, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (strangers); i++) {
    assert_listed (own, strangers[i], FALSE);
    assert_listed (all, strangers[i], TRUE);
  }
}

static void
test_others_by_inspect (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  const guint32 hers = fixture_process_of (self, "alice"), bobs = fixture_process_of (self, "bob"),
                roots = fixture_process_of (self, "root");
  g_autoptr (GVariant) processes = NULL, own = NULL;
  g_autoptr (GError) error = NULL;

  list_processes (alice, "{'all': <true>}", &error);
  assert_error_name (error, DENIED);
  fixture_polkit_rules (self, INSPECT_RULE);
  processes = listed_processes (alice, TRUE);
  assert_listed (processes, hers, TRUE);
  assert_listed (processes, bobs, TRUE);
  assert_listed (processes, roots, TRUE);
  /* Only if she asks for them. */
  own = list_processes (alice, "{'all': <false>}", &error);
  g_assert_no_error (error);
  assert_listed (own, hers, TRUE);
  assert_listed (own, bobs, FALSE);
}

/* Whoever may serve a process need not look into others. */
static void
test_other_actions_are_not_enough (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (GError) error = NULL;

  fixture_polkit_rules (self, "polkit.addRule (function (action, subject) {\n"
                              "  if (action.id != 'org.damon.Hugepage.inspect')\n"
                              "    return polkit.Result.YES;\n"
                              "});\n");
  list_processes (alice, "{'all': <true>}", &error);
  assert_error_name (error, DENIED);
}

static const struct {
  const char *options;
  const char *error;
} options[] = {
  { "{'everybody': <true>}", BUS_ERROR "InvalidArgs" },
  { "{'all': <@u 1>}", BUS_ERROR "InvalidArgs" },
  { "{'all': <true>, 'all': <true>}", BUS_ERROR "InvalidArgs" },
  { "{'all': <'true'>}", BUS_ERROR "InvalidArgs" },
};

static void
test_bad_options (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (options); i++) {
    g_autoptr (GError) error = NULL;

    list_processes (self->connection, options[i].options, &error);
    assert_error_name (error, options[i].error);
  }
}

static void
assert_keys (GVariant *processes, guint32 pid, gboolean targeted, gboolean has_huge)
{
  g_autoptr (GVariant) process = find_listed (processes, pid);
  const char *name;
  guint64 anonymous, huge;
  gboolean is_targeted;

  g_assert_nonnull (process);
  g_assert_true (g_variant_lookup (process, "name", "&s", &name));
  g_assert_cmpstr (name, ==, "poser");
  g_assert_true (g_variant_lookup (process, "anonymous-bytes", "t", &anonymous));
  g_assert_cmpuint (anonymous, >, 0);
  g_assert_cmpuint (anonymous, <, 1 << 24);
  g_assert_true (g_variant_lookup (process, "targeted", "b", &is_targeted));
  g_assert_cmpint (is_targeted, ==, targeted);
  g_assert_cmpint (g_variant_lookup (process, "hugepage-bytes", "t", &huge), ==, has_huge);
}

/* What is known without a look of its own: huge pages of what is watched anyway. */
static void
test_keys (Fixture *self, gconstpointer data)
{
  const guint32 other = fixture_process_of (self, "alice"),
                set = fixture_process_of (self, "alice"), served = fixture_process_of (self, "bob");
  g_autofree char *path = added_target (self->connection, served, NULL);
  g_autoptr (GVariant) processes = NULL, after = NULL;
  g_autoptr (GError) error = NULL;

  set_property (self->connection, "Pid", g_variant_new_uint32 (set), CALL_PLAIN, &error);
  g_assert_no_error (error);
  assert_target_eventually (self->connection, path, "State", "'running'", WAIT_SECONDS);
  wait_for (100);
  processes = listed_processes (self->connection, TRUE);
  assert_keys (processes, other, FALSE, FALSE);
  assert_keys (processes, set, TRUE, FALSE);
  assert_keys (processes, served, TRUE, TRUE);
  remove_target (self->connection, path, &error);
  g_assert_no_error (error);
  /* The processes may be those of before, what is targeted is as it is now. */
  after = listed_processes (self->connection, TRUE);
  assert_keys (after, served, FALSE, FALSE);
}

static const struct {
  const char *option;
  const char *name;
} names[] = {
  { "--name=\033[31mred", "\\x1b[31mred" },
  { "--name=a\nb\tc", "a\\x0ab\\x09c" },
  { "--name=\xff\xfe", "\\xff\\xfe" },
  { "--name=\xe2\x80\xae"
    "live",
    "\\xe2\\x80\\xaelive" },
  { "--name=a\\x0ab", "a\\\\x0ab" },
  { "--name=äöü", "äöü" },
  { "--name= ", " " },
};

static void
test_names_are_printable (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  guint32 pids[G_N_ELEMENTS (names)];
  g_autoptr (GVariant) processes = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    pids[i] = start_poser (self, names[i].option);
  processes = listed_processes (alice, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GVariant) process = find_listed (processes, pids[i]);
    const char *name;

    g_assert_nonnull (process);
    g_assert_true (g_variant_lookup (process, "name", "&s", &name));
    g_assert_cmpstr (name, ==, names[i].name);
  }
}

static void
assert_no_kernel_thread (GVariant *processes)
{
  for (gsize i = 0; i < g_variant_n_children (processes); i++) {
    g_autoptr (GVariant) process = g_variant_get_child_value (processes, i);
    g_autofree char *path = NULL, *status = NULL;
    guint32 pid;

    g_assert_true (g_variant_lookup (process, "pid", "u", &pid));
    path = g_strdup_printf ("/proc/%u/status", pid);
    if (g_file_get_contents (path, &status, NULL, NULL))
      g_assert_null (strstr (status, "\nPPid:\t2\n"));
  }
}

/* Just what could become a target. */
static void
test_no_others (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  guint32 thread, zombie, ended;
  Child *child = fixture_poser_as (self, "alice", &ended, NULL);
  g_autoptr (GVariant) processes = NULL, own = NULL;

  fixture_poser_as (self, "alice", &thread, "--thread", NULL);
  fixture_poser_as (self, "alice", &zombie, "--zombie", NULL);
  child_signal (child, SIGKILL);
  g_assert_true (child_wait (child, WAIT_SECONDS, NULL));
  processes = listed_processes (self->connection, TRUE);
  assert_listed (processes, 1, FALSE);
  assert_listed (processes, 2, FALSE);
  assert_listed (processes, (guint32) child_get_pid (self->service), FALSE);
  assert_listed (processes, thread, FALSE);
  assert_listed (processes, zombie, FALSE);
  assert_listed (processes, ended, FALSE);
  assert_listed (processes, (guint32) getpid (), TRUE);
  assert_no_kernel_thread (processes);
  own = listed_processes (alice, FALSE);
  assert_listed (own, thread, FALSE);
  assert_listed (own, zombie, FALSE);
}

/* It may be as old as two seconds, and not older. */
static void
test_is_not_old (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (GVariant) first = listed_processes (alice, FALSE), next = NULL;
  guint32 pid = fixture_process_of (self, "alice");

  assert_listed (first, pid, FALSE);
  wait_for (UNTIL_THE_NEXT);
  next = listed_processes (alice, FALSE);
  assert_listed (next, pid, TRUE);
}

static void
add (const char *path, void (*function) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, fixture_set_up_own, function, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/process-listing/own-for-all", test_own_for_all);
  add ("/process-listing/privileged-are-not-own", test_privileged_are_not_own);
  add ("/process-listing/others-by-inspect", test_others_by_inspect);
  add ("/process-listing/other-actions-are-not-enough", test_other_actions_are_not_enough);
  add ("/process-listing/bad-options", test_bad_options);
  add ("/process-listing/keys", test_keys);
  add ("/process-listing/names-are-printable", test_names_are_printable);
  add ("/process-listing/no-others", test_no_others);
  add ("/process-listing/is-not-old", test_is_not_old);
  return g_test_run ();
}
