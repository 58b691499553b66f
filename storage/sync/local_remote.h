// A Remote that is a registry in this process: a folder on this machine.
#pragma once

#include <memory>
#include <string>

#include "storage/registry/registry.h"
#include "storage/sync/remote.h"

namespace mreg::sync {

// Acts as `caller`. `registry` outlives it.
std::unique_ptr<Remote> MakeLocalRemote(registry::Registry& registry, registry::Caller caller,
                                        const registry::RepositoryName& repository,
                                        std::string url);

}  // namespace mreg::sync
