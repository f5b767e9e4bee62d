/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "footprint.h"

#include <string.h>

#define WAIT_SECONDS 10
#define CALL_SECONDS 5
#define ANONYMOUS "\nRssAnon:"

/* AddressSanitizer keeps what is freed for a while. */
#ifdef __SANITIZE_ADDRESS__
#define MEMORY_TELLS FALSE
#else
#define MEMORY_TELLS TRUE
#endif

static guint
count_descriptors (Fixture *fixture)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd", child_get_pid (fixture->service));
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) folder = g_dir_open (path, 0, &error);
  guint n = 0;

  g_assert_no_error (error);
  while (g_dir_read_name (folder) != NULL)
    n++;
  return n;
}

static guint64
read_memory (Fixture *fixture)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", child_get_pid (fixture->service));
  g_autofree char *status = NULL;
  g_autoptr (GError) error = NULL;
  const char *line;

  g_file_get_contents (path, &status, NULL, &error);
  g_assert_no_error (error);
  if (!MEMORY_TELLS)
    return 0;
  line = strstr (status, ANONYMOUS);
  g_assert_nonnull (line);
  return g_ascii_strtoull (line + strlen (ANONYMOUS), NULL, 10) * 1024;
}

static guint
count_match_rules (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) statistics = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
    fixture->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
    "org.freedesktop.DBus.Debug.Stats", "GetConnectionStats", g_variant_new ("(s)", SERVICE_NAME),
    G_VARIANT_TYPE ("(a{sv})"), G_DBUS_CALL_FLAGS_NONE, wait_milliseconds (CALL_SECONDS), NULL,
    &error);
  guint32 rules;

  g_assert_no_error (error);
  statistics = g_variant_get_child_value (reply, 0);
  g_assert_true (g_variant_lookup (statistics, "MatchRules", "u", &rules));
  return rules;
}

Footprint
footprint_read (Fixture *fixture)
{
  return (Footprint){ .descriptors = count_descriptors (fixture),
                      .match_rules = count_match_rules (fixture),
                      .memory = read_memory (fixture) };
}

typedef struct {
  Fixture *fixture;
  const Footprint *before;
  guint64 more_memory;
  Footprint now;
} FootprintWait;

static gboolean
is_as_before (gpointer data)
{
  FootprintWait *wait = data;

  wait->now = footprint_read (wait->fixture);
  return wait->now.descriptors <= wait->before->descriptors
         && wait->now.match_rules <= wait->before->match_rules
         && wait->now.memory <= wait->before->memory + wait->more_memory;
}

void
assert_footprint (Fixture *fixture, const Footprint *before, guint64 more_memory)
{
  FootprintWait wait = { .fixture = fixture, .before = before, .more_memory = more_memory };

  if (!wait_until (is_as_before, &wait, WAIT_SECONDS))
    g_error ("The service had %u descriptors, %u rules on the bus and %" G_GUINT64_FORMAT
             " bytes, and has %u, %u and %" G_GUINT64_FORMAT,
             before->descriptors, before->match_rules, before->memory, wait.now.descriptors,
             wait.now.match_rules, wait.now.memory);
}
