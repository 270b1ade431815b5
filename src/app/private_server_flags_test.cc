// SPDX-License-Identifier: Apache-2.0
#include "app/private_server_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lares::app {
namespace {

using ::testing::ElementsAre;

TEST(PrivateServerFlags, SayWhatWasSaidAboutTheModelAndNothingElse) {
  const Environment environment{{"HOME", "/home/u"}, {"LARES_THREADS", "3"}};
  const auto loaded = MergeConfig(
      "model:\n  context: 4096\nsecurity:\n  tls_cert: cert.pem\n  tls_key: key.pem\nserver:\n  port: 9\n",
      "/etc/lares.yaml", environment, {{"model.gpu_layers", "-1"}, {"model.kv_type", "q8_0"}});
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_THAT(PrivateServerFlags(*loaded), ElementsAre("--config=/dev/null", "--ctx-size=4096", "--threads=3",
                                                       "--gpu-layers=-1", "--kv-type=q8_0"));
}

TEST(PrivateServerFlags, LeaveDefaultsToTheServer) {
  const auto loaded = MergeConfig("", "", {{"HOME", "/home/u"}}, {});
  ASSERT_TRUE(loaded);
  EXPECT_THAT(PrivateServerFlags(*loaded), ElementsAre("--config=/dev/null"));
}

}  // namespace
}  // namespace lares::app
