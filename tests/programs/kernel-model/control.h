/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

typedef struct _Model Model;

/* The folder .model, by which a test gives orders to the model and asks it.
 *
 * control takes one order a write. FILE is a path from the mount point, or just the name of one of
 * damon_hugepage's parameters; what is unknown is EINVAL:
 *
 *   shape v3|v4|both|none        which folder of the module is there
 *   remove FILE, restore FILE    folders and links as well
 *   mode FILE OCTAL
 *   content FILE [TEXT]          what reading gives; \n, \0, \\ and \xNN stand for bytes
 *   content-reset FILE
 *   fail open|read|write FILE ERRNO [COUNT]
 *                                by its name; without COUNT every time, with 0 never again
 *   short write FILE BYTES|off   no more than that are taken
 *   block read|write FILE        operations wait, under the lock, for at most a minute for:
 *   release
 *   commit-delay MSEC, start-delay MSEC, stop-delay MSEC
 *   refuse-commit                the next one, in silence
 *   die                          the kdamond ends by itself
 *   set-counters A B C D E       in the order of the files, nr_quota_exceeds last
 *   trap                         shuts the restart trap
 *   height BYTES                 what tuning the quota has come to
 *   huge-ratio BP|target         the whole system's; at first, the target's is taken for it
 *   update-interval MSEC         between looks at the address space; at first 60000
 *   old-core on|off              a ratio of 0 is divided by
 *   kill N before|after          SIGKILL to whom the N-th write from now comes from, to any
 *                                parameter of damon_hugepage, before or after it takes effect
 *   allow-hurt [WORD]            what begins with it is no reproach; without WORD, nothing is
 *   log-reads on|off, clear-log, clear-hurts
 *
 * log has a line for each access to a parameter of damon_hugepage: "write NAME VALUE RESULT", the
 * value without its newline and escaped as in C, the result "ok", an errno's name or "killed"; and
 * "read NAME".
 *
 * state has lines KEY=VALUE: running, target-pid, kdamond-pid, in-force.NAME for each input, mark
 * (the quota's), trapped, windows (so far), quota (of this window, bytes), height (what tuning has
 * come to, bytes), stale-ranges, aggregations, blocked (operations), crashed, hurts (how many).
 * Then "hurts: WORD: what" for everything that was done that can hurt a kernel, or "allowed: WORD:
 * what"; the words:
 *
 *   crash      the kernel has divided by zero; all parameters give EIO from then on
 *   ratio      0 was to come into force
 *   pid        a monitored_pid of more than 31 bits was written
 *   addr_unit  one that is no power of two from 1 to 4096 was written
 *   early      an input was written between commit_inputs=Y and reading it as N
 *   switched   another process was committed while the kdamond ran
 *   undrained  it was stopped so that the next start does nothing, though the target was alive
 *
 * With the model's mutex held. */
void control_init (Model *model);
