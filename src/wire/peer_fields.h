/**
 * wire/peer_fields.h - the parts that datagrams and streams share: addresses, records, ranges.
 *
 * Private to `wire`. What is packed asserts its limits: it is our own making. What is read checks
 * every type and range and is sticky, as wire/object.h. The layouts are in proto/peer.md.
 */
#pragma once

#include "wire/object.h"
#include "wire/pack.h"
#include "wire/peer.h"

#define PEER_GEN_MAX       (UINT64_C(1) << 62) /* highest generation that is believed */
#define PEER_GROUPS_LEN    (32 * 8)
#define PEER_RECORD_FIELDS 11
#define PEER_RANGE_FIELDS  3

/** Pack an address as two values: a bin of 4 or 16 bytes, the port. Asserts that a is known. */
void peer_pack_addr(struct packer *p, const struct addr *a);

/** Read an address, two elements. */
struct addr peer_read_addr(struct object_reader *r);

/** Read a member's name, a str of 1 to PEER_NAME_MAX bytes; ERR_LIMIT when longer. Lends. */
struct slice peer_read_name(struct object_reader *r);

/** Read nil (the empty slice) or a name. Lends. */
struct slice peer_read_name_or_nil(struct object_reader *r);

/** Read nil (the empty slice) or a bin of at most len_max bytes (ERR_LIMIT). Lends. */
struct slice peer_read_bin_or_nil(struct object_reader *r, size_t len_max);

/** Read a member's state: ALIVE, SUSPECT, DEAD or LEFT. */
uint8_t peer_read_state(struct object_reader *r);

/** Read covers: a bin of whole covers, or nil where that is allowed. Lends. */
struct slice peer_read_covers(struct object_reader *r, bool nil_allowed);

/** Read retired origins: a bin of whole entries. Lends. */
struct slice peer_read_retired(struct object_reader *r);

/** Asserts that name can be a member's name. */
void peer_assert_name(struct slice name);

/** Pack one member record. Asserts its limits. */
void peer_pack_record(struct packer *p, const struct peer_record *m);

/** Read one member record, one element, into *out. Lends its slices from the input. */
void peer_read_record(struct object_reader *r, struct peer_record *out);

/** Pack an array of n member records. */
void peer_pack_records(struct packer *p, const struct peer_record *records, size_t n);

/** Read an array of at most n_max member records (ERR_LIMIT) into out. Returns: their number. */
size_t peer_read_records(struct object_reader *r, struct peer_record *out, uint32_t n_max);

/** Pack an array of n ranges. Asserts that each has an epoch and 1 <= lo <= hi. */
void peer_pack_ranges(struct packer *p, const struct dot_range *ranges, size_t n);

/** Read an array of at most n_max ranges (ERR_LIMIT) into out. Returns: their number. */
size_t peer_read_ranges(struct object_reader *r, struct dot_range *out, uint32_t n_max);
