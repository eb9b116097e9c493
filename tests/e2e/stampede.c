/**
 * tests/e2e/stampede.c - a crowd that wants one key at the same moment.
 *
 *   stampede KEY LOAD_MS CALLERS HOST:PORT...
 *
 * CALLERS connections to each node ask for KEY at once, and wait for each other as a node tells them to.
 * Who is given a token loads for LOAD_MS, then fills. Prints a line for each node: how many loaded, got
 * the value, were told to load without a token, or got anything else. Exit status 0 when all could ask.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "keyed.h"

#define NODES_MAX   8
#define CALLERS_MAX 400
#define STACK_BYTES ((size_t)256 << 10)

static struct {
    const char *key;
    unsigned long load_ms;
    pthread_barrier_t begin;
} all;

struct node {
    const char *address;
    atomic_uint loads, hits, bare, others;
};

static void rest(unsigned long ms)
{
    const struct timespec t = {.tv_sec = (time_t)(ms / 1000),
                               .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

static void load(struct scrubjay *c, struct node *node, const struct scrubjay_value *got)
{
    uint8_t token[SCRUBJAY_TOKEN_MAX];
    if (got->token.len == 0 || got->token.len > sizeof token) {
        atomic_fetch_add(&node->bare, 1);
        return;
    }
    memcpy(token, got->token.at, got->token.len);
    const struct scrubjay_bytes lent = {token, got->token.len};
    atomic_fetch_add(&node->loads, 1);
    rest(all.load_ms);
    if (scrubjay_fill(c, "", scrubjay_text(all.key), scrubjay_text("loaded"), lent, NULL) !=
        SCRUBJAY_OK)
        atomic_fetch_add(&node->others, 1);
}

static void *call(void *ctx)
{
    struct node *node = ctx;
    struct scrubjay_value got = {0};
    const struct scrubjay_read read = {.wait_ms = 10000};
    struct scrubjay *c = keyed_new(
        &(struct scrubjay_options){.address = node->address, .name = "crowd", .timeout_ms = 5000});
    const bool there = c != NULL && scrubjay_connect(c) == SCRUBJAY_OK;
    pthread_barrier_wait(&all.begin);
    const enum scrubjay_status status =
        there ? scrubjay_get_with(c, "", scrubjay_text(all.key), &read, &got) : SCRUBJAY_CONNECT;
    if (status == SCRUBJAY_MISS)
        load(c, node, &got);
    else
        atomic_fetch_add(status == SCRUBJAY_OK ? &node->hits : &node->others, 1);
    scrubjay_free(c);
    return NULL;
}

static bool gather(struct node *nodes, unsigned nodes_n, unsigned callers)
{
    static pthread_t threads[NODES_MAX * CALLERS_MAX];
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK_BYTES);
    pthread_barrier_init(&all.begin, NULL, nodes_n * callers);
    for (unsigned i = 0; i < nodes_n * callers; i++) {
        if (pthread_create(&threads[i], &small, call, &nodes[i % nodes_n]) != 0)
            return false;
    }
    for (unsigned i = 0; i < nodes_n * callers; i++)
        pthread_join(threads[i], NULL);
    return true;
}

int main(int argc, char **argv)
{
    static struct node nodes[NODES_MAX];
    const unsigned nodes_n = argc > 4 ? (unsigned)argc - 4 : 0;
    const unsigned long callers = argc > 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (nodes_n == 0 || nodes_n > NODES_MAX || callers == 0 || callers > CALLERS_MAX) {
        fprintf(stderr, "usage: stampede KEY LOAD_MS CALLERS HOST:PORT...\n");
        return 2;
    }
    all.key = argv[1];
    all.load_ms = strtoul(argv[2], NULL, 10);
    for (unsigned i = 0; i < nodes_n; i++)
        nodes[i].address = argv[4 + i];
    if (!gather(nodes, nodes_n, (unsigned)callers)) {
        fprintf(stderr, "stampede: no more threads\n");
        return 1;
    }
    for (unsigned i = 0; i < nodes_n; i++)
        printf("%s loads %u hits %u bare %u others %u\n", nodes[i].address, nodes[i].loads,
               nodes[i].hits, nodes[i].bare, nodes[i].others);
    return 0;
}
