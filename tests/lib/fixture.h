/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "calls.h"
#include "child.h"
#include "heat-map.h"
#include "page-tables.h"
#include "user.h"
#include "wait.h"

#include <gio/gio.h>

/* A system of its own for each integration test: message bus, polkitd and the service under test,
 * all real, in a private directory and a private mount namespace. The test runs as root, after
 * scripts/private-namespace. The environment says what to run: DH_SERVICE and DH_HOTMAP, the
 * executables, and DH_DATA, the folder with dbus/ and polkit/.
 *
 *   g_test_add ("/area/what-holds", Fixture, NULL, fixture_set_up_all, test, fixture_tear_down);
 *
 * A verb that cannot do its work ends the test. All processes that a verb starts end with the test,
 * which fails if the service left a sanitizer's report or a critical message, or would not stop. */

typedef struct {
  char *directory; /* others may enter it; removed at the end */
  char *bus_address;
  GDBusConnection *connection; /* root's */
  Child *bus;
  Child *polkit;
  Child *service;
  GPtrArray *children; /* of fixture_spawn_as() */
  GStrv environment;   /* of all processes; of the service, with more */
  GStrv service_environment;
  char *service_log;
  int service_log_fd; /* for reading */
  guint subscription; /* to what services announce; 0: there is no bus yet */
  char *probed; /* name on the bus of the last that announced a State but "starting"; or NULL */
  int notify_socket; /* -1: none */
  GString *notified; /* what the service said there, one assignment a line */
} Fixture;

/* A rule that lets everybody serve what is his own. */
#define ALLOW_OWN                                                                                  \
  "polkit.addRule (function (action, subject) {\n"                                                 \
  "  if (action.id == 'org.damon.Hugepage.target-own')\n"                                          \
  "    return polkit.Result.YES;\n"                                                                \
  "});\n"

void fixture_set_up (Fixture *self, gconstpointer data);     /* just the directory */
void fixture_set_up_bus (Fixture *self, gconstpointer data); /* and a bus without polkit */
/* Bus, polkitd with the group's example rule, and the service with its engine probed. */
void fixture_set_up_all (Fixture *self, gconstpointer data);
/* The same with ALLOW_OWN instead of the group's rule. */
void fixture_set_up_own (Fixture *self, gconstpointer data);
void fixture_tear_down (Fixture *self, gconstpointer data);

/* A path in the fixture's directory. Returns: (transfer full) */
char *fixture_path (Fixture *self, const char *name);

void fixture_bus_start (Fixture *self);

/* Waits for the name. Rules stay over a restart. */
void fixture_polkit_start (Fixture *self);
void fixture_polkit_stop (Fixture *self);
void fixture_polkit_restart (Fixture *self);
/* It takes questions but answers none until continued. */
void fixture_polkit_hang (Fixture *self);
void fixture_polkit_continue (Fixture *self);
/* Makes @text the only rules and waits until a running polkitd has them; NULL: none. */
void fixture_polkit_rules (Fixture *self, const char *text);
/* The same with a file of data/polkit/. */
void fixture_polkit_example (Fixture *self, const char *name);

/* Sets a variable for services started from now on; @value NULL unsets it. */
void fixture_service_set_environment (Fixture *self, const char *name, const char *value);
/* Services started from now on get NOTIFY_SOCKET. */
void fixture_service_capture_notify (Fixture *self);
/* Waits for an assignment like "READY=1", or one that begins so, since the last start. */
void fixture_service_wait_notify (Fixture *self, const char *assignment, guint seconds);
gboolean fixture_service_has_notified (Fixture *self, const char *assignment);
void fixture_service_forget_notified (Fixture *self);

/* Starts it with the privileges of its unit, --engine=bpf and these arguments, up to NULL; waits
 * until it owns its name. */
void fixture_service_start (Fixture *self, ...) G_GNUC_NULL_TERMINATED;
/* The same, for one that is expected to end by itself: does not wait. */
void fixture_service_spawn (Fixture *self, ...) G_GNUC_NULL_TERMINATED;
/* Waits until State is no longer "starting", and that has been announced. */
void fixture_service_wait_probed (Fixture *self);
/* By SIGTERM; it must end with status 0 within @seconds. */
void fixture_service_stop_within (Fixture *self, guint seconds);
void fixture_service_stop (Fixture *self);
/* By SIGKILL. */
void fixture_service_kill (Fixture *self);
/* Waits for it to end by itself. Returns: its exit status. */
int fixture_service_wait_exit (Fixture *self, guint seconds);
/* What the service wrote to stderr. Returns: (transfer full) */
char *fixture_service_read_log (Fixture *self);

/* A connection to the bus as "alice", "bob" or "root". Returns: (transfer full) */
GDBusConnection *fixture_connection_as (Fixture *self, const char *user);

/* Starts a process as that user, with his groups, no capabilities, and dumpable. A program that is
 * not the system's runs from a copy that he can reach. stdout is for child_expect_line(). Returns:
 * (transfer none): the fixture ends it. */
Child *fixture_spawn_as (Fixture *self, const char *user, const char *program,
                         ...) G_GNUC_NULL_TERMINATED;
Child *fixture_spawn_argv_as (Fixture *self, const char *user, const char *const *argv);

/* hotmap with these options, ready; @ret_map, if not NULL: the heat that it has. */
Child *fixture_hotmap_as (Fixture *self, const char *user, HeatMap **ret_map,
                          ...) G_GNUC_NULL_TERMINATED;

/* Copies an executable to where every user can run it. Returns: (transfer full): its path there. */
char *fixture_install (Fixture *self, const char *program);
