/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "command.h"
#include "targets.h"

#include <signal.h>
#include <string.h>

#define WAIT_SECONDS 20

/* What a value is in JSON, by a letter. */
static char
kind_of (JsonNode *node)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    return 'o';
  if (JSON_NODE_HOLDS_ARRAY (node))
    return 'a';
  switch (json_node_get_value_type (node)) {
  case G_TYPE_STRING:
    return 's';
  case G_TYPE_INT64:
    return 'i';
  case G_TYPE_BOOLEAN:
    return 'b';
  default:
    g_assert_not_reached ();
  }
}

static void
assert_member (JsonObject *object, const char *name, char kind)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL)
    g_error ("There is no %s", name);
  if (kind_of (node) != kind)
    g_error ("%s is of kind %c, not %c", name, kind_of (node), kind);
}

static void
assert_value (Fixture *self, const char *name, const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (NULL, text, NULL, NULL, &error);

  g_assert_no_error (error);
  assert_property (self->connection, name, value);
}

/* A verb that changes something has nothing to say when it is done. */
static void run_silently (Fixture *self, const char *user, const char *format, ...)
  G_GNUC_PRINTF (3, 4);

static void
run_silently (Fixture *self, const char *user, const char *format, ...)
{
  g_autofree char *words = NULL, *output = NULL;
  va_list arguments;

  va_start (arguments, format);
  words = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  output = hugepagectl_done (self, user, words);
  g_assert_cmpstr (output, ==, "");
}

static void
test_status_of_nothing (Fixture *self, gconstpointer data)
{
  static const struct {
    const char *name;
    char kind;
  } members[] = { { "State", 's' },     { "UnavailableReason", 's' },
                  { "LastError", 's' }, { "Engine", 's' },
                  { "Pid", 'i' },       { "Ratio", 'i' } };
  g_autofree char *text = hugepagectl_done (self, "bob", "status");
  g_autoptr (JsonNode) node = hugepagectl_json (self, "bob", "status");
  JsonObject *object = json_node_get_object (node);

  g_assert_cmpstr (text, ==,
                   "State         disabled\n"
                   "Engine        bpf\n"
                   "Process       none\n"
                   "Ratio wanted  10000 (100 %)\n");
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    assert_member (object, members[i].name, members[i].kind);
  g_assert_cmpuint (json_object_get_size (object), ==, G_N_ELEMENTS (members));
  g_assert_cmpstr (json_object_get_string_member (object, "State"), ==, "disabled");
}

static void
test_enable_and_disable (Fixture *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (self, "alice");

  run_silently (self, "alice", "enable %u", pid);
  assert_property (self->connection, "Pid", g_variant_new_uint32 (pid));
  assert_value (self, "Enabled", "true");

  run_silently (self, "alice", "disable");
  assert_property (self->connection, "Pid", g_variant_new_uint32 (pid));
  assert_value (self, "Enabled", "false");
  run_silently (self, "alice", "disable");
}

static void
test_root_needs_no_polkit (Fixture *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (self, "bob");

  fixture_polkit_stop (self);
  run_silently (self, "root", "--no-ask-password enable %u", pid);
  assert_value (self, "Enabled", "true");
}

static gboolean
has_statistics (gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call_method (data, "GetStatistics", NULL, CALL_PLAIN, &error);
  g_autoptr (GVariant) statistics = NULL;

  g_assert_no_error (error);
  statistics = g_variant_get_child_value (reply, 0);
  return g_variant_lookup (statistics, "anonymous-bytes", "t", NULL);
}

static void
test_status_of_a_process (Fixture *self, gconstpointer data)
{
  guint32 pid;
  g_autofree char *row = NULL, *own = NULL, *foreign = NULL;
  g_autoptr (JsonNode) node = NULL, foreign_node = NULL;
  JsonObject *object;

  fixture_poser_as (self, "alice", &pid, "--name=worker", NULL);
  fixture_serve (self, pid);
  g_assert_true (wait_until (has_statistics, self->connection, WAIT_SECONDS));
  row = g_strdup_printf ("Process %u (worker)", pid);

  own = hugepagectl_done (self, "alice", "status");
  g_assert_true (has_row (own, "State running"));
  g_assert_true (has_row (own, row));
  g_assert_nonnull (strstr (own, "\nMeasured      ratio "));
  node = hugepagectl_json (self, "alice", "status");
  object = json_node_get_object (node);
  g_assert_cmpint (json_object_get_int_member (object, "Pid"), ==, pid);
  g_assert_cmpstr (json_object_get_string_member (object, "Name"), ==, "worker");
  assert_member (object, "Statistics", 'o');
  object = json_object_get_object_member (object, "Statistics");
  assert_member (object, "timestamp", 'i');
  assert_member (object, "anonymous-bytes", 'i');

  foreign = hugepagectl_done (self, "bob", "status");
  g_assert_true (has_row (foreign, row));
  g_assert_true (has_row (foreign, "Measured not permitted: the process is another user's"));
  foreign_node = hugepagectl_json (self, "bob", "status");
  g_assert_false (json_object_has_member (json_node_get_object (foreign_node), "Statistics"));
}

static void
test_status_after_the_exit (Fixture *self, gconstpointer data)
{
  guint32 pid;
  Child *child = fixture_poser_as (self, "alice", &pid, NULL);
  g_autofree char *row = NULL, *text = NULL;

  fixture_serve (self, pid);
  child_signal (child, SIGKILL);
  assert_property_eventually (self->connection, "State", g_variant_new_string ("target-exited"),
                              WAIT_SECONDS);
  row = g_strdup_printf ("Process %u", pid);
  text = hugepagectl_done (self, "alice", "status");
  g_assert_true (has_row (text, "State target-exited"));
  g_assert_true (has_row (text, row));
}

static void
test_foreign_name_is_harmless (Fixture *self, gconstpointer data)
{
  static const char escaped[] = "\\x1b[2J\\\\\\x07\\xff\\x0ax";
  guint32 pid;
  g_autofree char *row = NULL, *text = NULL;
  g_autoptr (JsonNode) node = NULL;

  fixture_poser_as (self, "alice", &pid, "--name=\x1b[2J\\\a\xff\nx", NULL);
  fixture_serve (self, pid);
  text = hugepagectl_done (self, "bob", "status");
  node = hugepagectl_json (self, "bob", "status");

  row = g_strdup_printf ("Process %u (%s)", pid, escaped);
  g_assert_null (strchr (text, '\x1b'));
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_true (has_row (text, row));
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (node), "Name"), ==,
                   escaped);
}

static void
test_engines (Fixture *self, gconstpointer data)
{
  g_autofree char *text = hugepagectl_done (self, "bob", "engines");
  g_autoptr (JsonNode) node = hugepagectl_json (self, "bob", "engines");
  JsonArray *engines = json_node_get_array (node);
  JsonObject *engine = json_array_get_object_element (engines, 1);

  g_assert_true (has_row (text, "bpf available collapse ratio-goal feedback-goal hot-only "
                                "multiple-targets heat-map undo statistics"));
  g_assert_true (has_row (text, "module not available kernel-support-missing: "
                                "/sys/module/damon_hugepage/parameters is not there: this kernel "
                                "has no DAMON_HUGEPAGE module"));
  g_assert_cmpuint (json_array_get_length (engines), ==, 2);
  assert_member (engine, "name", 's');
  assert_member (engine, "available", 'b');
  assert_member (engine, "reason", 's');
  assert_member (engine, "detail", 's');
  assert_member (engine, "capabilities", 'a');
  g_assert_true (json_object_get_boolean_member (engine, "available"));
}

static GDBusNodeInfo *
load_interface (void)
{
  g_autofree char *path =
    g_build_filename (g_getenv ("DH_DATA"), "dbus", SERVICE_NAME ".xml", NULL);
  g_autofree char *xml = NULL;
  g_autoptr (GError) error = NULL;
  GDBusNodeInfo *node;

  g_file_get_contents (path, &xml, NULL, &error);
  g_assert_no_error (error);
  node = g_dbus_node_info_new_for_xml (xml, &error);
  g_assert_no_error (error);
  return node;
}

/* What a value of a D-Bus type is in JSON. */
static char
kind_of_type (const char *signature)
{
  if (g_str_has_prefix (signature, "a{"))
    return 'o';
  return strchr ("uti", *signature) != NULL ? 'i' : *signature;
}

static void
test_get_everything (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusNodeInfo) node = load_interface ();
  g_autofree char *text = hugepagectl_done (self, "bob", "get");
  g_autoptr (JsonNode) json = hugepagectl_json (self, "bob", "get");
  JsonObject *object = json_node_get_object (json);
  JsonObject *limits = json_object_get_object_member (object, "Limits");
  guint n_properties = 0;

  for (GDBusPropertyInfo **info = node->interfaces[0]->properties; *info != NULL; info++) {
    assert_member (object, (*info)->name, kind_of_type ((*info)->signature));
    n_properties++;
  }
  g_assert_cmpuint (json_object_get_size (object), ==, n_properties);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (limits, "QuotaTimeUSec")),
                    ==, 4);

  g_assert_true (has_row (text, "Enabled no"));
  g_assert_true (has_row (text, "QuotaTimeUSec 10000 (10 ms)"));
  g_assert_true (has_row (text, "KdamondPid -1"));
  g_assert_true (has_row (text, "Engines module bpf"));
  g_assert_true (has_row (text, "Limits.Ratio 1 to 10000 in steps of 1, default 10000 (100 %)"));
}

static void
test_get_by_name (Fixture *self, gconstpointer data)
{
  g_autofree char *text = hugepagectl_done (self, "bob", "get mINrEGIONS Ratio");
  g_autofree char *many = NULL;
  g_autoptr (JsonNode) node = hugepagectl_json (self, "bob", "get ratio");
  g_autoptr (GString) words = g_string_new ("get");

  g_assert_cmpstr (text, ==, "MinRegions  10\nRatio       10000 (100 %)\n");
  g_assert_cmpuint (json_object_get_size (json_node_get_object (node)), ==, 1);
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (node), "Ratio"), ==, 10000);

  for (int i = 0; i < 5000; i++)
    g_string_append (words, " Pid");
  many = hugepagectl_done (self, "bob", words->str);
  g_assert_cmpuint (strlen (many), ==, 5000 * strlen ("Pid  0\n"));
}

static void
test_set (Fixture *self, gconstpointer data)
{
  static const struct {
    const char *words;
    const char *name;
    const char *value;
  } rows[] = {
    { "RATIO 80%", "Ratio", "@u 8000" },
    { "ratio 0.01%", "Ratio", "@u 1" },
    { "Feedback 125%", "Feedback", "@u 12500" },
    { "MinAgeUSec 0.5s", "MinAgeUSec", "@t 500000" },
    { "QuotaTimeUSec 50ms", "QuotaTimeUSec", "@t 50000" },
    { "QuotaTimeUSec 0", "QuotaTimeUSec", "@t 0" },
    { "QuotaSize 256M", "QuotaSize", "@t 268435456" },
    { "QuotaSize 1.5GiB", "QuotaSize", "@t 1610612736" },
    { "StatisticsIntervalUSec 2min", "StatisticsIntervalUSec", "@t 120000000" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    run_silently (self, "root", "set %s", rows[i].words);
    assert_value (self, rows[i].name, rows[i].value);
  }
}

static void
test_set_target (Fixture *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (self, "alice");

  run_silently (self, "alice", "set enabled yes pid %u ratio 50%%", pid);
  assert_property (self->connection, "Pid", g_variant_new_uint32 (pid));
  assert_value (self, "Enabled", "true");
  assert_value (self, "Ratio", "@u 5000");
  run_silently (self, "alice", "set Enabled off");
  assert_value (self, "Enabled", "false");
  run_silently (self, "alice", "set Enabled 1");
  run_silently (self, "alice", "set Pid 0");
  assert_value (self, "Enabled", "false");
  assert_value (self, "Pid", "@u 0");
}

static void
test_set_is_all_or_nothing (Fixture *self, gconstpointer data)
{
  static const struct {
    const char *words;
    int status;
    const char *word;
  } rows[] = {
    { "set QuotaSize 1M Ratio 101%", 1, "Ratio" },
    { "set Ratio 50% QuotaTimeUSec 61s QuotaSize 1M", 1, "QuotaTimeUSec" },
    { "set QuotaSize 1M MinRegions 20", 1, "MinRegions" },
    { "set Ratio 50% Enabled on Pid 2147483647", 5, "2147483647" },
    { "set Ratio 50% QuotaSize 1M Nonsense 1", 2, "Nonsense" },
    { "set Ratio 50% QuotaSize 1Z", 2, "1Z" },
  };
  g_autoptr (Standstill) standstill = NULL;

  fixture_serve (self, fixture_process_of (self, "alice"));
  standstill = standstill_new (self);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    hugepagectl_fails (self, "root", rows[i].words, rows[i].status, rows[i].word);
  /* She may set the one but not the other. */
  hugepagectl_fails (self, "alice", "set Ratio 50% QuotaSize 1M", 3, ".tune");
  assert_standstill (standstill);

  run_silently (self, "alice", "set Ratio 50%%");
  assert_value (self, "Ratio", "@u 5000");
}

static void
test_reset (Fixture *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (self, "alice");

  fixture_serve (self, pid);
  run_silently (self, "root", "set Ratio 50%% QuotaSize 1M MinAgeUSec 1s");
  run_silently (self, "root", "reset");
  assert_value (self, "Ratio", "@u 10000");
  assert_value (self, "QuotaSize", "@t 134217728");
  assert_value (self, "MinAgeUSec", "@t 100000");
  assert_property (self->connection, "Pid", g_variant_new_uint32 (pid));
  assert_value (self, "Enabled", "true");
}

static void
add (const char *path, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, fixture_set_up_all, test, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/hugepagectl/status-of-nothing", test_status_of_nothing);
  add ("/hugepagectl/status-of-a-process", test_status_of_a_process);
  add ("/hugepagectl/status-after-the-exit", test_status_after_the_exit);
  add ("/hugepagectl/foreign-name-is-harmless", test_foreign_name_is_harmless);
  add ("/hugepagectl/enable-and-disable", test_enable_and_disable);
  add ("/hugepagectl/root-needs-no-polkit", test_root_needs_no_polkit);
  add ("/hugepagectl/engines", test_engines);
  add ("/hugepagectl/get-everything", test_get_everything);
  add ("/hugepagectl/get-by-name", test_get_by_name);
  add ("/hugepagectl/set", test_set);
  add ("/hugepagectl/set-target", test_set_target);
  add ("/hugepagectl/set-is-all-or-nothing", test_set_is_all_or_nothing);
  add ("/hugepagectl/reset", test_reset);
  return g_test_run ();
}
