#include <criterion/criterion.h>

#include "base/addr.h"

static const struct addr HOST = {.ip = {192, 0, 2, 1}, .ip_len = 4, .port = 7946};

Test(addr, an_address_equals_its_copy)
{
    const struct addr copy = HOST;
    cr_assert(addr_eq(&HOST, &copy));
}

Test(addr, another_port_is_another_address)
{
    struct addr other = HOST;
    other.port = 7947;
    cr_assert_not(addr_eq(&HOST, &other));
}

Test(addr, every_byte_of_the_ip_counts)
{
    for (size_t i = 0; i < HOST.ip_len; i++) {
        struct addr other = HOST;
        other.ip[i] ^= 1;
        cr_assert_not(addr_eq(&HOST, &other), "byte %zu", i);
    }
}

Test(addr, an_ipv4_address_is_not_the_ipv6_address_with_the_same_first_bytes)
{
    struct addr other = HOST;
    other.ip_len = 16;
    cr_assert_not(addr_eq(&HOST, &other));
}

Test(addr, no_address_is_not_known_and_equals_itself)
{
    const struct addr none = {.ip_len = 0}, again = {.ip_len = 0};
    cr_assert_not(addr_known(&none));
    cr_assert(addr_known(&HOST));
    cr_assert(addr_eq(&none, &again));
}
