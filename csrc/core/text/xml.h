/*
** A reader of just the XML that answers of the query protocol hold: elements, attributes, text,
** entities, CDATA, comments. A DOCTYPE is refused, so no entity can be declared. Prefixes of namespaces
** say nothing and are left out of all names.
*/
#ifndef BR_CORE_TEXT_XML_H
#define BR_CORE_TEXT_XML_H

#include "core/base/buffer.h"

typedef struct br_xml {
    const char *p, *end; /* what is still to be read */
    br_buf *text;        /* where text goes; the caller's */
    bool lenient; /* what is no reference is text: for errors, of which all is shown that can be */
    const char *error; /* static text of what was wrong first; NULL: nothing */
} br_xml;

typedef struct br_xml_tag {
    br_slice name;
    br_slice attributes; /* as they stand in the tag */
    bool closing;        /* </name> */
    bool empty;          /* <name/> */
} br_xml_tag;

/* The next element's tag; what lies before it is skipped. */
bool br_xml_next_tag(br_xml *x, br_xml_tag *t);

/* Text up to the next tag, into x->text. */
bool br_xml_text(br_xml *x);

/* The value of an attribute, into x->text. One without a value in quotes is not there. */
bool br_xml_attribute(br_xml *x, const br_xml_tag *t, br_slice name, bool *found);

#endif
