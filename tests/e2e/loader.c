/**
 * tests/e2e/loader.c - an application that takes its time between a miss and the fill.
 *
 *   loader HOST:PORT KEY VALUE MS
 *
 * Asks for KEY; on a miss it holds its connection for MS, then fills. Prints "miss" at once, then what
 * became of the fill: "stored" or the reason. Exit status 0 when it was stored.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "keyed.h"

static void rest(uint64_t ms)
{
    const struct timespec t = {.tv_sec = (time_t)(ms / 1000),
                               .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

int main(int argc, char **argv)
{
    uint8_t token[SCRUBJAY_TOKEN_MAX];
    struct scrubjay_value got = {0};
    if (argc != 5) {
        fprintf(stderr, "usage: loader HOST:PORT KEY VALUE MS\n");
        return 2;
    }
    struct scrubjay *c = keyed_new(&(struct scrubjay_options){.address = argv[1]});
    if (c == NULL)
        return 2;
    const struct scrubjay_bytes key = scrubjay_text(argv[2]);
    if (scrubjay_get(c, "", key, &got) != SCRUBJAY_MISS || got.token.len == 0) {
        printf("no miss: %s\n", scrubjay_error(c));
        return 1;
    }
    puts("miss");
    fflush(stdout);
    memcpy(token, got.token.at, got.token.len);
    const struct scrubjay_bytes lent = {token, got.token.len};
    rest(strtoul(argv[4], NULL, 10));
    const enum scrubjay_status status =
        scrubjay_fill(c, "", key, scrubjay_text(argv[3]), lent, NULL);
    puts(status == SCRUBJAY_OK ? "stored" : scrubjay_error_name(c));
    scrubjay_free(c);
    return status == SCRUBJAY_OK ? 0 : 1;
}
