/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#define FUSE_USE_VERSION 312
#include <fuse.h>

/* The file system: libfuse's calls as accesses to the tree. Private data is the Model. */
extern const struct fuse_operations model_operations;
