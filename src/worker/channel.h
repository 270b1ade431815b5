// SPDX-License-Identifier: Apache-2.0
//
// One end of a stream socket that carries frames. Receive is called by one thread; everything else by any.
// What is sent is written by a thread of its own, many frames at once when they come faster than the socket
// takes them.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/error.h"
#include "worker/frame.h"

namespace lares::worker {

class Channel {
 public:
  // Bytes that may wait to be written before Send waits, too: the one who says more than the other hears is
  // slowed down.
  static constexpr std::size_t kMostQueued = 4U << 20U;

  // Takes the descriptor of a connected stream socket and closes it in the end.
  explicit Channel(int descriptor);
  ~Channel();  // Close
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // The two ends of a new Unix socket pair.
  static base::Result<std::pair<std::unique_ptr<Channel>, std::unique_ptr<Channel>>> Pair();

  // In the order of the calls. kUnavailable once the channel is closed; kResourceExhausted for a message that
  // no frame holds, and from TrySend when too much waits.
  base::Status Send(std::string_view message);
  base::Status TrySend(std::string_view message);

  // Blocks until a message has come. kUnavailable when the other side has hung up or this one closed.
  base::Result<std::string> Receive();

  // Wakes everybody; what waits to be written is dropped.
  void Close();

 private:
  base::Status Push(std::unique_lock<std::mutex>& lock, std::string_view message);
  void Write();
  bool WriteAll(std::string_view bytes) const;

  const int descriptor_;
  FrameReader reader_;  // Receive only

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string queued_;
  bool closed_ = false;
  std::thread writer_;
};

}  // namespace lares::worker
