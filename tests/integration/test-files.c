/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "targets.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files that are nonsense, cut off, somebody else's, or no files: the service starts with what it
 * can use, and says in its log what it could not. */

#define DEFAULT_QUOTA 134217728

static const struct {
  const char *name;
  const char *text;
  guint64 quota;        /* what comes of it */
  const char *warnings; /* in the log, one a line; NULL: none */
} settings_rows[] = {
  { "good", "[bpf]\nQuotaSize=4096\n", 4096, NULL },
  { "empty", "", DEFAULT_QUOTA, NULL },
  { "of-another-engine", "[damon]\nQuotaSize=4096\n", DEFAULT_QUOTA, NULL },
  { "nonsense", "QuotaSize\n", DEFAULT_QUOTA, "is not a key file" },
  { "cut-off-in-a-group", "[bp", DEFAULT_QUOTA, "is not a key file" },
  { "cut-off-in-a-key", "[bpf]\nQuotaSi", DEFAULT_QUOTA, "is not a key file" },
  { "cut-off-before-a-value", "[bpf]\nQuotaSize=", DEFAULT_QUOTA, "QuotaSize" },
  { "out-of-range", "[bpf]\nQuotaSize=4096\nRatio=0\n", 4096, "Ratio cannot be 0" },
  { "beyond-64-bits", "[bpf]\nQuotaSize=18446744073709551616\n", DEFAULT_QUOTA, "QuotaSize" },
  { "negative", "[bpf]\nQuotaSize=-1\n", DEFAULT_QUOTA, "QuotaSize" },
  { "octal-is-decimal", "[bpf]\nQuotaSize=0010\n", 10, NULL },
  { "with-a-unit", "[bpf]\nQuotaSize=4M\n", DEFAULT_QUOTA, "4M" },
  { "escapes", "[bpf]\nQuotaSize=\033[31m\n", DEFAULT_QUOTA, "\\x1b[31m" },
  { "unknown-key", "[bpf]\nColour=1\nQuotaSize=4096\n", 4096, "Colour" },
  { "never-stored", "[bpf]\nFeedback=1\nQuotaSize=4096\n", 4096, "Feedback" },
  { "not-utf-8", "[bpf]\nQuotaSize=4096\n# \377\n", DEFAULT_QUOTA, "not UTF-8" },
  { "twice", "[bpf]\nQuotaSize=4096\nQuotaSize=8192\n", 8192, NULL },
};

static const struct {
  const char *name;
  const char *text;
  guint64 quota;
  const char *warnings;
} configuration_rows[] = {
  { "good",
    "[Service]\nengine=bpf\ntime-ceiling=1%\nallow-own-on=bpf\n[Defaults bpf]\nQuotaSize=8192\n",
    8192, NULL },
  { "as-installed", NULL, DEFAULT_QUOTA, NULL },
  { "empty", "", DEFAULT_QUOTA, NULL },
  { "nonsense", "\001\002\003", DEFAULT_QUOTA, "is not a key file" },
  { "cut-off", "[Defaults bpf]\nQuotaSize=4096\n[Serv", DEFAULT_QUOTA, "is not a key file" },
  { "no-such-engine", "[Service]\nengine=nonsense\n[Defaults bpf]\nQuotaSize=8192\n", 8192,
    "nonsense" },
  { "no-share", "[Service]\ntime-ceiling=0%\n", DEFAULT_QUOTA, "time-ceiling" },
  { "more-than-a-core", "[Service]\ntime-ceiling=101%\n", DEFAULT_QUOTA, "time-ceiling" },
  { "no-percentage", "[Service]\ntime-ceiling=50\n", DEFAULT_QUOTA, "time-ceiling" },
  { "own-on-no-engine", "[Service]\nallow-own-on=bpf;nonsense\n", DEFAULT_QUOTA, "nonsense" },
  { "no-such-key", "[Service]\ncolour=1\n[Defaults bpf]\nQuotaSize=8192\n", 8192, "colour" },
  { "no-such-group", "[Colours]\nred=1\n[Defaults bpf]\nQuotaSize=8192\n", 8192, "Colours" },
  { "defaults-of-nothing", "[Defaults nonsense]\nQuotaSize=8192\n", DEFAULT_QUOTA, "nonsense" },
  { "default-out-of-range", "[Defaults bpf]\nRatio=10001\nQuotaSize=8192\n", 8192, "10001" },
  { "escapes", "[\033[31m]\n\033]0;=\033\n", DEFAULT_QUOTA, "x1b" },
};

static void
write_file (const char *path, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  g_assert_no_errno (chmod (path, 0600));
}

static void
assert_quota (Fixture *self, guint64 quota)
{
  fixture_service_wait_probed (self);
  assert_property (self->connection, "QuotaSize", g_variant_new_uint64 (quota));
}

static void
assert_warned (Fixture *self, const char *words)
{
  g_autofree char *log = fixture_service_read_log (self);
  const char *warning = strstr (log, "WARNING **");

  if (words == NULL ? warning != NULL : warning == NULL || strstr (warning, words) == NULL)
    g_error ("Expected %s in the warnings of the log:\n%s", words != NULL ? words : "nothing", log);
}

/* After whatever there was, it stores again. */
static void
assert_can_store (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  set_property (self->connection, "QuotaSize", g_variant_new_uint64 (12345), CALL_PLAIN, &error);
  g_assert_no_error (error);
  fixture_service_stop (self);
  fixture_service_start (self, NULL);
  assert_quota (self, 12345);
}

static void
test_settings_text (Fixture *self, gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autofree char *path = fixture_path (self, "state/settings");

  write_file (path, settings_rows[i].text);
  fixture_service_start (self, NULL);
  assert_quota (self, settings_rows[i].quota);
  assert_warned (self, settings_rows[i].warnings);
  assert_can_store (self);
}

static void
start_with_configuration (Fixture *self, const char *path)
{
  g_autofree char *option = g_strconcat ("--config=", path, NULL);

  fixture_service_start (self, option, NULL);
}

static void
test_configuration_text (Fixture *self, gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autofree char *path = fixture_path (self, "configuration");
  g_autofree char *installed = g_build_filename (g_getenv ("DH_DATA"), "damon-hugepage.conf", NULL);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  if (configuration_rows[i].text != NULL)
    write_file (path, configuration_rows[i].text);
  start_with_configuration (self, configuration_rows[i].text != NULL ? path : installed);
  assert_quota (self, configuration_rows[i].quota);
  assert_warned (self, configuration_rows[i].warnings);
  /* The default is what Reset goes back to. */
  set_property (self->connection, "QuotaSize", g_variant_new_uint64 (1), CALL_PLAIN, &error);
  reply = call_method (self->connection, "Reset", NULL, CALL_PLAIN, &error);
  g_assert_no_error (error);
  assert_quota (self, configuration_rows[i].quota);
}

/* What can be in the place of a file that is trusted. */
static void
make_world_writable (const char *path)
{
  write_file (path, "[bpf]\nQuotaSize=4096\n[Defaults bpf]\nQuotaSize=4096\n");
  g_assert_no_errno (chmod (path, 0602));
}

static void
make_group_writable (const char *path)
{
  make_world_writable (path);
  g_assert_no_errno (chmod (path, 0620));
}

static void
make_foreign (const char *path)
{
  g_autoptr (User) bob = user_lookup ("bob");

  make_world_writable (path);
  g_assert_no_errno (chmod (path, 0644));
  g_assert_no_errno (chown (path, bob->uid, bob->gid));
}

static void
make_link (const char *path)
{
  g_autofree char *elsewhere = g_strconcat (path, ".elsewhere", NULL);

  write_file (elsewhere, "[bpf]\nQuotaSize=4096\n[Defaults bpf]\nQuotaSize=4096\n");
  g_assert_no_errno (symlink (elsewhere, path));
}

static void
make_dangling_link (const char *path)
{
  g_assert_no_errno (symlink ("/nonexistent/file", path));
}

static void
make_fifo (const char *path)
{
  g_assert_no_errno (mkfifo (path, 0600));
}

static void
make_huge (const char *path)
{
  g_autoptr (GString) text = g_string_new ("[bpf]\nQuotaSize=4096\n");

  while (text->len < 100000)
    g_string_append (text, "# and so on and so on\n");
  write_file (path, text->str);
}

static const struct {
  const char *name;
  void (*make) (const char *path);
  const char *warning;
} file_rows[] = {
  { "writable-by-all", make_world_writable, "others may write" },
  { "writable-by-the-group", make_group_writable, "others may write" },
  { "another-user's", make_foreign, "belongs to another user" },
  { "link", make_link, "symbolic link" },
  { "dangling-link", make_dangling_link, "symbolic link" },
  { "pipe", make_fifo, "not a regular file" },
  { "too-large", make_huge, "larger than 64 KiB" },
};

static void
test_settings_file (Fixture *self, gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autofree char *path = fixture_path (self, "state/settings");

  file_rows[i].make (path);
  fixture_service_start (self, NULL);
  assert_quota (self, DEFAULT_QUOTA);
  assert_warned (self, file_rows[i].warning);
  assert_can_store (self);
}

static void
test_configuration_file (Fixture *self, gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autofree char *path = fixture_path (self, "configuration");

  file_rows[i].make (path);
  start_with_configuration (self, path);
  assert_quota (self, DEFAULT_QUOTA);
  assert_warned (self, file_rows[i].warning);
}

/* What a link points to is never written. */
static void
test_link_is_not_followed (Fixture *self, gconstpointer data)
{
  g_autofree char *path = fixture_path (self, "state/settings");
  g_autofree char *elsewhere = fixture_path (self, "state/settings.elsewhere");
  g_autofree char *before = NULL, *after = NULL;
  g_autoptr (GError) error = NULL;

  make_link (path);
  g_file_get_contents (elsewhere, &before, NULL, &error);
  fixture_service_start (self, NULL);
  assert_quota (self, DEFAULT_QUOTA);
  assert_can_store (self);
  g_file_get_contents (elsewhere, &after, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (after, ==, before);
}

static void
test_no_state_directory (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture_service_set_environment (self, "STATE_DIRECTORY", "/nonexistent/state");
  fixture_service_start (self, NULL);
  assert_quota (self, DEFAULT_QUOTA);
  set_property (self->connection, "QuotaSize", g_variant_new_uint64 (1), CALL_PLAIN, &error);
  g_assert_no_error (error);
  wait_for_files ();
  assert_quota (self, 1);
  assert_warned (self, "cannot be written");
}

static void
test_nobody_else_reads_the_files (Fixture *self, gconstpointer data)
{
  static const char *const names[] = { "state/settings", "state/targets" };
  g_autoptr (GError) error = NULL;

  fixture_service_start (self, NULL);
  set_property (self->connection, "QuotaSize", g_variant_new_uint64 (1), CALL_PLAIN, &error);
  g_assert_no_error (error);
  fixture_serve (self, fixture_process_of (self, "alice"));
  wait_for_files ();
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = fixture_path (self, names[i]);
    struct stat status;

    g_assert_no_errno (stat (path, &status));
    g_assert_cmpint (status.st_mode & 07777, ==, 0600);
  }
}

static void
add (const char *folder, const char *name, guint row, void (*function) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_strdup_printf ("/files/%s/%s", folder, name);

  g_test_add (path, Fixture, GUINT_TO_POINTER (row), fixture_set_up_bus, function,
              fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (settings_rows); i++)
    add ("settings", settings_rows[i].name, i, test_settings_text);
  for (guint i = 0; i < G_N_ELEMENTS (file_rows); i++)
    add ("settings", file_rows[i].name, i, test_settings_file);
  for (guint i = 0; i < G_N_ELEMENTS (configuration_rows); i++)
    add ("configuration", configuration_rows[i].name, i, test_configuration_text);
  for (guint i = 0; i < G_N_ELEMENTS (file_rows); i++)
    add ("configuration", file_rows[i].name, i, test_configuration_file);
  add ("state", "link-is-not-followed", 0, test_link_is_not_followed);
  add ("state", "no-directory", 0, test_no_state_directory);
  add ("state", "nobody-else-reads-them", 0, test_nobody_else_reads_the_files);
  return g_test_run ();
}
