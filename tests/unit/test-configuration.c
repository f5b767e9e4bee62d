/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "configuration.h"

#include <glib/gstdio.h>

typedef struct {
  char *directory;
  char *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;

  fixture->directory = g_dir_make_tmp ("configuration-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->path = g_build_filename (fixture->directory, "damon-hugepage.conf", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_remove (fixture->path);
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_free (fixture->directory);
  g_free (fixture->path);
}

/* @warning: the pattern of the one warning that is expected, NULL for none: others are fatal. */
static DhConfiguration *
load (Fixture *fixture, const char *text, const char *warning)
{
  g_autoptr (GError) error = NULL;
  DhConfiguration *configuration;

  g_file_set_contents_full (fixture->path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, &error);
  g_assert_no_error (error);

  if (warning != NULL)
    g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, warning);
  configuration = dh_configuration_load (fixture->path);
  g_test_assert_expected_messages ();
  return configuration;
}

static void
assert_defaults (const DhConfiguration *configuration)
{
  DhSettings settings;

  g_assert_cmpstr (configuration->engine, ==, "auto");
  g_assert_cmpuint (configuration->time_ceiling, ==, 500000);
  g_assert_nonnull (configuration->allow_own_on);
  g_assert_cmpuint (g_strv_length (configuration->allow_own_on), ==, 0);
  g_assert_cmpuint (configuration->max_targets, ==, 64);
  g_assert_cmpuint (configuration->max_targets_per_user, ==, 16);

  dh_settings_init_defaults (&settings);
  dh_configuration_get_defaults (configuration, "bpf", &settings);
  for (guint i = 0; i < DH_N_SETTINGS; i++)
    g_assert_cmpuint (settings.values[i], ==, dh_setting_info (i)->range.fallback);
}

static void
test_a_missing_file_gives_the_defaults (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhConfiguration) configuration = dh_configuration_load (fixture->path);

  assert_defaults (configuration);
}

static void
test_an_empty_file_gives_the_defaults (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const char *const texts[] = { "", "# nothing\n", "[Service]\n", "[Defaults bpf]\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (DhConfiguration) configuration = load (fixture, texts[i], NULL);

    assert_defaults (configuration);
  }
}

static void
test_reads_every_key (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhConfiguration) configuration = load (fixture,
                                                    "[Service]\n"
                                                    "engine = bpf \n"
                                                    "time-ceiling=12%\n"
                                                    "allow-own-on=bpf\n"
                                                    "max-targets=5\n"
                                                    "max-targets-per-user = 3 \n"
                                                    "[Defaults bpf]\n"
                                                    "Ratio = 5000 \n"
                                                    "QuotaSize=0\n"
                                                    "StatisticsIntervalUSec=0\n",
                                                    NULL);
  const char *const engines[] = { "bpf", NULL };
  DhSettings settings;

  g_assert_cmpstr (configuration->engine, ==, "bpf");
  g_assert_cmpuint (configuration->time_ceiling, ==, 120000);
  g_assert_cmpstrv (configuration->allow_own_on, engines);
  g_assert_cmpuint (configuration->max_targets, ==, 5);
  g_assert_cmpuint (configuration->max_targets_per_user, ==, 3);

  dh_settings_init_defaults (&settings);
  dh_configuration_get_defaults (configuration, "bpf", &settings);
  g_assert_cmpuint (settings.values[DH_SETTING_RATIO], ==, 5000);
  g_assert_cmpuint (settings.values[DH_SETTING_QUOTA_SIZE], ==, 0);
  g_assert_cmpuint (settings.values[DH_SETTING_STATISTICS_INTERVAL], ==, 0);
  g_assert_cmpuint (settings.values[DH_SETTING_MIN_AGE], ==, 100000);

  dh_settings_init_defaults (&settings);
  dh_configuration_get_defaults (configuration, "another", &settings);
  g_assert_cmpuint (settings.values[DH_SETTING_RATIO], ==, 10000);
}

static void
test_reads_percentages (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const struct {
    const char *text;
    guint time_ceiling; /* 0: refused */
  } rows[] = {
    { "1%", 10000 }, { "50%", 500000 }, { "100%", 1000000 },
    { "0%", 0 },     { "101%", 0 },     { "50", 0 },
    { "%", 0 },      { "", 0 },         { "50%%", 0 },
    { "-1%", 0 },    { "+5%", 0 },      { "12.5%", 0 },
    { "50 %", 0 },   { "0x10%", 0 },    { "half", 0 },
    { "%50", 0 },    { "50%;", 0 },     { "18446744073709551617%", 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    const gboolean valid = rows[i].time_ceiling != 0;
    g_autofree char *text = g_strdup_printf ("[Service]\ntime-ceiling=%s\n", rows[i].text);
    g_autoptr (DhConfiguration) configuration =
      load (fixture, text, valid ? NULL : "*[Service] time-ceiling is ignored: *");

    g_assert_cmpuint (configuration->time_ceiling, ==, valid ? rows[i].time_ceiling : 500000);
  }
}

static void
test_reads_numbers_of_targets (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const struct {
    const char *text;
    guint number; /* 0: refused */
  } rows[] = {
    { "1", 1 },   { "16", 16 },     { "64", 64 },        { "007", 7 },
    { "0", 0 },   { "65", 0 },      { "", 0 },           { "-1", 0 },
    { "+4", 0 },  { "4.0", 0 },     { "1e1", 0 },        { "0x10", 0 },
    { "4 5", 0 }, { "4;", 0 },      { "4%", 0 },         { "many", 0 },
    { "∞", 0 },   { "\033[5m", 0 }, { "4294967297", 0 }, { "18446744073709551617", 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    const gboolean valid = rows[i].number != 0;
    g_autofree char *all = g_strdup_printf ("[Service]\nmax-targets=%s\n", rows[i].text);
    g_autofree char *users = g_strdup_printf ("[Service]\nmax-targets-per-user=%s\n", rows[i].text);
    g_autoptr (DhConfiguration) first =
      load (fixture, all, valid ? NULL : "*[Service] max-targets is ignored: *1 to 64*");
    g_autoptr (DhConfiguration) second =
      load (fixture, users, valid ? NULL : "*[Service] max-targets-per-user is ignored: *1 to 64*");

    g_assert_cmpuint (first->max_targets, ==, valid ? rows[i].number : 64);
    g_assert_cmpuint (first->max_targets_per_user, ==, 16);
    g_assert_cmpuint (second->max_targets, ==, 64);
    g_assert_cmpuint (second->max_targets_per_user, ==, valid ? rows[i].number : 16);
  }
}

static void
test_warns_of_what_is_wrong_and_takes_the_default (Fixture *fixture,
                                                   gconstpointer user_data G_GNUC_UNUSED)
{
  const struct {
    const char *text;
    const char *warning;
  } rows[] = {
    { "[Service]\nengine=turbo\n", "*damon-hugepage.conf: [Service] engine is ignored: “turbo”*" },
    { "[Service]\nengine=\n", "*[Service] engine is ignored: *" },
    { "[Service]\nengine=AUTO\n", "*[Service] engine is ignored: *" },
    { "[Service]\nspeed=11\n", "*[Service] speed is ignored: there is no such key" },
    { "[Service]\nallow-own-on=bpf;turbo\n", "*[Service] allow-own-on is ignored: “turbo”*" },
    { "[Service]\nallow-own-on=auto\n", "*[Service] allow-own-on is ignored: “auto”*" },
    { "[Servant]\nengine=bpf\n", "*: [Servant] is ignored: there is no such group" },
    { "[Defaults turbo]\nRatio=1\n", "*: [Defaults turbo] is ignored: “turbo”*" },
    { "[Defaults ]\nRatio=1\n", "*: [Defaults ] is ignored: *" },
    { "[Defaults bpf]\nRatio=0\n", "*: [Defaults bpf] Ratio is ignored: *1 to 10000*" },
    { "[Defaults bpf]\nRatio=-1\n", "*: [Defaults bpf] Ratio is ignored: *“-1”*" },
    { "[Defaults bpf]\nAddressUnit=3\n", "*: [Defaults bpf] AddressUnit is ignored: *" },
    { "[Defaults bpf]\nPid=1\n", "*: [Defaults bpf] Pid is ignored: *no such setting*" },
    { "engine=bpf\n", "*damon-hugepage.conf is not a key file*" },
    { "[Service]\nengine=\xff\n", "*damon-hugepage.conf is not a key file*" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (DhConfiguration) configuration = load (fixture, rows[i].text, rows[i].warning);

    assert_defaults (configuration);
  }
}

static void
test_keeps_what_is_right_beside_what_is_wrong (Fixture *fixture,
                                               gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhConfiguration) configuration = load (fixture,
                                                    "[Service]\n"
                                                    "time-ceiling=20%\n"
                                                    "[Defaults bpf]\n"
                                                    "MinAgeUSec=200000\n"
                                                    "Ratio=10001\n"
                                                    "QuotaSize=4096\n",
                                                    "*Ratio is ignored*");
  DhSettings settings;

  dh_settings_init_defaults (&settings);
  dh_configuration_get_defaults (configuration, "bpf", &settings);
  g_assert_cmpuint (configuration->time_ceiling, ==, 200000);
  g_assert_cmpuint (settings.values[DH_SETTING_MIN_AGE], ==, 200000);
  g_assert_cmpuint (settings.values[DH_SETTING_RATIO], ==, 10000);
  g_assert_cmpuint (settings.values[DH_SETTING_QUOTA_SIZE], ==, 4096);
}

static void
test_never_shows_raw_bytes (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const struct {
    const char *text;
    const char *warning;
  } rows[] = {
    { "[Service]\nengine=\033[2J\n", "*“\\x1b[2J”*" },
    { "[Service]\ntime-ceiling=\033%\n", "*“\\x1b%”*" },
    { "[Service]\nmax-targets=\033[2J\n", "*“\\x1b[2J”*" },
    { "[Service]\nallow-own-on=\u202e\n", "*“\\xe2\\x80\\xae”*" },
    { "[Defaults \u202e]\nRatio=1\n", "*[Defaults \\xe2\\x80\\xae]*“\\xe2\\x80\\xae”*" },
    { "[Defaults bpf]\nRatio=\033\n", "*“\\x1b”*" },
    { "non\033sense\n", "*non\\x1bsense*" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (DhConfiguration) configuration = load (fixture, rows[i].text, rows[i].warning);

    assert_defaults (configuration);
  }
}

static void
test_a_file_that_others_may_write_gives_the_defaults (Fixture *fixture,
                                                      gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhConfiguration) trusted = load (fixture, "[Service]\nengine=bpf\n", NULL);
  g_autoptr (DhConfiguration) untrusted = NULL;

  g_assert_cmpstr (trusted->engine, ==, "bpf");

  g_assert_cmpint (g_chmod (fixture->path, 0666), ==, 0);
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "*damon-hugepage.conf is not trusted*");
  untrusted = dh_configuration_load (fixture->path);
  g_test_assert_expected_messages ();
  assert_defaults (untrusted);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/configuration/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("a-missing-file-gives-the-defaults", test_a_missing_file_gives_the_defaults);
  ADD ("an-empty-file-gives-the-defaults", test_an_empty_file_gives_the_defaults);
  ADD ("reads-every-key", test_reads_every_key);
  ADD ("reads-percentages", test_reads_percentages);
  ADD ("reads-numbers-of-targets", test_reads_numbers_of_targets);
  ADD ("warns-of-what-is-wrong-and-takes-the-default",
       test_warns_of_what_is_wrong_and_takes_the_default);
  ADD ("keeps-what-is-right-beside-what-is-wrong", test_keeps_what_is_right_beside_what_is_wrong);
  ADD ("never-shows-raw-bytes", test_never_shows_raw_bytes);
  ADD ("a-file-that-others-may-write-gives-the-defaults",
       test_a_file_that_others_may_write_gives_the_defaults);
  return g_test_run ();
}
