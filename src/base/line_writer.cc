// SPDX-License-Identifier: Apache-2.0
#include "base/line_writer.h"

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <ctime>
#include <deque>
#include <mutex>
#include <utility>

#include "base/thread_pool.h"

namespace lares::base {

struct LineWriter::State {
  explicit State(Options given) : options(std::move(given)) {}

  const Options options;
  std::mutex mutex;
  std::condition_variable wake;  // there are lines, or it ends
  std::condition_variable progress;
  std::deque<std::string> lines;
  std::size_t bytes = 0;   // of lines not yet written
  std::uint64_t lost = 0;  // dropped since the place was last told
  bool ending = false;
  bool ended = false;
  // Atomic for the handler of abort(), which must not lock.
  std::atomic<std::uint64_t> pushed{0};
  std::atomic<std::uint64_t> written{0};
};

namespace {

constexpr Duration kFarewell = std::chrono::seconds(2);
constexpr int kAbortTicks = 100;  // of 5 ms
// What a line costs beside its bytes; also keeps their number in bounds when they are empty.
constexpr std::size_t kLineOverhead = 64;

std::atomic<const LineWriter::State*> g_flushed_on_abort{nullptr};

// Only what a signal handler may do: atomics and sleep. When it returns, abort() goes on.
void WaitBeforeAbort(int /*signal*/) {
  const LineWriter::State* state = g_flushed_on_abort.load();
  for (int i = 0; state != nullptr && i < kAbortTicks && state->written.load() != state->pushed.load(); ++i) {
    const timespec tick{.tv_sec = 0, .tv_nsec = 5'000'000};
    nanosleep(&tick, nullptr);
  }
  // abort() would do so by itself; a signal from outside ends the process, too.
  std::signal(SIGABRT, SIG_DFL);
  std::raise(SIGABRT);
}

void WriteOne(const LineWriter::Options& options, const std::string& line) {
  try {
    options.write(line);
  } catch (...) {
    // A full disk: there is no other place to say it, and nobody is to wait for this one.
  }
}

void WriteAll(LineWriter::State& state) {
  DescribeThisThread("log", 5);
  std::unique_lock lock(state.mutex);
  while (true) {
    state.wake.wait(lock, [&] { return state.ending || !state.lines.empty(); });
    if (state.lines.empty()) break;
    const std::deque<std::string> batch = std::exchange(state.lines, {});
    const std::uint64_t lost = std::exchange(state.lost, 0);
    lock.unlock();
    std::size_t bytes = 0;
    for (const std::string& line : batch) {
      WriteOne(state.options, line);
      bytes += line.size() + kLineOverhead;
    }
    if (lost > 0) WriteOne(state.options, state.options.lost_line(lost));
    try {
      state.options.flush();
    } catch (...) {
      // As above.
    }
    lock.lock();
    state.bytes -= bytes;
    state.written += batch.size();
    state.progress.notify_all();
  }
  state.ended = true;
  state.progress.notify_all();
}

}  // namespace

LineWriter::LineWriter(Options options)
    : state_(std::make_shared<State>(std::move(options))), thread_([state = state_] { WriteAll(*state); }) {}

LineWriter::~LineWriter() {
  const State* self = state_.get();
  g_flushed_on_abort.compare_exchange_strong(self, nullptr);
  bool ended = false;
  {
    std::unique_lock lock(state_->mutex);
    state_->ending = true;
    state_->wake.notify_all();
    ended = state_->progress.wait_for(lock, kFarewell, [&] { return state_->ended; });
  }
  if (ended) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

bool LineWriter::Push(std::string line) {
  {
    const std::lock_guard lock(state_->mutex);
    const std::size_t cost = line.size() + kLineOverhead;
    // One line that is larger than the bound is let pass when it is alone.
    if (state_->bytes > 0 && state_->bytes + cost > state_->options.max_bytes) {
      ++state_->lost;
      return false;
    }
    state_->lines.push_back(std::move(line));
    state_->bytes += cost;
    ++state_->pushed;
  }
  state_->wake.notify_one();
  return true;
}

bool LineWriter::Flush(Duration timeout) {
  std::unique_lock lock(state_->mutex);
  const std::uint64_t goal = state_->pushed;
  return state_->progress.wait_for(lock, timeout, [&] { return state_->written >= goal; });
}

void LineWriter::FlushOnAbort() {
  g_flushed_on_abort = state_.get();
  std::signal(SIGABRT, &WaitBeforeAbort);
}

}  // namespace lares::base
