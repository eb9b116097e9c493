/**
 * loop/dns.h - who might be there: static seeds, headless services and SRV names, resolved.
 *
 * One look-up asks for everything that was configured and gives one answer: every address found.
 * What fails, hangs, or does not exist counts as nobody. Look-ups never overlap: one that is asked for
 * while another runs is answered by that one.
 *
 * Names of services are asked for as they are given, without the search list: with `ndots:5` it would
 * multiply every question by six. Hosts of static seeds are found as the system finds them (hosts file,
 * search list). A changed resolv.conf is noticed at the next look-up.
 * Thread: the loop's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/time.h"

#define DNS_ADDRS_MAX   64 /* of one answer */
#define DNS_TARGETS_MAX 64 /* SRV targets that are asked for, of one look-up */

struct ev_loop;

struct dns_cfg {
    const char *const *seeds; /* HOST:PORT */
    size_t seeds_n;
    const char *const *names; /* A and AAAA */
    size_t names_n;
    const char *const *srvs;
    size_t srvs_n;
    const char *const *servers; /* HOST:PORT with numeric hosts; none = the system's */
    size_t servers_n;
    uint16_t port;    /* of what `names` resolve to */
    bool v4, v6;      /* families that we can reach */
    uint32_t wait_ms; /* for one answer: 2,000 */
    uint32_t tries;   /* 2; a look-up takes at most wait_ms * tries */
};

/** Called once for each look-up, from the loop, never from inside dns_resolve(). Lends addrs. */
typedef void dns_done(void *ctx, const struct addr *addrs, size_t n, uint32_t ttl_s);

struct dns_counters {
    uint64_t lookups;
    uint64_t answers;  /* look-ups that found an address */
    mono_us ok_at;     /* when the last of them ended; before any: when the resolver was made */
    uint64_t nobody;   /* look-ups that found none */
    uint64_t errors;   /* questions that failed, other than "no such name" and "no such record" */
    uint64_t timeouts; /* look-ups that were cut short */
    uint64_t renewed;  /* times that resolv.conf had changed */
};

struct dns;

/** Make a resolver. All texts of cfg are lent for its life. NULL: no memory, or a server's address
 *  cannot be read. */
struct dns *dns_new(struct ev_loop *ev, const struct dns_cfg *cfg, dns_done *done, void *ctx);

/** Stop asking and release everything; done is not called any more. NULL is allowed. */
void dns_free(struct dns *d);

/** Look everything up. */
void dns_resolve(struct dns *d);

/** Counters since start. */
struct dns_counters dns_counters(const struct dns *d);
