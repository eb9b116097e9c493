/** app/advice.h - what to do about a file that cannot be used, and about what will go wrong later. */
#pragma once

/** What to do about an errno of opening or reading a file, as half a sentence. Static. */
const char *advice_of_file(int error);

/** Tell what is legal and will hurt: few descriptors, a clock before this program was written, a keyring
 *  that others can read (NULL = none). One line each, to standard error. */
void advice_warn(const char *keyring);
