// SPDX-License-Identifier: GPL-2.0
// dime.ko and its policies as kernel modules: where they are, building, loading, unloading.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace dime::kernel {

struct LoadedModule {
  std::string name;
  unsigned users = 0;                ///< references, those of other modules among them
  std::vector<std::string> used_by;  ///< modules that need this one
};

/// dime and the modules that need it (its policies), as in the text of /proc/modules; empty where
/// dime is not loaded. dime is first.
std::vector<LoadedModule> modules_in(std::string_view proc_modules);
Result<std::vector<LoadedModule>> loaded_modules();

/// Where this `dime` has its module's source, and where it builds.
struct ModuleTree {
  std::string source;  ///< the folder of engines/, core/ and so on
  std::string output;  ///< of builds: a folder for each kernel release in it
};

/// The tree for the `dime` in the folder `prefix`/bin: a build folder inside the source, or an
/// installation. The error says where it was looked for.
Result<ModuleTree> find_tree(const std::string& prefix, const std::string& version);

/// The release whose headers are in `kernel_dir`. The error names the Debian package that is
/// missing.
Result<std::string> release_of(const std::string& kernel_dir);

/// The running kernel's release.
std::string running_release();

/// The names of the files that were built, in `folder`. What the compiler says goes to
/// `folder`/build.log.
Result<std::vector<std::string>> build_modules(const ModuleTree& tree,
                                               const std::string& kernel_dir,
                                               const std::string& folder);

/// Loads one module file, as insmod does.
Result<void> load_module(const std::string& path);

/// Loads an installed module by name, as modprobe does. Error code ENOENT: there is none.
Result<void> load_installed(const std::string& name);

/// Error code EBUSY: it is in use.
Result<void> unload_module(const std::string& name);

}  // namespace dime::kernel
