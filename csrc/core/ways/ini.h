/*
** The syntax of AWS's shared files, as botocore reads them: Python's configparser, whose rules are
** these. A line's indentation counts: one that is indented more than the setting above it continues
** its value. Comments are whole lines that begin with # or ;. "[section]" and what follows on its line
** is no matter; "key = value" or "key: value", keys in any case. Beyond configparser: sections and
** settings that stand twice are merged, the later wins; a byte-order mark and spaces within the
** brackets are no matter. Settings of the section DEFAULT are those of every section that lacks them.
*/
#ifndef BR_CORE_WAYS_INI_H
#define BR_CORE_WAYS_INI_H

#include "core/base/slice.h"

#define BR_INI_TEXT_MAX ((size_t)1024 * 1024)
#define BR_INI_SECTIONS_MAX 10000
#define BR_INI_SETTINGS_MAX 100000

typedef struct br_ini_setting {
    size_t section; /* index */
    br_slice key;   /* in lower case */
    br_slice value; /* lines joined by \n, without space around each */
} br_ini_setting;

typedef struct br_ini {
    br_slice *sections; /* names; one that stands twice is there twice */
    size_t section_count;
    br_ini_setting *settings; /* in the order of the text: the last one of a key counts */
    size_t setting_count;
    char *memory; /* of all texts; cleansed */
    size_t memory_size;
} br_ini;

typedef struct br_ini_fault {
    const char *what; /* static text, to follow a line's number; never of the file */
    size_t line;      /* from 1; 0: of the whole */
} br_ini_fault;

/* false: *fault says why, and there is nothing to free. */
bool br_ini_read(br_ini *ini, br_slice text, br_ini_fault *fault);
void br_ini_free(br_ini *ini); /* of a zero-filled one, too; idempotent */

/*
** Of a value that begins on the line below its key, as "s3 =" has it: the nested setting of that
** name, exactly. {NULL, 0}: there is none.
*/
br_slice br_ini_nested(br_slice value, br_slice key);

#endif
