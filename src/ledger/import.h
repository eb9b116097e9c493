/**
 * ledger/import.h - which entries of another node may be taken over here, and with which stamp?
 *
 * The other node, the donor, says what it has covered of every origin: S. An entry that it finds live,
 * fresh and proven later reflects every dot of S. It may be taken over when no dot that is covered here
 * and is not in S can aim at it. Such a dot was first heard of here past some index x, and so left its
 * last touch past x: whatever was touched past x is refused. The same holds for dots that arrive here
 * while the entries are on their way. The stamp lies below every gap that is not inside S: when such a
 * gap is closed, by its dots or by a barrier, entries with this stamp die if they are meant, and those
 * that are still to come are refused by the barrier. (A closing touches at the index that it finds, so
 * the touches alone would not refuse them.)
 *
 * What is known here of origins that ended counts, too. What was forgotten cannot be compared: then
 * nothing is taken over any more.
 *
 * Never looks at entries, and never decides whom to ask. Thread: the control thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/dot.h"

struct ledger;

/** One comparison with a donor; it can be begun again any number of times. */
struct ledger_import;

/** Make one for ledgers of the size of l. NULL when the arena is too small. */
struct ledger_import *ledger_import_new(struct arena *arena, const struct ledger *l);

/** Begin anew: nothing was heard of the donor's coverage. */
void ledger_import_begin(struct ledger_import *im, const struct ledger *l);

/**
 * Hear what the donor has covered of one origin; of one that it retired: applied is its last sequence.
 * All of it was covered before it looks at the first entry. Said twice, the lesser counts.
 */
void ledger_import_cover(struct ledger_import *im, const struct ledger *l, const struct cover *c);

/**
 * The donor has told everything: origins that it did not name it does not know.
 *
 * after:   an index as a gap's that is open for other reasons: the stamp lies below it. 0 = none.
 * Returns: may anything be taken over? false: the donor lacks dots that may aim at everything, as those
 *          are that this node adopted without content: ask again later. Also false, and for ever, when
 *          an origin was forgotten here, or had no place.
 */
MUST_USE bool ledger_import_end(struct ledger_import *im, const struct ledger *l, uint64_t after);

/** May an entry of the donor be taken over, whose key has this target hash, with tags or without? Ask
 *  just before it is stored. */
bool ledger_import_takes(const struct ledger_import *im, const struct ledger *l, uint64_t hash,
                         bool tagged);

/** The stamp with which entries are stored, through the whole check of a fill; 1 or more after
 *  ledger_import_end() said true. */
uint64_t ledger_import_stamp(const struct ledger_import *im);

/** Is everything that was ever covered here still known, so that comparing with a donor means
 *  something? When not, it never will be again. */
bool ledger_import_possible(const struct ledger *l);
