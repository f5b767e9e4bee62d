/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "command.h"
#include "target-objects.h"
#include "targets.h"

#include <string.h>

/* Processes, from the command line. */

#define ALICE_UID 18101
#define BOB_UID 18102

/* Lets alice look at others' processes. */
#define INSPECT                                                                                    \
  "polkit.addRule (function (action, subject) {\n"                                                 \
  "  if (action.id == 'org.damon.Hugepage.inspect' && subject.user == 'alice')\n"                  \
  "    return polkit.Result.YES;\n"                                                                \
  "});\n"

static void
test_is_ones_own (Fixture *self, gconstpointer data)
{
  const guint32 bobs = fixture_process_of (self, "bob"), own = fixture_process_of (self, "alice");
  g_autofree char *text = hugepagectl_done (self, "alice", "list");
  g_autoptr (JsonNode) node = hugepagectl_json (self, "alice", "list");
  g_auto (GStrv) row = find_row (text, 0, own);
  g_auto (GStrv) foreign = find_row (text, 0, bobs);
  JsonObject *object = find_object (node, "pid", own);
  JsonArray *all = json_node_get_array (node);

  g_assert_true (
    g_regex_match_simple ("^PID +NAME +USER +UNIT +MEMORY +HUGE +TARGET\n", text, 0, 0));
  g_assert_nonnull (row);
  g_assert_cmpstr (row[1], ==, "poser");
  g_assert_cmpstr (row[2], ==, "alice");
  g_assert_null (foreign);
  g_assert_nonnull (object);
  g_assert_cmpstr (json_object_get_string_member (object, "name"), ==, "poser");
  g_assert_cmpint (json_object_get_int_member (object, "anonymous-bytes"), >, 0);
  g_assert_false (json_object_get_boolean_member (object, "targeted"));
  for (guint i = 0; i < json_array_get_length (all); i++)
    g_assert_cmpint (json_object_get_int_member (json_array_get_object_element (all, i), "uid"), ==,
                     ALICE_UID);
}

static void
test_of_all_needs_inspect (Fixture *self, gconstpointer data)
{
  const guint32 bobs = fixture_process_of (self, "bob");
  g_autofree char *of_root = hugepagectl_done (self, "root", "list --all");
  g_auto (GStrv) seen_by_root = find_row (of_root, 0, bobs);
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object;

  g_assert_nonnull (seen_by_root);
  g_assert_cmpstr (seen_by_root[2], ==, "bob");
  hugepagectl_fails (self, "alice", "list --all", 3, "org.damon.Hugepage.inspect");
  hugepagectl_fails (self, "alice", "--json --no-ask-password list --all", 3, "inspect");
  fixture_polkit_rules (self, INSPECT);
  node = hugepagectl_json (self, "alice", "list --all");
  object = find_object (node, "pid", bobs);
  g_assert_nonnull (object);
  g_assert_cmpint (json_object_get_int_member (object, "uid"), ==, BOB_UID);
  hugepagectl_fails (self, "bob", "list --all", 3, "org.damon.Hugepage.inspect");
}

static void
test_marks_targets (Fixture *self, gconstpointer data)
{
  const guint32 served = fixture_process_of (self, "alice"),
                other = fixture_process_of (self, "alice");
  g_autofree char *path = added_target (self->connection, served, NULL);
  g_autofree char *text = hugepagectl_done (self, "alice", "list");
  g_autoptr (JsonNode) node = hugepagectl_json (self, "alice", "list");
  g_autofree char *row = g_strdup_printf ("\n%u  .*  yes\n", served);
  g_auto (GStrv) plain = find_row (text, 0, other);

  g_assert_true (g_regex_match_simple (row, text, 0, 0));
  g_assert_nonnull (plain);
  g_assert_cmpstr (plain[g_strv_length (plain) - 1], !=, "yes");
  g_assert_true (json_object_get_boolean_member (find_object (node, "pid", served), "targeted"));
  g_assert_false (json_object_get_boolean_member (find_object (node, "pid", other), "targeted"));
}

/* They are escaped once, wherever they are shown. */
static void
test_foreign_names_are_harmless (Fixture *self, gconstpointer data)
{
  static const char escaped[] = "\\x1b[2J\\\\\\x07\\xff\\x0ax";
  guint32 pid;
  g_autofree char *list = NULL, *targets = NULL, *path = NULL;
  g_auto (GStrv) process = NULL, target = NULL;
  g_autoptr (JsonNode) list_node = NULL, targets_node = NULL;
  JsonObject *object;

  fixture_poser_as (self, "alice", &pid, "--name=\x1b[2J\\\a\xff\nx", NULL);
  path = added_target (self->connection, pid, NULL);
  list = hugepagectl_done (self, "root", "list --all");
  targets = hugepagectl_done (self, "alice", "targets");
  process = find_row (list, 0, pid);
  target = find_row (targets, 1, pid);
  g_assert_cmpstr (process[1], ==, escaped);
  g_assert_cmpstr (target[2], ==, escaped);
  g_assert_null (strchr (list, '\x1b'));
  g_assert_null (strchr (targets, '\x1b'));

  list_node = hugepagectl_json (self, "alice", "list");
  targets_node = hugepagectl_json (self, "alice", "targets");
  object = find_object (list_node, "pid", pid);
  g_assert_cmpstr (json_object_get_string_member (object, "name"), ==, escaped);
  object = json_object_get_object_member (find_object (targets_node, "Pid", pid), "Details");
  g_assert_cmpstr (json_object_get_string_member (object, "name"), ==, escaped);
}

static void
add (const char *name, void (*function) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/hugepagectl-list/", name, NULL);

  g_test_add (path, Fixture, NULL, fixture_set_up_all, function, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("is-ones-own", test_is_ones_own);
  add ("of-all-needs-inspect", test_of_all_needs_inspect);
  add ("marks-targets", test_marks_targets);
  add ("foreign-names-are-harmless", test_foreign_names_are_harmless);
  return g_test_run ();
}
