/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "engine.h"
#include "hugepages/advisor.h"

/* The engine that needs nothing of DAMON: page tables read by BPF, process_madvise(MADV_COLLAPSE).
 */
#define DH_TYPE_BPF_ENGINE (dh_bpf_engine_get_type ())
G_DECLARE_FINAL_TYPE (DhBpfEngine, dh_bpf_engine, DH, BPF_ENGINE, GObject)

/* @root: where /proc and /sys are found, "/" but in tests. @advisor must live as long as the
 * program. @time_ceiling: microseconds of collapse calls per second that are never passed. */
DhEngine *dh_bpf_engine_new (const char *root, const DhAdvisor *advisor, guint time_ceiling);
