/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "stage.h"

#include "target-objects.h"

/* Of huge pages kept at hand: a few, so that they are soon there again after the host has taken
 * them back, but more than a second's calls take. Each turn has the processor that the calls run on
 * for some milliseconds: seldom, and yet twenty times in the two seconds after which a host takes
 * back what is free. */
#define WARM_MEBIBYTES "32"
#define WARM_MILLISECONDS "100"

void
stage_set_up_service (Fixture *fixture)
{
  fixture_set_up_bus (fixture, NULL);
  fixture_service_start (fixture, NULL);
  fixture_service_wait_probed (fixture);
}

void
stage_set_up (Stage *self, const SubjectSize *size)
{
  stage_set_up_service (&self->fixture);
  subject_start (&self->subject, &self->fixture, size);
}

void
stage_keep_warm (Stage *self)
{
  const char *argv[] = { g_getenv ("DH_HOSTMEM_WARM"), WARM_MEBIBYTES, WARM_MILLISECONDS, NULL };

  self->warmer = child_spawn (argv, &(ChildOptions){ .user = NULL });
}

void
stage_tear_down (Stage *self)
{
  g_clear_pointer (&self->warmer, child_free);
  subject_clear (&self->subject);
  fixture_tear_down (&self->fixture, NULL);
}

char *
stage_serve (Stage *self)
{
  return added_target (self->fixture.connection, (guint32) self->subject.pid, NULL);
}

void
stage_stop_serving (Stage *self, char *path)
{
  g_autofree char *owned = path;
  g_autoptr (GError) error = NULL;

  remove_target (self->fixture.connection, owned, &error);
  g_assert_no_error (error);
  subject_split (&self->subject);
}

typedef struct {
  Stage *stage;
  const char *path;
} WorkWait;

static gboolean
has_begun (gpointer data)
{
  const WorkWait *wait = data;

  return get_target_statistic (wait->stage->fixture.connection, wait->path, "tried-regions") > 0;
}

void
stage_wait_for_work (Stage *self, const char *path, guint seconds)
{
  g_assert_true (wait_until (has_begun, &(WorkWait){ self, path }, seconds));
}
