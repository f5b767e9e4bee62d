/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "configuration.h"
#include "daemon.h"
#include "log.h"

#ifdef DH_TEST_BUILD
#include "test-seams.h"
#endif

#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_IDLE_EXIT_SEC 300

static char *configuration;
static char *engine;
static int idle_exit = DEFAULT_IDLE_EXIT_SEC;
static gboolean show_version;

static const GOptionEntry entries[] = {
  { "config", 0, 0, G_OPTION_ARG_FILENAME, &configuration,
    "Configuration file (" DH_CONFIGURATION ")", "FILE" },
  { "engine", 0, 0, G_OPTION_ARG_STRING, &engine, "Engine to use: auto, module or bpf", "NAME" },
  { "idle-exit", 0, 0, G_OPTION_ARG_INT, &idle_exit,
    "Leave after so long without a process to serve (300; 0: never)", "SECONDS" },
  { "version", 0, 0, G_OPTION_ARG_NONE, &show_version, "Show the version", NULL },
  { NULL },
};

static gboolean
parse_options (int *argc, char ***argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context,
                                "Makes the hot memory of chosen processes huge, on behalf of the "
                                "users of the D-Bus system service org.damon.Hugepage.");
  g_option_context_add_main_entries (context, entries, NULL);
#ifdef DH_TEST_BUILD
  g_option_context_add_group (context, dh_test_seams_get_options ());
#endif
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc > 1 || idle_exit < 0 || (engine && !dh_configuration_is_engine (engine))) {
    g_set_error_literal (
      error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "There are no arguments, engines are auto, module and bpf, and seconds are not "
      "negative");
    return FALSE;
  }
  return TRUE;
}

int
main (int argc, char **argv)
{
  DhDaemonOptions options = { .root = "/", .advisor = &dh_kernel_advisor };
  const char *state = g_getenv ("STATE_DIRECTORY"); /* set by systemd */
  g_autoptr (GError) error = NULL;

  if (!parse_options (&argc, &argv, &error)) {
    fprintf (stderr, "damon-hugepaged: %s. Try --help.\n", error->message);
    return EXIT_FAILURE;
  }
  if (show_version) {
    puts ("damon-hugepaged " DH_VERSION);
    return EXIT_SUCCESS;
  }
  dh_log_init ();
  options.configuration = configuration ? configuration : DH_CONFIGURATION;
  options.state_directory = state ? state : DH_STATE_DIRECTORY;
  options.engine = engine;
  options.idle_exit = (guint) idle_exit;
#ifdef DH_TEST_BUILD
  dh_test_seams_apply (&options);
#endif
  return dh_daemon_run (&options);
}
