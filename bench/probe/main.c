/**
 * bench/probe/main.c - from the call on one node to its effect seen at all others, on one clock.
 *
 *   jay-latency [--client-key FILE] SYSTEM RATE SECONDS PUBLISHER SUBSCRIBER...
 *
 * SYSTEM is scrubjay, redis or serf; the others are HOST:PORT. At scrubjay it logs in as the client of FILE,
 * which SCRUBJAY_CLIENT_KEY may name instead. Open loop: messages leave at their time
 * whether or not earlier ones arrived, and are timed from the moment they should have left. Prints one
 * JSON line, times in microseconds; exits 1 when a message did not arrive everywhere within 5 s.
 */
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "base/histogram.h"
#include "load/dial.h"
#include "load/fatal.h"
#include "load/pass.h"

#include "system.h"

#define MESSAGES_MAX  1000000
#define STRAGGLERS_US 5000000
#define WARM_UP       20 /* messages that are not counted */

struct message {
    uint64_t sent_us;
    uint32_t seen_n;
};

struct run {
    const struct system *system;
    struct conn publisher;
    struct conn subscribers[ENDPOINTS_MAX];
    size_t subscribers_n;
    struct message *messages;
    uint64_t sent_n, complete_n;
    struct histogram histogram;
};

static uint64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void open_conn(struct conn *c, const char *endpoint, const struct clients_one *own)
{
    struct dial to;
    dial_find(&to, endpoint);
    to.own = own;
    c->fd = dial_open(&to);
    c->in = fatal_calloc(1, INPUT_MAX);
}

static void on_seen(void *ctx, uint64_t number)
{
    struct run *run = ctx;
    if (number >= run->sent_n)
        return;
    struct message *m = &run->messages[number];
    if (++m->seen_n != run->subscribers_n)
        return;
    run->complete_n++;
    if (number >= WARM_UP)
        histogram_add(&run->histogram, now_us() - m->sent_us);
}

static void ignore(void *ctx, uint64_t number)
{
    (void)ctx;
    (void)number;
}

static void drain(struct run *run, const struct pollfd *fds)
{
    for (size_t i = 0; i < run->subscribers_n; i++) {
        struct conn *c = &run->subscribers[i];
        if ((fds[i].revents & (POLLIN | POLLHUP)) == 0)
            continue;
        if (!conn_read(c, 0) || !run->system->consume(c, on_seen, run))
            fatal(EXIT_CONNECT, "a subscriber of %s was lost", run->system->name);
    }
    if (fds[run->subscribers_n].revents != 0) {
        if (!conn_read(&run->publisher, 0))
            fatal(EXIT_CONNECT, "the publisher of %s was lost", run->system->name);
        run->system->consume(&run->publisher, ignore, NULL);
    }
}

/* Wait for input until the time `until`. */
static void wait_until(struct run *run, uint64_t until)
{
    struct pollfd fds[ENDPOINTS_MAX + 1];
    for (size_t i = 0; i < run->subscribers_n; i++)
        fds[i] = (struct pollfd){.fd = run->subscribers[i].fd, .events = POLLIN};
    fds[run->subscribers_n] = (struct pollfd){.fd = run->publisher.fd, .events = POLLIN};
    const uint64_t now = now_us();
    const uint64_t left = until > now ? until - now : 0;
    const struct timespec wait = {.tv_sec = (time_t)(left / 1000000),
                                  .tv_nsec = (long)(left % 1000000) * 1000};
    if (ppoll(fds, run->subscribers_n + 1, &wait, NULL) > 0)
        drain(run, fds);
}

static void measure(struct run *run, uint64_t rate, uint64_t count)
{
    const uint64_t begun = now_us() + 1000;
    while (run->sent_n < count) {
        const uint64_t due = begun + run->sent_n * 1000000 / rate;
        if (now_us() < due) {
            wait_until(run, due);
            continue;
        }
        run->messages[run->sent_n].sent_us = due;
        run->sent_n++; /* first: an answer may come before publish() returns */
        if (!run->system->publish(&run->publisher, run->sent_n - 1))
            fatal(EXIT_CONNECT, "cannot publish at %s", run->system->name);
    }
    const uint64_t end = now_us() + STRAGGLERS_US;
    while (run->complete_n < count && now_us() < end)
        wait_until(run, end);
}

static const struct system *system_of(const char *name)
{
    static const struct system *const ALL[] = {&SYSTEM_SCRUBJAY, &SYSTEM_REDIS, &SYSTEM_SERF};
    for (size_t i = 0; i < ARRAY_LEN(ALL); i++)
        if (strcmp(ALL[i]->name, name) == 0)
            return ALL[i];
    fatal(EXIT_USAGE, "unknown system %s", name);
}

static void print(const struct run *run, uint64_t rate)
{
    const struct histogram *h = &run->histogram;
    printf("{\"system\": \"%s\", \"receivers\": %zu, \"rate\": %" PRIu64 ", \"sent\": %" PRIu64
           ", \"lost\": %" PRIu64 ", \"p50_us\": %" PRIu64 ", \"p90_us\": %" PRIu64
           ", \"p99_us\": %" PRIu64 ", \"p999_us\": %" PRIu64 ", \"max_us\": %" PRIu64 "}\n",
           run->system->name, run->subscribers_n, rate, run->sent_n, run->sent_n - run->complete_n,
           histogram_quantile(h, 5000), histogram_quantile(h, 9000), histogram_quantile(h, 9900),
           histogram_quantile(h, 9990), h->max);
}

/* The file that --client-key names; NULL when there is none. argv[optind] is what follows. */
static const char *read_options(int argc, char **argv)
{
    static const struct option OPTIONS[] = {{"client-key", required_argument, NULL, 'k'}, {0}};
    const char *key = NULL;
    int option;
    while ((option = getopt_long(argc, argv, "+", OPTIONS, NULL)) == 'k')
        key = optarg;
    if (option != -1 || argc - optind < 5 || argc - optind - 4 > ENDPOINTS_MAX)
        fatal(EXIT_USAGE, "usage: jay-latency [--client-key FILE] scrubjay|redis|serf RATE SECONDS "
                          "PUBLISHER SUBSCRIBER...");
    return key;
}

/* Connect to all; words: the publisher, and the subscribers. */
static void connect_all(struct run *run, const char *key, char **words)
{
    const struct clients_one *own = NULL;
    if (run->system == &SYSTEM_SCRUBJAY)
        own = pass_find(key);
    else if (key != NULL)
        fatal(EXIT_USAGE, "--client-key is for scrubjay, got %s", run->system->name);
    open_conn(&run->publisher, words[0], own);
    if (!run->system->greet(&run->publisher))
        fatal(EXIT_CONNECT, "no greeting from %s", words[0]);
    for (char **word = words + 1; *word != NULL; word++) {
        struct conn *c = &run->subscribers[run->subscribers_n++];
        open_conn(c, *word, own);
        if (!run->system->subscribe(c))
            fatal(EXIT_CONNECT, "cannot subscribe at %s", *word);
    }
}

int main(int argc, char **argv)
{
    static struct run run;
    const char *key = read_options(argc, argv);
    char **words = argv + optind;
    const uint64_t rate = strtoull(words[1], NULL, 10);
    const uint64_t count = rate * strtoull(words[2], NULL, 10);
    run.system = system_of(words[0]);
    if (count <= WARM_UP || count > MESSAGES_MAX)
        fatal(EXIT_USAGE, "RATE x SECONDS must be 21 to 1,000,000, got %s x %s", words[1],
              words[2]);
    run.messages = fatal_calloc(count, sizeof *run.messages);
    connect_all(&run, key, words + 3);
    measure(&run, rate, count);
    print(&run, rate);
    return run.complete_n == count ? EXIT_FINE : EXIT_ERRORS;
}
