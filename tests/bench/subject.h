/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "engine-case.h"

/* A hotmap of alice's, and what its page tables say of it. */
typedef struct {
  Child *child;
  GPid pid;
  HeatMap *map;
  PageTables *tables;
} Subject;

/* Blocks of each class. */
typedef struct {
  guint hot;
  guint warm;
  guint one;
  guint cold;
} SubjectSize;

/* It ends with the fixture. It has the last processor to itself, as far as others leave it. As many
 * huge pages as its hot and warm blocks need are touched and given back before. */
void subject_start (Subject *self, Fixture *fixture, const SubjectSize *size);
void subject_clear (Subject *self);

guint subject_count_blocks (const Subject *self, HeatClass heat);
guint subject_count_huge (const Subject *self, HeatClass heat);

/* Puts all memory back to 4 KiB pages. */
void subject_split (const Subject *self);

/* Accesses per microsecond over so many milliseconds that begin now. */
double subject_measure_rate (const Subject *self, guint milliseconds);
