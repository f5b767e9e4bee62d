/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

/* Every well-known string of the bus. */
#define DH_BUS_NAME "org.damon.Hugepage"
#define DH_OBJECT_PATH "/org/damon/Hugepage"
#define DH_TARGET_PATH_PREFIX DH_OBJECT_PATH "/targets/t"
#define DH_INTERFACE "org.damon.Hugepage1"
#define DH_TARGET_INTERFACE "org.damon.Hugepage1.Target"
#define DH_PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"
#define DH_OBJECT_MANAGER_INTERFACE "org.freedesktop.DBus.ObjectManager"
