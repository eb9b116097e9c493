#include <criterion/criterion.h>

#include "loop/dns_answer.h"

Test(dns_answer, the_64th_address_is_kept_and_the_65th_is_not)
{
    static struct dns_answer a;
    dns_answer_begin(&a, true, false);
    for (uint8_t i = 0; i < DNS_ADDRS_MAX + 1; i++)
        dns_answer_add(&a, &(struct addr){.ip = {10, 0, 0, i}, .ip_len = 4, .port = 1});
    cr_expect_eq(a.n, DNS_ADDRS_MAX);
    cr_expect_eq(a.addrs[DNS_ADDRS_MAX - 1].ip[3], DNS_ADDRS_MAX - 1);
}

Test(dns_answer, the_least_ttl_counts)
{
    static struct dns_answer a;
    dns_answer_begin(&a, true, true);
    cr_expect_not(a.ttl_known);
    dns_answer_ttl(&a, 30);
    dns_answer_ttl(&a, 5);
    dns_answer_ttl(&a, 60);
    cr_expect_eq(a.ttl_s, 5);
}

/* Two SRV records without rdata worth reading, the second with a compressed name. */
static const uint8_t MESSAGE[] = {
    0,    1,   0x85, 0x80, 0,   1,   0,   2, 0, 0,  0, 0, /* header: 1 question, 2 answers */
    1,    'a', 4,    't',  'e', 's', 't', 0, 0, 33, 0, 1, /* a.test SRV IN */
    1,    'a', 4,    't',  'e', 's', 't', 0, 0, 33, 0, 1, 0, 0, 0, 40, 0, 1, 9, /* ttl 40 */
    0xc0, 12,  0,    33,   0,   1,   0,   0, 0, 12, 0, 2, 9, 9,                 /* ttl 12 */
};

Test(dns_answer, a_message_tells_its_least_ttl)
{
    cr_expect_eq(dns_answer_least_ttl(slice_of(MESSAGE, sizeof MESSAGE)), 12);
}

Test(dns_answer, a_message_cut_anywhere_tells_zero)
{
    for (size_t len = 0; len < sizeof MESSAGE; len++)
        cr_expect_eq(dns_answer_least_ttl(slice_of(MESSAGE, len)), 0, "%zu", len);
}
