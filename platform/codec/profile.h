/*
 * The profile of a product of the China Telecom IoT platform, in the shape of OceanConnect (guide
 * 5.2.1 and 5.7.1): what services a device has, with their properties and commands, and in
 * omCapability whether its firmware can be upgraded.
 *
 *     {"devices": [{"manufacturerId", "manufacturerName", "model", "protocolType", "deviceType",
 *                   "omCapability": {"upgradeCapability": {"supportUpgrade"},
 *                                    "fwUpgradeCapability": {"supportUpgrade",
 *                                        "upgradeProtocolType", "downloadProtocolType"}},
 *                   "serviceTypeCapabilities": [{"serviceId", "serviceType", "option"}]}],
 *      "services": [{"serviceType",
 *                    "properties": [{"propertyName", "dataType", "min", "max", "step", "unit",
 *                                    "maxLength", "required", "method", "enumList"}],
 *                    "commands": [{"commandName", "paras": [{"paraName", "dataType", "min", "max",
 *                                  "maxLength", "required"}], "responses": [...]}]}]}
 *
 * dataType: int, decimal, string, DateTime or jsonObject. min and max are numbers or, as
 * OceanConnect exports them, numbers in quotes. Members that are not named here are let through.
 */
#ifndef BC_PLATFORM_PROFILE_H
#define BC_PLATFORM_PROFILE_H

#include "codec.h"

bool profile_check(const json_t *profile, char problem[CODEC_PROBLEM_BYTES]);

/* The profile's row, borrowed; NULL when there is none. A service is found by its type or, through
 * serviceTypeCapabilities, by its id. */
const json_t *profile_service(const json_t *profile, const char *service);
const json_t *profile_property(const json_t *service, const char *property);
const json_t *profile_command(const json_t *service, const char *command);

/* Values by name against the service's properties, or the command's parameters (then the required
 * ones must be there). */
bool profile_check_properties(const json_t *service, const json_t *properties,
                              char problem[CODEC_PROBLEM_BYTES]);
bool profile_check_params(const json_t *command, const json_t *params,
                          char problem[CODEC_PROBLEM_BYTES]);

#endif
