/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "help.h"
#include "verbs.h"

#define COLUMNS 80

static const struct {
  HctlOption option;
  const char *name;
} own_options[] = {
  { HCTL_OPTION_JSON, "\n  --json " },
  { HCTL_OPTION_ALL, "\n  --all " },
  { HCTL_OPTION_ASCII, "\n  --ascii " },
  { HCTL_OPTION_PRIMARY, "\n  --primary " },
  { HCTL_OPTION_RATIO, "\n  --ratio=SHARE " },
  { HCTL_OPTION_FEEDBACK, "\n  --feedback=VALUE " },
  { HCTL_OPTION_REASON, "\n  --reason=TEXT " },
  { HCTL_OPTION_APPLICATION_ID, "\n  --application-id=ID " },
};

static void
assert_fits (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (gsize i = 0; lines[i] != NULL; i++) {
    if (g_utf8_strlen (lines[i], -1) > COLUMNS)
      g_error ("Too wide: %s", lines[i]);
    g_assert_false (g_str_has_suffix (lines[i], " "));
  }
}

static void
test_fits_a_terminal (void)
{
  g_autofree char *general = hctl_help_make_text (NULL);
  gsize n_verbs;
  const HctlVerb *verbs = hctl_verbs_get_all (&n_verbs);

  assert_fits (general);
  for (gsize i = 0; i < n_verbs; i++) {
    g_autofree char *text = hctl_help_make_text (&verbs[i]);
    g_autofree char *row = g_strconcat ("\n  ", verbs[i].name, verbs[i].arguments, " ", NULL);

    assert_fits (text);
    g_assert_nonnull (strstr (general, row));
  }
}

static void
test_a_verbs_options (void)
{
  gsize n_verbs;
  const HctlVerb *verbs = hctl_verbs_get_all (&n_verbs);

  for (gsize i = 0; i < n_verbs; i++) {
    g_autofree char *text = hctl_help_make_text (&verbs[i]);

    for (gsize j = 0; j < G_N_ELEMENTS (own_options); j++)
      g_assert_cmpint (strstr (text, own_options[j].name) != NULL, ==,
                       (verbs[i].options & own_options[j].option) != 0);
    g_assert_nonnull (strstr (text, "\n  --no-ask-password "));
    g_assert_nonnull (strstr (text, "\n  -h, --help "));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/help/fits-a-terminal", test_fits_a_terminal);
  g_test_add_func ("/help/a-verbs-options", test_a_verbs_options);
  return g_test_run ();
}
