/**
 * loop/address.h - struct addr as text and as the system's sockaddr.
 *
 * Never looks names up: that is loop/dns.h. Pure. Thread: any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>

#include "base/addr.h"
#include "base/err.h"

#define ADDRESS_TEXT_MAX 64  /* "[v6]:port" and its NUL */
#define ADDRESS_HOST_MAX 253 /* bytes of a host name; RFC 1035 2.3.4 */

/** HOST:PORT taken apart. */
struct address_target {
    char host[ADDRESS_HOST_MAX + 1]; /* brackets removed */
    uint16_t port;
};

/**
 * Take "HOST:PORT" or "[v6]:PORT" apart. PORT is decimal, 0 to 65,535.
 * Errors: ERR_MALFORMED, and *out is unchanged.
 */
MUST_USE enum err address_split(const char *text, struct address_target *out);

/** Read a numeric "v4:port" or "[v6]:port". Errors: ERR_MALFORMED; *out is unchanged. */
MUST_USE enum err address_parse(const char *text, struct addr *out);

/** Read a numeric host without port, brackets optional. Errors: ERR_MALFORMED; *out is unchanged. */
MUST_USE enum err address_parse_host(const char *host, uint16_t port, struct addr *out);

/** Write a as text with a NUL into out; "none" when a is no address. Returns: out. */
const char *address_format(const struct addr *a, char out[ADDRESS_TEXT_MAX]);

/** Is this 0.0.0.0 or ::? */
bool address_is_any(const struct addr *a);

/** Is this 127.0.0.0/8 or ::1? */
bool address_is_loopback(const struct addr *a);

/** 127.0.0.1 or ::1, by the length of the address; port 0. */
struct addr address_loopback(uint8_t ip_len);

/** What a system call takes. */
struct address_sock {
    struct sockaddr_storage at;
    socklen_t len;
};

/** a for a socket of the given family: IPv4 on an AF_INET6 socket is mapped (RFC 4291 2.5.5.2).
 *  Errors: ERR_CONFIG when the family cannot carry a. */
MUST_USE enum err address_to_sock(const struct addr *a, int family, struct address_sock *out);

/** What the system returned as an address; mapped IPv4 comes out as IPv4. ip_len 0 = none. */
struct addr address_of_sock(const struct sockaddr_storage *at);

/** The family of a socket for a. */
int address_family(const struct addr *a);
