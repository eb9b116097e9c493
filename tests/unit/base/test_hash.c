#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "base/hash.h"

/* Expected values come from a second implementation (Python) of SipHash and BLAKE2b, except where a
 * published vector is named. */

static struct hkey counting_key(void)
{
    struct hkey hkey;
    for (uint8_t i = 0; i < HASH_KEY_LEN; i++)
        hkey.bytes[i] = i;
    return hkey;
}

Test(hash, bytes_agree_with_the_vector_of_the_siphash_paper)
{
    const struct hkey hkey = counting_key();
    uint8_t in[15];
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)i;
    cr_assert_eq(hash_bytes(&hkey, slice_of(in, sizeof in)), 0xa129ca6149be45e5);
}

Test(hash, wide_hashes_agree_with_the_reference_vector)
{
    static const uint8_t expected[16] = {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
                                         0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93};
    const struct hkey hkey = counting_key();
    const struct hash128 d = hash_bytes128(&hkey, slice_of(NULL, 0));
    cr_assert_eq(memcmp(d.bytes, expected, sizeof expected), 0);
}

Test(hash, a_pair_is_two_big_endian_numbers)
{
    const struct hkey hkey = counting_key();
    cr_assert_eq(hash_pair(&hkey, 1, 2), 0xa8b8802e1f2f084b);
    cr_assert_neq(hash_pair(&hkey, 1, 2), hash_pair(&hkey, 2, 1));
}

Test(hash, the_cluster_key_is_derived_from_the_name)
{
    static const uint8_t expected[16] = {0xdd, 0x2e, 0x90, 0x79, 0x3b, 0x6f, 0x69, 0x19,
                                         0xb5, 0x38, 0x3c, 0x0c, 0x92, 0x32, 0x3c, 0xe6};
    const struct hkey hkey = hash_cluster_key(slice_text("demo"));
    cr_assert_eq(memcmp(hkey.bytes, expected, sizeof expected), 0);
}

Test(hash, the_node_id_is_derived_from_cluster_and_name)
{
    cr_assert_eq(hash_node_id(slice_text("demo"), slice_text("node-1")), 0x16faf3d2b6fb1dab);
}

Test(hash, moving_a_byte_from_cluster_to_name_changes_the_node_id)
{
    cr_assert_neq(hash_node_id(slice_text("ab"), slice_text("c")),
                  hash_node_id(slice_text("a"), slice_text("bc")));
}

Test(hash, targets_agree_with_their_written_layout)
{
    const struct hkey hkey = counting_key();
    cr_assert_eq(hash_target(&hkey, TARGET_KEY, slice_text("ns"), slice_text("user:1")),
                 0x88fe90c42540d054);
    cr_assert_eq(hash_target(&hkey, TARGET_PREFIX, slice_text("ns"), slice_text("user:")),
                 0xb083149184e7e55f);
}

Test(hash, the_same_bytes_are_different_targets_in_each_class_and_namespace)
{
    const struct hkey hkey = counting_key();
    const struct slice ns = slice_text("ns"), name = slice_text("x");
    const uint64_t key = hash_target(&hkey, TARGET_KEY, ns, name);
    cr_assert_neq(key, hash_target(&hkey, TARGET_TAG, ns, name));
    cr_assert_neq(key, hash_target(&hkey, TARGET_PREFIX, ns, name));
    cr_assert_neq(key, hash_target(&hkey, TARGET_KEY, slice_text("n"), slice_text("sx")));
}

Test(hash, the_longest_target_fits)
{
    static const uint8_t bytes[1024];
    const struct hkey hkey = counting_key();
    cr_assert_neq(hash_target(&hkey, TARGET_PREFIX, slice_of(bytes, 64), slice_of(bytes, 1024)), 0);
}

Test(hash, a_target_that_is_too_long_is_a_programmer_error, .signal = SIGABRT)
{
    static const uint8_t bytes[1025];
    const struct hkey hkey = counting_key();
    hash_target(&hkey, TARGET_KEY, slice_of(bytes, 64), slice_of(bytes, 1025));
}

Test(hash, a_namespace_that_is_too_long_is_a_programmer_error, .signal = SIGABRT)
{
    static const uint8_t bytes[65];
    const struct hkey hkey = counting_key();
    hash_target(&hkey, TARGET_KEY, slice_of(bytes, 65), slice_text("x"));
}

Test(hash, only_all_zero_bytes_are_no_digest)
{
    struct hash128 d = {{0}};
    cr_assert(hash128_zero(&d));
    for (size_t i = 0; i < sizeof d.bytes; i++) {
        d.bytes[i] = 1;
        cr_assert_not(hash128_zero(&d), "byte %zu", i);
        d.bytes[i] = 0;
    }
}
