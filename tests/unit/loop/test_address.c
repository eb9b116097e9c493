#include <criterion/criterion.h>
#include <string.h>

#include "base/attr.h"
#include "loop/address.h"

static void expect_round_trip(const char *text)
{
    char out[ADDRESS_TEXT_MAX];
    struct addr a;
    cr_assert_eq(address_parse(text, &a), OK, "%s", text);
    cr_assert_str_eq(address_format(&a, out), text);
}

Test(address, text_survives_a_round_trip)
{
    expect_round_trip("127.0.0.1:6248");
    expect_round_trip("0.0.0.0:0");
    expect_round_trip("255.255.255.255:65535");
    expect_round_trip("[::1]:6248");
    expect_round_trip("[::]:1");
    expect_round_trip("[2001:db8::42]:80");
}

Test(address, what_is_no_address_is_refused_and_leaves_the_result_alone)
{
    static const char *const BAD[] = {
        "",           "1.2.3.4",    "1.2.3.4:",      ":80",          "1.2.3.4:x", "1.2.3.4:65536",
        "1.2.3.4:+1", "1.2.3.4: 1", "::1:80",        "[1.2.3.4]:80", "[::1]80",   "[]:80",
        "host:80",    "1.2.3:80",   "1.2.3.4:0080x", "[::1]:000080"};
    const struct addr before = {.ip = {9}, .ip_len = 4, .port = 7};
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        struct addr a = before;
        cr_expect_eq(address_parse(BAD[i], &a), ERR_MALFORMED, "%s", BAD[i]);
        cr_expect(addr_eq(&a, &before), "%s", BAD[i]);
    }
}

Test(address, a_target_may_be_a_name)
{
    struct address_target t;
    cr_assert_eq(address_split("node-1.example.org:6248", &t), OK);
    cr_expect_str_eq(t.host, "node-1.example.org");
    cr_expect_eq(t.port, 6248);
    cr_assert_eq(address_split("[::1]:99", &t), OK);
    cr_expect_str_eq(t.host, "::1");
}

Test(address, the_longest_host_name_fits_and_one_byte_more_does_not)
{
    char text[ADDRESS_HOST_MAX + 8];
    struct address_target t;
    memset(text, 'a', sizeof text);
    memcpy(text + ADDRESS_HOST_MAX, ":1", 3);
    cr_expect_eq(address_split(text, &t), OK);
    memset(text, 'a', sizeof text);
    memcpy(text + ADDRESS_HOST_MAX + 1, ":1", 3);
    cr_expect_eq(address_split(text, &t), ERR_MALFORMED);
}

Test(address, ipv4_on_a_v6_socket_is_mapped_and_comes_back_as_ipv4)
{
    struct addr a, back;
    struct address_sock sock;
    cr_assert_eq(address_parse("10.1.2.3:6248", &a), OK);
    cr_assert_eq(address_to_sock(&a, AF_INET6, &sock), OK);
    cr_expect_eq(sock.at.ss_family, AF_INET6);
    back = address_of_sock(&sock.at);
    cr_expect(addr_eq(&a, &back));
    cr_assert_eq(address_to_sock(&a, AF_INET, &sock), OK);
    back = address_of_sock(&sock.at);
    cr_expect(addr_eq(&a, &back));
}

Test(address, a_v4_socket_cannot_carry_ipv6)
{
    struct addr a;
    struct address_sock sock;
    cr_assert_eq(address_parse("[::1]:1", &a), OK);
    cr_expect_eq(address_to_sock(&a, AF_INET, &sock), ERR_CONFIG);
}

Test(address, wildcards_and_loopback_are_told_apart)
{
    struct addr any, own, other;
    cr_assert_eq(address_parse("[::]:1", &any), OK);
    cr_assert_eq(address_parse("127.8.8.8:1", &own), OK);
    cr_assert_eq(address_parse("10.0.0.1:1", &other), OK);
    cr_expect(address_is_any(&any) && !address_is_any(&own));
    cr_expect(address_is_loopback(&own) && !address_is_loopback(&other));
    cr_expect(!address_is_loopback(&any));
}

Test(address, nothing_reads_as_none)
{
    char out[ADDRESS_TEXT_MAX];
    const struct addr none = {.ip_len = 0};
    cr_expect_str_eq(address_format(&none, out), "none");
}
