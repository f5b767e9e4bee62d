/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "command.h"
#include "target-objects.h"

#include <stdlib.h>
#include <sys/wait.h>

/* What the tests have in common whose hugepagectl runs commands. */

#define WAIT_SECONDS 20
#define ALICE_UID 18101

/* In a script: waits, though not for a trap, as long as hugepagectl is there. */
#define WAIT                                                                                       \
  "tail --pid=$PPID -f /dev/null >/dev/null 2>&1 & while kill -0 $!; do wait $!; done 2>/dev/null"

static inline void
expect_line (Child *child, const char *expected)
{
  g_autofree char *line = child_expect_line (child, "", WAIT_SECONDS);

  g_assert_cmpstr (line, ==, expected);
}

static inline guint32
expect_pid (Child *child)
{
  g_autofree char *line = child_expect_line (child, "", WAIT_SECONDS);

  return (guint32) atoi (line);
}

static inline int
wait_status (Child *child)
{
  int status;

  g_assert_true (child_wait (child, WAIT_SECONDS, &status));
  return status;
}

static inline void
expect_exit (Child *child, int code)
{
  int status = wait_status (child);

  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, code);
}

static inline void
expect_death (Child *child, int number)
{
  int status = wait_status (child);

  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, number);
}

static inline gboolean
has_no_targets (gpointer connection)
{
  return count_targets (connection) == 0;
}

static inline void
assert_nothing_served (Fixture *self)
{
  g_assert_true (wait_until (has_no_targets, self->connection, WAIT_SECONDS));
}

typedef struct {
  GDBusConnection *connection;
  guint32 pid;
  char *path;
} Search;

static inline gboolean
is_found (gpointer data)
{
  Search *search = data;

  search->path = find_target (search->connection, search->pid);
  return search->path != NULL;
}

/* Returns: (transfer full): the path of the bound target of alice's that is @pid, or will be. */
static inline char *
expect_target (Fixture *self, guint32 pid)
{
  Search search = { self->connection, pid, NULL };

  if (!wait_until (is_found, &search, WAIT_SECONDS))
    g_error ("Process %u is no target", pid);
  assert_target (self->connection, search.path, "Bound", "true");
  assert_target (self->connection, search.path, "OwnerUid", G_STRINGIFY (ALICE_UID));
  return search.path;
}
