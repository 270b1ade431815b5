// SPDX-License-Identifier: Apache-2.0
//
// The address that a server tells the clients of its data directory: one that works from any folder of this
// machine.
#pragma once

#include <string>

namespace lares::app {

// `url` is where the server listens. A relative path of a Unix socket becomes absolute (from the present
// folder). "Everywhere" (0.0.0.0, [::]) is no place to connect to and stands in no certificate: over http it
// becomes the loopback address, over https "localhost", which a certificate may name.
std::string PublishedUrl(const std::string& url);

}  // namespace lares::app
