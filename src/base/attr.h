/** base/attr.h - compiler attributes and two tiny helpers; nothing that generates code. */
#pragma once

/** The caller must look at the result: used on every `enum err`. */
#define MUST_USE __attribute__((warn_unused_result))

/** Number of elements of a true array (not of a pointer). */
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
