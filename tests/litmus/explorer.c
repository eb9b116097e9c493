#include "explorer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#define STACK    ((size_t)256 << 10)
#define BUFFERED 16 /* stores of one thread that nobody else sees yet */

enum op_kind {
    OP_STEP,
    OP_LOAD,
    OP_STORE,
    OP_BUFFER, /* a store into the thread's own buffer */
    OP_FLUSH,  /* out of it */
    OP_ADD,
    OP_AWAIT,
    OP_FENCE,
    OP_LOCK,
    OP_UNLOCK
};

static const char *const OP_NAMES[] = {"step",   "load",  "store", "buffer", "flush",
                                       "add to", "await", "fence", "lock",   "unlock"};

/** A step that a thread is about to take, or took. */
struct op {
    enum op_kind kind;
    const void *object; /* whom it concerns; NULL = the thread alone */
    const char *name;
    uint64_t value;
};

struct buffered {
    void *at;
    bool wide;
    uint64_t value;
    const char *name;
};

struct thread {
    ucontext_t context;
    bool done;
    struct op next;
    struct buffered buffer[BUFFERED];
    size_t buffered_n;
};

/* An action is a thread's next step, or the flush of its oldest store: one bit in a mask. */
#define FLUSH_OF(t) ((t) + EXPLORER_THREADS)
#define ACTIONS     (2 * EXPLORER_THREADS)
#define BIT(a)      (1U << (a))

/** A choice on the path that is being explored. */
struct node {
    uint32_t enabled; /* actions */
    uint32_t sleep;   /* of these, such that a commuting order was or will be run elsewhere */
    uint32_t done;    /* of these, those whose branches are explored */
    unsigned pick;
};

/* One at a time, and coroutines have no other way to find it. */
static struct {
    const struct explorer_case *c;
    enum explorer_model model;
    struct explorer_result *result;
    ucontext_t scheduler;
    unsigned threads_n;
    struct thread *current; /* NULL outside of threads */
    struct thread threads[EXPLORER_THREADS];
    struct node path[EXPLORER_STEPS];
    size_t known; /* nodes of the path to follow */
    size_t steps; /* taken in this run */

    struct {
        unsigned action;
        struct op op;
    } taken[EXPLORER_STEPS];
} x;

static _Alignas(64) char stacks[EXPLORER_THREADS][STACK];

/* ---- telling ---- */

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void tell(const char *format, ...)
{
    const size_t len = strlen(x.result->schedule);
    va_list args;
    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): clang-tidy 14, when given many files */
    vsnprintf(x.result->schedule + len, EXPLORER_SCHEDULE - len, format, args);
    va_end(args);
}

static void fail(const char *why)
{
    if (x.result->failed)
        return;
    x.result->failed = true;
    tell("%s (%s): %s\n", x.c->name, x.model == EXPLORER_SC ? "SC" : "TSO", why);
    for (size_t i = 0; i < x.steps; i++) {
        const struct op *op = &x.taken[i].op;
        tell("%4zu %-10s %s %s", i + 1, x.c->threads[x.taken[i].action % EXPLORER_THREADS].name,
             OP_NAMES[op->kind], op->name);
        tell(op->kind >= OP_LOAD && op->kind <= OP_AWAIT ? " = %llu\n" : "\n",
             (unsigned long long)op->value);
    }
}

void explorer_require(bool holds, const char *why)
{
    if (holds)
        return;
    fail(why);
    if (x.current != NULL)
        swapcontext(&x.current->context, &x.scheduler);
}

void explorer_saw(unsigned outcome)
{
    if (x.result != NULL)
        x.result->saw |= 1U << outcome;
}

/* ---- what a thread does at a step ---- */

/** Stop before a step; returns when it is this thread's turn to take it. */
static void stop_before(struct op op)
{
    if (x.current == NULL)
        return;
    x.current->next = op;
    swapcontext(&x.current->context, &x.scheduler);
}

static uint64_t note(uint64_t value)
{
    if (x.current != NULL)
        x.taken[x.steps - 1].op.value = value;
    return value;
}

static uint64_t read_word(const void *at, bool wide)
{
    return wide ? atomic_load((const _Atomic uint64_t *)at)
                : atomic_load((const _Atomic uint32_t *)at);
}

static void write_word(const struct buffered *b)
{
    if (b->wide)
        atomic_store((_Atomic uint64_t *)b->at, b->value);
    else
        atomic_store((_Atomic uint32_t *)b->at, (uint32_t)b->value);
}

/** A thread sees its own newest store before anybody else does. */
static uint64_t load(const void *at, bool wide, const char *name)
{
    stop_before((struct op){.kind = OP_LOAD, .object = at, .name = name});
    for (size_t i = x.current != NULL ? x.current->buffered_n : 0; i > 0; i--)
        if (x.current->buffer[i - 1].at == at)
            return note(x.current->buffer[i - 1].value);
    return note(read_word(at, wide));
}

static void store(const struct buffered *b, int order)
{
    const bool waits =
        x.current != NULL && x.model == EXPLORER_TSO && order != memory_order_seq_cst;
    stop_before((struct op){
        .kind = waits ? OP_BUFFER : OP_STORE, .object = waits ? NULL : b->at, .name = b->name});
    note(b->value);
    if (!waits) {
        write_word(b);
        return;
    }
    assert(x.current->buffered_n < BUFFERED);
    x.current->buffer[x.current->buffered_n++] = *b;
}

uint64_t explorer_load64(const _Atomic uint64_t *at, const char *name)
{
    return load(at, true, name);
}

uint32_t explorer_load32(const _Atomic uint32_t *at, const char *name)
{
    return (uint32_t)load(at, false, name);
}

void explorer_store64(_Atomic uint64_t *at, uint64_t value, int order, const char *name)
{
    store(&(struct buffered){.at = at, .wide = true, .value = value, .name = name}, order);
}

void explorer_store32(_Atomic uint32_t *at, uint32_t value, int order, const char *name)
{
    store(&(struct buffered){.at = at, .value = value, .name = name}, order);
}

uint32_t explorer_add32(_Atomic uint32_t *at, uint32_t n, const char *name)
{
    stop_before((struct op){.kind = OP_ADD, .object = at, .name = name});
    const uint32_t before = atomic_fetch_add(at, n);
    note(before + n);
    return before;
}

void explorer_fence(void)
{
    stop_before((struct op){.kind = OP_FENCE, .name = ""});
}

void explorer_step(const void *object, const char *name)
{
    stop_before((struct op){.kind = OP_STEP, .object = object, .name = name});
}

uint64_t explorer_await(const _Atomic uint64_t *at, const char *name)
{
    stop_before((struct op){.kind = OP_AWAIT, .object = at, .name = name});
    return note(read_word(at, true));
}

unsigned explorer_thread(void)
{
    return x.current == NULL ? 0 : (unsigned)(x.current - x.threads) + 1;
}

/** As an owner of locks, whoever is outside of threads is somebody too. */
static unsigned me(void)
{
    return x.current == NULL ? EXPLORER_THREADS + 1 : explorer_thread();
}

void explorer_lock(struct explorer_lock *l, const char *name)
{
    explorer_require(l->owner != me(), "a thread locks what it holds");
    stop_before((struct op){.kind = OP_LOCK, .object = l, .name = name});
    assert(l->owner == 0);
    l->owner = me();
}

void explorer_unlock(struct explorer_lock *l, const char *name)
{
    explorer_require(l->owner == me(), "a thread unlocks what it does not hold");
    stop_before((struct op){.kind = OP_UNLOCK, .object = l, .name = name});
    l->owner = 0;
}

/* ---- choosing ---- */

static struct op op_of(unsigned action)
{
    if (action < EXPLORER_THREADS)
        return x.threads[action].next;
    const struct buffered *oldest = &x.threads[action - EXPLORER_THREADS].buffer[0];
    return (struct op){OP_FLUSH, oldest->at, oldest->name, oldest->value};
}

static bool is_full_barrier(enum op_kind kind)
{
    return kind == OP_STORE || kind == OP_ADD || kind >= OP_FENCE;
}

static bool can_step(const struct thread *t)
{
    const struct op *op = &t->next;
    if (t->done || (t->buffered_n > 0 && is_full_barrier(op->kind)))
        return false;
    if (op->kind == OP_LOCK)
        return ((const struct explorer_lock *)op->object)->owner == 0;
    return op->kind != OP_AWAIT || read_word(op->object, true) != 0;
}

static uint32_t enabled_actions(void)
{
    uint32_t mask = 0;
    for (unsigned t = 0; t < x.threads_n; t++) {
        mask |= can_step(&x.threads[t]) ? BIT(t) : 0;
        mask |= x.threads[t].buffered_n > 0 ? BIT(FLUSH_OF(t)) : 0;
    }
    return mask;
}

static bool only_reads(const struct op *op)
{
    return op->kind == OP_LOAD || op->kind == OP_AWAIT;
}

static bool commute(unsigned a, unsigned b)
{
    const struct op oa = op_of(a), ob = op_of(b);
    if (x.c->every_order)
        return false;
    return oa.object == NULL || ob.object == NULL || oa.object != ob.object ||
           (only_reads(&oa) && only_reads(&ob));
}

/** Whoever sleeps at n, or was tried there, need not be tried behind n until something wakes it. */
static uint32_t sleep_behind(const struct node *n)
{
    uint32_t sleep = 0;
    for (unsigned a = 0; a < ACTIONS; a++)
        if ((n->sleep | n->done) & BIT(a) && a != n->pick && commute(a, n->pick))
            sleep |= BIT(a);
    return sleep;
}

static unsigned lowest(uint32_t mask)
{
    return (unsigned)__builtin_ctz(mask);
}

static uint32_t untried(const struct node *n)
{
    return n->enabled & ~n->sleep & ~n->done;
}

/* ---- one run ---- */

static void thread_main(unsigned t)
{
    x.c->threads[t].run(x.c->ctx);
    x.threads[t].done = true;
    swapcontext(&x.threads[t].context, &x.scheduler);
}

static void enter(struct thread *t)
{
    x.current = t;
    swapcontext(&x.scheduler, &t->context);
    x.current = NULL;
}

/* makecontext() wants a function without prototype arguments; an int is all that it passes on. */
static void start(unsigned t)
{
    ucontext_t *context = &x.threads[t].context;
    x.threads[t].done = false;
    x.threads[t].buffered_n = 0;
    getcontext(context);
    context->uc_stack.ss_sp = stacks[t];
    context->uc_stack.ss_size = STACK;
    context->uc_link = NULL;
    makecontext(context, (void (*)(void))thread_main, 1, t);
    enter(&x.threads[t]);
}

static void take(unsigned action)
{
    struct thread *t = &x.threads[action % EXPLORER_THREADS];
    x.taken[x.steps].action = action;
    x.taken[x.steps].op = op_of(action);
    x.steps++;
    if (action < EXPLORER_THREADS) {
        enter(t);
        return;
    }
    write_word(&t->buffer[0]);
    t->buffered_n--;
    memmove(&t->buffer[0], &t->buffer[1], t->buffered_n * sizeof t->buffer[0]);
}

static void finish(void)
{
    for (unsigned t = 0; t < x.threads_n; t++)
        if (!x.threads[t].done)
            fail("deadlock");
    x.result->runs++;
    if (!x.result->failed && x.c->check != NULL)
        x.c->check(x.c->ctx);
}

/** The node of this step: known, or a new one. NULL: nothing is left to try here. */
static struct node *node_here(uint32_t enabled, uint32_t sleep)
{
    struct node *n = &x.path[x.steps];
    if (x.steps < x.known) {
        assert(n->enabled == enabled && n->sleep == sleep); /* else reset forgot something */
        return n;
    }
    *n = (struct node){.enabled = enabled, .sleep = sleep};
    if (untried(n) == 0)
        return NULL;
    n->pick = lowest(untried(n));
    x.known++;
    return n;
}

static void begin(void)
{
    x.steps = 0;
    x.c->reset(x.c->ctx);
    for (unsigned t = 0; t < x.threads_n; t++)
        start(t);
}

static void run_once(void)
{
    uint32_t sleep = 0;
    begin();
    while (!x.result->failed) {
        const uint32_t enabled = enabled_actions();
        if (enabled == 0) {
            finish();
            return;
        }
        if (x.steps == EXPLORER_STEPS) {
            fail("a run has too many steps");
            return;
        }
        const struct node *n = node_here(enabled, sleep);
        if (n == NULL) {
            x.result->cut++;
            return;
        }
        sleep = sleep_behind(n);
        take(n->pick);
    }
}

/** Turn to the next branch; false when there is none. */
static bool turn(void)
{
    for (; x.known > 0; x.known--) {
        struct node *n = &x.path[x.known - 1];
        n->done |= BIT(n->pick);
        if (untried(n) != 0) {
            n->pick = lowest(untried(n));
            return true;
        }
    }
    return false;
}

void explorer_run(const struct explorer_case *c, enum explorer_model model,
                  struct explorer_result *result)
{
    *result = (struct explorer_result){.failed = false};
    x.c = c;
    x.model = model;
    x.result = result;
    x.known = 0;
    x.threads_n = 0;
    while (x.threads_n < EXPLORER_THREADS && c->threads[x.threads_n].run != NULL)
        x.threads_n++;
    do {
        run_once();
        result->longest = x.steps > result->longest ? x.steps : result->longest;
    } while (!result->failed && turn());
    x.result = NULL;
}
