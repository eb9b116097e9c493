#include "loop/address.h"

#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

static const uint8_t MAPPED[12] = {[10] = 0xff, [11] = 0xff};

/** Decimal digits only, at most 65,535: strtoul would take blanks and signs. */
static bool parse_port(const char *text, uint16_t *out)
{
    uint32_t port = 0;
    size_t i = 0;
    for (; text[i] >= '0' && text[i] <= '9' && i < 5; i++)
        port = port * 10 + (uint32_t)(text[i] - '0');
    if (i == 0 || text[i] != '\0' || port > UINT16_MAX)
        return false;
    *out = (uint16_t)port;
    return true;
}

/** Where the host ends and the port begins; an unbracketed host has no colon of its own. */
static const char *find_colon(const char *text)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL)
        return NULL;
    if (text[0] == '[')
        return colon[-1] == ']' ? colon : NULL;
    return strchr(text, ':') == colon ? colon : NULL;
}

enum err address_split(const char *text, struct address_target *out)
{
    const char *colon = find_colon(text);
    struct address_target t = {.port = 0};
    if (colon == NULL || !parse_port(colon + 1, &t.port))
        return ERR_MALFORMED;
    const size_t bracket = text[0] == '[';
    const size_t len = (size_t)(colon - text);
    if (len <= 2 * bracket || len - 2 * bracket > ADDRESS_HOST_MAX)
        return ERR_MALFORMED;
    memcpy(t.host, text + bracket, len - 2 * bracket);
    *out = t;
    return OK;
}

enum err address_parse_host(const char *host, uint16_t port, struct addr *out)
{
    struct addr a = {.port = port};
    char bare[INET6_ADDRSTRLEN] = "";
    const size_t len = strlen(host);
    const size_t bracket = len > 2 && host[0] == '[' && host[len - 1] == ']';
    if (len - 2 * bracket >= sizeof bare)
        return ERR_MALFORMED;
    memcpy(bare, host + bracket, len - 2 * bracket);
    if (bracket == 0 && inet_pton(AF_INET, bare, a.ip) == 1)
        a.ip_len = 4;
    else if (inet_pton(AF_INET6, bare, a.ip) == 1)
        a.ip_len = 16;
    else
        return ERR_MALFORMED;
    *out = a;
    return OK;
}

enum err address_parse(const char *text, struct addr *out)
{
    struct address_target t;
    const enum err err = address_split(text, &t);
    if (err != OK)
        return err;
    if ((text[0] == '[') != (strchr(t.host, ':') != NULL))
        return ERR_MALFORMED;
    return address_parse_host(t.host, t.port, out);
}

const char *address_format(const struct addr *a, char out[ADDRESS_TEXT_MAX])
{
    char ip[INET6_ADDRSTRLEN];
    if (!addr_known(a) || inet_ntop(address_family(a), a->ip, ip, sizeof ip) == NULL)
        (void)snprintf(out, ADDRESS_TEXT_MAX, "none");
    else
        (void)snprintf(out, ADDRESS_TEXT_MAX, a->ip_len == 4 ? "%s:%u" : "[%s]:%u", ip,
                       (unsigned)a->port);
    return out;
}

bool address_is_any(const struct addr *a)
{
    static const uint8_t zero[16];
    return addr_known(a) && memcmp(a->ip, zero, a->ip_len) == 0;
}

bool address_is_loopback(const struct addr *a)
{
    static const uint8_t one[16] = {[15] = 1};
    return a->ip_len == 4 ? a->ip[0] == 127 : a->ip_len == 16 && memcmp(a->ip, one, 16) == 0;
}

struct addr address_loopback(uint8_t ip_len)
{
    static const struct addr v4 = {.ip = {127, 0, 0, 1}, .ip_len = 4};
    static const struct addr v6 = {.ip = {[15] = 1}, .ip_len = 16};
    return ip_len == 4 ? v4 : v6;
}

int address_family(const struct addr *a)
{
    return a->ip_len == 4 ? AF_INET : AF_INET6;
}

static void fill_v4(const struct addr *a, struct address_sock *out)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(a->port)};
    memcpy(&in.sin_addr, a->ip, 4);
    memcpy(&out->at, &in, sizeof in);
    out->len = sizeof in;
}

static void fill_v6(const struct addr *a, struct address_sock *out)
{
    struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
    if (a->ip_len == 16) {
        memcpy(&in.sin6_addr, a->ip, 16);
    } else {
        memcpy(in.sin6_addr.s6_addr, MAPPED, sizeof MAPPED);
        memcpy(in.sin6_addr.s6_addr + sizeof MAPPED, a->ip, 4);
    }
    memcpy(&out->at, &in, sizeof in);
    out->len = sizeof in;
}

enum err address_to_sock(const struct addr *a, int family, struct address_sock *out)
{
    if (!addr_known(a) || (family == AF_INET && a->ip_len != 4))
        return ERR_CONFIG;
    memset(out, 0, sizeof *out);
    if (family == AF_INET)
        fill_v4(a, out);
    else
        fill_v6(a, out);
    return OK;
}

static struct addr of_v6(const struct sockaddr_in6 *in)
{
    struct addr a = {.ip_len = 16, .port = ntohs(in->sin6_port)};
    if (memcmp(in->sin6_addr.s6_addr, MAPPED, sizeof MAPPED) == 0) {
        a.ip_len = 4;
        memcpy(a.ip, in->sin6_addr.s6_addr + sizeof MAPPED, 4);
    } else {
        memcpy(a.ip, in->sin6_addr.s6_addr, 16);
    }
    return a;
}

struct addr address_of_sock(const struct sockaddr_storage *at)
{
    struct addr a = {.ip_len = 0};
    if (at->ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, at, sizeof in);
        a.ip_len = 4;
        a.port = ntohs(in.sin_port);
        memcpy(a.ip, &in.sin_addr, 4);
    } else if (at->ss_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, at, sizeof in);
        a = of_v6(&in);
    }
    return a;
}
