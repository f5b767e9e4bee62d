/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "targets.h"

#include <string.h>
#include <sys/stat.h>

/* Machines on which the engine cannot work, as their files in /proc and /sys tell. */

#define PMD_SIZE "sys/kernel/mm/transparent_hugepage/hpage_pmd_size"
#define RAM "sys/firmware/memmap/0/"
#define MAX_FILES 5

static const struct {
  const char *name;
  const char *files[MAX_FILES][2];
  const char *reason;
  const char *detail; /* a part of it */
} rows[] = {
  { "no-huge-pages", { { NULL } }, "thp-unsupported", "hpage_pmd_size" },
  { "huge-pages-of-another-size",
    { { PMD_SIZE, "33554432\n" } },
    "thp-unsupported",
    "hpage_pmd_size" },
  { "no-memory-map", { { PMD_SIZE, "2097152\n" } }, "kernel-support-missing", "memmap" },
  { "memory-map-of-zeros",
    { { PMD_SIZE, "2097152\n" },
      { RAM "start", "0x0\n" },
      { RAM "end", "0x0\n" },
      { RAM "type", "System RAM\n" } },
    "kernel-support-missing",
    "memmap" },
  { "memory-map-without-ram",
    { { PMD_SIZE, "2097152\n" },
      { RAM "start", "0x100000\n" },
      { RAM "end", "0x7fffffff\n" },
      { RAM "type", "Reserved\n" } },
    "kernel-support-missing",
    "memmap" },
  { "encrypted-by-amd",
    { { PMD_SIZE, "2097152\n" }, { "proc/cpuinfo", "flags\t\t: fpu hypervisor sev sev_es\n" } },
    "memory-encryption",
    "cpuinfo" },
  { "encrypted-by-intel",
    { { PMD_SIZE, "2097152\n" }, { "proc/cpuinfo", "flags\t\t: fpu tdx_guest hypervisor\n" } },
    "memory-encryption",
    "cpuinfo" },
};

static void
make_root (Fixture *self, guint row)
{
  g_autofree char *root = fixture_path (self, "root");

  g_assert_no_errno (mkdir (root, 0755));
  for (guint i = 0; i < MAX_FILES && rows[row].files[i][0] != NULL; i++) {
    g_autofree char *path = g_build_filename (root, rows[row].files[i][0], NULL);
    g_autofree char *folder = g_path_get_dirname (path);
    g_autoptr (GError) error = NULL;

    g_assert_no_errno (g_mkdir_with_parents (folder, 0755));
    g_file_set_contents (path, rows[row].files[i][1], -1, &error);
    g_assert_no_error (error);
  }
}

static void
assert_engines (Fixture *self, guint row)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) engines = get_property (self->connection, "Engines", &error);
  g_autoptr (GVariant) engine = NULL;
  const char *name, *reason, *detail;
  gboolean available;

  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_n_children (engines), ==, 2);
  engine = g_variant_get_child_value (engines, 1);
  g_assert_true (g_variant_lookup (engine, "name", "&s", &name));
  g_assert_true (g_variant_lookup (engine, "available", "b", &available));
  g_assert_true (g_variant_lookup (engine, "reason", "&s", &reason));
  g_assert_true (g_variant_lookup (engine, "detail", "&s", &detail));
  g_assert_cmpstr (name, ==, "bpf");
  g_assert_false (available);
  g_assert_cmpstr (reason, ==, rows[row].reason);
  g_assert_nonnull (strstr (detail, rows[row].detail));
}

/* By whoever asks: what cannot be done at all is not a question of rights. */
static void
assert_nothing_works (GDBusConnection *connection, guint32 pid)
{
  static const char *const settings[] = { "{'Enabled': <true>}", "{'Pid': <@u 0>}",
                                          "{'Ratio': <@u 5000>}", "{'QuotaSize': <@t 0>}",
                                          "{'MinRegions': <@t 10>}" };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
    configure (connection, settings[i], CALL_PLAIN, &error);
    assert_error_name (error, SERVICE_ERROR "NotAvailable");
  }
  serve (connection, pid, &error);
  assert_error_name (error, SERVICE_ERROR "NotAvailable");
  call_method (connection, "Reset", NULL, CALL_PLAIN, &error);
  assert_error_name (error, SERVICE_ERROR "NotAvailable");
  configure (connection, "{'Ratio': <'much'>}", CALL_PLAIN, &error);
  assert_error_name (error, BUS_ERROR "InvalidArgs");
}

static void
test_row (Fixture *self, gconstpointer data)
{
  static const struct {
    const char *name;
    const char *value;
  } properties[] = {
    { "State", "'unavailable'" }, { "Engine", "''" },
    { "Enabled", "false" },       { "Pid", "@u 0" },
    { "Limits", "@a{sv} {}" },    { "Capabilities", "@as []" },
    { "ActiveTargets", "@u 0" },  { "LastError", "''" },
    { "KdamondPid", "-1" },       { "QuotaSize", "@t 134217728" },
    { "Ratio", "@u 10000" },
  };
  const guint row = GPOINTER_TO_UINT (data);
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  const guint32 pid = fixture_process_of (self, "alice");
  g_autofree char *option = NULL;
  g_autoptr (Standstill) standstill = NULL;

  make_root (self, row);
  option = g_strdup_printf ("--root=%s/root", self->directory);
  fixture_service_start (self, option, NULL);
  fixture_service_wait_probed (self);
  for (guint i = 0; i < G_N_ELEMENTS (properties); i++) {
    g_autoptr (GVariant) value = g_variant_parse (NULL, properties[i].value, NULL, NULL, NULL);

    assert_property (alice, properties[i].name, value);
  }
  assert_property (alice, "UnavailableReason", g_variant_new_string (rows[row].reason));
  assert_engines (self, row);
  standstill = standstill_new (self);
  assert_nothing_works (self->connection, pid);
  assert_nothing_works (alice, pid);
  assert_standstill (standstill);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strconcat ("/unavailable/", rows[i].name, NULL);

    g_test_add (path, Fixture, GUINT_TO_POINTER (i), fixture_set_up_bus, test_row,
                fixture_tear_down);
  }
  return g_test_run ();
}
