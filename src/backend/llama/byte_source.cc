// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/byte_source.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

class FileSource final : public ByteSource {
 public:
  FileSource(int fd, std::uint64_t size) : fd_(fd), size_(size) {}
  ~FileSource() override { ::close(fd_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  std::uint64_t size() const override { return size_; }

  bool Read(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    while (!out.empty()) {
      const ssize_t count = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      offset += static_cast<std::uint64_t>(count);
      out = out.subspan(static_cast<std::size_t>(count));
    }
    return true;
  }

 private:
  int fd_;
  std::uint64_t size_;
};

base::Error OpenError(const std::string& path, int code) {
  const std::string why = std::generic_category().message(code);
  if (code == ENOENT) return {base::Code::kNotFound, Sentence("there is no file ", path)};
  if (code == EACCES) return {base::Code::kPermissionDenied, Sentence(path, " may not be read: ", why)};
  return {base::Code::kInvalidArgument, Sentence(path, " cannot be opened: ", why)};
}

}  // namespace

bool MemorySource::Read(std::uint64_t offset, std::span<std::uint8_t> out) const {
  if (offset > bytes_.size() || out.size() > bytes_.size() - offset) return false;
  std::ranges::copy(bytes_.subspan(offset, out.size()), out.begin());
  return true;
}

base::Result<std::unique_ptr<ByteSource>> OpenFileSource(const std::string& path) {
  // Non-blocking: opening a named pipe must not wait for a writer.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return base::Fail(OpenError(path, errno));
  struct stat info{};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd);
    return base::Fail(base::Code::kInvalidArgument, Sentence(path, " is not a file"));
  }
  return std::make_unique<FileSource>(fd, static_cast<std::uint64_t>(info.st_size));
}

}  // namespace lares::backend::llama
