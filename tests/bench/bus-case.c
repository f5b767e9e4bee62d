/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bus-case.h"

#include "fixture-private.h"
#include "measurement.h"

#include <sys/stat.h>

/* Beside what tests/lib/bus.conf says. */
static const char bus_rules[] =
  "<!DOCTYPE busconfig PUBLIC '-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN'\n"
  "  'http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd'>\n"
  "<busconfig>\n"
  "  <policy user='root'><allow own='" PLAIN_NAME "'/></policy>\n"
  "  <policy context='default'><allow send_destination='" PLAIN_NAME "'/></policy>\n"
  "  <include ignore_missing='yes'>"
  "/usr/share/dbus-1/system.d/net.hadess.PowerProfiles.conf</include>\n"
  "</busconfig>\n";

const char *
bus_case_get_name (Side side)
{
  return side == SIDE_REAL ? SERVICE_NAME : PLAIN_NAME;
}

void
bus_case_set_up_bus (Fixture *self)
{
  g_autofree char *folder = NULL, *rules = NULL;
  g_autoptr (GError) error = NULL;

  fixture_set_up (self, NULL);
  folder = fixture_path (self, "bus.d");
  rules = g_build_filename (folder, "bench.conf", NULL);
  g_assert_no_errno (mkdir (folder, 0755));
  g_file_set_contents (rules, bus_rules, -1, &error);
  g_assert_no_error (error);
  fixture_bus_start (self);
}

void
bus_case_set_up (Fixture *self)
{
  bus_case_set_up_bus (self);
  fixture_polkit_rules (self, ALLOW_OWN);
  fixture_polkit_start (self);
  fixture_service_start (self, NULL);
  fixture_service_wait_probed (self);
  /* Nobody listens to the plain service either. */
  g_dbus_connection_signal_unsubscribe (self->connection, self->subscription);
  self->subscription = 0;
  wait_for_bus (self->connection);
}

/* Returns: (transfer full): the file that it is in. */
static char *
save_answer (Fixture *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = get_all_properties (self->connection, &error);
  char *path = fixture_path (self, "answer");

  g_assert_no_error (error);
  g_file_set_contents (path, g_variant_get_data (answer), (gssize) g_variant_get_size (answer),
                       &error);
  g_assert_no_error (error);
  return path;
}

Child *
bus_case_start_plain (Fixture *self, ...)
{
  g_autofree char *path = save_answer (self);
  g_autofree char *option = g_strconcat ("--answer=", path, NULL);
  g_autoptr (GPtrArray) argv = NULL;
  va_list options;
  Child *plain;

  va_start (options, self);
  argv = fixture_collect (va_arg (options, const char *), options);
  va_end (options);
  g_ptr_array_insert (argv, 0, (gpointer) g_getenv ("DH_PLAIN_SERVICE"));
  g_ptr_array_insert (argv, 1, option);
  plain = fixture_spawn_daemon (self, (const char *const *) argv->pdata, self->environment);
  fixture_wait_for_name (self, PLAIN_NAME, plain);
  return plain;
}

GArray *
bus_case_expect_latencies (Child *caller, guint seconds)
{
  g_autofree char *line = child_expect_line (caller, "latencies ", seconds);
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  GArray *latencies = g_array_new (FALSE, FALSE, sizeof (double));

  for (char **word = words + 1; *word; word++) {
    const double latency = g_ascii_strtod (*word, NULL);

    g_array_append_val (latencies, latency);
  }
  g_assert_cmpuint (latencies->len, >, 0);
  return latencies;
}

Estimate
bus_case_compare (guint pairs, PairFunc measure, gpointer data)
{
  g_autoptr (GArray) quotients = g_array_new (FALSE, FALSE, sizeof (double));

  for (guint i = 0; i < pairs; i++) {
    double sides[N_SIDES], quotient;

    measure (i % 2 ? SIDE_PLAIN : SIDE_REAL, sides, data);
    quotient = sides[SIDE_REAL] / sides[SIDE_PLAIN];
    tell ("%.1f / %.1f = %.3f", sides[SIDE_REAL], sides[SIDE_PLAIN], quotient);
    g_array_append_val (quotients, quotient);
  }
  return estimate_median (quotients);
}
