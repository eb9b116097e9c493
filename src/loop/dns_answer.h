/** loop/dns_answer.h - the addresses that a look-up found, and how long they hold. Never asks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/slice.h"
#include "loop/dns.h"

struct dns_answer {
    struct addr addrs[DNS_ADDRS_MAX];
    size_t n;
    bool v4, v6; /* families that are wanted */
    bool ttl_known;
    uint32_t ttl_s; /* the least of all */
};

/** Begin an empty answer. */
void dns_answer_begin(struct dns_answer *a, bool v4, bool v6);

/** Add one address, unless it is there already, or full, or of an unwanted family. */
void dns_answer_add(struct dns_answer *a, const struct addr *addr);

/** Something in the answer holds for ttl_s only. */
void dns_answer_ttl(struct dns_answer *a, uint32_t ttl_s);

/** Add all addresses of a reply to a question of type A (1) or AAAA (28), with the given port. */
void dns_answer_read(struct dns_answer *a, int type, struct slice reply, uint16_t port);

/** The least TTL in the answer section of a DNS message; 0 when it cannot be read.
 *  Source: RFC 1035 4.1. */
uint32_t dns_answer_least_ttl(struct slice message);
