#include "http/host.h"

#include <string.h>

#include <arpa/inet.h>

#include "base/slice.h"
#include "loop/address.h"

/** Without a port; of [V6] what is between the brackets. len 0 = there is no host in it. */
static struct slice host_part(const char *host, bool *bracketed)
{
    const size_t len = strcspn(host, ":");
    *bracketed = host[0] == '[';
    if (!*bracketed)
        return slice_of(host, len);
    const char *end = strchr(host, ']');
    return end == NULL || (end[1] != '\0' && end[1] != ':')
               ? slice_of(host, 0)
               : slice_of(host + 1, (size_t)(end - host - 1));
}

static bool is_literal(struct slice host, int family)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr into;
    if (host.len == 0 || host.len >= sizeof text)
        return false;
    memcpy(text, host.at, host.len);
    text[host.len] = '\0';
    return inet_pton(family, text, &into) == 1;
}

static bool is_named(struct slice host, const char *name)
{
    size_t len = strlen(name);
    len -= len > 0 && name[len - 1] == '.';
    return len == host.len && strncasecmp((const char *)host.at, name, len) == 0;
}

bool http_host_fits(const struct http_names *names, const char *host)
{
    bool bracketed;
    if (host == NULL || host[0] == '\0')
        return true;
    struct slice part = host_part(host, &bracketed);
    if (bracketed || is_literal(part, AF_INET))
        return is_literal(part, bracketed ? AF_INET6 : AF_INET);
    part.len -= part.len > 0 && part.at[part.len - 1] == '.';
    bool fits = is_named(part, "localhost") || (names->own != NULL && is_named(part, names->own));
    for (size_t i = 0; i < names->given.n && !fits; i++)
        fits = is_named(part, names->given.at[i]);
    return fits;
}

bool http_host_counts(const struct http_names *names, const struct addr *at)
{
    return names->given.n > 0 || address_is_loopback(at);
}
