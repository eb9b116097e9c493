/** dns_script.h - a DNS server on loopback that answers from a script, on the loop of the test. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>

#define SCRIPT_TEXT_MAX 64

/** What to answer to one question; a question without an entry gets NXDOMAIN. */
struct script_entry {
    const char *name;
    const char *values[4]; /* A, AAAA: addresses; SRV: "host:port" */
    uint32_t ttl_s;
    uint16_t type; /* 1 A, 28 AAAA, 33 SRV */
};

struct script {
    const struct script_entry *entries;
    size_t n;
    bool silent; /* take questions, answer nothing */

    struct ev_loop *ev;
    ev_io io;
    char server[SCRIPT_TEXT_MAX]; /* "127.0.0.1:PORT" */
    size_t asked;                 /* questions seen */
};

/** Begin answering; s->server says where. Fails the test on errors. */
void script_start(struct script *s, struct ev_loop *ev);

/** Stop answering. */
void script_stop(struct script *s);
