/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "command-case.h"
#include "engine-case.h"
#include "targets.h"
#include "terminal.h"

#include <signal.h>
#include <string.h>

/* What is seen in a process's memory and taken back there, from the command line: "hugepagectl
 * heatmap" and "hugepagectl undo". */

#define N_HOT 32
#define N_COLD 64
#define SECONDS 40

#define HOT_BYTE 128

typedef struct {
  Fixture fixture;
  Child *hotmap; /* alice's, with N_HOT hot blocks and N_COLD cold ones */
  HeatMap *map;
  PageTables *tables;
  char *path;    /* of the target that it is */
  char *words;   /* "heatmap PID" */
  char *program; /* hugepagectl */
} HeatCase;

/* Returns: (transfer full): GetHeatMap's answer, or NULL before there was a look. */
static GVariant *
get_heat_map (HeatCase *self)
{
  g_autoptr (GError) error = NULL;
  GVariant *answer = call_target (self->fixture.connection, self->path, "GetHeatMap",
                                  g_variant_new ("(a{sv})", NULL), CALL_PLAIN, &error);

  if (answer == NULL)
    assert_error_name (error, SERVICE_ERROR "NotAvailable");
  return answer;
}

static gboolean
shows_what_is_hot (gpointer data)
{
  HeatCase *self = data;
  g_autoptr (GVariant) answer = get_heat_map (self);
  g_autoptr (GVariant) runs = answer != NULL ? g_variant_get_child_value (answer, 1) : NULL;
  guint n = 0;

  for (gsize i = 0; runs != NULL && i < g_variant_n_children (runs); i++) {
    g_autoptr (GVariant) bytes = NULL;
    const guint8 *heat;
    gsize n_bytes;

    g_variant_get_child (runs, i, "(t@ay)", NULL, &bytes);
    heat = g_variant_get_fixed_array (bytes, &n_bytes, 1);
    for (gsize j = 0; j < n_bytes; j++)
      n += heat[j] >= HOT_BYTE ? 1 : 0;
  }
  return n >= N_HOT - 4;
}

static void
set_up (HeatCase *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint32 pid;

  fixture_set_up_all (&self->fixture, data);
  self->hotmap = fixture_hotmap_as (&self->fixture, "alice", &self->map, "--hot=32", "--cold=64",
                                    "--one=8", NULL);
  pid = (guint32) child_get_pid (self->hotmap);
  self->tables = page_tables_open ((pid_t) pid, &error);
  g_assert_no_error (error);
  /* Hardly anything becomes huge. */
  engine_configure (&self->fixture, "{'QuotaSize': <@t 1>}");
  self->path = added_target (self->fixture.connection, pid, NULL);
  self->words = g_strdup_printf ("heatmap %u", pid);
  self->program = fixture_install (&self->fixture, g_getenv ("DH_HUGEPAGECTL"));
  self->fixture.environment = g_environ_setenv (self->fixture.environment, "TERM", "xterm", TRUE);
  g_assert_true (wait_until (shows_what_is_hot, self, SECONDS));
}

static void
tear_down (HeatCase *self, gconstpointer data)
{
  page_tables_close (self->tables);
  heat_map_free (self->map);
  g_free (self->path);
  g_free (self->words);
  g_free (self->program);
  fixture_tear_down (&self->fixture, data);
}

static void
set_variable (HeatCase *self, const char *name, const char *value)
{
  self->fixture.environment = value != NULL
                                ? g_environ_setenv (self->fixture.environment, name, value, TRUE)
                                : g_environ_unsetenv (self->fixture.environment, name);
}

/* The lines of the map in @text, above the legend. Returns: (transfer full). */
static GStrv
take_map (const char *text)
{
  const char *end = strstr (text, "\n\n");
  g_autofree char *map = NULL;

  g_assert_nonnull (end);
  map = g_strndup (text, (gsize) (end - text));
  return g_strsplit (map, "\n", -1);
}

static guint
count_characters (const GStrv lines, gunichar character)
{
  guint n = 0;

  for (gsize i = 0; lines[i] != NULL; i++)
    for (const char *p = lines[i]; *p != '\0'; p = g_utf8_next_char (p))
      n += g_utf8_get_char (p) == character ? 1 : 0;
  return n;
}

/* All of @width but the last, which is not longer. */
static void
assert_width (const GStrv lines, glong width)
{
  for (gsize i = 0; lines[i] != NULL; i++) {
    glong length = g_utf8_strlen (lines[i], -1);

    if (lines[i + 1] != NULL)
      g_assert_cmpint (length, ==, width);
    g_assert_cmpint (length, <=, width);
    g_assert_cmpint (length, >, 0);
  }
}

static gboolean
has_line (const char *text, const char *pattern)
{
  return g_regex_match_simple (pattern, text, G_REGEX_MULTILINE, 0);
}

static void
test_ascii (HeatCase *self, gconstpointer data)
{
  static const guint widths[] = { 40, 200, 80 };
  g_autofree char *words = g_strconcat (self->words, " --ascii", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (widths); i++) {
    g_autofree char *columns = g_strdup_printf ("%u", widths[i]);
    g_autofree char *text = NULL;
    g_auto (GStrv) map = NULL;

    /* 80 is what is taken where nothing is known. */
    set_variable (self, "COLUMNS", widths[i] != 80 ? columns : NULL);
    text = hugepagectl_done (&self->fixture, "alice", words);
    map = take_map (text);
    g_assert_true (g_str_is_ascii (text));
    g_assert_null (strchr (text, '\033'));
    assert_width (map, widths[i]);
    g_assert_cmpuint (g_strv_length (map), >=, widths[i] < 100 ? 2 : 1);
    g_assert_cmpuint (count_characters (map, '*') + count_characters (map, '#'), >=, N_HOT - 4);
    g_assert_cmpuint (count_characters (map, '.'), >=, N_COLD - 4);
    g_assert_cmpuint (count_characters (map, '|'), >=, 1);
    g_assert_true (has_line (text, "^#  +[0-9.]+ (MiB|bytes)  huge$"));
    g_assert_true (has_line (text, "^\\*  +[0-9]{2}\\.0 MiB  hot: pays for a huge page$"));
    g_assert_true (has_line (text, "^\\.  +1[0-9]{2}\\.0 MiB  not touched$"));
    g_assert_true (has_line (text, "^\\|  +gap: "));
    g_assert_true (has_line (text, "^One character is 2\\.0 MiB\\.$"));
  }
}

/* A picture for people, but nothing that only a terminal understands. */
static void
test_into_a_pipe (HeatCase *self, gconstpointer data)
{
  g_autofree char *text = hugepagectl_done (&self->fixture, "alice", self->words);
  g_auto (GStrv) map = take_map (text);
  g_autofree char *plain = NULL;

  g_assert_null (strchr (text, '\033'));
  g_assert_cmpuint (count_characters (map, L'▓') + count_characters (map, L'█'), >=, N_HOT - 4);
  g_assert_cmpuint (count_characters (map, L'·'), >=, N_COLD - 4);
  /* Where the locale has no such characters there are letters. */
  set_variable (self, "LC_ALL", "C");
  plain = hugepagectl_done (&self->fixture, "alice", self->words);
  g_assert_true (g_str_is_ascii (plain));
  g_assert_true (has_line (plain, "^\\*  +[0-9.]+ MiB  hot: "));
}

/* Returns: (transfer full): what it shows, without what terminals understand: lines end with "\n";
 * @ret_coloured: whether there were colours. */
static char *
show_on_terminal (HeatCase *self, guint columns, const char *option, gboolean *ret_coloured)
{
  g_autofree char *pid = g_strdup_printf ("%d", child_get_pid (self->hotmap));
  const char *argv[] = { self->program, "heatmap", pid, option, NULL };
  g_autoptr (Terminal) terminal = terminal_open (&self->fixture, "alice", columns, argv);
  g_autoptr (GRegex) escapes = g_regex_new ("\033\\[[0-9;]*m|\r", 0, 0, NULL);
  const int status = terminal_wait (terminal, WAIT_SECONDS);
  const char *text = terminal_get_text (terminal);
  char *plain = g_regex_replace_literal (escapes, text, -1, 0, "", 0, NULL);

  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
  *ret_coloured = strchr (text, '\033') != NULL;
  g_assert_null (strchr (plain, '\033'));
  return plain;
}

static void
test_on_a_terminal (HeatCase *self, gconstpointer data)
{
  static const guint widths[] = { 50, 1, 500 };
  gboolean coloured;

  /* What the terminal itself says counts. */
  set_variable (self, "COLUMNS", "33");
  for (gsize i = 0; i < G_N_ELEMENTS (widths); i++) {
    g_autofree char *text = show_on_terminal (self, widths[i], NULL, &coloured);
    g_auto (GStrv) map = take_map (text);

    g_assert_true (coloured);
    assert_width (map, widths[i]);
    g_assert_true (has_line (text, "^▓  +[0-9]{2}\\.0 MiB  hot: "));
  }
}

static void
test_colours_are_not_for_everybody (HeatCase *self, gconstpointer data)
{
  static const struct {
    const char *name;
    const char *value;
    const char *option;
    gboolean coloured;
  } rows[] = {
    { "NO_COLOR", "1", NULL, FALSE }, { "NO_COLOR", "", NULL, TRUE },
    { "TERM", "dumb", NULL, FALSE },  { "TERM", "linux", "--ascii", FALSE },
    { "TERM", "linux", NULL, TRUE },
  };
  gboolean coloured;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *text = NULL;

    set_variable (self, rows[i].name, rows[i].value);
    text = show_on_terminal (self, 80, rows[i].option, &coloured);
    g_assert_cmpint (coloured, ==, rows[i].coloured);
  }
}

static void
assert_same (JsonNode *node, GVariant *answer)
{
  JsonObject *object = json_node_get_object (node);
  JsonArray *list = json_object_get_array_member (object, "runs");
  g_autoptr (GVariant) runs = NULL;
  guint64 block_size;

  g_variant_get (answer, "(t@a(tay))", &block_size, &runs);
  g_assert_cmpuint (json_object_get_size (object), ==, 2);
  g_assert_cmpuint ((guint64) json_object_get_int_member (object, "block_size"), ==, block_size);
  g_assert_cmpuint (json_array_get_length (list), ==, g_variant_n_children (runs));
  for (guint i = 0; i < json_array_get_length (list); i++) {
    JsonObject *run = json_array_get_object_element (list, i);
    JsonArray *heat = json_object_get_array_member (run, "heat");
    g_autoptr (GVariant) bytes = NULL;
    const guint8 *expected;
    guint64 skipped;
    gsize n;

    g_variant_get_child (runs, i, "(t@ay)", &skipped, &bytes);
    expected = g_variant_get_fixed_array (bytes, &n, 1);
    g_assert_cmpuint ((guint64) json_object_get_int_member (run, "skipped"), ==, skipped);
    g_assert_cmpuint (json_array_get_length (heat), ==, n);
    for (guint j = 0; j < n; j++)
      g_assert_cmpint (json_array_get_int_element (heat, j), ==, expected[j]);
  }
}

/* Asked twice within a second the service answers the same. */
static void
test_json (HeatCase *self, gconstpointer data)
{
  for (guint i = 0; i < 20; i++) {
    g_autoptr (GVariant) before = get_heat_map (self);
    g_autoptr (JsonNode) node = hugepagectl_json (&self->fixture, "alice", self->words);
    g_autoptr (GVariant) after = get_heat_map (self);

    if (g_variant_equal (before, after)) {
      assert_same (node, before);
      return;
    }
  }
  g_error ("The picture changes faster than it can be read");
}

static void
test_denied (HeatCase *self, gconstpointer data)
{
  hugepagectl_fails (&self->fixture, "bob", self->words, 3, "org.damon.Hugepage.inspect");
}

static void
test_not_looked_at_yet (HeatCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  g_autofree char *set = g_strdup_printf ("set Pid %u", pid);
  g_autofree char *words = g_strdup_printf ("heatmap %u", pid);

  g_free (hugepagectl_done (&self->fixture, "alice", set));
  hugepagectl_fails (&self->fixture, "alice", words, 4, "try again in a few seconds");
}

static guint64
read_huge (HeatCase *self)
{
  g_autoptr (GError) error = NULL;
  guint64 anonymous, huge;

  g_assert_true (page_tables_get_totals (self->tables, &anonymous, &huge, &error));
  g_assert_no_error (error);
  return huge;
}

static gboolean
is_huge (gpointer data)
{
  HeatCase *self = data;
  g_autoptr (GError) error = NULL;
  guint n;

  heat_map_count_huge (self->map, HEAT_CLASS_HOT, self->tables, &n, &error);
  g_assert_no_error (error);
  return n == N_HOT;
}

static void
assert_intact (HeatCase *self)
{
  g_autofree char *line = NULL;

  child_signal (self->hotmap, SIGHUP);
  line = child_expect_line (self->hotmap, "checksum ", 60);
  g_assert_cmpstr (line, ==, "checksum ok");
}

static void
test_undo (HeatCase *self, gconstpointer data)
{
  g_autofree char *words = g_strdup_printf ("undo %d", child_get_pid (self->hotmap));
  g_autofree char *again = NULL;
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object;
  guint64 huge;

  engine_warm_host (256);
  engine_configure (&self->fixture, "{'QuotaSize': <@t 0>, 'QuotaTimeUSec': <@t 500000>}");
  g_assert_true (wait_until (is_huge, self, SECONDS));
  wait_for (500);
  huge = read_huge (self);
  node = hugepagectl_json (&self->fixture, "alice", words);
  object = json_node_get_object (node);
  g_assert_cmpuint ((guint64) json_object_get_int_member (object, "split_bytes"), ==, huge);
  g_assert_cmpint (json_object_get_int_member (object, "kept_bytes"), ==, 0);
  g_assert_cmpuint (read_huge (self), ==, 0);
  assert_target (self->fixture.connection, self->path, "State", "'disabled'");
  again = hugepagectl_done (&self->fixture, "alice", words);
  g_assert_cmpstr (again, ==, "Split  0 (0 bytes)\nKept   0 (0 bytes)\n");
  assert_intact (self);
}

static void
add (const char *name, void (*function) (HeatCase *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/hugepagectl-heat-map/", name, NULL);

  g_test_add (path, HeatCase, NULL, set_up, function, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("ascii", test_ascii);
  add ("into-a-pipe", test_into_a_pipe);
  add ("on-a-terminal", test_on_a_terminal);
  add ("colours-are-not-for-everybody", test_colours_are_not_for_everybody);
  add ("json", test_json);
  add ("denied", test_denied);
  add ("not-looked-at-yet", test_not_looked_at_yet);
  add ("undo", test_undo);
  return g_test_run ();
}
