/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "hugepagectl.h"

#include "bus.h"
#include "failure.h"
#include "print.h"

#include <locale.h>

static const HctlVerb verbs[] = {
  { "status", "", 0, 0, TRUE, "Show what the service does, and why not if it does nothing.",
    "hugepagectl status", hctl_status },
  { "engines", "", 0, 0, TRUE, "List the engines, what each can do or what it lacks here.",
    "hugepagectl engines", hctl_engines },
  { "enable", " PID", 1, 1, FALSE, "Make the hot memory of a process huge.",
    "hugepagectl enable 4711", hctl_enable },
  { "disable", "", 0, 0, FALSE, "Stop serving the process; memory that is huge stays so.",
    "hugepagectl disable", hctl_disable },
  { "get", " [NAME...]", 0, G_MAXUINT, TRUE,
    "Print properties of the service, all or the named ones.",
    "hugepagectl get Ratio QuotaTimeUSec", hctl_get },
  { "set", " NAME VALUE [NAME VALUE...]", 2, G_MAXUINT, FALSE,
    "Change properties, all of them or none. A number is in the property's own unit "
    "(microseconds,\n"
    "bytes, basis points) or has one: us ms s min, K M G T (powers of 1024), %.",
    "hugepagectl set QuotaTimeUSec 50ms QuotaSize 256M Ratio 80%", hctl_set },
  { "reset", "", 0, 0, FALSE, "Set every writable number to its default; the process stays.",
    "hugepagectl reset", hctl_reset },
  { "monitor", "", 0, 0, TRUE, "Print changes, statistics and exits until interrupted (Ctrl-C).",
    "hugepagectl monitor", hctl_monitor },
};

static const char exit_codes[] = "Exit codes:\n"
                                 "  0  done\n"
                                 "  1  failed\n"
                                 "  2  wrong use of this command\n"
                                 "  3  access denied, or authentication needed\n"
                                 "  4  service or engine not available\n"
                                 "  5  no such process, or it has exited\n";

static const char options_help[] =
  "Options:\n"
  "  --json             Print JSON (status, engines, get, monitor)\n"
  "  --no-ask-password  Fail where a password would have to be asked for\n"
  "  -h, --help         Show this help, or a verb's\n"
  "  --version          Show the version\n";

static const HctlVerb *
find_verb (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (g_str_equal (verbs[i].name, name))
      return &verbs[i];
  return NULL;
}

static void
print_general_help (void)
{
  g_print ("Usage: hugepagectl [OPTIONS] VERB [ARGUMENTS]\n\n"
           "Huge pages for the hot memory of a process, by the service org.damon.Hugepage.\n\n"
           "Verbs:\n");
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++) {
    const char *end = strchrnul (verbs[i].summary, '.');

    g_print ("  %-8s%-28s %.*s\n", verbs[i].name, verbs[i].arguments,
             (int) (end - verbs[i].summary), verbs[i].summary);
  }
  g_print ("\n%s\n%s", options_help, exit_codes);
}

static void
print_verb_help (const HctlVerb *verb)
{
  g_print ("Usage: hugepagectl [OPTIONS] %s%s\n\n%s\n\nExample:\n  %s\n\n%s\n%s", verb->name,
           verb->arguments, verb->summary, verb->example, options_help, exit_codes);
}

/* @verb: (nullable). */
static void
print_help (const HctlVerb *verb)
{
  if (verb != NULL)
    print_verb_help (verb);
  else
    print_general_help ();
}

/* Finds the verb that @words begin with. Errors: G_OPTION_ERROR. */
static const HctlVerb *
parse_verb (char **words, const HctlContext *context, GError **error)
{
  const HctlVerb *verb = words != NULL ? find_verb (words[0]) : NULL;
  guint n_arguments = words != NULL ? g_strv_length (words) - 1 : 0;

  if (words == NULL) {
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "No verb is given");
  } else if (verb == NULL) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "There is no verb “%s”", words[0]);
  } else if (n_arguments < verb->min_arguments || n_arguments > verb->max_arguments) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "It is used so: hugepagectl %s%s",
                 verb->name, verb->arguments);
    verb = NULL;
  } else if (context->json && !verb->reads) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "%s has nothing to print as JSON",
                 verb->name);
    verb = NULL;
  }
  return verb;
}

static gboolean
run (char **words, HctlContext *context, GError **error)
{
  const HctlVerb *verb = parse_verb (words, context, error);

  if (verb == NULL || !hctl_bus_open (context, error))
    return FALSE;
  return verb->run (context, words + 1, error) && hctl_print_finish (error);
}

int
main (int argc, char **argv)
{
  HctlContext context = { 0 };
  gboolean no_ask_password = FALSE, help = FALSE, version = FALSE;
  g_auto (GStrv) words = NULL;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &context.json, NULL, NULL },
    { "no-ask-password", 0, 0, G_OPTION_ARG_NONE, &no_ask_password, NULL, NULL },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help, NULL, NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, NULL, NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &words, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) options = g_option_context_new (NULL);
  g_autoptr (GDBusConnection) bus = NULL;
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  g_set_prgname ("hugepagectl");
  g_option_context_set_help_enabled (options, FALSE);
  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error))
    return hctl_failure_report (error);

  if (version || help) {
    if (version)
      g_print ("hugepagectl %s\n", HCTL_VERSION);
    else
      print_help (words != NULL ? find_verb (words[0]) : NULL);
    return hctl_print_finish (&error) ? HCTL_EXIT_DONE : hctl_failure_report (error);
  }

  context.ask = !no_ask_password;
  if (!run (words, &context, &error)) {
    g_clear_object (&context.bus);
    return hctl_failure_report (error);
  }
  g_clear_object (&context.bus);
  return HCTL_EXIT_DONE;
}
