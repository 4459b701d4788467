#include <string.h>

#include "core/aws/harmless.h"

#define NAME_MAX 64

/*
** All between blanks, each line. What AWS's messages and the pages of gateways say, and names that a
** request itself has; no word that could well be a secret.
*/
static const char *const WORDS[] = {
    " a about above accept accepted acceptrolesessionname accepts access accesskeyid account ",
    " action activated active additional after again algorithm all allow allowed allows ",
    " already also always an anchor and another answer answered any anywhere api application ",
    " are arn as assertion assume assumed assumerole assumerolewithsaml ",
    " assumerolewithwebidentity at attached attempt attempts attribute attributes ",
    " authenticate authenticated authentication authority authorization authorize authorized ",
    " available aws aws4-x509-ecdsa-sha256 aws4-x509-rsa-sha256 aws4_request back bad be ",
    " because been before begins being below between body both bucket busy but by ca ",
    " calculated call calls can cannot certificate certificates chain chained check clock ",
    " closed code com complete condition conditional conditions conflict conflicts connection ",
    " console constraint constraints contact contain contained contains content could count ",
    " country created createsession credential credentials crl current currently data date ",
    " day days deactivated default delegated delete deleted denied denies deny dependency ",
    " deprecated detected did differ different disabled disallow disallowed do document does ",
    " doesn't don't down due duration durationseconds each earlier either element empty ",
    " enabled encoded encoding encountered end ended endpoint entity equal error errors ",
    " exceed exceeded exceeds exception exist existence exists expected expiration expire ",
    " expired expires explicit expression external fail failed failing fails failure failures ",
    " federated federation few field find following for forbidden form format found from full ",
    " future gateway get getfederationtoken getsessiontoken given global gone greater group ",
    " had handle has have header headers held high host hour hours html http https iam id ",
    " identifier identifiers identities identity idp if implemented in inactive include ",
    " included includes incomplete incorrect input instance instanceproperties insufficient ",
    " intermediate internal into invalid is iso-8601 issue issued issuer it item its json ",
    " just jwt key keys know known large last later leaf least length less limit limited list ",
    " lists long longer low made make malformed manage managed many map mapped mapping ",
    " mappings match matches matching maximum maxsessionduration may member message method ",
    " mfa min minimum minute minutes missing moment more most moved multiple must name named ",
    " names need needed needs nginx no non none nonexistent not note now null number oauth ",
    " oauth2 object of off oidc on once one only openid operation operations option or ",
    " organization organizational other our out over packed page pair parameter parameters ",
    " parse part partition parts path pattern peer perform performed performing permanently ",
    " permission permissions permitted please policies policy possible present previous ",
    " principal process processed processing profile profilearn profiles properties property ",
    " provide provided provider proxy public query quota range rate reached read reason ",
    " received recently reduce reference regex region regions reject rejected renew request ",
    " requested requester requests require required requires resource resources response ",
    " result retries retry return revocation revoked right role rolearn roles rolesanywhere ",
    " rolesanywhere.amazonaws.com rolesanywhere:createsession rolesessionname root rule rules ",
    " same saml satisfied satisfy scope scoped seconds section security see seems self send ",
    " sending sent serial server service services session sessions set setsourceidentity ",
    " setting settings should sign signature signatures signed signer signing size slow small ",
    " so some someone something source sources specified standard start state statement ",
    " status still stop string sts sts:assumerole sts:assumerolewithsaml ",
    " sts:assumerolewithwebidentity sts:assumeroot sts:decodeauthorizationmessage ",
    " sts:getcalleridentity sts:getfederationtoken sts:getsessiontoken sts:setsourceidentity ",
    " sts:tagsession subject such supplied support supported supports suspended system tag ",
    " tagging tags tagsession take taken teapot temporarily temporary than that the their ",
    " them then there these they this those throttle throttled throttling through time timed ",
    " times title to today token told too trust trustanchorarn trusted try trying type types ",
    " unable unauthenticated unauthorized unavailable unexpected unknown unprocessable ",
    " unsupported until untrusted up update upon url usage use used user users uses using ",
    " valid validate validated validation value values verified verify version via view was ",
    " way we webidentity well were when where whether which while who will with within ",
    " without word workload would wrong x-amz-date x-amz-x509 x-amz-x509-chain x.509 xml year yet ",
    " you your yyyymmdd yyyymmdd't'hhmmss'z ",
};

/* Names of errors that do not end as exceptions do, or are not made of the words above. */
static const char *const NAMES[] = {
    " AccessDenied AccessDeniedException AssumeRoleUnauthorizedAccess AuthFailure ",
    " BandwidthLimitExceeded ",
    " EC2ThrottledException ExpiredToken ExpiredTokenException IDPCommunicationError ",
    " IDPRejectedClaim IncompleteSignature IncompleteSignatureException InternalFailure ",
    " InternalServerError InternalServerException InternalServiceError ",
    " InternalServiceException InvalidAction InvalidAuthorizationMessage InvalidClientTokenId ",
    " InvalidIdentityToken InvalidParameterCombination InvalidParameterValue ",
    " InvalidQueryParameter InvalidSignatureException LimitExceeded LimitExceededException ",
    " MalformedPolicyDocument MalformedQueryString MissingAction MissingAuthenticationToken ",
    " MissingAuthenticationTokenException MissingParameter NotAuthorized OptInRequired ",
    " PackedPolicyTooLarge PriorRequestNotComplete ProvisionedThroughputExceededException ",
    " RegionDisabledException RequestExpired RequestInTheFuture RequestLimitExceeded ",
    " RequestThrottled RequestThrottledException RequestTimeTooSkewed RequestTimeout ",
    " RequestTimeoutException ResourceNotFoundException SerializationException ",
    " ServiceUnavailable ServiceUnavailableException SignatureDoesNotMatch SlowDown ",
    " ThrottledException Throttling ThrottlingException TooManyRequestsException ",
    " TransactionInProgressException UnknownOperationException UnrecognizedClientException ",
    " ValidationError ValidationException ",
};

static bool is_listed(const char *const *lines, size_t count, br_slice word)
{
    char wanted[NAME_MAX + 3] = " ";
    if (word.n == 0 || word.n > NAME_MAX || memchr(word.p, ' ', word.n) != NULL ||
        memchr(word.p, '\0', word.n) != NULL)
        return false;
    memcpy(wanted + 1, word.p, word.n);
    memcpy(wanted + 1 + word.n, " ", 2);
    for (size_t i = 0; i < count; i++)
        if (strstr(lines[i], wanted) != NULL)
            return true;
    return false;
}

bool br_harmless_word(br_slice word)
{
    return is_listed(WORDS, sizeof WORDS / sizeof *WORDS, word);
}

bool br_harmless_error_name(br_slice code)
{
    return is_listed(NAMES, sizeof NAMES / sizeof *NAMES, code);
}
