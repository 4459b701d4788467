/*
** The one mutex for what threads share: the registry of providers, flights and waiters, and what of
** clients and sources is not immutable. Held for a few loads and stores, never for a file, a
** callback or a digest, nor entered twice. A fork leaves the child one that works, whatever other
** threads were at.
*/
#ifndef BR_ENGINE_CREDENTIALS_REGISTRY_H
#define BR_ENGINE_CREDENTIALS_REGISTRY_H

typedef struct br_registry br_registry;

br_registry *br_registry_enter(void); /* it may be used until the leave */
void br_registry_leave(void);

#endif
