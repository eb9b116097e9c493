/** dns.h - the zone that seeds resolve to: right, empty, old, foreign, huge, slow, or silent. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "queue.h"

struct sim;

enum dns_mode {
    DNS_RIGHT,
    DNS_NXDOMAIN,
    DNS_STALE, /* what was right when the mode was set */
    DNS_HANG,
    DNS_FOREIGN, /* nodes of another cluster, and addresses of nobody */
    DNS_MANY,    /* a thousand addresses, the right ones among them */
    DNS_SLOW,    /* right, after seconds */
    DNS_MODES
};

#define DNS_NAMES_MAX 1000

struct dns {
    enum dns_mode mode;
    uint16_t stale[DNS_NAMES_MAX];
    uint32_t stale_n;
    uint64_t *seen; /* per node: bit i = node i is in its zone */
};

/** Change the mode. */
void dns_set(struct sim *s, enum dns_mode mode);

/** A node asks. */
void dns_ask(struct sim *s, uint32_t node);

/** The answer arrives at the node. Returns: was it touched? */
bool dns_answer(struct sim *s, const struct event *e);
