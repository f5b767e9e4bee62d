/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bus-case.h"
#include "measurement.h"
#include "measures.h"

/* What one call takes that has the bus to itself: the middle of many, one after another. */

#define PAIRS 7
#define CALLER_SECONDS 120

typedef struct {
  Fixture fixture;
  const char *user;
  const char *kind; /* as caller names it */
  guint calls;      /* of one side of a pair */
} CallCase;

static void
measure_pair (Side first, double *ret_sides, gpointer data)
{
  CallCase *self = data;
  g_autofree char *calls = g_strdup_printf ("--calls=%u", self->calls);
  Child *caller =
    fixture_spawn_as (&self->fixture, self->user, g_getenv ("DH_CALLER"), self->kind, calls,
                      bus_case_get_name (first), bus_case_get_name (!first), NULL);

  for (guint i = 0; i < N_SIDES; i++) {
    g_autoptr (GArray) latencies = bus_case_expect_latencies (caller, CALLER_SECONDS);

    ret_sides[i == 0 ? first : !first] = median (latencies);
  }
  g_ptr_array_remove (self->fixture.children, caller);
}

/* Compares with @plain, which it ends. */
static void
compare (CallCase *self, const char *figure, Child *plain, gboolean smoke)
{
  if (smoke)
    self->calls = 50;
  report (figure, bus_case_compare (smoke ? 1 : PAIRS, measure_pair, self));
  child_free (plain);
  fixture_tear_down (&self->fixture, NULL);
}

void
measure_get_all (gboolean smoke, gboolean is_long)
{
  CallCase self = { .user = "alice", .kind = "get-all", .calls = 1500 };

  bus_case_set_up (&self.fixture);
  compare (&self, "get-all", bus_case_start_plain (&self.fixture, NULL), smoke);
}

void
measure_set_root (gboolean smoke, gboolean is_long)
{
  CallCase self = { .user = "root", .kind = "set-ratio", .calls = 1500 };

  bus_case_set_up (&self.fixture);
  compare (&self, "set-root", bus_case_start_plain (&self.fixture, "--credentials", NULL), smoke);
}

/* Makes a process of alice's the target, by herself. */
static guint32
set_own_process (Fixture *fixture)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (fixture, "alice");
  Child *process = fixture_spawn_as (fixture, "alice", "sleep", "infinity", NULL);
  const guint32 pid = (guint32) child_get_pid (process);
  g_autoptr (GError) error = NULL;

  set_property (alice, "Pid", g_variant_new_uint32 (pid), CALL_PLAIN, &error);
  g_assert_no_error (error);
  return pid;
}

void
measure_set_user (gboolean smoke, gboolean is_long)
{
  CallCase self = { .user = "alice", .kind = "set-ratio", .calls = 500 };
  g_autoptr (User) alice = user_lookup ("alice");
  g_autofree char *pid = NULL, *uid = NULL;

  bus_case_set_up (&self.fixture);
  pid = g_strdup_printf ("--detail=pid=%u", set_own_process (&self.fixture));
  uid = g_strdup_printf ("--detail=uid=%u", alice->uid);
  compare (&self, "set-user",
           bus_case_start_plain (&self.fixture, "--polkit", pid, uid, "--detail=user=alice", NULL),
           smoke);
}
