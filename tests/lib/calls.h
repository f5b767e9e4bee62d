/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

/* The D-Bus API of the service as seen from a client, one call a function. Calls end with a timeout
 * after 25 s unless the service answers; floating GVariants are consumed. */

#define SERVICE_NAME "org.damon.Hugepage"
#define SERVICE_PATH "/org/damon/Hugepage"
#define SERVICE_INTERFACE "org.damon.Hugepage1"
#define SERVICE_ERROR SERVICE_NAME ".Error."
#define BUS_ERROR "org.freedesktop.DBus.Error."

typedef enum {
  CALL_PLAIN,
  CALL_INTERACTIVE, /* the message allows interactive authorization */
} CallMode;

/* A method of the root object; a NULL @arguments is an empty tuple. Returns: (transfer full): the
 * reply's body */
GVariant *call_method (GDBusConnection *connection, const char *method, GVariant *arguments,
                       CallMode mode, GError **error);

/* Returns: (transfer full): the value, out of its variant. */
GVariant *get_property (GDBusConnection *connection, const char *name, GError **error);
GVariant *get_all_properties (GDBusConnection *connection, GError **error);
gboolean set_property (GDBusConnection *connection, const char *name, GVariant *value,
                       CallMode mode, GError **error);

/* @settings: a text in GVariant's format for a{sv}, like "{'Pid': <uint32 12>, 'Enabled': <true>}".
 */
gboolean configure (GDBusConnection *connection, const char *settings, CallMode mode,
                    GError **error);
gboolean configure_dry_run (GDBusConnection *connection, const char *settings, CallMode mode,
                            GError **error);

/* The same in the background: for a call whose answer waits for something else. */
typedef struct _Call Call;

Call *call_begin (GDBusConnection *connection, const char *interface, const char *method,
                  GVariant *arguments, CallMode mode);
/* The same of the object at @path, with @descriptors (nullable). */
Call *call_begin_at (GDBusConnection *connection, const char *path, const char *interface,
                     const char *method, GVariant *arguments, GUnixFDList *descriptors,
                     CallMode mode);
Call *set_property_begin (GDBusConnection *connection, const char *name, GVariant *value,
                          CallMode mode);
gboolean call_is_done (Call *call);
/* Waits for the answer, at most @seconds: none in that time ends the test. Frees @call. */
GVariant *call_finish (Call *call, guint seconds, GError **error);
/* Frees @call without having waited; the answer, if it comes, is nobody's. */
void call_forget (Call *call);

/* Until the bus has taken note of all that was sent to it so far: subscriptions to signals. */
void wait_for_bus (GDBusConnection *connection);

/* Counts a signal of the root object, unless another is named; @arguments and @path, if the signal
 * has come, are the last one's. */
typedef struct {
  GDBusConnection *connection;
  guint subscription;
  guint count;
  GVariant *arguments;
  char *path;
} SignalWatch;

/* @interface NULL: the service's own. Signals arrive while the main context runs: in every wait. */
SignalWatch *signal_watch_new (GDBusConnection *connection, const char *interface,
                               const char *name);
/* Of the object at @path; NULL: of all objects. */
SignalWatch *signal_watch_new_at (GDBusConnection *connection, const char *path,
                                  const char *interface, const char *name);
void signal_watch_free (SignalWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SignalWatch, signal_watch_free)
gboolean signal_watch_wait (SignalWatch *watch, guint count, guint seconds);

/* The assertions. @expected and @error are consumed or freed; a name of an error is a full one. */
#define assert_error_name(error, name)                                                             \
  check_error_name (G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC, &(error), name)
#define assert_property(connection, name, expected)                                                \
  check_property (G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC, connection, name, expected, 0)
#define assert_property_eventually(connection, name, expected, seconds)                            \
  check_property (G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC, connection, name, expected, seconds)

void check_error_name (const char *domain, const char *file, int line, const char *function,
                       GError **error, const char *name);
void check_property (const char *domain, const char *file, int line, const char *function,
                     GDBusConnection *connection, const char *name, GVariant *expected,
                     guint seconds);
