// SPDX-License-Identifier: GPL-2.0
// Text files that a user names: read with a limit, written whole or not at all; neither waits.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace dime {

/// The content of a regular file of at most `most` bytes. What has no end (/dev/zero) or may never
/// begin (a FIFO) is an error, code 0. The message is the reason alone, without the path.
Result<std::string> read_text_file(const std::string& path, std::size_t most);

/// Replaces the file at `path` by `text`, through a file of a new name beside it that nobody can
/// guess, and on the disk before it takes the place. What exists and is no regular file (a device,
/// a FIFO) is written to instead; a FIFO that nobody reads is the error ENXIO, and one whose reader
/// stops for 10 s ETIMEDOUT. An error has the reason's code.
Result<void> write_text_file(const std::string& path, const std::string& text);

}  // namespace dime
