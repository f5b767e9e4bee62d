/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

/* A workload whose heat is known: anonymous memory in blocks of 2 MiB that are hot, warm, hot in
 * one page, or cold, drawn at random. See usage() for what it takes and says. */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <time.h>

#define PAGE_SIZE UINT64_C (4096)
#define PAGE_WORDS (PAGE_SIZE / sizeof (uint64_t))
#define BLOCK_SIZE (UINT64_C (2) << 20)
#define BLOCK_PAGES (BLOCK_SIZE / PAGE_SIZE)

/* A warm block is one that is used thinly: these many of its pages, as often as a hot block's. */
#define WARM_PAGES 64

#define BATCH 16384

enum heat { HOT, WARM, ONE, COLD, N_CLASSES };

static const char *const class_names[N_CLASSES] = { "hot", "warm", "one", "cold" };

/* Shares of the accesses in 128ths: 70, 20 and 10 percent. */
static const unsigned class_shares[N_CLASSES] = { 90, 25, 13, 0 };

struct options {
  uint64_t count[N_CLASSES];
  uint64_t mappings;
  uint64_t seed;
  uint64_t grow;
  uint64_t seconds; /* 0 = until SIGTERM */
  uint64_t duty;    /* percent of the time that is spent on accesses */
  const char *map_file;
  bool verify;
};

/* What can be written of one mapping; its blocks lie inside with margins that are no whole block.
 */
struct span {
  char *start;
  uint64_t size;
  char *blocks;
};

struct workload {
  uint64_t seed;
  struct span *spans;
  size_t n_spans;
  char **blocks[N_CLASSES]; /* for ONE: the hot page */
  uint64_t n_blocks[N_CLASSES];
  uint8_t dice[128]; /* heat of an access */
  uint64_t random;
  uint64_t operations;
};

static volatile sig_atomic_t stop_asked;
static volatile sig_atomic_t report_asked;
static volatile sig_atomic_t growth_asked;
static volatile sig_atomic_t verify_asked;

static void
on_signal (int number)
{
  if (number == SIGUSR1)
    report_asked = 1;
  else if (number == SIGUSR2)
    growth_asked = 1;
  else if (number == SIGHUP)
    verify_asked = 1;
  else
    stop_asked = 1;
}

static _Noreturn void
die (const char *what)
{
  fprintf (stderr, "hotmap: %s: %s\n", what, strerror (errno));
  exit (EXIT_FAILURE);
}

static void *
allocate (size_t count, size_t size)
{
  void *memory = calloc (count > 0 ? count : 1, size);

  if (memory == NULL)
    die ("cannot allocate");
  return memory;
}

static uint64_t
read_clock (clockid_t clock)
{
  struct timespec time;

  clock_gettime (clock, &time);
  return (uint64_t) time.tv_sec * 1000000 + (uint64_t) time.tv_nsec / 1000;
}

static uint64_t
now_usec (void)
{
  return read_clock (CLOCK_MONOTONIC);
}

/* What it has used of a processor: others who want it too take nothing from the share. */
static uint64_t
cpu_usec (void)
{
  return read_clock (CLOCK_THREAD_CPUTIME_ID);
}

static void
pause_usec (uint64_t usec)
{
  struct timespec length = { .tv_sec = (time_t) (usec / 1000000),
                             .tv_nsec = (long) (usec % 1000000 * 1000) };

  nanosleep (&length, NULL);
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

/* Evenly drawn from 0 to @limit - 1. */
static uint64_t
draw (uint64_t *state, uint64_t limit)
{
  return (next_random (state) >> 32) * limit >> 32;
}

static uint64_t
pattern (const uint64_t *word, uint64_t seed)
{
  return mix ((uint64_t) (uintptr_t) word ^ seed);
}

/* Where THP is `always` a fault would give a huge page at once, so they are off for the process
 * while it fills its memory: unlike MADV_NOHUGEPAGE, this leaves nothing behind in the mappings. */
static void
fill (const struct span *span, uint64_t seed)
{
  uint64_t *words = (uint64_t *) (void *) span->start;

  if (prctl (PR_SET_THP_DISABLE, 1, 0, 0, 0) < 0)
    die ("cannot disable huge pages");
  for (uint64_t i = 0; i < span->size / sizeof *words; i++)
    words[i] = pattern (&words[i], seed);
  if (prctl (PR_SET_THP_DISABLE, 0, 0, 0, 0) < 0)
    die ("cannot enable huge pages");
}

static bool
is_intact (const struct span *span, uint64_t seed)
{
  const uint64_t *words = (const uint64_t *) (const void *) span->start;

  for (uint64_t i = 0; i < span->size / sizeof *words; i++) {
    if (words[i] != pattern (&words[i], seed))
      return false;
  }
  return true;
}

static bool
verify (const struct workload *self)
{
  bool intact = true;

  for (size_t i = 0; i < self->n_spans; i++)
    intact = intact && is_intact (&self->spans[i], self->seed);
  puts (intact ? "checksum ok" : "checksum bad");
  return intact;
}

/* Maps and fills @n_blocks aligned blocks between two margins of less than a block. What is left
 * inaccessible around them keeps the kernel from merging one mapping with the next. */
static struct span
map_span (uint64_t n_blocks, uint64_t *random, uint64_t seed)
{
  uint64_t front = (1 + draw (random, BLOCK_PAGES - 1)) * PAGE_SIZE;
  uint64_t back = (1 + draw (random, BLOCK_PAGES - 1)) * PAGE_SIZE;
  uint64_t size = (n_blocks + 4) * BLOCK_SIZE;
  struct span span;
  char *area;

  area = mmap (NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (area == MAP_FAILED)
    die ("cannot map");

  /* The first whole block boundary with a front margin and a page to spare. */
  span.blocks = area + BLOCK_SIZE;
  span.blocks += BLOCK_SIZE - (uintptr_t) span.blocks % BLOCK_SIZE;
  span.start = span.blocks - front;
  span.size = front + n_blocks * BLOCK_SIZE + back;
  if (mprotect (span.start, span.size, PROT_READ | PROT_WRITE) < 0)
    die ("cannot make the mapping writable");
  fill (&span, seed);
  return span;
}

static void
add_span (struct workload *self, struct span span)
{
  self->spans = realloc (self->spans, (self->n_spans + 1) * sizeof *self->spans);
  if (self->spans == NULL)
    die ("cannot allocate");
  self->spans[self->n_spans++] = span;
}

static uint8_t *
shuffle_classes (const struct options *options, uint64_t total, uint64_t *random)
{
  uint8_t *classes = allocate (total, sizeof *classes);
  uint64_t n = 0;

  for (unsigned heat = 0; heat < N_CLASSES; heat++) {
    for (uint64_t i = 0; i < options->count[heat]; i++)
      classes[n++] = (uint8_t) heat;
  }
  for (uint64_t i = total; i > 1; i--) {
    uint64_t other = draw (random, i);
    uint8_t heat = classes[i - 1];

    classes[i - 1] = classes[other];
    classes[other] = heat;
  }
  return classes;
}

/* Every class gets its share of the dice; the share of one without blocks goes to the first that
 * has some. */
static bool
load_dice (struct workload *self)
{
  unsigned fallback = 0;
  size_t side = 0;

  while (fallback < COLD && self->n_blocks[fallback] == 0)
    fallback++;
  for (unsigned heat = 0; heat < COLD; heat++) {
    for (unsigned i = 0; i < class_shares[heat]; i++)
      self->dice[side++] = (uint8_t) (self->n_blocks[heat] > 0 ? heat : fallback);
  }
  return fallback < COLD;
}

static void
set_up (struct workload *self, const struct options *options, FILE *map)
{
  uint64_t total = 0, done = 0;
  uint8_t *classes;

  self->seed = options->seed;
  self->random = options->seed;
  for (unsigned heat = 0; heat < N_CLASSES; heat++) {
    total += options->count[heat];
    self->blocks[heat] = allocate (options->count[heat], sizeof *self->blocks[heat]);
  }
  classes = shuffle_classes (options, total, &self->random);

  for (uint64_t i = 0; i < options->mappings; i++) {
    uint64_t end = total * (i + 1) / options->mappings;
    struct span span = map_span (end - done, &self->random, self->seed);
    char *block = span.blocks;

    add_span (self, span);
    for (; done < end; done++, block += BLOCK_SIZE) {
      uint8_t heat = classes[done];
      uint64_t offset = heat == ONE ? draw (&self->random, BLOCK_PAGES) * PAGE_SIZE : 0;

      self->blocks[heat][self->n_blocks[heat]++] = block + offset;
      if (map != NULL)
        fprintf (map, "%" PRIxPTR " %s\n", (uintptr_t) block, class_names[heat]);
    }
  }
  free (classes);
}

/* One access at random. What was read goes into the next choice, so that each waits for the one
 * before: the time of an access is then that of memory and page tables, nothing overlaps. */
static inline void
access_memory (struct workload *self)
{
  uint64_t random = next_random (&self->random);
  unsigned heat = self->dice[random % 128];
  char *page = self->blocks[heat][(random >> 32) * self->n_blocks[heat] >> 32];
  uint64_t number = random >> 11 & (BLOCK_PAGES - 1);
  volatile uint64_t *word;
  uint64_t value;

  if (heat == WARM)
    number = number % WARM_PAGES * (BLOCK_PAGES / WARM_PAGES);
  if (heat != ONE)
    page += number * PAGE_SIZE;
  word = (volatile uint64_t *) (void *) page + (random >> 20 & (PAGE_WORDS - 1));
  value = *word;
  /* One in 16 writes; the same value, so that the contents can still be checked. */
  if ((random >> 7 & 15) == 0)
    *word = value;
  self->random ^= value;
}

static void
grow (struct workload *self, uint64_t bytes)
{
  uint64_t n_blocks = (bytes + BLOCK_SIZE - 1) / BLOCK_SIZE;

  add_span (self, map_span (n_blocks, &self->random, self->seed));
  printf ("grown %" PRIu64 "\n", n_blocks * BLOCK_SIZE);
}

/* Returns: whether the contents are what they were, if that was asked. */
static bool
answer_signals (struct workload *self, const struct options *options, uint64_t start)
{
  if (report_asked) {
    report_asked = 0;
    printf ("ops %" PRIu64 " usec %" PRIu64 "\n", self->operations, now_usec () - start);
  }
  if (growth_asked) {
    growth_asked = 0;
    grow (self, options->grow);
  }
  if (verify_asked) {
    verify_asked = 0;
    return verify (self);
  }
  return true;
}

static bool
run (struct workload *self, const struct options *options)
{
  bool busy = load_dice (self);
  uint64_t start = now_usec ();
  bool intact = true;

  while (!stop_asked) {
    uint64_t begin = cpu_usec ();

    if (options->seconds > 0 && now_usec () - start >= options->seconds * 1000000)
      break;
    intact = answer_signals (self, options, start) && intact;
    if (!busy) {
      pause_usec (10000);
      continue;
    }
    for (unsigned i = 0; i < BATCH; i++)
      access_memory (self);
    self->operations += BATCH;
    if (options->duty < 100)
      pause_usec ((cpu_usec () - begin) * (100 - options->duty) / options->duty);
  }
  return intact;
}

static void
catch_signals (void)
{
  const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2 };
  struct sigaction action = { .sa_handler = on_signal };

  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    sigaction (numbers[i], &action, NULL);
}

static _Noreturn void
usage (int status)
{
  fputs ("Usage: hotmap [OPTION...]\n"
         "Fills anonymous memory, prints \"seed N\" and \"ready\", then accesses it at random: 70% "
         "in\n"
         "hot blocks, 20% in warm ones, 10% on the one hot page of others. A block is 2 MiB.\n\n"
         "  --hot=N --warm=N --one=N --cold=N  blocks of each class (64, 0, 64, 512)\n"
         "  --mappings=N      mappings they are spread over (4)\n"
         "  --seed=N          for the order of the blocks and the contents (random)\n"
         "  --map-file=PATH   where to write \"ADDRESS CLASS\", a line for each block\n"
         "  --grow=BYTES      what SIGUSR2 adds\n"
         "  --seconds=N       how long; otherwise until SIGTERM\n"
         "  --duty=PERCENT    share of the time spent on accesses (100)\n"
         "  --verify          check the contents at the end\n\n"
         "SIGUSR1 prints \"ops N usec T\", SIGUSR2 grows and prints \"grown BYTES\", SIGHUP reads "
         "all\n"
         "memory and prints \"checksum ok\" or \"checksum bad\". Exit status 1 after a bad one.\n",
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
    fprintf (stderr, "hotmap: %s is not a number from %" PRIu64 " to %" PRIu64 "\n", text, minimum,
             maximum);
    exit (EXIT_FAILURE);
  }
  return number;
}

enum {
  OPTION_HOT,
  OPTION_WARM,
  OPTION_ONE,
  OPTION_COLD,
  OPTION_MAPPINGS,
  OPTION_SEED,
  OPTION_GROW,
  OPTION_SECONDS,
  OPTION_DUTY,
  N_NUMBERS,
  OPTION_MAP_FILE = N_NUMBERS,
  OPTION_VERIFY,
  OPTION_HELP,
};

static const struct option option_table[] = {
  { "hot", required_argument, NULL, OPTION_HOT },
  { "warm", required_argument, NULL, OPTION_WARM },
  { "one", required_argument, NULL, OPTION_ONE },
  { "cold", required_argument, NULL, OPTION_COLD },
  { "mappings", required_argument, NULL, OPTION_MAPPINGS },
  { "seed", required_argument, NULL, OPTION_SEED },
  { "grow", required_argument, NULL, OPTION_GROW },
  { "seconds", required_argument, NULL, OPTION_SECONDS },
  { "duty", required_argument, NULL, OPTION_DUTY },
  { "map-file", required_argument, NULL, OPTION_MAP_FILE },
  { "verify", no_argument, NULL, OPTION_VERIFY },
  { "help", no_argument, NULL, OPTION_HELP },
  { NULL, 0, NULL, 0 },
};

static const struct {
  size_t field;
  uint64_t minimum;
  uint64_t maximum;
} numbers[N_NUMBERS] = {
  [OPTION_HOT] = { offsetof (struct options, count[HOT]), 0, UINT32_MAX },
  [OPTION_WARM] = { offsetof (struct options, count[WARM]), 0, UINT32_MAX },
  [OPTION_ONE] = { offsetof (struct options, count[ONE]), 0, UINT32_MAX },
  [OPTION_COLD] = { offsetof (struct options, count[COLD]), 0, UINT32_MAX },
  [OPTION_MAPPINGS] = { offsetof (struct options, mappings), 1, 10000 },
  [OPTION_SEED] = { offsetof (struct options, seed), 0, UINT64_MAX },
  [OPTION_GROW] = { offsetof (struct options, grow), 1, UINT64_C (1) << 46 },
  [OPTION_SECONDS] = { offsetof (struct options, seconds), 1, 1000000 },
  [OPTION_DUTY] = { offsetof (struct options, duty), 1, 100 },
};

static void
parse_options (int argc, char **argv, struct options *options)
{
  int option;

  while ((option = getopt_long (argc, argv, "", option_table, NULL)) != -1) {
    if (option == OPTION_HELP)
      usage (EXIT_SUCCESS);
    else if (option == OPTION_MAP_FILE)
      options->map_file = optarg;
    else if (option == OPTION_VERIFY)
      options->verify = true;
    else if (option < N_NUMBERS)
      *(uint64_t *) (void *) ((char *) options + numbers[option].field) =
        parse_number (optarg, numbers[option].minimum, numbers[option].maximum);
    else
      usage (EXIT_FAILURE);
  }
  if (optind < argc)
    usage (EXIT_FAILURE);
}

int
main (int argc, char **argv)
{
  struct options options = { .count = { [HOT] = 64, [ONE] = 64, [COLD] = 512 },
                             .mappings = 4,
                             .grow = BLOCK_SIZE,
                             .duty = 100 };
  struct workload workload = { 0 };
  FILE *map = NULL;
  bool intact;

  if (getrandom (&options.seed, sizeof options.seed, 0) != sizeof options.seed)
    die ("cannot draw a seed");
  parse_options (argc, argv, &options);
  catch_signals ();
  setvbuf (stdout, NULL, _IOLBF, 0);
  printf ("seed %" PRIu64 "\n", options.seed);

  if (options.map_file != NULL && (map = fopen (options.map_file, "we")) == NULL)
    die (options.map_file);
  set_up (&workload, &options, map);
  if (map != NULL && fclose (map) != 0)
    die (options.map_file);
  puts ("ready");

  intact = run (&workload, &options);
  if (options.verify)
    intact = verify (&workload) && intact;
  return intact ? EXIT_SUCCESS : EXIT_FAILURE;
}
