/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "command.h"
#include "target-objects.h"
#include "targets.h"

#include <signal.h>
#include <string.h>

/* Targets, from the command line. */

#define WAIT_SECONDS 20
#define ALICE_UID 18101

/* Returns: (transfer full): what hugepagectl prints about the process @pid. */
static char *
run_with_pid (Fixture *self, const char *user, const char *verb, guint32 pid)
{
  g_autofree char *words = g_strdup_printf ("%s %u", verb, pid);

  return hugepagectl_done (self, user, words);
}

static void
run_silently (Fixture *self, const char *user, const char *verb, guint32 pid)
{
  g_autofree char *output = run_with_pid (self, user, verb, pid);

  g_assert_cmpstr (output, ==, "");
}

static void
test_no_targets (Fixture *self, gconstpointer data)
{
  g_autofree char *text = hugepagectl_done (self, "bob", "targets");
  g_autoptr (JsonNode) node = hugepagectl_json (self, "bob", "targets");

  g_assert_cmpstr (text, ==, "TARGET  PID  NAME  USER  STATE  RATIO  FEEDBACK  MARKS\n");
  g_assert_cmpuint (json_array_get_length (json_node_get_array (node)), ==, 0);
}

/* With every option. */
static void
test_add (Fixture *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (self, "alice");
  g_autofree char *output =
    run_with_pid (self, "alice",
                  "add --ratio=40% --feedback 9000 --reason='faster \\ better'"
                  " --application-id=org.example.App --primary",
                  pid);
  g_autofree char *path = find_target (self->connection, pid);
  g_autofree char *expected = g_strconcat (path, "\n", NULL);
  g_autofree char *word = g_path_get_basename (path);
  g_autofree char *row =
    g_strdup_printf ("%s %u poser alice running 40 %% 90 %% primary", word, pid);
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *text = NULL;
  JsonObject *target, *details;

  g_assert_cmpstr (output, ==, expected);
  assert_property (self->connection, "Pid", g_variant_new_uint32 (pid));
  assert_target (self->connection, path, "OwnerUid", G_STRINGIFY (ALICE_UID));
  assert_target (self->connection, path, "Bound", "false");
  assert_target_eventually (self->connection, path, "State", "'running'", WAIT_SECONDS);
  text = hugepagectl_done (self, "alice", "targets");
  if (!has_row (text, row))
    g_error ("There is no row “%s” in:\n%s", row, text);

  node = hugepagectl_json (self, "alice", "targets");
  target = find_object (node, "Pid", pid);
  g_assert_cmpuint (json_object_get_size (target), ==, 10);
  g_assert_cmpstr (json_object_get_string_member (target, "Path"), ==, path);
  g_assert_cmpint (json_object_get_int_member (target, "Ratio"), ==, 4000);
  g_assert_cmpint (json_object_get_int_member (target, "Feedback"), ==, 9000);
  g_assert_cmpint (json_object_get_int_member (target, "Uid"), ==, ALICE_UID);
  g_assert_true (json_object_get_boolean_member (target, "Primary"));
  details = json_object_get_object_member (target, "Details");
  g_assert_cmpstr (json_object_get_string_member (details, "reason"), ==, "faster \\ better");
  g_assert_cmpstr (json_object_get_string_member (details, "application-id"), ==,
                   "org.example.App");
}

/* Everybody sees that there is a target, but only some what it is. */
static void
test_details_are_not_for_everybody (Fixture *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (self, "alice");
  g_autofree char *path = added_target (self->connection, pid, "{'reason': <'secret'>}");
  g_autofree char *word = g_path_get_basename (path);
  g_autofree char *row = g_strdup_printf ("%s %u alice running 100 %% off", word, pid);
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) node = NULL;
  JsonObject *target;

  assert_target_eventually (self->connection, path, "State", "'running'", WAIT_SECONDS);
  text = hugepagectl_done (self, "bob", "targets");
  g_assert_true (has_row (text, row));
  node = hugepagectl_json (self, "bob", "targets");
  target = find_object (node, "Pid", pid);
  g_assert_cmpuint (json_object_get_size (target), ==, 9);
  g_assert_false (json_object_has_member (target, "Details"));
}

static void
test_many_targets_in_their_order (Fixture *self, gconstpointer data)
{
  g_autoptr (GString) expected = g_string_new (NULL);
  g_autoptr (GString) actual = g_string_new (NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  for (guint i = 0; i < 12; i++) {
    g_autofree char *output =
      run_with_pid (self, "alice", "add", fixture_process_of (self, "alice"));
    g_autofree char *word = g_path_get_basename (g_strchomp (output));

    g_string_append_printf (expected, "%s ", word);
  }
  text = hugepagectl_done (self, "bob", "targets");
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 1; *lines[i] != '\0'; i++)
    g_string_append_printf (actual, "%.*s ", (int) strcspn (lines[i], " "), lines[i]);
  g_assert_cmpstr (actual->str, ==, expected->str);
}

/* By the process, by the path, and by the last part of that. */
static void
test_remove (Fixture *self, gconstpointer data)
{
  const guint32 first = fixture_process_of (self, "alice"),
                second = fixture_process_of (self, "alice"),
                third = fixture_process_of (self, "alice");
  g_autofree char *path = NULL, *second_path = NULL, *third_path = NULL, *by_path = NULL,
                  *by_word = NULL;

  fixture_serve (self, first);
  path = find_target (self->connection, first);
  second_path = added_target (self->connection, second, NULL);
  third_path = added_target (self->connection, third, NULL);
  by_path = g_strdup_printf ("remove %s", second_path);
  by_word = g_strdup_printf ("remove %s", strrchr (third_path, '/') + 1);

  run_silently (self, "alice", "remove", first);
  assert_target_gone (self->connection, path, 0);
  assert_property (self->connection, "Pid", g_variant_new_uint32 (0));
  g_free (hugepagectl_done (self, "alice", by_path));
  assert_target_gone (self->connection, second_path, 0);
  g_free (hugepagectl_done (self, "alice", by_word));
  g_assert_cmpuint (count_targets (self->connection), ==, 0);
  hugepagectl_fails (self, "alice", by_path, 5, "is no target");
  hugepagectl_fails (self, "alice", by_word, 5, "hugepagectl targets");
}

static void
fails_with_pid (Fixture *self, const char *user, const char *verb, guint32 pid, int status,
                const char *word)
{
  g_autofree char *words = g_strdup_printf ("%s %u", verb, pid);

  hugepagectl_fails (self, user, words, status, word);
}

static void
wait_until_running (Fixture *self, guint32 pid)
{
  g_autofree char *path = find_target (self->connection, pid);

  assert_target_eventually (self->connection, path, "State", "'running'", WAIT_SECONDS);
}

/* alice may add bob's process, and take back what she did, but not look inside. */
static void
test_foreign_ones (Fixture *self, gconstpointer data)
{
  const guint32 own = fixture_process_of (self, "alice"), bobs = fixture_process_of (self, "bob"),
                roots = fixture_process_of (self, "bob");
  g_autofree char *path = added_target (self->connection, own, NULL);
  g_autofree char *by_root = added_target (self->connection, roots, NULL);
  g_autofree char *added = run_with_pid (self, "alice", "add", bobs);
  g_autofree char *split = NULL;
  g_autoptr (Standstill) standstill = NULL;

  wait_until_running (self, own);
  wait_until_running (self, bobs);
  wait_until_running (self, roots);
  standstill = standstill_new (self);
  fails_with_pid (self, "bob", "add", fixture_process_of (self, "bob"), 3, "target-own");
  fails_with_pid (self, "bob", "add", fixture_process_of (self, "alice"), 3, "target-any");
  fails_with_pid (self, "bob", "remove", own, 3, "manage-targets");
  fails_with_pid (self, "bob", "undo", own, 3, "manage-targets");
  fails_with_pid (self, "bob", "stats", own, 3, "inspect");
  fails_with_pid (self, "bob", "heatmap", own, 3, "inspect");
  fails_with_pid (self, "alice", "remove", roots, 3, "manage-targets");
  fails_with_pid (self, "alice", "undo", roots, 3, "manage-targets");
  fails_with_pid (self, "alice", "stats", bobs, 3, "inspect");
  fails_with_pid (self, "alice", "--json heatmap", bobs, 3, "inspect");
  assert_standstill (standstill);
  g_assert_cmpuint (count_targets (self->connection), ==, 3);

  split = run_with_pid (self, "alice", "undo", bobs);
  run_silently (self, "alice", "remove", bobs);
  /* What is done in him he may look at, and end. */
  g_free (run_with_pid (self, "bob", "stats", roots));
  run_silently (self, "bob", "remove", roots);
  g_assert_cmpuint (count_targets (self->connection), ==, 1);
}

static void
test_added_twice (Fixture *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (self, "alice");
  g_autofree char *path = run_with_pid (self, "alice", "add", pid);

  fails_with_pid (self, "alice", "add", pid, 1, "is a target already");
  fails_with_pid (self, "root", "add --ratio=50%", pid, 1, "hugepagectl targets");
  assert_target (self->connection, g_strchomp (path), "Ratio", "10000");
}

static void
test_added_when_it_has_gone (Fixture *self, gconstpointer data)
{
  guint32 pid, zombie;
  Child *child = fixture_poser_as (self, "alice", &pid, NULL);

  fixture_poser_as (self, "alice", &zombie, "--zombie", NULL);
  fails_with_pid (self, "alice", "add", zombie, 5, "process");
  child_signal (child, SIGKILL);
  g_assert_true (child_wait (child, WAIT_SECONDS, NULL));
  fails_with_pid (self, "alice", "add", pid, 5, "There is no process");
  g_assert_cmpuint (count_targets (self->connection), ==, 0);
}

typedef struct {
  GDBusConnection *connection;
  char *path;
} FiguresWait;

static gboolean
has_figures (gpointer data)
{
  const FiguresWait *wait = data;

  return get_target_statistic (wait->connection, wait->path, "anonymous-bytes") > 0;
}

static gint64
get_anonymous (JsonNode *statistics)
{
  return json_object_get_int_member (json_node_get_object (statistics), "anonymous-bytes");
}

/* Two processes that are told apart by how much memory they have. */
static void
test_stats (Fixture *self, gconstpointer data)
{
  const guint32 primary = fixture_process_of (self, "alice");
  Child *hotmap = fixture_hotmap_as (self, "alice", NULL, "--hot=1", "--cold=31", NULL);
  const guint32 other = (guint32) child_get_pid (hotmap);
  g_autofree char *path = added_target (self->connection, other, NULL);
  g_autofree char *primary_path = NULL, *words = NULL, *text = NULL, *of_primary = NULL;
  g_autoptr (JsonNode) node = NULL, primary_node = NULL;

  fixture_serve (self, primary);
  primary_path = find_target (self->connection, primary);
  g_assert_true (wait_until (has_figures, &(FiguresWait){ self->connection, path }, WAIT_SECONDS));
  g_assert_true (
    wait_until (has_figures, &(FiguresWait){ self->connection, primary_path }, WAIT_SECONDS));

  words = g_strdup_printf ("stats %u", other);
  text = hugepagectl_done (self, "alice", words);
  g_assert_true (
    g_regex_match_simple ("^timestamp +[0-9]+ \\([0-9.]+ s ago\\)$", text, G_REGEX_MULTILINE, 0));
  g_assert_true (
    g_regex_match_simple ("^anonymous-bytes +[0-9]+ \\(.*MiB\\)$", text, G_REGEX_MULTILINE, 0));
  of_primary = hugepagectl_done (self, "alice", "stats");
  g_assert_nonnull (strstr (of_primary, "\nanonymous-bytes "));

  node = hugepagectl_json (self, "alice", words);
  primary_node = hugepagectl_json (self, "alice", "stats");
  g_assert_cmpint (get_anonymous (node), >, 64 << 20);
  g_assert_cmpint (get_anonymous (primary_node), <, 64 << 20);
}

static void
test_undo (Fixture *self, gconstpointer data)
{
  const guint32 primary = fixture_process_of (self, "alice"),
                other = fixture_process_of (self, "alice");
  g_autofree char *path = added_target (self->connection, other, NULL);
  g_autofree char *words = g_strdup_printf ("undo %u", other);
  g_autofree char *primary_path = NULL, *text = NULL;
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object;

  fixture_serve (self, primary);
  primary_path = find_target (self->connection, primary);
  assert_target_eventually (self->connection, path, "State", "'running'", WAIT_SECONDS);
  text = hugepagectl_done (self, "alice", "undo");
  g_assert_cmpstr (text, ==, "Split  0 (0 bytes)\nKept   0 (0 bytes)\n");
  assert_target (self->connection, primary_path, "State", "'disabled'");
  assert_target (self->connection, path, "State", "'running'");

  node = hugepagectl_json (self, "alice", words);
  object = json_node_get_object (node);
  g_assert_cmpuint (json_object_get_size (object), ==, 2);
  g_assert_cmpint (json_object_get_int_member (object, "split_bytes"), ==, 0);
  g_assert_cmpint (json_object_get_int_member (object, "kept_bytes"), ==, 0);
  assert_target (self->connection, path, "State", "'disabled'");
}

static void
test_no_primary (Fixture *self, gconstpointer data)
{
  g_autofree char *path = added_target (self->connection, fixture_process_of (self, "alice"), NULL);

  hugepagectl_fails (self, "alice", "undo", 5, "no primary target");
  hugepagectl_fails (self, "alice", "stats", 5, "process");
  assert_target_eventually (self->connection, path, "State", "'running'", WAIT_SECONDS);
}

static void
add (const char *name, void (*function) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/hugepagectl-targets/", name, NULL);

  g_test_add (path, Fixture, NULL, fixture_set_up_all, function, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("no-targets", test_no_targets);
  add ("add", test_add);
  add ("details-are-not-for-everybody", test_details_are_not_for_everybody);
  add ("many-targets-in-their-order", test_many_targets_in_their_order);
  add ("remove", test_remove);
  add ("foreign-ones", test_foreign_ones);
  add ("added-twice", test_added_twice);
  add ("added-when-it-has-gone", test_added_when_it_has_gone);
  add ("stats", test_stats);
  add ("undo", test_undo);
  add ("no-primary", test_no_primary);
  return g_test_run ();
}
