/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "calls.h"

/* What a client hears of the figures of targets, StatisticsUpdated of their objects. To hear them
 * it need not have subscribed: what is sent to it arrives, and what is sent to all. */
typedef struct {
  GDBusConnection *connection;
  guint subscription;
  guint count;
  GHashTable *counts; /* path → how many of them */
  GVariant *figures;  /* a{sv}: the last ones (nullable) */
} Ear;

Ear *ear_new (GDBusConnection *connection);
void ear_free (Ear *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Ear, ear_free)

/* Forgets what it has heard so far, and what is on its way. */
void ear_clear (Ear *self);

guint ear_count_of (Ear *self, const char *path);

/* Returns: whether it has heard so many; of the target at @path, or of all together (NULL). */
gboolean ear_wait (Ear *self, const char *path, guint count, guint seconds);

/* SubscribeStatistics, which must succeed. Returns: the effective interval. */
guint64 subscribe (GDBusConnection *connection, guint64 interval);
void unsubscribe (GDBusConnection *connection);
