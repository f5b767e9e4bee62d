/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engine-case.h"
#include "target-objects.h"

/* What others see of a process's heat. */

#define SECONDS 30
#define MAX_BYTES 65536
#define MAX_GAP 4096
#define PAYS 128
#define HUGE_HEAT 255

/* GetHeatMap's answer, counted. */
typedef struct {
  guint64 block_size;
  guint n_runs;
  guint n_bytes;
  guint of[HUGE_HEAT + 1];
  guint64 first_gap;
  guint64 largest_gap;
} Picture;

static GVariant *
get_heat_map (GDBusConnection *connection, const char *path, GError **error)
{
  return call_target (connection, path, "GetHeatMap", g_variant_new ("(a{sv})", NULL), CALL_PLAIN,
                      error);
}

static void
count_run (Picture *picture, guint64 skipped, GVariant *bytes)
{
  gsize n_bytes;
  const guint8 *heat = g_variant_get_fixed_array (bytes, &n_bytes, 1);

  g_assert_cmpuint (n_bytes, >, 0);
  if (picture->n_runs++ == 0)
    picture->first_gap = skipped;
  else
    g_assert_cmpuint (skipped, >, 0);
  picture->largest_gap = MAX (picture->largest_gap, skipped);
  picture->n_bytes += (guint) n_bytes;
  for (gsize i = 0; i < n_bytes; i++)
    picture->of[heat[i]]++;
}

/* Returns: FALSE where the target was not looked at yet. */
static gboolean
look (GDBusConnection *connection, const char *path, Picture *ret_picture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = get_heat_map (connection, path, &error);
  g_autoptr (GVariant) runs = NULL;
  GVariantIter iter;
  GVariant *bytes;
  guint64 skipped;

  *ret_picture = (Picture){ 0 };
  if (answer == NULL) {
    assert_error_name (error, SERVICE_ERROR "NotAvailable");
    return FALSE;
  }
  g_variant_get (answer, "(t@a(tay))", &ret_picture->block_size, &runs);
  g_variant_iter_init (&iter, runs);
  while (g_variant_iter_next (&iter, "(t@ay)", &skipped, &bytes)) {
    count_run (ret_picture, skipped, bytes);
    g_variant_unref (bytes);
  }
  return TRUE;
}

static guint
count_between (const Picture *picture, guint low, guint high)
{
  guint n = 0;

  for (guint i = low; i <= high; i++)
    n += picture->of[i];
  return n;
}

typedef struct {
  GDBusConnection *connection;
  const char *path;
  guint low; /* of heat */
  guint high;
  guint n;
} PictureWait;

static gboolean
has_heat (gpointer data)
{
  const PictureWait *wait = data;
  Picture picture;

  return look (wait->connection, wait->path, &picture)
         && count_between (&picture, wait->low, wait->high) >= wait->n;
}

static void
assert_tells_no_addresses (const Picture *picture)
{
  g_assert_cmpuint (picture->first_gap, ==, 0);
  g_assert_cmpuint (picture->largest_gap, <=, MAX_GAP);
}

static void
test_shows_what_is_known_to_be_hot (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  Child *child =
    fixture_hotmap_as (self, "alice", NULL, "--hot=64", "--one=64", "--cold=512", NULL);
  g_autofree char *path = NULL;
  Picture picture;

  /* Hardly anything becomes huge. */
  engine_configure (self, "{'QuotaSize': <@t 1>}");
  path = added_target (alice, (guint32) child_get_pid (child), NULL);
  g_assert_true (
    wait_until (has_heat, &(PictureWait){ alice, path, PAYS, HUGE_HEAT - 1, 60 }, SECONDS));
  look (alice, path, &picture);
  g_assert_cmpuint (picture.block_size, ==, PAGE_TABLES_BLOCK_SIZE);
  g_assert_cmpuint (count_between (&picture, PAYS, HUGE_HEAT), >=, 60);
  g_assert_cmpuint (count_between (&picture, PAYS, HUGE_HEAT), <=, 70);
  g_assert_cmpuint (count_between (&picture, 1, PAYS - 1), >=, 60);
  g_assert_cmpuint (picture.of[0], >=, 512);
  assert_tells_no_addresses (&picture);

  engine_configure (self, "{'QuotaSize': <@t 0>, 'QuotaTimeUSec': <@t 500000>,"
                          " 'QuotaResetIntervalUSec': <@t 100000>}");
  g_assert_true (
    wait_until (has_heat, &(PictureWait){ alice, path, HUGE_HEAT, HUGE_HEAT, 62 }, SECONDS));
  look (alice, path, &picture);
  g_assert_cmpuint (picture.of[HUGE_HEAT], <=, 68);
  g_assert_cmpuint (picture.of[0], >=, 512);
}

static void
test_asked_sooner_it_is_the_same (Fixture *self, gconstpointer data)
{
  Child *child = fixture_hotmap_as (self, "alice", NULL, "--hot=16", "--cold=16", NULL);
  g_autofree char *path = added_target (self->connection, (guint32) child_get_pid (child), NULL);
  g_autoptr (GVariant) first = NULL, last = NULL;
  g_autoptr (GError) error = NULL;
  gint64 begin;
  guint n = 0;

  g_assert_true (
    wait_until (has_heat, &(PictureWait){ self->connection, path, 0, HUGE_HEAT, 32 }, SECONDS));
  wait_for (1100);
  begin = g_get_monotonic_time ();
  first = get_heat_map (self->connection, path, &error);
  g_assert_no_error (error);
  while (g_get_monotonic_time () - begin < 900000) {
    g_clear_pointer (&last, g_variant_unref);
    last = get_heat_map (self->connection, path, &error);
    g_assert_no_error (error);
    if (g_get_monotonic_time () - begin < 1000000)
      g_assert_cmpvariant (last, first);
    n++;
  }
  g_assert_cmpuint (n, >, 1);
}

/* The larger a process, the coarser its picture. */
static void
test_is_never_too_large (Fixture *self, gconstpointer data)
{
  Child *child = fixture_spawn_as (self, "alice", g_getenv ("DH_SPREAD"), "70000", NULL);
  g_autofree char *ready = child_expect_line (child, "ready", 60);
  g_autofree char *path = added_target (self->connection, (guint32) child_get_pid (child), NULL);
  Picture picture;

  g_assert_true (
    wait_until (has_heat, &(PictureWait){ self->connection, path, 0, HUGE_HEAT, 32 }, SECONDS));
  look (self->connection, path, &picture);
  g_assert_cmpuint (picture.block_size, ==, 2 * PAGE_TABLES_BLOCK_SIZE);
  g_assert_cmpuint (picture.n_bytes, <=, MAX_BYTES);
  g_assert_cmpuint (picture.n_bytes, >=, 35000);
  assert_tells_no_addresses (&picture);
}

static void
test_stays_when_it_is_served_no_more (Fixture *self, gconstpointer data)
{
  Child *child = fixture_hotmap_as (self, "alice", NULL, "--hot=16", "--cold=16", NULL);
  g_autofree char *path = NULL;
  Picture picture;

  engine_serve (self, child_get_pid (child), "");
  path = find_target (self->connection, (guint32) child_get_pid (child));
  g_assert_true (
    wait_until (has_heat, &(PictureWait){ self->connection, path, 0, HUGE_HEAT, 32 }, SECONDS));
  engine_configure (self, "{'Enabled': <false>}");
  wait_for (1100);
  g_assert_true (look (self->connection, path, &picture));
  g_assert_cmpuint (picture.n_bytes, >=, 32);
}

static void
add (const char *name, void (*function) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/heat-map/", name, NULL);

  g_test_add (path, Fixture, NULL, fixture_set_up_own, function, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("shows-what-is-known-to-be-hot", test_shows_what_is_known_to_be_hot);
  add ("asked-sooner-it-is-the-same", test_asked_sooner_it_is_the_same);
  add ("is-never-too-large", test_is_never_too_large);
  add ("stays-when-it-is-served-no-more", test_stays_when_it_is_served_no_more);
  return g_test_run ();
}
