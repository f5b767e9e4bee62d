/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "request.h"

/* Who gets the figures of targets, and how often: one timer for all, none while nothing is served
 * or nobody listens. Readers cause no walk: what costs is sending, which is measured, and kept
 * below one part in DH_SUBSCRIPTIONS_SHARE of a core by making those wait longer whose user takes
 * more than his share of that. Main thread only. */
typedef struct _DhSubscriptions DhSubscriptions;

#define DH_SUBSCRIPTIONS_SHARE 500

#define DH_SUBSCRIPTIONS_MIN_USEC ((guint64) 250000)
#define DH_SUBSCRIPTIONS_MAX_USEC ((guint64) 3600 * G_USEC_PER_SEC)

/* Sends @statistics (floating, a{sv}) of @target to @client alone. */
typedef void (*DhSendFunc) (DhTarget *target, const char *client, GVariant *statistics,
                            gpointer user_data);

/* @context: as long as the program. */
DhSubscriptions *dh_subscriptions_new (const DhRequestContext *context, DhSendFunc send,
                                       gpointer user_data);
void dh_subscriptions_free (DhSubscriptions *self);

/* Answers with the interval that there will be, (t). @invocation: (transfer full). Errors:
 * DH_ERROR_INVALID_VALUE. */
void dh_subscriptions_add (DhSubscriptions *self, GDBusMethodInvocation *invocation,
                           guint64 interval);

/* Of @client, if there is one. */
void dh_subscriptions_remove (DhSubscriptions *self, const char *client);

/* Targets come, go, and are served or not. */
void dh_subscriptions_update (DhSubscriptions *self);
