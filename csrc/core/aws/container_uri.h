/*
** Where a container gets its credentials: the URI that ECS, EKS Pod Identity and their like put
** into its environment. It is told a token and believed about credentials, so only https and a few
** hosts are allowed. Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
*/
#ifndef BR_CORE_AWS_CONTAINER_URI_H
#define BR_CORE_AWS_CONTAINER_URI_H

#include "core/http/url.h"

#define BR_CONTAINER_TARGET_MAX 4096

/*
** endpoint: without a path. target: path and query, as they stand there. false: error (config), of
** which the target is no part, as it may be meant for nobody else.
*/
bool br_container_uri_parse(br_slice uri, br_url *endpoint, br_buf *target, br_error *error);

/* https anywhere; http only to this machine, and to the addresses of ECS and EKS. */
bool br_container_host_allowed(const br_url *endpoint);

#endif
