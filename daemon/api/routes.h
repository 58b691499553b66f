// The endpoints of the API, version 1: docs/openapi.yaml.
#pragma once

#include <vector>

#include "daemon/http/router.h"
#include "storage/registry/registry.h"

namespace mreg::api {

// Each adds its routes; `registry` outlives them.
void AddSystemRoutes(registry::Registry& registry, std::vector<http::Route>& routes);
void AddBrowseRoutes(registry::Registry& registry, std::vector<http::Route>& routes);
void AddModelRoutes(registry::Registry& registry, std::vector<http::Route>& routes);
void AddSyncRoutes(registry::Registry& registry, std::vector<http::Route>& routes);
void AddAdminRoutes(registry::Registry& registry, std::vector<http::Route>& routes);
void AddAttestationRoutes(registry::Registry& registry, std::vector<http::Route>& routes);
void AddGcRoutes(registry::Registry& registry, std::vector<http::Route>& routes);
void AddLineageRoutes(registry::Registry& registry, std::vector<http::Route>& routes);
void AddSearchRoutes(registry::Registry& registry, std::vector<http::Route>& routes);
void AddOptimizeRoutes(registry::Registry& registry, std::vector<http::Route>& routes);

std::vector<http::Route> AllRoutes(registry::Registry& registry);

}  // namespace mreg::api
