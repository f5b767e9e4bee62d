/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "settings.h"

#include <glib.h>

/* The administrator's file, /etc/damon-hugepage.conf.
 *
 * Group [Service]:
 *   engine=auto|module|bpf
 *   time-ceiling=50%     share of one core, 1% to 100%, that collapsing may take at most whatever
 *                        the quota says
 *   allow-own-on=bpf;…   engines on which target-own suffices, besides bpf
 *   max-targets=64       how many targets there may be, 1 to 64
 *   max-targets-per-user=16
 *                        how many of them one user may add, root aside
 *
 * Group [Defaults bpf], one for each engine: a setting's name = its default. */
typedef struct {
  char *engine;       /* "auto" or an engine's name */
  guint time_ceiling; /* microseconds of collapse calls per second */
  GStrv allow_own_on; /* never NULL */
  guint max_targets;
  guint max_targets_per_user;
  GHashTable *defaults; /* engine name → DhSettings, as far as given */
} DhConfiguration;

/* Whether @name is "auto" or an engine's. */
gboolean dh_configuration_is_engine (const char *name);

/* Reads @path. A file that is missing gives the defaults. One that may not be trusted or is
 * nonsense gives them too, with a warning; an unknown group or key, or a value out of range, is
 * passed over with a warning that names it. Never fails. Returns: (transfer full). */
DhConfiguration *dh_configuration_load (const char *path);
void dh_configuration_free (DhConfiguration *configuration);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhConfiguration, dh_configuration_free)

/* Replaces in @settings, the built-in defaults of @engine, what the file gives for it. */
void dh_configuration_get_defaults (const DhConfiguration *configuration, const char *engine,
                                    DhSettings *settings);
