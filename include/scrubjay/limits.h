/** scrubjay/limits.h - limits of the client protocol that applications may want to know. */
#pragma once

#define SCRUBJAY_KEY_MAX       1024 /* bytes of a key, at least 1 */
#define SCRUBJAY_NAMESPACE_MAX 64   /* bytes of a namespace name */
#define SCRUBJAY_TAG_MAX       128  /* bytes of a tag, at least 1 */
#define SCRUBJAY_TAGS_MAX      16   /* tags of one entry */
#define SCRUBJAY_TAGS_ALL_MAX  16   /* tags of one conjunction, at least 2 */
#define SCRUBJAY_TARGETS_MAX   256  /* targets of one invalidate or begin */
#define SCRUBJAY_TOKEN_MAX     64   /* bytes of a token */
#define SCRUBJAY_STAMP_MAX     64   /* bytes of a stamp */
#define SCRUBJAY_AFTER_MAX     8    /* stamps that one get may be after */
#define SCRUBJAY_DEFAULT_PORT  6247
