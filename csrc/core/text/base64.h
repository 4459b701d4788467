/*
** Base64 (RFC 4648, section 4).
*/
#ifndef BR_CORE_TEXT_BASE64_H
#define BR_CORE_TEXT_BASE64_H

#include "core/base/buffer.h"

/* Standard alphabet with padding, one line. */
void br_base64_encode(br_buf *out, br_slice bytes);
/* Strict: the alphabet only, right padding, no white space. false leaves `out` as it was. */
bool br_base64_decode(br_buf *out, br_slice text);

#endif
