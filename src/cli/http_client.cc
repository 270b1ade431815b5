// SPDX-License-Identifier: Apache-2.0
#include "cli/http_client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/check.h"

namespace lares::cli {
namespace {

constexpr long kMaxIdleConnections = 4096;
constexpr std::size_t kMaxIdleHandles = 1024;

struct Global {
  Global() { LARES_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); }
  ~Global() { curl_global_cleanup(); }
};

void InitialiseCurlOnce() { static const Global kGlobal; }

long MillisecondsUp(base::Duration duration) {
  return static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(duration).count());
}

}  // namespace

struct HttpClient::Loop {
  struct Exchange {
    Loop* loop = nullptr;
    Receiver* receiver = nullptr;
    CURL* handle = nullptr;
    std::string url;
    std::string body;
    std::array<char, CURL_ERROR_SIZE> message{};
    bool refused_by_receiver = false;
  };

  Loop(Options opts, const base::Clock& the_clock) : options(std::move(opts)), clock(the_clock) {
    InitialiseCurlOnce();
    epoll = ::epoll_create1(EPOLL_CLOEXEC);
    multi = curl_multi_init();
    LARES_CHECK(epoll >= 0 && multi != nullptr);
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &OnSocket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &OnTimer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kMaxIdleConnections);
    get_headers = curl_slist_append(get_headers, "Accept: application/json");
    post_headers = curl_slist_append(post_headers, "Content-Type: application/json");
    post_headers = curl_slist_append(post_headers, "Accept: application/json, text/event-stream");
    // Without this, libcurl asks for leave (100-continue) before a large body and waits a second for it.
    post_headers = curl_slist_append(post_headers, "Expect:");
    if (options.api_key.empty()) return;
    const std::string bearer = "Authorization: Bearer " + options.api_key;
    get_headers = curl_slist_append(get_headers, bearer.c_str());
    post_headers = curl_slist_append(post_headers, bearer.c_str());
  }

  ~Loop() {
    for (auto& [handle, exchange] : running) {
      curl_multi_remove_handle(multi, handle);
      curl_easy_cleanup(handle);
    }
    for (CURL* handle : idle) curl_easy_cleanup(handle);
    curl_multi_cleanup(multi);
    curl_slist_free_all(get_headers);
    curl_slist_free_all(post_headers);
    ::close(epoll);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // ---- called by libcurl ----
  static int OnSocket(CURL*, curl_socket_t fd, int what, void* self, void* known) {
    auto* loop = static_cast<Loop*>(self);
    if (what == CURL_POLL_REMOVE) {
      // Fails when the descriptor is closed already, which removes it as well.
      ::epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, nullptr);
      return 0;
    }
    epoll_event event{};
    event.data.fd = fd;
    if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
    if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
    ::epoll_ctl(loop->epoll, known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
    curl_multi_assign(loop->multi, fd, loop);  // anything but null: it is known from now on
    return 0;
  }

  static int OnTimer(CURLM*, long milliseconds, void* self) {
    auto* loop = static_cast<Loop*>(self);
    loop->alarm.reset();
    if (milliseconds >= 0) loop->alarm = loop->clock.Now() + std::chrono::milliseconds(milliseconds);
    return 0;
  }

  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* self) {
    auto* exchange = static_cast<Exchange*>(self);
    const std::string_view bytes(data, size * count);
    if (exchange->receiver->OnBytes(exchange->loop->clock.Now(), bytes)) return bytes.size();
    exchange->refused_by_receiver = true;
    return bytes.empty() ? 1 : 0;  // anything but the size ends the transfer
  }

  // ---- ours ----
  CURL* TakeHandle() {
    if (idle.empty()) return curl_easy_init();
    CURL* handle = idle.back();
    idle.pop_back();
    curl_easy_reset(handle);
    return handle;
  }

  void Describe(Exchange& exchange, const HttpRequest& request) {
    CURL* const handle = exchange.handle;
    curl_easy_setopt(handle, CURLOPT_URL, exchange.url.c_str());
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, exchange.message.data());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &OnBody);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &exchange);
    curl_easy_setopt(handle, CURLOPT_PRIVATE, &exchange);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, request.body ? post_headers : get_headers);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, MillisecondsUp(options.connect_timeout));
    if (request.timeout.count() > 0) {
      curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, MillisecondsUp(request.timeout));
    }
    if (options.fresh_connections) {
      curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
      curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L);
    }
    const std::string& socket = options.url.socket_path;
    if (!socket.empty()) curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, socket.c_str());
    if (!options.ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, options.ca_file.c_str());
    if (!request.body) return;
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(exchange.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, exchange.body.data());
  }

  void Start(HttpRequest request, Receiver& receiver) {
    auto exchange = std::make_unique<Exchange>();
    exchange->loop = this;
    exchange->receiver = &receiver;
    exchange->handle = TakeHandle();
    LARES_CHECK(exchange->handle != nullptr);
    exchange->url = options.url.base + request.path;
    if (request.body) exchange->body = std::move(*request.body);
    Describe(*exchange, request);
    CURL* const handle = exchange->handle;
    running.emplace(handle, std::move(exchange));
    LARES_CHECK(curl_multi_add_handle(multi, handle) == CURLM_OK);
    Act(CURL_SOCKET_TIMEOUT, 0);
  }

  void Act(curl_socket_t fd, int flags) {
    int ignored = 0;
    curl_multi_socket_action(multi, fd, flags, &ignored);
  }

  base::Duration WaitFor(base::Duration longest) const {
    if (!alarm) return longest;
    return std::clamp(*alarm - clock.Now(), base::Duration{}, longest);
  }

  void Poll(base::Duration longest) {
    // What ended inside Start has no event of its own.
    if (FinishEnded()) return;
    std::array<epoll_event, 256> events{};
    const auto nanoseconds = WaitFor(longest).count();
    const timespec wait{.tv_sec = nanoseconds / 1'000'000'000, .tv_nsec = nanoseconds % 1'000'000'000};
    const int count = ::epoll_pwait2(epoll, events.data(), static_cast<int>(events.size()), &wait, nullptr);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      int flags = 0;
      if ((event.events & EPOLLIN) != 0) flags |= CURL_CSELECT_IN;
      if ((event.events & EPOLLOUT) != 0) flags |= CURL_CSELECT_OUT;
      if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) flags |= CURL_CSELECT_ERR;
      Act(event.data.fd, flags);
    }
    if (alarm && clock.Now() >= *alarm) {
      // It rings once: libcurl sets it again only when its next timeout is another one.
      alarm.reset();
      Act(CURL_SOCKET_TIMEOUT, 0);
    }
    FinishEnded();
  }

  bool FinishEnded() {
    int left = 0;
    bool any = false;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      any = true;
      Finish(message->easy_handle, message->data.result);
    }
    return any;
  }

  void Finish(CURL* handle, CURLcode code) {
    const auto found = running.find(handle);
    LARES_CHECK(found != running.end());
    const std::unique_ptr<Exchange> exchange = std::move(found->second);
    running.erase(found);
    const HttpEnd end = EndOf(*exchange, code);
    curl_multi_remove_handle(multi, handle);
    idle.size() < kMaxIdleHandles ? idle.push_back(handle) : curl_easy_cleanup(handle);
    exchange->receiver->OnEnd(clock.Now(), end);
  }

  HttpEnd EndOf(const Exchange& exchange, CURLcode code) const {
    HttpEnd end;
    long status = 0;
    curl_easy_getinfo(exchange.handle, CURLINFO_RESPONSE_CODE, &status);
    end.status = static_cast<int>(status);
    curl_off_t seconds = 0;
    curl_easy_getinfo(exchange.handle, CURLINFO_RETRY_AFTER, &seconds);
    end.retry_after = std::chrono::seconds(std::clamp<curl_off_t>(seconds, 0, 86'400));
    end.cancelled = exchange.refused_by_receiver;
    if (code != CURLE_OK && !end.cancelled) end.failure = Sentence(exchange, code);
    return end;
  }

  std::string Sentence(const Exchange& exchange, CURLcode code) const {
    const std::string& where = options.url.shown;
    if (code == CURLE_OPERATION_TIMEDOUT) return "no answer from " + where + " in time";
    if (code == CURLE_COULDNT_CONNECT) return "nothing answers at " + where;
    if (code == CURLE_COULDNT_RESOLVE_HOST) return "there is no host of that name: " + where;
    const std::string detail =
        exchange.message[0] != '\0' ? exchange.message.data() : curl_easy_strerror(code);
    if (code == CURLE_PEER_FAILED_VERIFICATION) {
      return "the certificate of " + where + " is not trusted (" + detail +
             "); --ca-file FILE names who signed it";
    }
    if (code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_PARTIAL_FILE) {
      return "the connection to " + where + " was cut (" + detail + ")";
    }
    return where + ": " + detail;
  }

  const Options options;
  const base::Clock& clock;
  int epoll = -1;
  CURLM* multi = nullptr;
  curl_slist* get_headers = nullptr;
  curl_slist* post_headers = nullptr;
  std::optional<base::Time> alarm;
  std::unordered_map<CURL*, std::unique_ptr<Exchange>> running;
  std::vector<CURL*> idle;
};

HttpClient::HttpClient(Options options, const base::Clock& clock)
    : loop_(std::make_unique<Loop>(std::move(options), clock)) {}
HttpClient::~HttpClient() = default;

void HttpClient::Start(HttpRequest request, Receiver& receiver) {
  loop_->Start(std::move(request), receiver);
}
void HttpClient::Poll(base::Duration longest) { loop_->Poll(longest); }
std::size_t HttpClient::running() const { return loop_->running.size(); }

void HttpClient::CancelAll() {
  auto running = std::exchange(loop_->running, {});
  for (auto& [handle, exchange] : running) {
    curl_multi_remove_handle(loop_->multi, handle);
    curl_easy_cleanup(handle);
  }
  HttpEnd end;
  end.cancelled = true;
  const base::Time now = loop_->clock.Now();
  for (auto& [handle, exchange] : running) exchange->receiver->OnEnd(now, end);
}

}  // namespace lares::cli
