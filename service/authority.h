/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "presence.h"

/* What polkit is asked for; the names are in data/polkit/. Values are bits, so that a request can
 * need several. */
typedef enum {
  DH_ACTION_TARGET_OWN = 1 << 0,
  DH_ACTION_TARGET_ANY = 1 << 1,
  DH_ACTION_TUNE = 1 << 2,
  DH_ACTION_INSPECT = 1 << 3,
  DH_ACTION_MANAGE_TARGETS = 1 << 4,
} DhAction;

typedef guint DhActions; /* any of them */

#define DH_ACTIONS_ALL ((DhActions) 0x1f)

/* "org.damon.Hugepage.target-own"; for one action. */
const char *dh_action_get_name (DhAction action);

/* What a rule may look at. All strings printable; "" and 0 where there is no process. Copied when
 * used. */
typedef struct {
  guint32 pid;
  guint32 uid; /* effective uid of the process; only with pid */
  const char *user;
  const char *unit;      /* system unit */
  const char *user_unit; /* of the user's manager: its user names it as he likes */
} DhActionDetails;

/* The only user of polkit. Every question is asynchronous, its subject is the sender's name on the
 * bus. */
#define DH_TYPE_AUTHORITY (dh_authority_get_type ())
G_DECLARE_FINAL_TYPE (DhAuthority, dh_authority, DH, AUTHORITY, GObject)

#define DH_AUTHORITY_MAX_PENDING 8 /* per caller */

/* A connection may await only so many answers (128 on a system bus), and a dialogue may wait for
 * ever: polkit is asked no more than so much at a time, of all users and of one; others wait. */
#define DH_AUTHORITY_MAX_ASKED 96
#define DH_AUTHORITY_MAX_ASKED_PER_USER 8

#define DH_AUTHORITY_TIMEOUT_SEC                                                                   \
  10 /* without interaction; a person may take as long as the caller waits */

/* @connection: the bus. @presence: tells of callers who leave while they wait. */
DhAuthority *dh_authority_new (GDBusConnection *connection, DhPresence *presence);

/* Asks whether @sender, who is @uid, may do @action. uid 0 is the caller's business: it is never
 * asked about.
 * @interactive: whether the caller's message allowed a dialogue. @details: (nullable). */
void dh_authority_check_async (DhAuthority *self, const char *sender, guint32 uid, DhAction action,
                               const DhActionDetails *details, gboolean interactive,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data);

/* Errors: DH_ERROR_ACCESS_DENIED (no polkit, an error of polkit's, a dismissed dialogue or a caller
 * that has left too), the message naming the action and how to get it;
 * DH_ERROR_INTERACTION_REQUIRED where a dialogue would help and was not allowed;
 * DH_ERROR_LIMIT_EXCEEDED where @sender has DH_AUTHORITY_MAX_PENDING questions open: polkit was not
 * asked. */
gboolean dh_authority_check_finish (DhAuthority *self, GAsyncResult *result, GError **error);

/* The uid behind @sender, from the bus, which is asked once for a connection. Errors:
 * DH_ERROR_ACCESS_DENIED, whatever went wrong: an unknown caller is nobody, never uid 0. */
void dh_authority_get_uid_async (DhAuthority *self, const char *sender,
                                 GAsyncReadyCallback callback, gpointer user_data);
gboolean dh_authority_get_uid_finish (DhAuthority *self, GAsyncResult *result, guint32 *ret_uid,
                                      GError **error);

/* Questions that wait for an answer, of all callers. */
guint dh_authority_get_pending (DhAuthority *self);
