/*
** The directory of the credential cache and the files in it: where it is, reading, replacing and
** cleaning up. What the bytes mean is cache_record.h's. Nothing here fails a call: a file that cannot
** be read or is not what it should be is absent, one that cannot be written is not written.
*/
#ifndef BR_ENGINE_FILES_CACHE_FILE_H
#define BR_ENGINE_FILES_CACHE_FILE_H

#include "core/aws/cache_record.h"

#define BR_CACHE_STEM_SIZE (2 * BR_IDENTITY_SIZE + 1) /* the identity in hex, and NUL */
#define BR_CACHE_KEPT_MS ((int64_t)24 * 3600 * 1000)  /* a file lives so long beyond its expiry */

/* Why a directory or file is done without, for people: at most so long, with its NUL. */
#define BR_CACHE_WHY_SIZE 512

/* The name of an identity's files without their ".cache" or ".lock". */
void br_cache_stem(const uint8_t identity[BR_IDENTITY_SIZE], char out[BR_CACHE_STEM_SIZE]);

/*
** Chooses the directory and makes it where it is missing (0700); the descriptor, or -1. With
** cache_dir that one or none; else the first that can be used of $XDG_CACHE_HOME/lua-bedrock,
** $HOME/.cache/lua-bedrock, the same in the passwd home, /tmp/lua-bedrock-<euid>. Usable: a
** directory (no symlink) of our own without rights for others. A home that is not ours is left
** alone, so sudo leaves nothing in it. With raised privileges the environment is not looked at.
** `why` may be NULL; of -1 it says why the last of them is not used.
*/
int br_cache_dir_open(const char *cache_dir, char why[BR_CACHE_WHY_SIZE]);

/* Whether files can be made in it, and there is room for one; false: `why` says why not. */
bool br_cache_dir_writable(int dir, char why[BR_CACHE_WHY_SIZE]);

/*
** Appends the file's bytes to `out`. false: absent, larger than BR_CACHE_RECORD_MAX, no regular file, a
** symlink, hard links, another owner, or rights for others.
*/
bool br_cache_file_read(int dir, const char *stem, br_buf *out);

/*
** Writes a temporary file (0600) and renames it, so a reader sees the old contents or the new.
** There is no fsync: it would hold up the host, and a file torn by a power cut fails its seal and
** is simply absent. The file's modification time is set to expires_ms (local clock), which is how
** files that cannot be opened without their own key are known to be old when cleaning up. `random`
** makes the temporary name unique. Then removes files expired for over BR_CACHE_KEPT_MS. false: it
** is not written, and errno says why.
*/
#define BR_CACHE_RANDOM 8
bool br_cache_file_write(int dir, const char *stem, br_slice bytes, int64_t expires_ms,
                         int64_t now_ms, const uint8_t random[BR_CACHE_RANDOM]);

/* Each file of ours in the directory; `each` may remove it. */
void br_cache_files(int dir, void (*each)(void *user, const char *stem, int64_t expires_ms),
                    void *user);
/* false: it is not there, or cannot be removed. */
bool br_cache_file_remove(int dir, const char *stem);

#endif
