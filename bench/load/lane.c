#include "load/lane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/timerfd.h>

#include "load/fatal.h"
#include "load/meter.h"
#include "load/plan.h"

#define IN_LEN   (256U << 10)
#define STALL_S  10.0 /* without any reply: the server is taken for dead */
#define SEED_GAP 1000003

static void on_end(struct ev_loop *loop, struct ev_timer *w, int events);
static void on_stall(struct ev_loop *loop, struct ev_timer *w, int events);
static void on_due(struct ev_loop *loop, struct ev_io *w, int events);

/* ---- begin and end ---- */

static void choose_keys(struct lane *l)
{
    const struct job *job = l->job;
    const struct options *o = job->options;
    const uint64_t seed = o->seed + (uint64_t)l->lane_i * SEED_GAP;
    rng_init(&l->rng, ~seed);
    if (o->dist == KEYS_TRACE)
        keys_trace(&l->keys, &job->trace, l->lane_i, o->threads);
    else if (o->dist == KEYS_ZIPF)
        keys_zipf(&l->keys, job->keys, o->theta, seed);
    else
        keys_uniform(&l->keys, job->keys, seed);
}

void lane_init(struct lane *l, struct job *job, uint32_t lane_i)
{
    const struct options *o = job->options;
    *l = (struct lane){.job = job, .lane_i = lane_i, .loop = ev_loop_new(EVFLAG_AUTO)};
    if (l->loop == NULL)
        fatal(EXIT_ERRORS, "cannot make an event loop");
    l->conns_n = o->connections / o->threads + (lane_i < o->connections % o->threads);
    l->conns = fatal_calloc(l->conns_n, sizeof *l->conns);
    l->in_cap = IN_LEN + 2 * ((size_t)o->value_len + PROTOCOL_LINE_MAX);
    l->in = fatal_calloc(l->in_cap, 1);
    choose_keys(l);
    for (uint32_t i = 0; i < l->conns_n; i++)
        conn_init(&l->conns[i], l, dial_open(&job->dial));
    ev_timer_init(&l->end, on_end, 0., 0.);
    ev_timer_init(&l->stall, on_stall, STALL_S, STALL_S);
    ev_io_init(&l->alarm, on_due, timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC),
               EV_READ);
    l->end.data = l->stall.data = l->alarm.data = l;
}

void lane_fini(struct lane *l)
{
    for (uint32_t i = 0; i < l->conns_n; i++)
        conn_fini(&l->conns[i]);
    for (int i = 0; i < VERBS; i++)
        stencil_free(&l->stencils[i]);
    close(l->alarm.fd);
    ev_loop_destroy(l->loop);
    free(l->conns);
    free(l->in);
}

const struct stencil *lane_stencil(struct lane *l, enum verb verb)
{
    const struct options *o = l->job->options;
    struct stencil *t = &l->stencils[verb];
    if (t->bytes == NULL) {
        const struct stencil_shape shape = {.key_len = o->key_len,
                                            .value_len = o->value_len,
                                            .token_len = l->job->tokens.len,
                                            .ttl_s = o->ttl_s};
        stencil_make(t, o->protocol, verb, &shape);
    }
    return t;
}

/* ---- the end of a stage ---- */

/** One thread writes it, so a load and a store do. */
static uint64_t answered_of(const struct lane *l)
{
    return atomic_load_explicit(&l->answered, memory_order_relaxed);
}

static void on_end(struct ev_loop *loop, struct ev_timer *w, int events)
{
    (void)w;
    (void)events;
    ev_break(loop, EVBREAK_ALL);
}

static void on_stall(struct ev_loop *loop, struct ev_timer *w, int events)
{
    struct lane *l = w->data;
    (void)events;
    if (answered_of(l) == l->stall_seen && l->in_flight > 0) {
        tally_error(&l->tally, slice_text("no answer for 10 s"), l->in_flight);
        ev_break(loop, EVBREAK_ALL);
    }
    l->stall_seen = answered_of(l);
}

void lane_lost(struct lane *l, uint32_t n, const char *why)
{
    tally_error(&l->tally, slice_text(why), n > 0 ? n : 1);
    l->in_flight -= n;
    l->conns_lost++;
    if (l->conns_lost == l->conns_n || (l->job->stage != STAGE_RUN && l->in_flight == 0))
        ev_break(l->loop, EVBREAK_ALL);
}

/* ---- what was answered ---- */

static void check_value(struct lane *l, uint32_t key, struct slice value)
{
    const struct job *job = l->job;
    if (value.len != job->values.len) {
        tally_error(&l->tally, slice_text("a value of another length"), 1);
    } else if (++l->hits_seen % job->options->verify == 0) {
        l->tally.verified++;
        if (!value_matches(&job->values, key, value))
            tally_error(&l->tally, slice_text("a wrong value"), 1);
    }
}

/** Where misses are loaded while others write, some loads come too late: that is as it should be. */
static void judge_refused(struct lane *l, const struct slot *slot, struct slice why)
{
    char name[TALLY_NAME_MAX];
    if (l->job->stage == STAGE_RUN && l->job->options->read_through && slot->verb == VERB_FILL) {
        l->tally.refused++;
        return;
    }
    if (slot->verb == VERB_GET)
        (void)snprintf(name, sizeof name, "%.*s", (int)why.len, (const char *)why.at);
    else
        (void)snprintf(name, sizeof name, "not stored: %.*s", (int)why.len, (const char *)why.at);
    tally_error(&l->tally, slice_text(name), 1);
}

/** Mistakes count at any time. */
static void judge(struct lane *l, const struct slot *slot, const struct reply *reply)
{
    const bool is_get = slot->verb == VERB_GET;
    if (reply->answer == ANSWER_ERROR)
        tally_error(&l->tally, reply->why, 1);
    else if (reply->answer == ANSWER_REFUSED)
        judge_refused(l, slot, reply->why);
    else if ((reply->answer == ANSWER_DONE) == is_get)
        tally_error(&l->tally, slice_text("an answer to another question"), 1);
    else if (reply->answer == ANSWER_HIT)
        check_value(l, slot->key, reply->value);
}

static void count(struct lane *l, const struct slot *slot, const struct reply *reply,
                  uint64_t now_ns)
{
    const struct job *job = l->job;
    struct tally *t = &l->tally;
    if (job->stage != STAGE_RUN ||
        now_ns < atomic_load_explicit(&job->counted_from, memory_order_relaxed) ||
        now_ns >= job->until_ns)
        return;
    t->requests++;
    t->hits += reply->answer == ANSWER_HIT;
    t->misses += reply->answer == ANSWER_MISS || reply->answer == ANSWER_WAIT;
    histogram_add(&t->sent, now_ns - slot->sent_ns);
    if (job->options->rate > 0)
        histogram_add(&t->due, now_ns - slot->due_ns);
}

void lane_answered(struct lane *l, struct conn *c, const struct slot *slot,
                   const struct reply *reply, uint64_t now_ns)
{
    struct ask next;
    l->in_flight--;
    atomic_store_explicit(&l->answered, answered_of(l) + 1, memory_order_relaxed);
    judge(l, slot, reply);
    count(l, slot, reply, now_ns);
    if (plan_follow(l, slot, reply, &next)) {
        next.due_ns = now_ns;
        l->in_flight++;
        conn_ask(c, &next, now_ns);
    }
}

/* ---- what is asked ---- */

static bool ask_next(struct lane *l, struct conn *c, uint64_t now_ns)
{
    struct ask next;
    if (c->free_n == 0 || !plan_next(l, now_ns, &next))
        return false;
    l->in_flight++;
    conn_ask(c, &next, now_ns);
    return true;
}

/** Wake when the next request of the schedule is due; while every slot is taken, answers wake. */
static void set_alarm(struct lane *l)
{
    const uint64_t due = plan_due_ns(l);
    const uint64_t slots = (uint64_t)(l->conns_n - l->conns_lost) * l->job->options->depth;
    struct itimerspec at = {0};
    if (l->in_flight < slots) {
        at.it_value.tv_sec = (time_t)(due / 1000000000);
        at.it_value.tv_nsec = (long)(due % 1000000000);
    }
    (void)timerfd_settime(l->alarm.fd, TFD_TIMER_ABSTIME, &at, NULL);
}

void lane_refill(struct lane *l, struct conn *c)
{
    const uint64_t now_ns = meter_now_ns();
    const uint64_t slots = (uint64_t)(l->conns_n - l->conns_lost) * l->job->options->depth;
    const bool was_full = l->in_flight + c->free_n >= slots;
    while (ask_next(l, c, now_ns)) {
    }
    if (l->job->stage != STAGE_RUN && l->in_flight == 0)
        ev_break(l->loop, EVBREAK_ALL);
    else if (l->job->stage == STAGE_RUN && l->job->options->rate > 0 && was_full)
        set_alarm(l);
}

/** Requests that are due go to the connections in turn, as far as these have room. */
static void on_due(struct ev_loop *loop, struct ev_io *w, int events)
{
    struct lane *l = w->data;
    uint64_t fired;
    (void)loop;
    (void)events;
    if (read(w->fd, &fired, sizeof fired) < 0)
        return;
    const uint64_t now_ns = meter_now_ns();
    for (uint32_t idle = 0; idle < l->conns_n;) {
        idle = ask_next(l, &l->conns[l->turn], now_ns) ? 0 : idle + 1;
        l->turn = l->turn + 1 < l->conns_n ? l->turn + 1 : 0;
    }
    for (uint32_t i = 0; i < l->conns_n; i++)
        conn_flush(&l->conns[i]);
    set_alarm(l);
}

static void begin_run(struct lane *l)
{
    const uint64_t now_ns = meter_now_ns();
    const uint64_t left = l->job->until_ns > now_ns ? l->job->until_ns - now_ns : 0;
    ev_now_update(l->loop);
    ev_timer_set(&l->end, (double)left / 1e9, 0.);
    ev_timer_start(l->loop, &l->end);
    if (l->job->options->rate > 0) {
        ev_io_start(l->loop, &l->alarm);
        set_alarm(l);
    }
}

void lane_run(struct lane *l)
{
    l->cursor = l->stall_seen = 0;
    atomic_store(&l->answered, 0);
    ev_now_update(l->loop);
    ev_timer_again(l->loop, &l->stall);
    if (l->job->stage == STAGE_RUN)
        begin_run(l);
    for (uint32_t i = 0; i < l->conns_n; i++) {
        lane_refill(l, &l->conns[i]);
        conn_flush(&l->conns[i]);
    }
    if (l->job->stage == STAGE_RUN || l->in_flight > 0)
        ev_run(l->loop, 0);
    ev_timer_stop(l->loop, &l->stall);
    ev_timer_stop(l->loop, &l->end);
    ev_io_stop(l->loop, &l->alarm);
}
