/**
 * tests/litmus/stage_wrap.h - what stands between the files of the cache, to make it wrong on purpose.
 *
 * The linker sends calls of check_fill(), recent_add(), recent_raise_floor() and cache_apply() from
 * one file to another through here (--wrap). Without a mutant they are passed on as they come.
 */
#pragma once

#include "stage.h"

/** Whose mutant counts from now on. */
void stage_wrap_use(struct stage *s);

/** Do what was put off; the caller holds the lock of the shard again. */
void stage_wrap_pay(struct owed *owed);

/** Apply the dot that was put off; nothing when none was. */
void stage_wrap_apply(struct stage *s);
