/**
 * tests/litmus/explorer.h - runs a few threads in every order of the steps that they share.
 *
 * Threads are coroutines. Each stops before every step that another could see; which of them goes on
 * is then a choice, and explorer_run() makes every choice there is, depth first: it replays a prefix of
 * choices from a fresh state and takes the next branch. Two orders that differ only in steps which
 * commute (of other objects, or reads alone) are one: "sleep sets", Godefroid, "Partial-Order Methods
 * for the Verification of Concurrent Systems" (1996). Under EXPLORER_TSO a store waits in a buffer of
 * its thread until it is flushed, which is a step of its own: Sewell et al., "x86-TSO" (2010).
 * Never runs two threads at once, never uses time or chance. One exploration at a time.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPLORER_THREADS  4
#define EXPLORER_STEPS    400 /* of one run; a longer one fails */
#define EXPLORER_SCHEDULE 8192

enum explorer_model {
    EXPLORER_SC,
    EXPLORER_TSO
};

/** What to run. Every state that threads touch lies behind ctx and is made anew by reset. */
struct explorer_case {
    const char *name;

    struct {
        const char *name;
        void (*run)(void *ctx);
    } threads[EXPLORER_THREADS]; /* the first without run ends them */

    void (*reset)(void *ctx);
    void (*check)(void *ctx); /* after each run, when every thread has returned; may be NULL */
    void *ctx;
    bool every_order; /* leave nothing out: for threads that touch what no step names */
};

struct explorer_result {
    bool failed;
    uint64_t runs; /* orders run to their end */
    uint64_t
        cut; /* begun, and left because an order that was run differs in commuting steps only */
    size_t longest;                   /* steps of the longest, cut and failed ones too */
    uint32_t saw;                     /* all of explorer_saw() */
    char schedule[EXPLORER_SCHEDULE]; /* when failed: why, and the steps that led there */
};

/** Explore c under model until everything was run or one run fails. */
void explorer_run(const struct explorer_case *c, enum explorer_model model,
                  struct explorer_result *result);

/** This run is wrong; from a thread or from check. Does not return in a thread. why is static. */
void explorer_require(bool holds, const char *why);

/** Note that some run came by here: outcome 0 to 31. */
void explorer_saw(unsigned outcome);

/** Number of the thread that runs now, from 1; 0 outside of threads. */
unsigned explorer_thread(void);

/* ---- steps ----
 * Outside of threads they act at once. `name` is static and only for people. */

struct explorer_lock {
    unsigned owner; /* number of the thread, from 1; 0 = free */
};

void explorer_lock(struct explorer_lock *l, const char *name);   /**< full barrier */
void explorer_unlock(struct explorer_lock *l, const char *name); /**< full barrier */
void explorer_fence(void);                                       /**< full barrier */

/** Before something unlocked that is none of the words below; object is what it touches. */
void explorer_step(const void *object, const char *name);

/** Stop until the word is not 0. */
uint64_t explorer_await(const _Atomic uint64_t *at, const char *name);

/** Words. Order: memory_order_seq_cst stores are full barriers, all others wait in the buffer. */
uint64_t explorer_load64(const _Atomic uint64_t *at, const char *name);
uint32_t explorer_load32(const _Atomic uint32_t *at, const char *name); /**< the same */
void explorer_store64(_Atomic uint64_t *at, uint64_t value, int order,
                      const char *name); /**< 64 bits */
void explorer_store32(_Atomic uint32_t *at, uint32_t value, int order,
                      const char *name);                                     /**< 32 bits */
uint32_t explorer_add32(_Atomic uint32_t *at, uint32_t n, const char *name); /**< full barrier */
