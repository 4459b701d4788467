/*
** What a Roles Anywhere client signs its exchanges with, as settings name it: certificate, private
** key, chain, or a PKCS#12 file with all of them; each a path, or the thing itself.
**
** Certificates are renewed while programs run. Where all of it was given as paths, the files can be
** looked at again (and paths and password are kept for that); what was given itself is read once
** and forgotten.
*/
#ifndef BR_ENGINE_CREDENTIALS_CERTIFICATE_FILES_H
#define BR_ENGINE_CREDENTIALS_CERTIFICATE_FILES_H

#include "core/aws/settings.h"
#include "core/x509/x509.h"
#include "engine/files/read_file.h"

#define BR_CERTIFICATE_FILES 4

typedef struct br_certificate_files_stamps {
    br_file_stamp of[BR_CERTIFICATE_FILES];
} br_certificate_files_stamps;

/*
** *stamps: of the files as they were read. Where one could not be read, which may pass without a
** trace on the file (no descriptors, no memory), all 0. NULL: problems say why.
*/
br_x509 *br_certificate_files_load(const br_settings *s, int64_t now_ms,
                                   br_certificate_files_stamps *stamps, br_problems *problems);
/* Exactly one source of a certificate, about which nothing was reported yet. */
bool br_certificate_files_single(const br_settings *s, const br_problems *problems);
bool br_certificate_files_all_files(const br_settings *s);
/* Has any of the files another stamp now? */
bool br_certificate_files_changed(const br_settings *s, const br_certificate_files_stamps *known);
/* After the last load: cleanses what is not a path, and the password where there is one. */
void br_certificate_files_forget(br_settings *s);

#endif
