/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "hugepagectl.h"

#include "bus.h"
#include "program.h"
#include "failure.h"
#include "help.h"
#include "print.h"

#include <locale.h>

static gboolean
run (HctlContext *context, GError **error)
{
  const HctlOptions *options = &context->options;

  if (options->version) {
    g_print ("hugepagectl %s\n", HCTL_VERSION);
  } else if (options->help) {
    g_autofree char *text = hctl_help_make_text (options->verb);

    g_print ("%s", text);
  } else if ((!options->verb->connects && !hctl_bus_open (context, error))
             || !options->verb->run (context, options->arguments, error)) {
    return FALSE;
  }
  return hctl_print_finish (error);
}

int
main (int argc, char **argv)
{
  HctlContext context = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean done;

  setlocale (LC_ALL, "");
  g_set_prgname ("hugepagectl");
  done = hctl_options_parse (argv + 1, &context.options, &error) && run (&context, &error);
  g_clear_object (&context.bus);
  hctl_options_clear (&context.options);
  return done ? hctl_program_end_as (context.status) : hctl_failure_report (error);
}
