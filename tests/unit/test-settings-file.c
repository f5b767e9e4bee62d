/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "settings-file.h"

/* @warning: the pattern of the one warning that is expected, NULL for none: others are fatal. */
static DhSettings
load (const char *text, gboolean stored_only, const char *warning)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) error = NULL;
  DhSettings settings;

  g_key_file_load_from_data (file, text, -1, G_KEY_FILE_NONE, &error);
  g_assert_no_error (error);
  dh_settings_init_defaults (&settings);

  if (warning != NULL)
    g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, warning);
  dh_settings_load_group (&settings, file, "/the/file", "bpf", stored_only);
  g_test_assert_expected_messages ();
  return settings;
}

static void
test_replaces_what_the_group_holds (void)
{
  const DhSettings settings = load ("[damon]\nRatio=7\nMinRegions=50\n"
                                    "[bpf]\nRatio = 5000 \nQuotaSize=0\n",
                                    TRUE, NULL);

  for (guint i = 0; i < DH_N_SETTINGS; i++) {
    const guint64 fallback = dh_setting_info (i)->range.fallback;
    const guint64 expected = i == DH_SETTING_RATIO        ? 5000
                             : i == DH_SETTING_QUOTA_SIZE ? 0
                                                          : fallback;

    g_assert_cmpuint (settings.values[i], ==, expected);
  }
}

static void
test_a_group_that_is_not_there_holds_nothing (void)
{
  const DhSettings settings = load ("[damon]\nRatio=7\n", TRUE, NULL);

  g_assert_cmpuint (settings.values[DH_SETTING_RATIO], ==, 10000);
}

static void
test_warns_of_the_wrong_and_takes_the_right (void)
{
  const struct {
    const char *line;
    const char *warning;
  } rows[] = {
    { "Ratio=0", "/the/file: [bpf] Ratio is ignored: *1 to 10000" },
    { "Ratio=", "*[bpf] Ratio is ignored: *" },
    { "Ratio=\033", "*[bpf] Ratio is ignored: *“\\x1b”*" },
    { "Ratio=\\n", "*[bpf] Ratio is ignored: *“\\\\n”*" },
    { "Pid=5", "*[bpf] Pid is ignored: *no such setting" },
    { "\u202e=5", "*[bpf] \\xe2\\x80\\xae is ignored: *no such setting" },
    { "AddressUnit=3", "*[bpf] AddressUnit is ignored: *power of two*" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *text =
      g_strdup_printf ("[bpf]\nMinAgeUSec=1\n%s\nQuotaSize=5\n", rows[i].line);
    const DhSettings settings = load (text, TRUE, rows[i].warning);

    g_assert_cmpuint (settings.values[DH_SETTING_MIN_AGE], ==, 1);
    g_assert_cmpuint (settings.values[DH_SETTING_QUOTA_SIZE], ==, 5);
    g_assert_cmpuint (settings.values[DH_SETTING_RATIO], ==, 10000);
    g_assert_cmpuint (settings.values[DH_SETTING_ADDRESS_UNIT], ==, 1);
  }
}

static void
test_feedback_has_a_default_but_is_never_stored (void)
{
  const char *text = "[bpf]\nFeedback=5\n";
  const DhSettings defaults = load (text, FALSE, NULL);
  const DhSettings stored = load (text, TRUE, "*[bpf] Feedback is ignored: *never stored");

  g_assert_cmpuint (defaults.values[DH_SETTING_FEEDBACK], ==, 5);
  g_assert_cmpuint (stored.values[DH_SETTING_FEEDBACK], ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/settings-file/replaces-what-the-group-holds",
                   test_replaces_what_the_group_holds);
  g_test_add_func ("/settings-file/a-group-that-is-not-there-holds-nothing",
                   test_a_group_that_is_not_there_holds_nothing);
  g_test_add_func ("/settings-file/warns-of-the-wrong-and-takes-the-right",
                   test_warns_of_the_wrong_and_takes_the_right);
  g_test_add_func ("/settings-file/feedback-has-a-default-but-is-never-stored",
                   test_feedback_has_a_default_but_is_never_stored);
  return g_test_run ();
}
