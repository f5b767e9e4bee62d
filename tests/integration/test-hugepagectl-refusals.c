/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "command.h"
#include "targets.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* As failure.h has them; what --help promises. */
enum {
  FAILED = 1,
  DENIED = 3,
  UNAVAILABLE = 4,
  NO_PROCESS = 5,
};

static const char *const verbs[] = { "status", "engines", "list", "enable",   "disable", "targets",
                                     "add",    "remove",  "run",  "feedback", "stats",   "heatmap",
                                     "undo",   "get",     "set",  "reset",    "monitor" };

/* Right uses of all verbs that end by themselves. The commands would be seen, did they run. */
static const char *const right_uses[] = {
  "status",
  "engines",
  "list",
  "list --all",
  "enable 4711",
  "disable",
  "targets",
  "add 1",
  "remove 1",
  "run -- echo it runs",
  "feedback 1 -- echo it runs",
  "stats",
  "stats t1",
  "heatmap 1",
  "undo",
  "undo 1",
  "get",
  "set Ratio 80%",
  "reset",
};

typedef struct {
  const char *words;
  const char *word; /* in the message */
} Row;

static void
assert_refused (Fixture *self, const char *user, const Row *rows, gsize n_rows, int status)
{
  g_autoptr (Standstill) standstill = standstill_new (self);

  for (gsize i = 0; i < n_rows; i++)
    hugepagectl_fails (self, user, rows[i].words, status, rows[i].word);
  assert_standstill (standstill);
}

static void
test_denied (Fixture *self, gconstpointer data)
{
  static const Row bobs[] = {
    { "disable", "org.damon.Hugepage.target-any" },
    { "set Ratio 50%", "org.damon.Hugepage.t" },
    { "reset", "org.damon.Hugepage.tune" },
    { "--no-ask-password disable", "without --no-ask-password" },
    { "--no-ask-password reset", "as root" },
    { "list --all", "org.damon.Hugepage.inspect" },
    { "stats", "org.damon.Hugepage.inspect" },
    { "undo", "org.damon.Hugepage.manage-targets" },
    { "run -- echo it runs", "org.damon.Hugepage.target-own" },
    { "--no-ask-password run -- echo it runs", "without --no-ask-password" },
  };
  static const Row alices[] = {
    { "set QuotaSize 1M", "org.damon.Hugepage.tune" },
    { "reset", "org.damon.Hugepage.tune" },
    { "list --all", "org.damon.Hugepage.inspect" },
  };
  g_autofree char *own = g_strdup_printf ("enable %u", fixture_process_of (self, "bob"));

  fixture_serve (self, fixture_process_of (self, "alice"));
  assert_refused (self, "bob", bobs, G_N_ELEMENTS (bobs), DENIED);
  assert_refused (self, "alice", alices, G_N_ELEMENTS (alices), DENIED);
  hugepagectl_fails (self, "bob", own, DENIED, "org.damon.Hugepage.target-");
}

static void
test_denied_without_polkit (Fixture *self, gconstpointer data)
{
  g_autofree char *words = g_strdup_printf ("enable %u", fixture_process_of (self, "alice"));

  fixture_polkit_stop (self);
  assert_refused (self, "alice", &(Row){ words, "polkit" }, 1, DENIED);
}

/* All that the service reads of the machine, but for the firmware's list of its memory.
 * Returns: (transfer full): a path. */
static char *
make_root_without_memmap (Fixture *self)
{
  char *root = fixture_path (self, "root");
  g_autofree char *proc = g_build_filename (root, "proc", NULL);
  g_autofree char *sys = g_build_filename (root, "sys", NULL);
  g_autofree char *kernel = g_build_filename (sys, "kernel", NULL);

  g_assert_no_errno (g_mkdir (root, 0755));
  g_assert_no_errno (g_mkdir (sys, 0755));
  g_assert_no_errno (symlink ("/proc", proc));
  g_assert_no_errno (symlink ("/sys/kernel", kernel));
  return root;
}

static void
test_no_engine (Fixture *self, gconstpointer data)
{
  static const Row rows[] = {
    { "enable 2147483647", "hugepagectl engines" },   { "disable", "hugepagectl engines" },
    { "set Ratio 50%", "hugepagectl engines" },       { "reset", "hugepagectl engines" },
    { "run -- echo it runs", "hugepagectl engines" },
  };
  g_autofree char *root = make_root_without_memmap (self);
  g_autofree char *option = g_strconcat ("--root=", root, NULL);
  g_autofree char *status = NULL;
  g_autofree char *engines = NULL;
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object;

  fixture_service_start (self, option, NULL);
  fixture_service_wait_probed (self);
  assert_refused (self, "root", rows, G_N_ELEMENTS (rows), UNAVAILABLE);

  status = hugepagectl_done (self, "bob", "status");
  g_assert_true (has_row (status, "State unavailable"));
  g_assert_true (has_row (status, "Reason kernel-support-missing"));
  g_assert_nonnull (strstr (status, "hugepagectl engines"));
  g_assert_true (has_row (status, "Engine none"));
  engines = hugepagectl_done (self, "bob", "engines");
  g_assert_true (strstr (engines, "\nbpf     not available  ") != NULL);
  g_assert_nonnull (strstr (engines, "/sys/firmware/memmap"));

  node = hugepagectl_json (self, "bob", "engines");
  object = json_array_get_object_element (json_node_get_array (node), 0);
  g_assert_false (json_object_get_boolean_member (object, "available"));
  g_assert_cmpstr (json_object_get_string_member (object, "reason"), !=, "");
}

static void
test_no_service (Fixture *self, gconstpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (right_uses); i++)
    hugepagectl_fails (self, "root", right_uses[i], UNAVAILABLE, "damon-hugepaged");
}

static void
test_no_bus (Fixture *self, gconstpointer data)
{
  static const char *const addresses[] = { "unix:path=/nonexistent/bus", "nonsense", "tcp:" };

  for (gsize i = 0; i < G_N_ELEMENTS (addresses); i++) {
    self->environment =
      g_environ_setenv (self->environment, "DBUS_SYSTEM_BUS_ADDRESS", addresses[i], TRUE);
    for (gsize j = 0; j < G_N_ELEMENTS (right_uses); j++)
      hugepagectl_fails (self, "root", right_uses[j], UNAVAILABLE, "dbus.service");
    hugepagectl_fails (self, "alice", "monitor", UNAVAILABLE, "dbus.service");
  }
}

static gboolean
end_bus (gpointer data)
{
  Fixture *self = data;

  child_signal (self->bus, SIGKILL);
  return G_SOURCE_REMOVE;
}

static void
test_bus_ends_during_a_call (Fixture *self, gconstpointer data)
{
  child_signal (self->service, SIGSTOP);
  g_timeout_add_seconds (1, end_bus, self);
  hugepagectl_fails (self, "alice", "status", UNAVAILABLE, "dbus.service");
  fixture_service_kill (self);
}

static void
test_output_that_nobody_gets (Fixture *self, gconstpointer data)
{
  static const char *const words[] = { "status",         "--json get",     "monitor",
                                       "--json monitor", "list",           "--json list",
                                       "targets",        "--json targets", "--help" };
  g_autofree char *program = fixture_install (self, g_getenv ("DH_HUGEPAGECTL"));

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++) {
    g_autofree char *command = g_strdup_printf ("%s %s >/dev/full", program, words[i]);
    const char *argv[] = { "sh", "-c", command, NULL };
    g_autoptr (Outcome) outcome = fixture_run_as (self, "alice", argv);

    assert_failure (outcome, FAILED, "written");
  }
}

static void
assert_no_trailing_blanks (const char *text)
{
  g_assert_null (strstr (text, " \n"));
  g_assert_true (g_str_has_suffix (text, "\n"));
}

/* Help is for those, too, whose bus does not run. */
static void
test_help (Fixture *self, gconstpointer data)
{
  g_autofree char *help = NULL;
  g_autofree char *version = NULL;

  self->environment = g_environ_setenv (self->environment, "DBUS_SYSTEM_BUS_ADDRESS",
                                        "unix:path=/nonexistent/bus", TRUE);
  help = hugepagectl_done (self, "bob", "--help");
  version = hugepagectl_done (self, "bob", "--version");
  assert_no_trailing_blanks (help);
  for (int code = 0; code <= NO_PROCESS; code++) {
    g_autofree char *row = g_strdup_printf ("\n  %d  ", code);
    g_assert_nonnull (strstr (help, row));
  }
  g_assert_true (g_str_has_prefix (version, "hugepagectl "));

  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++) {
    g_autofree char *before = g_strconcat ("-h ", verbs[i], NULL);
    g_autofree char *after = g_strconcat (verbs[i], " --help", NULL);
    g_autofree char *usage = g_strconcat ("Usage: hugepagectl [OPTIONS] ", verbs[i], NULL);
    g_autofree char *example = g_strconcat ("Example:\n  hugepagectl ", verbs[i], NULL);
    g_autofree char *row = g_strconcat ("\n  ", verbs[i], " ", NULL);
    g_autofree char *text = hugepagectl_done (self, "bob", before);
    g_autofree char *same = hugepagectl_done (self, "bob", after);

    g_assert_true (g_str_has_prefix (text, usage));
    g_assert_nonnull (strstr (text, example));
    g_assert_nonnull (strstr (text, "Exit codes:"));
    assert_no_trailing_blanks (text);
    g_assert_cmpstr (text, ==, same);
    g_assert_nonnull (strstr (help, row));
  }
}

#define ADD(path, set_up, test)                                                                    \
  g_test_add ("/hugepagectl-refusals/" path, Fixture, NULL, set_up, test, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("denied", fixture_set_up_all, test_denied);
  ADD ("denied-without-polkit", fixture_set_up_all, test_denied_without_polkit);
  ADD ("no-engine", fixture_set_up_bus, test_no_engine);
  ADD ("no-service", fixture_set_up_bus, test_no_service);
  ADD ("no-bus", fixture_set_up, test_no_bus);
  ADD ("bus-ends-during-a-call", fixture_set_up_all, test_bus_ends_during_a_call);
  ADD ("output-that-nobody-gets", fixture_set_up_all, test_output_that_nobody_gets);
  ADD ("help-without-a-bus", fixture_set_up, test_help);
  return g_test_run ();
}
