/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "targets.h"

#include <signal.h>
#include <string.h>

/* Whom the service must not take for a process of alice's, who may have her own served; and what it
 * takes for a process at all. One machine: what was wrongly taken would show in the next test. */
static Fixture machine;
static GDBusConnection *alice;

#define DENIED BUS_ERROR "InteractiveAuthorizationRequired"
#define ALLOWED NULL

static guint32
pid_of (Child *child)
{
  return (guint32) child_get_pid (child);
}

static guint32
make_alices (void)
{
  return fixture_process_of (&machine, "alice");
}

static guint32
make_bobs (void)
{
  return fixture_process_of (&machine, "bob");
}

static guint32
make_roots (void)
{
  return fixture_process_of (&machine, "root");
}

/* A program that alice may run, and that is more than she is. */
static guint32
run_privileged (Privilege privilege)
{
  g_autofree char *program = fixture_install_privileged (&machine, privilege);
  Child *child = fixture_spawn_as (&machine, "alice", program, NULL);
  g_autofree char *ready = child_expect_line (child, "ready ", 10);

  return pid_of (child);
}

static guint32
make_setuid (void)
{
  return run_privileged (PRIVILEGE_SETUID);
}

static guint32
make_setgid (void)
{
  return run_privileged (PRIVILEGE_SETGID);
}

static guint32
make_capable (void)
{
  return run_privileged (PRIVILEGE_CAPABILITY);
}

static guint32
make_undumpable (void)
{
  return pid_of (fixture_poser_as (&machine, "alice", NULL, "--not-dumpable", NULL));
}

/* As root starts somebody's process. */
static guint32
run_with (const char *setpriv)
{
  g_autofree char *program = fixture_install (&machine, g_getenv ("DH_POSER"));
  g_autofree char *line = g_strdup_printf ("setpriv --clear-groups %s %s", setpriv, program);
  g_auto (GStrv) argv = g_strsplit (line, " ", -1);
  Child *child = fixture_spawn_argv_as (&machine, "root", (const char *const *) argv);
  g_autofree char *ready = child_expect_line (child, "ready ", 10);

  return pid_of (child);
}

static guint32
make_alices_of_another_group (void)
{
  return run_with ("--reuid=alice --regid=damon-hugepage");
}

static guint32
make_alices_with_ambient_capability (void)
{
  return run_with ("--reuid=alice --regid=alice --inh-caps=+net_raw --ambient-caps=+net_raw");
}

static guint32
make_real_alice_effective_bob (void)
{
  return run_with ("--ruid=alice --euid=bob --regid=alice");
}

static guint32
make_thread (void)
{
  guint32 tid;

  fixture_poser_as (&machine, "alice", &tid, "--thread", NULL);
  return tid;
}

static guint32
make_zombie (void)
{
  guint32 pid;

  fixture_poser_as (&machine, "alice", &pid, "--zombie", NULL);
  return pid;
}

static guint32
make_dead (void)
{
  Child *child = fixture_poser_as (&machine, "alice", NULL, NULL);

  child_signal (child, SIGKILL);
  g_assert_true (child_wait (child, 5, NULL));
  return pid_of (child);
}

static guint32
find_service (void)
{
  return pid_of (machine.service);
}

static guint32
find_thread_of_service (void)
{
  g_autofree char *path = g_strdup_printf ("/proc/%u/task", find_service ());
  g_autoptr (GDir) tasks = g_dir_open (path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (tasks)) != NULL) {
    if (g_ascii_strtoull (name, NULL, 10) != find_service ())
      return (guint32) g_ascii_strtoull (name, NULL, 10);
  }
  g_assert_not_reached ();
}

static const struct {
  const char *name;
  guint32 (*make) (void);
  guint32 pid;
  const char *to_alice;
  const char *to_root;
} rows[] = {
  { "one's-own", make_alices, 0, ALLOWED, ALLOWED },
  { "another-user's", make_bobs, 0, DENIED, ALLOWED },
  { "root's", make_roots, 0, DENIED, ALLOWED },
  { "setuid", make_setuid, 0, DENIED, ALLOWED },
  { "setgid", make_setgid, 0, DENIED, ALLOWED },
  { "with-file-capability", make_capable, 0, DENIED, ALLOWED },
  { "with-ambient-capability", make_alices_with_ambient_capability, 0, DENIED, ALLOWED },
  { "not-dumpable", make_undumpable, 0, DENIED, ALLOWED },
  { "of-another-group", make_alices_of_another_group, 0, DENIED, ALLOWED },
  { "really-one's-own-effectively-not", make_real_alice_effective_bob, 0, DENIED, ALLOWED },
  { "thread", make_thread, 0, SERVICE_ERROR "ProcessNotPermitted",
    SERVICE_ERROR "ProcessNotPermitted" },
  { "zombie", make_zombie, 0, SERVICE_ERROR "NoSuchProcess", SERVICE_ERROR "NoSuchProcess" },
  { "dead", make_dead, 0, SERVICE_ERROR "NoSuchProcess", SERVICE_ERROR "NoSuchProcess" },
  { "the-service", find_service, 0, SERVICE_ERROR "ProcessNotPermitted",
    SERVICE_ERROR "ProcessNotPermitted" },
  { "thread-of-the-service", find_thread_of_service, 0, SERVICE_ERROR "ProcessNotPermitted",
    SERVICE_ERROR "ProcessNotPermitted" },
  { "first-process", NULL, 1, SERVICE_ERROR "ProcessNotPermitted",
    SERVICE_ERROR "ProcessNotPermitted" },
  { "kernel-thread", NULL, 2, SERVICE_ERROR "ProcessNotPermitted",
    SERVICE_ERROR "ProcessNotPermitted" },
  { "beyond-pid-max", NULL, 4194304, SERVICE_ERROR "NoSuchProcess", SERVICE_ERROR "NoSuchProcess" },
  { "2^31-1", NULL, G_MAXINT32, SERVICE_ERROR "NoSuchProcess", SERVICE_ERROR "NoSuchProcess" },
  { "2^31", NULL, (guint32) G_MAXINT32 + 1, SERVICE_ERROR "InvalidValue",
    SERVICE_ERROR "InvalidValue" },
  { "2^32-1", NULL, G_MAXUINT32, SERVICE_ERROR "InvalidValue", SERVICE_ERROR "InvalidValue" },
};

/* @error_name NULL: it is served. */
static void
check_call (GDBusConnection *connection, guint32 pid, const char *error_name)
{
  g_autoptr (Standstill) standstill = standstill_new (&machine);
  g_autoptr (GError) error = NULL;

  serve (connection, pid, &error);
  if (error_name == NULL) {
    g_assert_no_error (error);
    assert_property_eventually (connection, "State", g_variant_new_string ("running"), 5);
    set_property (machine.connection, "Pid", g_variant_new_uint32 (0), CALL_PLAIN, &error);
    g_assert_no_error (error);
    wait_for (100);
    return;
  }
  assert_error_name (error, error_name);
  set_property (connection, "Pid", g_variant_new_uint32 (pid), CALL_PLAIN, &error);
  assert_error_name (error, error_name);
  assert_standstill (standstill);
}

static void
test_row (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  const guint32 pid = rows[i].make != NULL ? rows[i].make () : rows[i].pid;
  g_autofree char *name = NULL;

  if (g_str_equal (rows[i].name, "kernel-thread")
      && !(g_file_get_contents ("/proc/2/comm", &name, NULL, NULL)
           && g_str_equal (name, "kthreadd\n"))) {
    g_test_skip ("No kernel thread is seen in this PID namespace");
    return;
  }
  check_call (alice, pid, rows[i].to_alice);
  check_call (machine.connection, pid, rows[i].to_root);
}

/* Names are bytes that a process chooses. Where they are seen, they are harmless; the log is looked
 * at in the end. */
static void
test_names (void)
{
  static const char *const names[] = {
    "\033[31m\033]0;x\007",
    "a\nPRIORITY=0\nb",
    "\377\376\001",
    "%s%n%s%n",
    "\xe2\x80\xae"
    "evil",
    ") R 1 1 1",
    "\r\b\b\b\177x",
    "",
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *option = g_strconcat ("--name=", names[i], NULL);
    Child *child = fixture_poser_as (&machine, "alice", NULL, option, NULL);
    g_autoptr (GVariant) reply = NULL, all = NULL;
    g_autoptr (GError) error = NULL;

    serve (alice, pid_of (child), &error);
    g_assert_no_error (error);
    assert_property_eventually (alice, "State", g_variant_new_string ("running"), 5);
    reply = call_method (alice, "GetStatistics", NULL, CALL_PLAIN, &error);
    g_assert_no_error (error);
    all = get_all_properties (alice, &error);
    g_assert_no_error (error);
    child_signal (child, SIGKILL);
    assert_property_eventually (alice, "State", g_variant_new_string ("target-exited"), 5);
  }
  set_property (machine.connection, "Pid", g_variant_new_uint32 (0), CALL_PLAIN, NULL);
}

/* What cannot be served is told apart from what may not be. */
static void
test_message_says_why (void)
{
  static const struct {
    const char *row;
    const char *words;
  } expected[] = {
    { "thread", "thread" },
    { "first-process", "first process" },
    { "kernel-thread", "kernel thread" },
    { "the-service", "this service" },
    { "another-user's", "org.damon.Hugepage.target-any" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    g_autoptr (GError) error = NULL;
    guint row = 0;

    while (!g_str_equal (rows[row].name, expected[i].row))
      row++;
    serve (alice, rows[row].make != NULL ? rows[row].make () : rows[row].pid, &error);
    g_assert_nonnull (strstr (error->message, expected[i].words));
  }
}

static void
tear_down (void)
{
  g_clear_object (&alice);
  fixture_tear_down (&machine, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_set_up_bus (&machine, NULL);
  fixture_polkit_rules (&machine, ALLOW_OWN);
  fixture_polkit_start (&machine);
  fixture_service_start (&machine, NULL);
  fixture_service_wait_probed (&machine);
  alice = fixture_connection_as (&machine, "alice");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strconcat ("/bad-processes/", rows[i].name, NULL);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_row);
  }
  g_test_add_func ("/bad-processes/names", test_names);
  g_test_add_func ("/bad-processes/message-says-why", test_message_says_why);
  g_test_add_func ("/bad-processes/service-ends-in-order", tear_down);
  return g_test_run ();
}
