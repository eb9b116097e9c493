/**
 * base/hash.h - the hashes on which all nodes of a cluster agree.
 *
 * hkey is derived from the cluster's name, not from the keyring: target hashes, vector hashes and
 * view hashes must agree while keys rotate. It is not secret and need not be: full keys are compared
 * before a value is returned, so a collision costs a miss.
 * Source: SipHash-2-4, Aumasson and Bernstein (2012); BLAKE2b, RFC 7693.
 */
#pragma once

#include <stdint.h>

#include "base/slice.h"

#define HASH_KEY_LEN 16

/** The cluster's hash key. */
struct hkey {
    uint8_t bytes[HASH_KEY_LEN];
};

/** 128 bits of hash; all zero means "no digest" and equals nothing. */
struct hash128 {
    uint8_t bytes[16];
};

/** What a target hash names. The values are part of the peer protocol. */
enum target_class {
    TARGET_KEY = 1,
    TARGET_TAG = 2,
    TARGET_PREFIX = 3,
    TARGET_NAMESPACE = 4
};

/** BLAKE2b-128("scrubjay hash" || cluster). */
struct hkey hash_cluster_key(struct slice cluster);

/**
 * The node id of a name: first 8 bytes, big-endian, of
 * BLAKE2b-256("scrubjay node" || len8(cluster) || cluster || name). Never 0.
 */
uint64_t hash_node_id(struct slice cluster, struct slice name);

/** SipHash-2-4 of bytes under hkey, its 8 bytes read little-endian. */
uint64_t hash_bytes(const struct hkey *hkey, struct slice bytes);

/** SipHash-2-4 of two numbers, each as 8 big-endian bytes. */
uint64_t hash_pair(const struct hkey *hkey, uint64_t a, uint64_t b);

/** SipHash-2-4 with a 128-bit result. */
struct hash128 hash_bytes128(const struct hkey *hkey, struct slice bytes);

/** Is d the "no digest" value? */
bool hash128_zero(const struct hash128 *d);

/**
 * The 64-bit name of an invalidation's target: SipHash-2-4 of
 * class u8 || ns_len u8 || ns || [u16 big-endian length of target when class is TARGET_PREFIX] ||
 * target. ns has at most 64 bytes, target at most 1,024 (both asserted).
 */
uint64_t hash_target(const struct hkey *hkey, enum target_class target_class, struct slice ns,
                     struct slice target);
