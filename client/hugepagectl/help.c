/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "help.h"

#include "verbs.h"

static const char exit_codes[] = "Exit codes:\n"
                                 "  0  done\n"
                                 "  1  failed\n"
                                 "  2  wrong use of this command\n"
                                 "  3  access denied, or authentication needed\n"
                                 "  4  service or engine not available\n"
                                 "  5  no such process or target, or it has exited\n";

static char *
make_general_text (void)
{
  GString *text = g_string_new ("Usage: hugepagectl [OPTIONS] VERB [ARGUMENTS]\n\n"
                                "Huge pages for the hot memory of processes, by the service "
                                "org.damon.Hugepage.\n\n"
                                "Verbs:\n");
  g_autofree char *options = hctl_options_describe (HCTL_OPTION_JSON);
  gsize n_verbs;
  const HctlVerb *verbs = hctl_verbs_get_all (&n_verbs);

  for (gsize i = 0; i < n_verbs; i++) {
    g_autofree char *use = g_strconcat (verbs[i].name, verbs[i].arguments, NULL);
    int length = (int) (strchrnul (verbs[i].summary, '.') - verbs[i].summary);

    g_string_append_printf (text, "  %-25s  %.*s\n", use, length, verbs[i].summary);
  }
  g_string_append_printf (text,
                          "\nA verb's own help has its options: hugepagectl run --help\n"
                          "\n%s\n%s",
                          options, exit_codes);
  return g_string_free (text, FALSE);
}

char *
hctl_help_make_text (const HctlVerb *verb)
{
  g_autofree char *options = NULL;

  if (verb == NULL)
    return make_general_text ();

  options = hctl_options_describe (verb->options);
  return g_strdup_printf ("Usage: hugepagectl [OPTIONS] %s%s\n\n%s\n\nExample:\n  %s\n\n%s\n%s",
                          verb->name, verb->arguments, verb->summary, verb->example, options,
                          exit_codes);
}
