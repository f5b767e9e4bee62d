/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

/* Calls one or more services, one call after another, and prints a line for each service with what
 * its calls took: "latencies MICROSECONDS ...". They take turns, so that a machine that slows down
 * does so for all of them. */

#include "calls.h"

#include <stdio.h>
#include <stdlib.h>

#define PROPERTIES "org.freedesktop.DBus.Properties"

#define TURN 50 /* calls; even, so that the Ratio is another one also in the next turn */
#define MAX_NAMES 2

/* polkitd may lose a question, which is then refused after 15 s: the others count. */
#define MAX_REFUSED 3

static int warm_up = 50;
static int calls; /* 0: as many as fit into the time */
static int seconds;
static int pause_usec;

typedef enum { GET_ALL, GET_VERSION, SET_RATIO, N_KINDS } Kind;

static const struct {
  const char *name;
  const char *method;
} kinds[] = {
  [GET_ALL] = { "get-all", "GetAll" },
  [GET_VERSION] = { "get-version", "Get" },
  [SET_RATIO] = { "set-ratio", "Set" },
};
G_STATIC_ASSERT (G_N_ELEMENTS (kinds) == N_KINDS);

static GVariant *
new_arguments (Kind kind, guint n)
{
  switch (kind) {
  case GET_ALL:
    return g_variant_new ("(s)", SERVICE_INTERFACE);
  case GET_VERSION:
    return g_variant_new ("(ss)", SERVICE_INTERFACE, "Version");
  case SET_RATIO: /* another one each time */
    return g_variant_new ("(ssv)", SERVICE_INTERFACE, "Ratio", g_variant_new_uint32 (5000 + n % 2));
  default:
    g_assert_not_reached ();
  }
}

/* Returns: what it took until there was an answer, in microseconds. */
static double
call (GDBusConnection *connection, const char *bus_name, Kind kind, guint n)
{
  g_autoptr (GError) error = NULL;
  GVariant *arguments = new_arguments (kind, n);
  g_autoptr (GVariant) reply = NULL;
  struct timespec begin, end;
  static guint refused;

  clock_gettime (CLOCK_MONOTONIC, &begin);
  reply = g_dbus_connection_call_sync (connection, bus_name, SERVICE_PATH, PROPERTIES,
                                       kinds[kind].method, arguments, NULL,
                                       G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, NULL, &error);
  clock_gettime (CLOCK_MONOTONIC, &end);
  if (!reply) {
    g_printerr ("%s: %s\n", kinds[kind].name, error->message);
    if (!g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED)
        || ++refused > MAX_REFUSED)
      exit (EXIT_FAILURE);
  }
  return (double) (end.tv_sec - begin.tv_sec) * 1e6 + (double) (end.tv_nsec - begin.tv_nsec) / 1e3;
}

/* @names: of @n_names services. */
static void
run (GDBusConnection *connection, char *const *names, guint n_names, Kind kind)
{
  GString *lines[MAX_NAMES];
  gint64 deadline;
  guint n = 0;

  for (guint i = 0; i < n_names; i++) {
    lines[i] = g_string_new ("latencies");
    for (guint k = 0; k < (guint) warm_up; k++)
      call (connection, names[i], kind, n++);
  }
  deadline = g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC;
  for (guint i = 0; calls ? i < (guint) calls * n_names : g_get_monotonic_time () < deadline; i++) {
    const guint turn = i / TURN % n_names;

    g_string_append_printf (lines[turn], " %.1f", call (connection, names[turn], kind, n++));
    if (pause_usec)
      g_usleep ((gulong) pause_usec);
  }
  for (guint i = 0; i < n_names; i++) {
    puts (lines[i]->str);
    g_string_free (lines[i], TRUE);
  }
}

int
main (int argc, char **argv)
{
  const GOptionEntry entries[] = {
    { "warm-up", 0, 0, G_OPTION_ARG_INT, &warm_up, "Calls of each before it begins", "N" },
    { "calls", 0, 0, G_OPTION_ARG_INT, &calls, "Calls of each", "N" },
    { "seconds", 0, 0, G_OPTION_ARG_INT, &seconds, "Time, unless --calls says", "SECONDS" },
    { "pause", 0, 0, G_OPTION_ARG_INT, &pause_usec, "Between calls", "MICROSECONDS" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("KIND BUS-NAME [BUS-NAME]");
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc < 3 || argc > 2 + MAX_NAMES)
    return 2;
  connection = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, &error);
  if (!connection)
    g_error ("%s", error->message);
  for (Kind kind = 0; kind < N_KINDS; kind++)
    if (g_str_equal (argv[1], kinds[kind].name)) {
      run (connection, argv + 2, (guint) argc - 2, kind);
      return EXIT_SUCCESS;
    }
  return 2;
}
