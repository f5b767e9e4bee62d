/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

/* A large workload whose heat is known and whose accesses are counted: anonymous memory in blocks
 * of 2 MiB, filled with 4 KiB pages. See usage() for what it takes and says, mixmap.h for what it
 * shows. */

#include "mixmap.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PAGE_SIZE UINT64_C (4096)
#define BLOCK_PAGES (MIX_BLOCK_SIZE / PAGE_SIZE)
#define LINE_SIZE UINT64_C (64)
#define PAGE_LINES (PAGE_SIZE / LINE_SIZE)

/* Accesses between two looks at what was asked: about a millisecond. */
#define BATCH 4096

/* Chains of accesses beside one another. In each an access waits for the one before, so that its
 * time is that of memory and page tables. */
#define CHAINS 4

#define DICE_SIDES 1024

/* In 32nds of the blocks; cold are all others. Of ten to twenty million accesses a second, which is
 * what the chains come to in 4 GiB, a cool block gets 13 to 26: with 4 KiB pages so many misses
 * cost far less in half a minute than making it huge. A warm block gets 600 times as many. */
static const unsigned block_shares[MIX_N_HEATS] = {
  [MIX_HOT] = 2,
  [MIX_WARM] = 4,
  [MIX_COOL] = 12,
  [MIX_ONE] = 4,
};

/* Of the accesses: 70, 20, 0.1 and 10 percent. */
static const unsigned access_shares[MIX_N_HEATS] = {
  [MIX_HOT] = 717,
  [MIX_WARM] = 205,
  [MIX_COOL] = 1,
  [MIX_ONE] = 101,
};

struct options {
  uint64_t mebibytes;
  uint64_t seed;
  int processor; /* -1: any */
};

struct workload {
  char *blocks;
  uint64_t n_blocks;
  uint64_t random;
  uint64_t chains[CHAINS];        /* states of their generators */
  uint32_t *of_heat[MIX_N_HEATS]; /* block numbers */
  uint64_t n_of_heat[MIX_N_HEATS];
  uint8_t dice[DICE_SIDES]; /* heat of an access */
  struct mix_header *header;
  uint64_t *counts;
  uint8_t *classes;
};

static volatile sig_atomic_t stop_asked;
static volatile sig_atomic_t advice_asked;

static void
on_signal (int number)
{
  if (number == SIGUSR1)
    advice_asked = 1;
  else
    stop_asked = 1;
}

static _Noreturn void
die (const char *what)
{
  fprintf (stderr, "mixmap: %s: %s\n", what, strerror (errno));
  exit (EXIT_FAILURE);
}

static inline uint64_t
mix (uint64_t value)
{
  value = (value ^ (value >> 30)) * UINT64_C (0xbf58476d1ce4e5b9);
  value = (value ^ (value >> 27)) * UINT64_C (0x94d049bb133111eb);
  return value ^ (value >> 31);
}

static inline uint64_t
next_random (uint64_t *state)
{
  *state += UINT64_C (0x9e3779b97f4a7c15);
  return mix (*state);
}

/* Makes the memory file and announces it. */
static void
show (struct workload *self)
{
  size_t size = sizeof *self->header + self->n_blocks * (sizeof *self->counts + 1);
  int fd = memfd_create ("mixmap", 0);

  if (fd < 0 || ftruncate (fd, (off_t) size) < 0)
    die ("cannot make a memory file");
  self->header = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
  if (self->header == MAP_FAILED)
    die ("cannot map the memory file");
  self->header->address = (uintptr_t) self->blocks;
  self->header->n_blocks = self->n_blocks;
  self->counts = (uint64_t *) (self->header + 1);
  self->classes = (uint8_t *) (self->counts + self->n_blocks);
  printf ("counters %d\n", fd);
}

/* Where THP is `always` a fault would give a huge page at once, so they are off for the process
 * while it fills its memory: unlike MADV_NOHUGEPAGE, this leaves nothing behind in the mapping. No
 * page may be all zeros: the kernel gives such ones back when it splits a huge page. */
static void
fill (struct workload *self)
{
  if (prctl (PR_SET_THP_DISABLE, 1, 0, 0, 0) < 0)
    die ("cannot disable huge pages");
  for (uint64_t offset = 0; offset < self->n_blocks * MIX_BLOCK_SIZE; offset += LINE_SIZE)
    *(uint64_t *) (void *) (self->blocks + offset) = mix (offset ^ self->random);
  if (prctl (PR_SET_THP_DISABLE, 0, 0, 0, 0) < 0)
    die ("cannot enable huge pages");
}

/* What is left inaccessible around the blocks keeps the kernel from merging them with another
 * mapping. */
static void
map_blocks (struct workload *self, uint64_t mebibytes)
{
  char *area;

  self->n_blocks = (mebibytes << 20) / MIX_BLOCK_SIZE;
  area = mmap (NULL, (self->n_blocks + 2) * MIX_BLOCK_SIZE, PROT_NONE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (area == MAP_FAILED)
    die ("cannot map");
  self->blocks = area + MIX_BLOCK_SIZE - (uintptr_t) area % MIX_BLOCK_SIZE;
  if (mprotect (self->blocks, self->n_blocks * MIX_BLOCK_SIZE, PROT_READ | PROT_WRITE) < 0)
    die ("cannot make the mapping writable");
}

/* Every class gets its share of the blocks, in an order at random. */
static void
classify (struct workload *self)
{
  uint64_t next = 0;

  for (unsigned heat = 0; heat < MIX_COLD; heat++) {
    uint64_t end = next + self->n_blocks * block_shares[heat] / 32;

    memset (self->classes + next, (int) heat, end - next);
    next = end;
  }
  memset (self->classes + next, MIX_COLD, self->n_blocks - next);
  for (uint64_t i = self->n_blocks; i > 1; i--) {
    uint64_t other = (next_random (&self->random) >> 32) * i >> 32;
    uint8_t heat = self->classes[i - 1];

    self->classes[i - 1] = self->classes[other];
    self->classes[other] = heat;
  }
}

static void
load_dice (struct workload *self)
{
  size_t side = 0;

  for (unsigned heat = 0; heat < MIX_COLD; heat++) {
    memset (self->dice + side, (int) heat, access_shares[heat]);
    side += access_shares[heat];
    self->of_heat[heat] = calloc (self->n_blocks, sizeof *self->of_heat[heat]);
    if (self->of_heat[heat] == NULL)
      die ("cannot allocate");
  }
  for (uint64_t i = 0; i < self->n_blocks; i++) {
    uint8_t heat = self->classes[i];

    if (heat != MIX_COLD)
      self->of_heat[heat][self->n_of_heat[heat]++] = (uint32_t) i;
  }
}

/* One access at random. What was read goes into the next choice of the chain. */
static inline void
access_memory (struct workload *self, uint64_t *state)
{
  uint64_t random = next_random (state);
  unsigned heat = self->dice[random % DICE_SIDES];
  uint64_t block = self->of_heat[heat][(random >> 32) * self->n_of_heat[heat] >> 32];
  uint64_t page = heat == MIX_ONE ? mix (block) % BLOCK_PAGES : random >> 10 & (BLOCK_PAGES - 1);
  uint64_t line = random >> 19 & (PAGE_LINES - 1);
  const char *place = self->blocks + block * MIX_BLOCK_SIZE + page * PAGE_SIZE + line * LINE_SIZE;

  *state ^= *(const volatile uint64_t *) (const void *) place;
  self->counts[block]++;
}

static void
advise (const struct workload *self)
{
  advice_asked = 0;
  if (madvise (self->blocks, self->n_blocks * MIX_BLOCK_SIZE, MADV_HUGEPAGE) < 0)
    die ("cannot advise");
  puts ("advised");
}

static void
run (struct workload *self)
{
  while (!stop_asked) {
    if (advice_asked)
      advise (self);
    for (unsigned i = 0; i < BATCH; i++)
      access_memory (self, &self->chains[i % CHAINS]);
    __atomic_fetch_add (&self->header->accesses, BATCH, __ATOMIC_RELAXED);
  }
}

static void
pin (int processor)
{
  cpu_set_t set;

  CPU_ZERO (&set);
  CPU_SET (processor, &set);
  if (sched_setaffinity (0, sizeof set, &set) < 0)
    die ("cannot be pinned");
}

static _Noreturn void
usage (int status)
{
  fputs ("Usage: mixmap [OPTION...]\n"
         "Fills anonymous memory, prints \"counters FD\" and \"ready\", then accesses it at random "
         "until\n"
         "SIGTERM. Of its blocks of 2 MiB 1/16 are hot (70% of the accesses), 1/8 warm (20%), 3/8 "
         "cool\n"
         "(0.1%), 1/8 hot in one page (10%), the others cold.\n\n"
         "  --size=MEBIBYTES  how much, at least 64 (4096)\n"
         "  --seed=N          for the order of the blocks and of the accesses (1)\n"
         "  --pin=CPU         run on this processor alone\n\n"
         "SIGUSR1: it has all of its memory made huge (MADV_HUGEPAGE), and prints \"advised\".\n",
         status == EXIT_SUCCESS ? stdout : stderr);
  exit (status);
}

static uint64_t
parse_number (const char *text, uint64_t minimum, uint64_t maximum)
{
  unsigned long long number;
  char *end;

  errno = 0;
  number = strtoull (text, &end, 0);
  if (errno != 0 || end == text || *end != '\0' || number < minimum || number > maximum) {
    fprintf (stderr, "mixmap: %s is not a number from %" PRIu64 " to %" PRIu64 "\n", text, minimum,
             maximum);
    exit (EXIT_FAILURE);
  }
  return number;
}

static void
parse_options (int argc, char **argv, struct options *options)
{
  static const struct option table[] = {
    { "size", required_argument, NULL, 's' },
    { "seed", required_argument, NULL, 'r' },
    { "pin", required_argument, NULL, 'p' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
  };
  int option;

  while ((option = getopt_long (argc, argv, "", table, NULL)) != -1) {
    if (option == 's')
      options->mebibytes = parse_number (optarg, 64, UINT64_C (1) << 24);
    else if (option == 'r')
      options->seed = parse_number (optarg, 0, UINT64_MAX);
    else if (option == 'p')
      options->processor = (int) parse_number (optarg, 0, CPU_SETSIZE - 1);
    else
      usage (option == 'h' ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  if (optind < argc)
    usage (EXIT_FAILURE);
}

int
main (int argc, char **argv)
{
  struct options options = { .mebibytes = 4096, .seed = 1, .processor = -1 };
  struct sigaction action = { .sa_handler = on_signal };
  static struct workload workload;

  parse_options (argc, argv, &options);
  sigaction (SIGUSR1, &action, NULL);
  sigaction (SIGTERM, &action, NULL);
  sigaction (SIGINT, &action, NULL);
  setvbuf (stdout, NULL, _IOLBF, 0);
  if (options.processor >= 0)
    pin (options.processor);

  workload.random = mix (options.seed);
  map_blocks (&workload, options.mebibytes);
  show (&workload);
  classify (&workload);
  load_dice (&workload);
  for (unsigned i = 0; i < CHAINS; i++)
    workload.chains[i] = next_random (&workload.random);
  fill (&workload);
  puts ("ready");
  run (&workload);
  return EXIT_SUCCESS;
}
