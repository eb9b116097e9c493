#include "base/addr.h"

#include <string.h>

bool addr_eq(const struct addr *a, const struct addr *b)
{
    return a->ip_len == b->ip_len && a->port == b->port && memcmp(a->ip, b->ip, a->ip_len) == 0;
}

bool addr_known(const struct addr *a)
{
    return a->ip_len != 0;
}
