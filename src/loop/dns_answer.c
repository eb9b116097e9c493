#include "loop/dns_answer.h"

#include <ares.h>
#include <netdb.h>
#include <string.h>

#include <arpa/nameser.h>
#include <netinet/in.h>

#include "base/bytes.h"

void dns_answer_begin(struct dns_answer *a, bool v4, bool v6)
{
    *a = (struct dns_answer){.v4 = v4, .v6 = v6};
}

static bool is_wanted(const struct dns_answer *a, const struct addr *addr)
{
    if (a->n == DNS_ADDRS_MAX || !(addr->ip_len == 4 ? a->v4 : a->v6))
        return false;
    for (size_t i = 0; i < a->n; i++) {
        if (addr_eq(&a->addrs[i], addr))
            return false;
    }
    return true;
}

void dns_answer_add(struct dns_answer *a, const struct addr *addr)
{
    if (addr_known(addr) && is_wanted(a, addr))
        a->addrs[a->n++] = *addr;
}

void dns_answer_ttl(struct dns_answer *a, uint32_t ttl_s)
{
    if (!a->ttl_known || ttl_s < a->ttl_s)
        a->ttl_s = ttl_s;
    a->ttl_known = true;
}

static void add(struct dns_answer *a, const void *ip, uint8_t ip_len, uint16_t port, int ttl)
{
    struct addr addr = {.ip_len = ip_len, .port = port};
    memcpy(addr.ip, ip, ip_len);
    dns_answer_ttl(a, ttl < 0 ? 0 : (uint32_t)ttl);
    dns_answer_add(a, &addr);
}

static void read_a(struct dns_answer *a, struct slice reply, uint16_t port)
{
    struct ares_addrttl found[DNS_ADDRS_MAX];
    int n = DNS_ADDRS_MAX;
    if (ares_parse_a_reply(reply.at, (int)reply.len, NULL, found, &n) != ARES_SUCCESS)
        return;
    for (int i = 0; i < n; i++)
        add(a, &found[i].ipaddr, 4, port, found[i].ttl);
}

static void read_aaaa(struct dns_answer *a, struct slice reply, uint16_t port)
{
    struct ares_addr6ttl found[DNS_ADDRS_MAX];
    int n = DNS_ADDRS_MAX;
    if (ares_parse_aaaa_reply(reply.at, (int)reply.len, NULL, found, &n) != ARES_SUCCESS)
        return;
    for (int i = 0; i < n; i++)
        add(a, &found[i].ip6addr, 16, port, found[i].ttl);
}

void dns_answer_read(struct dns_answer *a, int type, struct slice reply, uint16_t port)
{
    if (type == ns_t_a)
        read_a(a, reply, port);
    else
        read_aaaa(a, reply, port);
}

/** A name ends with a zero byte or with a pointer of two bytes (RFC 1035 4.1.4). */
static void skip_name(struct reader *r)
{
    for (;;) {
        const uint8_t len = read_u8(r);
        if (len >= 0xc0)
            (void)read_u8(r);
        if (len == 0 || len >= 0xc0)
            return;
        (void)read_bytes(r, len);
    }
}

uint32_t dns_answer_least_ttl(struct slice message)
{
    struct reader r = reader_of(message);
    uint32_t least = UINT32_MAX;
    (void)read_u32(&r); /* id, flags */
    const uint16_t questions = read_u16(&r);
    const uint16_t answers = read_u16(&r);
    (void)read_u32(&r); /* sizes of the other sections */
    for (uint16_t i = 0; i < questions && r.err == OK; i++) {
        skip_name(&r);
        (void)read_u32(&r); /* type, class */
    }
    for (uint16_t i = 0; i < answers && r.err == OK; i++) {
        skip_name(&r);
        (void)read_u32(&r);
        const uint32_t ttl = read_u32(&r);
        (void)read_bytes(&r, read_u16(&r));
        least = ttl < least ? ttl : least;
    }
    return r.err == OK && answers > 0 ? least : 0;
}
