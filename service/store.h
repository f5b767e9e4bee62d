/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "settings.h"
#include "stored-target.h"

#include <gio/gio.h>

/* What survives the service: the tunables of each engine (file `settings`), and for the case of a
 * crash the targets (file `targets`), which an orderly stop forgets. Writes of settings are
 * coalesced over DH_STORE_DELAY_MSEC; all writes are done by a worker thread, the last value wins;
 * a failed write is a warning. A file that is nonsense, truncated, or writable by others is ignored
 * with a warning. Main thread only. The last reference writes what is pending. */
#define DH_TYPE_STORE (dh_store_get_type ())
G_DECLARE_FINAL_TYPE (DhStore, dh_store, DH, STORE, GObject)

#define DH_STORE_DELAY_MSEC 500

/* @directory: the state directory, made by systemd or by the caller (mode 0700). @root: where /proc
 * is found ("/" but in tests), for the boot id. */
DhStore *dh_store_new (const char *directory, const char *root);

/* Replaces in @settings what is stored for @engine and valid. */
void dh_store_load_settings (DhStore *self, const char *engine, DhSettings *settings);

/* Stores the settings of @engine that are `stored` in their row and differ from @defaults. */
void dh_store_save_settings (DhStore *self, const char *engine, const DhSettings *settings,
                             const DhSettings *defaults);

/* Reads what an earlier run of this boot recorded; asked before the first dh_store_save_targets().
 * What is not whole is left out with a warning. Returns: (transfer full) (element-type
 * DhStoredTarget). */
GArray *dh_store_load_targets (DhStore *self);

/* @targets: (element-type DhStoredTarget); NULL or empty: none. The record is written at once (by
 * the worker), for a crash gives no warning, if it is not what it was. */
void dh_store_save_targets (DhStore *self, const GArray *targets);

/* Writes what is pending and waits for it. */
void dh_store_flush (DhStore *self);
