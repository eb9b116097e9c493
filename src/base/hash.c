#include "base/hash.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "base/siphash.h"

#define NS_MAX     64
#define TARGET_MAX 1024

struct hkey hash_cluster_key(struct slice cluster)
{
    static const uint8_t label[] = {'s', 'c', 'r', 'u', 'b', 'j', 'a',
                                    'y', ' ', 'h', 'a', 's', 'h'};
    crypto_generichash_state state;
    struct hkey hkey;
    crypto_generichash_init(&state, NULL, 0, sizeof hkey.bytes);
    crypto_generichash_update(&state, label, sizeof label);
    crypto_generichash_update(&state, cluster.at, cluster.len);
    crypto_generichash_final(&state, hkey.bytes, sizeof hkey.bytes);
    return hkey;
}

uint64_t hash_node_id(struct slice cluster, struct slice name)
{
    static const uint8_t label[] = {'s', 'c', 'r', 'u', 'b', 'j', 'a',
                                    'y', ' ', 'n', 'o', 'd', 'e'};
    crypto_generichash_state state;
    uint8_t digest[32];
    assert(cluster.len <= UINT8_MAX);
    const uint8_t len = (uint8_t)cluster.len;
    crypto_generichash_init(&state, NULL, 0, sizeof digest);
    crypto_generichash_update(&state, label, sizeof label);
    crypto_generichash_update(&state, &len, 1);
    crypto_generichash_update(&state, cluster.at, cluster.len);
    crypto_generichash_update(&state, name.at, name.len);
    crypto_generichash_final(&state, digest, sizeof digest);
    struct reader r = reader_of(slice_of(digest, sizeof digest));
    const uint64_t id = read_u64(&r);
    return id == 0 ? 1 : id;
}

uint64_t hash_bytes(const struct hkey *hkey, struct slice bytes)
{
    struct siphash s = siphash_begin(hkey->bytes);
    siphash_add(&s, bytes);
    return siphash_end(&s);
}

uint64_t hash_pair(const struct hkey *hkey, uint64_t a, uint64_t b)
{
    uint8_t bytes[16];
    struct writer w = writer_of(bytes, sizeof bytes);
    write_u64(&w, a);
    write_u64(&w, b);
    return hash_bytes(hkey, writer_slice(&w));
}

struct hash128 hash_bytes128(const struct hkey *hkey, struct slice bytes)
{
    struct hash128 out;
    crypto_shorthash_siphashx24(out.bytes, bytes.at, bytes.len, hkey->bytes);
    return out;
}

bool hash128_zero(const struct hash128 *d)
{
    static const uint8_t zero[16];
    return memcmp(d->bytes, zero, sizeof zero) == 0;
}

uint64_t hash_target(const struct hkey *hkey, enum target_class target_class, struct slice ns,
                     struct slice target)
{
    assert(ns.len <= NS_MAX);
    assert(target.len <= TARGET_MAX);
    const uint8_t head[] = {(uint8_t)target_class, (uint8_t)ns.len};
    const uint8_t len[] = {(uint8_t)(target.len >> 8), (uint8_t)target.len};
    struct siphash s = siphash_begin(hkey->bytes);
    siphash_add(&s, slice_of(head, sizeof head));
    siphash_add(&s, ns);
    if (target_class == TARGET_PREFIX)
        siphash_add(&s, slice_of(len, sizeof len));
    siphash_add(&s, target);
    return siphash_end(&s);
}
