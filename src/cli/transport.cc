// SPDX-License-Identifier: Apache-2.0
#include "cli/transport.h"

#include <chrono>
#include <utility>

namespace lares::cli {
namespace {

constexpr std::chrono::milliseconds kTick{100};

class WholeAnswer final : public Receiver {
 public:
  explicit WholeAnswer(std::size_t most) : most_(most) {}

  bool OnBytes(base::Time, std::string_view bytes) override {
    if (answer.body.size() + bytes.size() > most_) return false;
    answer.body.append(bytes);
    return true;
  }
  void OnEnd(base::Time, const HttpEnd& end) override {
    answer.end = end;
    ended = true;
  }

  HttpAnswer answer;
  bool ended = false;

 private:
  const std::size_t most_;
};

}  // namespace

HttpAnswer Fetch(Transport& transport, HttpRequest request, const FetchBounds& bounds) {
  WholeAnswer receiver(bounds.most);
  transport.Start(std::move(request), receiver);
  while (!receiver.ended) {
    transport.Poll(kTick);
    if (bounds.interrupted && bounds.interrupted()) transport.CancelAll();
  }
  return std::move(receiver.answer);
}

}  // namespace lares::cli
