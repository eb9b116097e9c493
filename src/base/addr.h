/** base/addr.h - an IP address and port as a plain value; text forms live with the drivers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** ip_len is 4, 16, or 0 for "no address"; unused bytes of ip are zero, so memcmp would do too. */
struct addr {
    uint8_t ip[16];
    uint8_t ip_len;
    uint16_t port; /* host byte order */
};

/** Are a and b the same address and port? */
bool addr_eq(const struct addr *a, const struct addr *b);

/** Is this an address at all (ip_len not 0)? */
bool addr_known(const struct addr *a);
