#include "model/model.h"

enum { MANTLE, MANTLE_SPACE, DOMAIN_NAME, SSO, PORTAL, OIDC, OIDC_PREFIX, NAMES };

static const char names[] = "bedrock-mantle"
                            "mantle"
                            "api.aws"
                            "sso"
                            "portal.sso"
                            "sso-oidc"
                            "oidc";
#define PLACE(at, length) ((at) << BR_NAME_LENGTH_BITS | (length))
static const uint32_t name_places[NAMES] = {
    PLACE(0, 14),  PLACE(14, 6), PLACE(20, 7), PLACE(27, 3),
    PLACE(30, 10), PLACE(40, 8), PLACE(48, 4),
};

static const br_service services[] = {
    {
        .id = MANTLE,
        .space = MANTLE_SPACE,
        .prefix = MANTLE,
        .signing = MANTLE,
        .api_version = BR_NONE,
        .target = BR_NONE,
        .domain = DOMAIN_NAME,
        .protocol = BR_ROUTES_ONLY,
        .auth = BR_SERVICE_AUTH_SIGV4 | BR_SERVICE_AUTH_BEARER,
    },
    /* Of IAM Identity Center, for credentials (core/aws/sso.h). */
    {
        .id = SSO,
        .space = SSO,
        .prefix = PORTAL,
        .signing = SSO,
        .api_version = BR_NONE,
        .target = BR_NONE,
        .domain = BR_NONE,
        .protocol = BR_ROUTES_ONLY,
        .auth = BR_SERVICE_AUTH_SIGV4,
    },
    {
        .id = OIDC,
        .space = OIDC,
        .prefix = OIDC_PREFIX,
        .signing = OIDC,
        .api_version = BR_NONE,
        .target = BR_NONE,
        .domain = BR_NONE,
        .protocol = BR_ROUTES_ONLY,
        .auth = BR_SERVICE_AUTH_SIGV4,
    },
};

const br_model br_model_routes = {
    .format_version = BR_MODEL_FORMAT,
    .facts_hash = "",
    .facts_source = "",
    .names = names,
    .names_size = sizeof names - 1,
    .name_places = name_places,
    .name_count = NAMES,
    .services = services,
    .service_count = sizeof services / sizeof *services,
};
